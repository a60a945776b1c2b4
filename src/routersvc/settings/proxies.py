"""Which HTTP proxy the requests to a provider go through.

Either the one of the settings, or the one that the environment names in `HTTPS_PROXY`, `HTTP_PROXY`
or `ALL_PROXY`, unless `NO_PROXY` lists the host; lower-case names come first. As in curl and
Python's clients, loopback addresses are no exception: `NO_PROXY` has to list them.
"""

from __future__ import annotations

import dataclasses
import ipaddress
import urllib.parse
from collections.abc import Mapping

from routersvc.domain.catalogue.secrets import Secret

_SCHEMES = frozenset({"http", "https"})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Proxy:
    """An HTTP proxy. `url` has no credential; `source` names the key or variable it comes from."""

    url: str
    source: str
    username: str = ""
    password: Secret | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ProxyBypass:
    """The environment names a proxy that is not used, for this reason."""

    source: str
    reason: str


class UnusableProxyError(ValueError):
    """The environment names a proxy of an unsupported kind. The message has no credential."""


def proxy_of_environment(
    base_url: str, environment: Mapping[str, str]
) -> Proxy | ProxyBypass | None:
    """Return the proxy that the environment names for an address; `None` if it names none.

    Raises:
        UnusableProxyError: its URL is no `http://` or `https://` URL with a host.
    """
    address = urllib.parse.urlsplit(base_url)
    host = address.hostname or ""
    for name in (f"{address.scheme}_proxy", "all_proxy"):
        for variable in (name, name.upper()):
            text = environment.get(variable, "").strip()
            if not text:
                continue
            no_proxy = environment.get("no_proxy", "") or environment.get("NO_PROXY", "")
            if _is_listed(host, address.port, no_proxy):
                return ProxyBypass(source=variable, reason="`NO_PROXY` lists the host")
            return _parsed(text, variable)
    return None


def _parsed(text: str, variable: str) -> Proxy:
    parts = urllib.parse.urlsplit(text if "://" in text else f"http://{text}")
    try:
        port = parts.port
    except ValueError:
        port = None
    if parts.scheme not in _SCHEMES or not parts.hostname:
        raise UnusableProxyError(
            f"environment variable `{variable}` names no `http://` or `https://` proxy"
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return Proxy(
        url=f"{parts.scheme}://{host}" + ("" if port is None else f":{port}"),
        source=variable,
        username=urllib.parse.unquote(parts.username or ""),
        password=None if parts.password is None else Secret(urllib.parse.unquote(parts.password)),
    )


def _is_listed(host: str, port: int | None, no_proxy: str) -> bool:
    """Whether `NO_PROXY` lists a host: itself, a domain above it, its network, or every host."""
    for entry in no_proxy.lower().replace(",", " ").split():
        if entry == "*":
            return True
        name, _, wanted_port = entry.partition(":") if entry.count(":") == 1 else (entry, "", "")
        if wanted_port and wanted_port != str(port):
            continue
        name = name.removeprefix("*").removeprefix(".")
        if host == name or host.endswith(f".{name}") or _is_in_network(host, name):
            return True
    return False


def _is_in_network(host: str, network: str) -> bool:
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(network, strict=False)
    except ValueError:
        return False
