"""Serves the status page: three static files, and the status as JSON that the page polls.

Nothing that comes from outside is written into HTML: the page puts it into the document as text.
A content security policy allows nothing but the page's own files. Like the metrics, the page is
protected by its address alone; at a loopback address only requests to a local name are answered, so
that a web page elsewhere cannot read it through a name of its own that it points here.
"""

from __future__ import annotations

import contextlib
import importlib.resources
import ipaddress
from collections.abc import AsyncGenerator, Callable, Mapping

from aiohttp import hdrs, web

from routersvc.engine.tasks import TaskScope
from routersvc.telemetry.http_serving import Handler, serve_http
from routersvc.telemetry.options import StatusPageOptions
from routersvc.telemetry.status_page.status import StatusReader, StatusSource

FILES: Mapping[str, tuple[str, str]] = {
    "/": ("page.html", "text/html"),
    "/page.css": ("page.css", "text/css"),
    "/page.js": ("page.js", "text/javascript"),
}
STATUS_PATH = "/status.json"
_NOT_LOCAL = b"the status page answers requests to local names only"

SECURITY_HEADERS: Mapping[str, str] = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@contextlib.asynccontextmanager
async def serve_status_page(
    options: StatusPageOptions,
    source: StatusSource,
    *,
    version: str,
    wall_clock: Callable[[], float],
) -> AsyncGenerator[tuple[str, int]]:
    """Serve the page while the context is open; yield the bound address.

    `wall_clock` returns seconds since the epoch.

    Raises:
        OSError: the address cannot be bound.
    """
    reader = StatusReader(source, version=version, wall_clock=wall_clock)
    only_local = _is_local(options.host)

    async def status(_request: web.Request) -> web.Response:
        response = _response(reader.latest, "application/json")
        response.enable_compression()
        return response

    def static(name: str, content_type: str) -> Handler:
        body = _file(name)

        async def handler(_request: web.Request) -> web.Response:
            return _response(body, content_type)

        return handler

    def guarded(handle: Handler) -> Handler:
        async def handler(request: web.Request) -> web.Response:
            if only_local and not _is_local(_host_name(request)):
                return _response(_NOT_LOCAL, "text/plain", 403)
            return await handle(request)

        return handler

    handlers = {STATUS_PATH: status} | {path: static(*file) for path, file in FILES.items()}
    tasks = TaskScope()
    try:
        await reader.read()
        tasks.start(reader.run(), name="status page")
        async with serve_http(
            {path: guarded(handle) for path, handle in handlers.items()},
            options.host,
            options.port,
        ) as address:
            yield address
    finally:
        await tasks.aclose()


def _file(name: str) -> bytes:
    return (importlib.resources.files("routersvc.telemetry.status_page") / name).read_bytes()


def _response(body: bytes, content_type: str, status: int = 200) -> web.Response:
    return web.Response(
        body=body,
        status=status,
        headers={hdrs.CONTENT_TYPE: f"{content_type}; charset=utf-8", **SECURITY_HEADERS},
    )


def _is_local(host: str) -> bool:
    """Whether a host is this machine, whatever a name server says."""
    if host.lower() == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _host_name(request: web.Request) -> str:
    """Return the name that the client has called, without its port."""
    host = request.headers.get(hdrs.HOST, "")
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rpartition(":")[0] or host
