"""Parses addresses: where to listen, and the base URL of a provider."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import urllib.parse

MAX_PORT = 65_535
MAX_UNIX_PATH = 107
"""Bytes of a socket's path that Linux takes, without the closing zero."""

_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*"
)
_PORT = re.compile(r"0|[1-9][0-9]{0,4}")
_VISIBLE = re.compile(r"[\x21-\x7e]+")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HostPort:
    """A TCP address; port 0 takes a free one."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class UnixSocket:
    """A socket in the file system."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


def parse_host_port(text: str) -> HostPort:
    """Read `host:port`; an IPv6 host stands in brackets.

    Raises:
        ValueError: the text is no such address; the sentence says why.
    """
    host, separator, port_text = text.rpartition(":")
    if not separator or not _PORT.fullmatch(port_text):
        raise ValueError("has no port at its end")
    port = int(port_text)
    if port > MAX_PORT:
        raise ValueError(f"has a port above {MAX_PORT}")
    if host.startswith("[") and host.endswith("]"):
        try:
            return HostPort(host=str(ipaddress.IPv6Address(host[1:-1])), port=port)
        except ValueError as error:
            raise ValueError("has no IPv6 address in its brackets") from error
    if not _is_host(host):
        raise ValueError("has no host before its port")
    return HostPort(host=host, port=port)


def parse_listen_address(text: str) -> HostPort | UnixSocket:
    """Read `host:port` or `unix:PATH`.

    Raises:
        ValueError: the text is no such address; the sentence says why.
    """
    if not text.startswith("unix:"):
        return parse_host_port(text)
    path = text.removeprefix("unix:").removeprefix("//")
    if not path or path.endswith("/"):
        raise ValueError("has no path of a socket after `unix:`")
    if len(path.encode()) > MAX_UNIX_PATH:
        raise ValueError(f"has a path above {MAX_UNIX_PATH} bytes")
    return UnixSocket(path=path)


def parse_http_url(text: str) -> str:
    """Read an `http` or `https` address and return it without a closing slash.

    Raises:
        ValueError: the text is no such address; the sentence says why, without repeating it.
    """
    if not _VISIBLE.fullmatch(text):
        raise ValueError("holds a space or a character outside of ASCII")
    try:
        parts = urllib.parse.urlsplit(text)
        port = parts.port
        host = parts.hostname or ""
    except ValueError as error:
        raise ValueError("is no address that can be called") from error
    if parts.scheme not in {"http", "https"}:
        raise ValueError("does not begin with `http://` or `https://`")
    if "@" in parts.netloc:
        raise ValueError("holds credentials, which belong to `api_key` or `headers`")
    if "?" in text or "#" in text:
        raise ValueError("holds a query or a fragment, which no call carries")
    if not _is_host(host) and not _is_ipv6(host):
        raise ValueError("has no host")
    if port == 0:
        raise ValueError("has port 0, which nobody can call")
    return text.rstrip("/")


def _is_host(host: str) -> bool:
    return _HOST_NAME.fullmatch(host) is not None


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True
