"""URLs that providers fetch point nowhere within, in whatever notation."""

from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.grpc_api.inbound.addresses import address_problem


@pytest.mark.parametrize(
    "url",
    [
        "https://pics.example/a.png",
        "https://pics.example:8443/a.png?b=c#d",
        "https://8.8.8.8/a.png",
        "https://[2606:4700::1111]/a.png",
        "https://xn--bcher-kva.example/a%20b.png",
        "https://1.example/a@b.png",
    ],
)
def test_public_address_is_good(url: str) -> None:
    """Names are not looked up."""
    assert address_problem(url, private=False) is None


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1",
        "10.1.2.3",
        "169.254.169.254",
        "100.100.100.200",
        "0.0.0.0",  # noqa: S104 - an address in a URL
        "127.1",
        "2130706433",
        "0x7f000001",
        "0177.0.0.1",
        "0x7f.1",
        "127.0.0.1.",
        "\uff11\uff12\uff17.0.0.1",
        "127\u30020.0.1",
        "%31%32%37.0.0.1",
        "[::1]",
        "[::]",
        "[fe80::1%25eth0]",
        "[fd00::1]",
        "[::ffff:169.254.169.254]",
        "[64:ff9b::7f00:1]",
        "[2002:7f00:1::]",
        "localhost",
        "LOCALHOST",
        "a.localhost",
        "metadata.google.internal",
        "metadata",
        "printer.local",
        "api.default.svc.cluster.local",
    ],
)
def test_private_address_is_refused_unless_allowed(host: str) -> None:
    """A provider in the same network would fetch what the caller cannot."""
    assert address_problem(f"https://{host}/a.png", private=False) is not None
    assert address_problem(f"https://{host}/a.png", private=True) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://user:password@pics.example/",
        "https://pics.example\\@127.0.0.1/",
        "https://pics.example/\r\nhost: other",
        "https://pics.example/a b",
        "https://pics.example:port/",
        "https://[::1/",
        "https://?a",
    ],
)
def test_ambiguous_address_is_always_refused(url: str) -> None:
    """Two readers would read two hosts in it, or none."""
    assert address_problem(url, private=True) is not None


@given(address=st.ip_addresses())
def test_addresses_are_judged_as_the_library_judges_them(
    address: ipaddress.IPv4Address | ipaddress.IPv6Address,
) -> None:
    """In their plain notation."""
    host = f"[{address}]" if address.version == 6 else str(address)

    problem = address_problem(f"https://{host}/", private=False)

    if not address.is_global:
        assert problem is not None


@given(url=st.text(max_size=80))
def test_any_text_is_judged(url: str) -> None:
    """Nothing raises."""
    address_problem(f"https://{url}", private=False)
