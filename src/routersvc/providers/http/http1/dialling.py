"""Opens connections: address, TCP, proxy, TLS.

Of several addresses, the next is tried 0.25 s after the one before (RFC 8305, "happy eyeballs").
"""

from __future__ import annotations

import asyncio
import functools
import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

import aiohappyeyeballs
import httpx

from routersvc.providers.http.http1.addresses import HostAddresses
from routersvc.providers.http.http1.requests import Origin, origin_of
from routersvc.providers.http.http1.tunnels import Tunnel
from routersvc.providers.http.transports import ProxyAddress, TransportOptions

HAPPY_EYEBALLS_DELAY = 0.25

P = TypeVar("P", bound=asyncio.Protocol)


class Dialler:
    """Opens connections to origins, through the proxy where there is one."""

    def __init__(self, options: TransportOptions, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._addresses = HostAddresses(loop)
        self._proxy = options.proxy
        self._verify = options.verify_tls
        self._ca_file = options.ca_file
        self._context: ssl.SSLContext | None = None

    async def dial(self, make: Callable[[], P], request: httpx.Request, origin: Origin) -> P:
        """Return a protocol with an open connection for `request`, which has the time for it.

        Raises:
            httpx.TransportError: the connection cannot be made.
        """
        proxy = self._proxy
        kind = httpx.ConnectError if proxy is None else httpx.ProxyError
        try:
            async with asyncio.timeout(request.extensions.get("timeout", {}).get("connect")):
                if proxy is None:
                    return await self._direct(make, origin)
                return await self._through_proxy(proxy, make, origin)
        except TimeoutError as error:
            raise httpx.ConnectTimeout("no connection in time", request=request) from error
        except httpx.ConnectError as error:
            raise httpx.ConnectError(str(error), request=request) from error.__cause__
        except httpx.ProxyError as error:
            raise httpx.ProxyError(str(error), request=request) from error.__cause__
        except (OSError, UnicodeError) as error:
            raise kind(type(error).__name__, request=request) from error

    async def _direct(self, make: Callable[[], P], origin: Origin) -> P:
        _, protocol = await self._open(
            make, origin, self._tls() if origin.scheme == "https" else None
        )
        return protocol

    async def _through_proxy(
        self, address: ProxyAddress, make: Callable[[], P], origin: Origin
    ) -> P:
        proxy = origin_of(httpx.URL(address.url))
        tls = self._tls() if proxy.scheme == "https" else None
        if origin.scheme == "http":
            _, protocol = await self._open(make, proxy, tls)
            return protocol
        transport, tunnel = await self._open(functools.partial(Tunnel, self._loop), proxy, tls)
        try:
            await tunnel.open(transport, origin, address.headers)
        except BaseException:
            transport.abort()
            raise
        protocol = make()
        try:
            encrypted = await self._loop.start_tls(
                transport, protocol, self._tls(), server_hostname=origin.host
            )
        except OSError as error:
            # The proxy has done its part.
            transport.abort()
            raise httpx.ConnectError(type(error).__name__) from error
        except BaseException:
            transport.abort()
            raise
        if encrypted is None:
            raise httpx.ConnectError("the connection was closed")
        protocol.connection_made(encrypted)
        return protocol

    async def _open(
        self, make: Callable[[], P], origin: Origin, tls: ssl.SSLContext | None
    ) -> tuple[asyncio.Transport, P]:
        opened: socket.socket | None = await self._connected(origin)
        try:
            transport, protocol = await self._loop.create_connection(
                make, sock=opened, ssl=tls, server_hostname=origin.host if tls else None
            )
            opened = None
        finally:
            if opened is not None:
                opened.close()
        return transport, protocol

    async def _connected(self, origin: Origin) -> socket.socket:
        addresses = await self._addresses.of(origin.host, origin.port)
        try:
            return await aiohappyeyeballs.start_connection(  # pyright: ignore[reportUnknownMemberType]
                addresses, happy_eyeballs_delay=HAPPY_EYEBALLS_DELAY, loop=self._loop
            )
        except RuntimeError as error:
            # uvloop raises these for some errors of sockets.
            raise OSError(str(error)) from error

    def _tls(self) -> ssl.SSLContext:
        if self._context is None:
            self._context = (
                _system_context(verify=self._verify)
                if self._ca_file is None
                else _context(verify=self._verify, ca_file=self._ca_file)
            )
        return self._context


@functools.cache
def _system_context(*, verify: bool) -> ssl.SSLContext:
    """Return the rules by which the system trusts servers, which all transports share.

    A file of one transport is read anew by the next: its content may have changed.
    """
    return _context(verify=verify, ca_file=None)


def _context(*, verify: bool, ca_file: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=ca_file)
    context.set_alpn_protocols(["http/1.1"])
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
