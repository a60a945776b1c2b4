"""Addresses as people write them."""

import pytest
from tests.wording import Wording

from routersvc.settings.types.addresses import (
    HostPort,
    UnixSocket,
    parse_host_port,
    parse_http_url,
    parse_listen_address,
)


@pytest.mark.parametrize(
    ("text", "host", "port"),
    [
        ("127.0.0.1:50051", "127.0.0.1", 50051),
        ("localhost:0", "localhost", 0),
        ("router.internal.example:65535", "router.internal.example", 65535),
        ("[::]:1", "::", 1),
        ("[2001:db8:0::1]:1", "2001:db8::1", 1),
    ],
)
def test_host_and_port_are_read(text: str, host: str, port: int) -> None:
    """The port is what follows the last colon."""
    address = parse_host_port(text)

    assert address == HostPort(host=host, port=port)
    assert parse_host_port(str(address)) == address


@pytest.mark.parametrize(
    "text",
    [
        "localhost",
        "localhost:http",
        "localhost:01",
        "localhost:65536",
        ":50051",
        "*:50051",
        "a b:50051",
        "::1:50051",
        "[::z]:50051",
        "http://localhost:1",
    ],
)
def test_what_is_no_address_is_refused(text: str, wording: Wording) -> None:
    """Where to listen is said in full, so that nothing is opened to the world by accident."""
    with pytest.raises(ValueError, match="has") as caught:
        parse_listen_address(text)

    wording(str(caught.value))


@pytest.mark.parametrize("text", ["unix:/run/router.sock", "unix:///run/router.sock"])
def test_unix_sockets_are_read(text: str) -> None:
    """Both ways of gRPC to name one."""
    assert parse_listen_address(text) == UnixSocket(path="/run/router.sock")
    assert str(parse_listen_address(text)) == "unix:/run/router.sock"


@pytest.mark.parametrize(
    "text",
    [
        "unix:",
        "unix:/run/",
        "unix:/" + "x" * 107,
    ],
)
def test_unix_sockets_without_a_usable_path_are_refused(text: str, wording: Wording) -> None:
    """Linux cuts longer paths, or refuses them when it is too late."""
    with pytest.raises(ValueError, match="has") as caught:
        parse_listen_address(text)

    wording(str(caught.value))


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("http://127.0.0.1:4010/v1/", "http://127.0.0.1:4010/v1"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_urls_are_read(text: str, url: str) -> None:
    """Paths of the wire format are appended, so that a closing slash would double."""
    assert parse_http_url(text) == url


@pytest.mark.parametrize(
    "text",
    [
        "ftp://host/v1",
        "host/v1",
        "https://user:s3cret@host/v1",
        "https://s3cret@host/v1",
        "https://host/v1?key=s3cret",
        "https://host/v1#s3cret",
        "https://host /v1",
        "https://höst/v1",
        "https:///v1",
        "https://host:0/v1",
        "https://host:99999/v1",
        "https://[::z]/v1",
    ],
)
def test_what_cannot_be_called_is_refused_without_repeating_it(text: str, wording: Wording) -> None:
    """People put keys into addresses."""
    with pytest.raises(ValueError, match=r"^(does|contains|has|is) ") as caught:
        parse_http_url(text)

    assert "s3cret" not in str(caught.value)
    wording(str(caught.value))
