"""Checks URLs of images and files, which providers fetch: none may point into a private network.

Names that only a resolver could tell are not looked up: the router fetches nothing itself.
"""

from __future__ import annotations

import ipaddress
import re
import unicodedata
import urllib.parse

_FORBIDDEN = re.compile(r"[\x00-\x20\x7f\\]")
_PRIVATE_NAMES = frozenset({"localhost", "localdomain", "metadata", "instance-data"})
_PRIVATE_SUFFIXES = (
    ".localhost",
    ".localdomain",
    ".local",
    ".internal",
    ".intranet",
    ".lan",
    ".home.arpa",
    ".cluster.local",
)
_MOST_NUMBERS = 4
"""Parts of an IPv4 address, in the forms that `inet_aton` takes."""


def address_problem(url: str, *, private: bool) -> str | None:
    """Return what is wrong with an `https` URL, `None` for a good one.

    `private`: addresses of private networks are allowed.
    """
    if _FORBIDDEN.search(url) is not None:
        return "must not contain spaces, control characters or backslashes"
    authority = re.split("[/?#]", url.partition("://")[2], maxsplit=1)[0]
    if "@" in authority:
        return "must not contain a user name or a password"
    try:
        parsed = urllib.parse.urlsplit(url)
        host, _ = parsed.hostname, parsed.port
    except ValueError:
        return "must have a valid host and port"
    if not host:
        return "must have a valid host and port"
    if not private and _is_private(host):
        return "must not point to a private network, the machine itself or a metadata service"
    return None


def _is_private(host: str) -> bool:
    host = unicodedata.normalize("NFKC", urllib.parse.unquote(host)).lower().rstrip(".")
    # The ideographic full stops separate labels too (UTS 46).
    host = host.replace("\u3002", ".")
    address = _address(host)
    if address is not None:
        return not _is_global(address)
    return host in _PRIVATE_NAMES or "." not in host or host.endswith(_PRIVATE_SUFFIXES)


def _is_global(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if inner is None and address in _NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
        if inner is not None:
            return _is_global(inner)
        return address.is_global and not address.is_multicast
    return address.is_global and not address.is_multicast


_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    """Return the address that a host is, `None` for a name."""
    if ":" in host:
        try:
            return ipaddress.IPv6Address(host.partition("%")[0])
        except ValueError:
            # Nothing that is neither a name nor an address is public.
            return ipaddress.IPv6Address("::")
    numbers = host.split(".")
    values = [_number(text) for text in numbers]
    if len(numbers) > _MOST_NUMBERS or None in values:
        return None
    *first, last = (value for value in values if value is not None)
    if any(value > 0xFF for value in first) or last >= 1 << 8 * (5 - len(numbers)):  # noqa: PLR2004 - a byte
        return ipaddress.IPv4Address(0)
    value = last
    for place, byte in enumerate(first):
        value |= byte << 8 * (3 - place)
    return ipaddress.IPv4Address(value)


def _number(text: str) -> int | None:
    """Return a number in the notations of C: decimal, hexadecimal, octal."""
    if not re.fullmatch("0x[0-9a-f]{0,8}|[0-9]{1,11}", text):
        return None
    if text.startswith("0x"):
        return int(text[2:] or "0", 16)
    if text.startswith("0") and len(text) > 1:
        return int(text, 8) if not set(text) & {"8", "9"} else 0
    return int(text)
