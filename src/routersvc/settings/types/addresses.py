"""Parses addresses: where to listen, and the base URL of a provider."""

from __future__ import annotations

import dataclasses
import ipaddress
import re
import urllib.parse

MAX_PORT = 65_535
MAX_UNIX_PATH = 107
"""The longest path of a Unix socket on Linux in bytes, without the final zero."""

_HOST_NAME = re.compile(
    r"(?=.{1,253}\Z)[A-Za-z0-9_]([A-Za-z0-9_-]{0,62})(\.[A-Za-z0-9_][A-Za-z0-9_-]{0,62})*"
)
_PORT = re.compile(r"0|[1-9][0-9]{0,4}")
_VISIBLE = re.compile(r"[\x21-\x7e]+")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class HostPort:
    """A TCP address; port 0 selects a free port."""

    host: str
    port: int

    def __str__(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class UnixSocket:
    """A Unix domain socket."""

    path: str

    def __str__(self) -> str:
        return f"unix:{self.path}"


def parse_host_port(text: str) -> HostPort:
    """Parse `host:port`; an IPv6 host is in brackets.

    Raises:
        ValueError: the text is no such address; the message says why.
    """
    host, separator, port_text = text.rpartition(":")
    if not separator or not _PORT.fullmatch(port_text):
        raise ValueError("has no port")
    port = int(port_text)
    if port > MAX_PORT:
        raise ValueError(f"has a port above {MAX_PORT}")
    if host.startswith("[") and host.endswith("]"):
        try:
            return HostPort(host=str(ipaddress.IPv6Address(host[1:-1])), port=port)
        except ValueError as error:
            raise ValueError("has an invalid IPv6 address in brackets") from error
    if not _is_host(host):
        raise ValueError("has no valid host before the port")
    return HostPort(host=host, port=port)


def parse_listen_address(text: str) -> HostPort | UnixSocket:
    """Parse `host:port` or `unix:PATH`.

    Raises:
        ValueError: the text is no such address; the message says why.
    """
    if not text.startswith("unix:"):
        return parse_host_port(text)
    path = text.removeprefix("unix:").removeprefix("//")
    if not path or path.endswith("/"):
        raise ValueError("has no socket path after `unix:`")
    if len(path.encode()) > MAX_UNIX_PATH:
        raise ValueError(f"has a path longer than {MAX_UNIX_PATH} bytes")
    return UnixSocket(path=path)


def parse_http_url(text: str) -> str:
    """Parse an `http` or `https` address and return it without a trailing slash.

    Raises:
        ValueError: the text is no such address; the message does not repeat it.
    """
    if not _VISIBLE.fullmatch(text):
        raise ValueError("contains a space or a character that is not ASCII")
    try:
        parts = urllib.parse.urlsplit(text)
        port = parts.port
        host = parts.hostname or ""
    except ValueError as error:
        raise ValueError("is not a valid URL") from error
    if parts.scheme not in {"http", "https"}:
        raise ValueError("does not start with `http://` or `https://`")
    if "@" in parts.netloc:
        raise ValueError("contains credentials, which belong in `api_key` or `headers`")
    if "?" in text or "#" in text:
        raise ValueError("contains a query or a fragment, which requests do not use")
    if not _is_host(host) and not _is_ipv6(host):
        raise ValueError("has no host")
    if port == 0:
        raise ValueError("has port 0")
    return text.rstrip("/")


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine by its name or address."""
    if host.lower() == "localhost" or host.lower().endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def is_loopback_url(url: str) -> bool:
    """Return whether the host of a URL is this machine."""
    return is_loopback(urllib.parse.urlsplit(url).hostname or "")


def _is_host(host: str) -> bool:
    return _HOST_NAME.fullmatch(host) is not None


def _is_ipv6(host: str) -> bool:
    try:
        ipaddress.IPv6Address(host)
    except ValueError:
        return False
    return True
