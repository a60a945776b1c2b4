"""Addresses to listen on, and those of callers."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path

import pytest

from routersvc.grpc_api.edges.nghttp2.peers import bound_sockets, peer_of


@pytest.mark.parametrize(
    ("peername", "peer"),
    [
        (("127.0.0.1", 5), "ipv4:127.0.0.1:5"),
        (("::1", 5, 0, 0), "ipv6:%5B::1%5D:5"),
        ("", "unix:"),
        ("/run/a", "unix:/run/a"),
        (None, "unix:"),
    ],
)
def test_peer_is_written_as_grpc_does(peername: object, peer: str) -> None:
    """Traces and logs of both edges look alike."""
    assert peer_of(peername) == peer


def test_all_addresses_of_a_name_share_a_port() -> None:
    """`localhost` may be IPv4 and IPv6."""
    address, sockets = bound_sockets("localhost:0")

    with contextlib.ExitStack() as stack:
        for each in sockets:
            stack.callback(each.close)
        ports = {each.getsockname()[1] for each in sockets}

    assert address == f"localhost:{ports.pop()}"
    assert ports == set()


@pytest.mark.parametrize("address", ["127.0.0.1", "192.0.2.1:0", "no.such.host.invalid:0"])
def test_address_that_cannot_be_bound_is_reported(address: str) -> None:
    """With its name."""
    with pytest.raises(OSError, match=f"`{address}` cannot be bound"):
        bound_sockets(address)


def test_taken_address_is_reported() -> None:
    """Two servers must not share calls."""
    address, (taken,) = bound_sockets("127.0.0.1:0")
    taken.listen()

    with taken, pytest.raises(OSError, match="cannot be bound"):
        bound_sockets(address)


def test_unix_socket_of_a_dead_process_is_replaced(tmp_path: Path) -> None:
    """Another file is not."""
    path = tmp_path / "socket"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
    _, (bound,) = bound_sockets(f"unix:{path}")
    bound.close()
    path.unlink()
    path.write_text("precious")

    with pytest.raises(OSError, match="cannot be bound"):
        bound_sockets(f"unix:{path}")

    assert path.read_text() == "precious"
