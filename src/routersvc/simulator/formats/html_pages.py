"""HTML pages of what is between a client and a provider: gateways, CDNs, login pages."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.simulator.formats.replies import HttpAnswer

# nginx's titles, and Cloudflare's for its 52x statuses.
_TITLES: Mapping[int, str] = MappingProxyType(
    {
        413: "Request Entity Too Large",
        502: "Bad Gateway",
        503: "Service Temporarily Unavailable",
        504: "Gateway Time-out",
        520: "Web server is returning an unknown error",
        521: "Web server is down",
        522: "Connection timed out",
        523: "Origin is unreachable",
        524: "A timeout occurred",
        525: "SSL handshake failed",
        526: "Invalid SSL certificate",
        527: "Railgun error",
    }
)

LOGIN_PAGE = HttpAnswer(
    status=200,
    content_type="text/html; charset=utf-8",
    body=(
        b"<!DOCTYPE html>\r\n<html>\r\n<head><title>Sign in</title></head>\r\n"
        b'<body>\r\n<form method="post" action="/login">Sign in to continue</form>\r\n'
        b"</body>\r\n</html>\r\n"
    ),
)


def intermediary_page(status: int, *, plain: bool) -> HttpAnswer:
    """Return the page of a proxy or firewall that never passed the request on."""
    title = f"{status} {_TITLES.get(status, 'Error')}"
    if plain:
        return HttpAnswer(status=status, content_type="text/plain", body=f"{title}\n".encode())
    page = f"<!DOCTYPE html><html><head><title>{title}</title></head><body>{title}</body></html>"
    return HttpAnswer(status=status, content_type="text/html", body=page.encode())


def gateway_page(status: int) -> HttpAnswer:
    """Return a gateway's page for this status."""
    title = f"{status} {_TITLES.get(status, 'Error')}"
    page = (
        f"<html>\r\n<head><title>{title}</title></head>\r\n<body>\r\n"
        f"<center><h1>{title}</h1></center>\r\n<hr><center>cloudflare</center>\r\n"
        "</body>\r\n</html>\r\n"
    )
    return HttpAnswer(
        status=status,
        content_type="text/html",
        body=page.encode(),
        headers=(("server", "cloudflare"), ("cf-ray", "0000000000000000-FRA")),
    )
