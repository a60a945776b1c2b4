"""Addresses: what to listen on, and how gRPC writes a peer."""

from __future__ import annotations

import contextlib
import socket
import urllib.parse
from pathlib import Path

_UNIX = "unix:"
BACKLOG = 1_024
"""Connections that wait to be accepted."""


def peer_of(peername: object) -> str:
    """Return a socket's peer as gRPC writes it."""
    match peername:
        case (str(host), int(port)) | (str(host), int(port), int(), int()):
            if ":" in host:
                return f"ipv6:{urllib.parse.quote(f'[{host}]', safe=':')}:{port}"
            return f"ipv4:{host}:{port}"
        case str(path):
            return f"{_UNIX}{path}"
        case _:
            return _UNIX


def bound_sockets(address: str) -> tuple[str, list[socket.socket]]:
    """Return an address with its actual port, and the sockets that are bound to it.

    A name may stand for several addresses: all take the same port.

    Raises:
        OSError: the address cannot be bound.
    """
    try:
        if address.startswith(_UNIX):
            return address, [_unix_socket(address.removeprefix(_UNIX))]
        return _tcp_sockets(address)
    except (OSError, ValueError) as error:
        why = (isinstance(error, OSError) and error.strerror) or str(error)
        raise OSError(f"`{address}` cannot be bound: {why}") from error


def _tcp_sockets(address: str) -> tuple[str, list[socket.socket]]:
    host, _, port_text = address.rpartition(":")
    port = int(port_text)
    found: list[socket.socket] = []
    with contextlib.ExitStack() as stack:
        for family, _, _, _, target in _resolved(host.strip("[]"), port):
            opened = _tcp_socket(family, (target[0], port, *target[2:]))
            stack.callback(opened.close)
            found.append(opened)
            port = opened.getsockname()[1]
        stack.pop_all()
    return f"{host}:{port}", found


def _resolved(
    host: str, port: int
) -> list[tuple[int, int, int, str, tuple[str, int] | tuple[str, int, int, int]]]:
    infos = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    unique = {(info[0], info[4]): info for info in infos}
    return [*unique.values()]  # type: ignore[list-item] # the stubs know more families


def _tcp_socket(family: int, target: tuple[object, ...]) -> socket.socket:
    opened = socket.socket(family, socket.SOCK_STREAM)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            # `::` takes IPv4, too, as with grpcio.
            opened.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(target[0] != "::"))
        opened.bind(target)
        opened.settimeout(0.0)
    except OSError:
        opened.close()
        raise
    return opened


def _unix_socket(path: str) -> socket.socket:
    if Path(path).is_socket():
        # Left by a process that was killed.
        Path(path).unlink()
    opened = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        opened.bind(path)
        opened.settimeout(0.0)
    except OSError:
        opened.close()
        raise
    return opened
