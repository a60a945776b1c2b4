"""Which proxy the environment names for an address."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from routersvc.settings.proxies import Proxy, ProxyBypass, UnusableProxyError, proxy_of_environment

HTTPS = "https://api.example.com/v1"
HTTP = "http://llm.example.com:8000/v1"
BOTH = {"HTTP_PROXY": "http://plain:3128", "HTTPS_PROXY": "http://secure:3128"}


@pytest.mark.parametrize(
    ("environment", "base_url", "url", "source"),
    [
        (BOTH, HTTPS, "http://secure:3128", "HTTPS_PROXY"),
        (BOTH, HTTP, "http://plain:3128", "HTTP_PROXY"),
        ({"ALL_PROXY": "http://every:1"}, HTTP, "http://every:1", "ALL_PROXY"),
        ({**BOTH, "https_proxy": "http://lower:1"}, HTTPS, "http://lower:1", "https_proxy"),
        ({"https_proxy": "bare.example:3128"}, HTTPS, "http://bare.example:3128", "https_proxy"),
        ({"https_proxy": "https://[::1]:3128"}, HTTPS, "https://[::1]:3128", "https_proxy"),
        ({**BOTH, "NO_PROXY": "other.example"}, HTTPS, "http://secure:3128", "HTTPS_PROXY"),
    ],
)
def test_proxy_is_that_of_the_scheme(
    environment: Mapping[str, str], base_url: str, url: str, source: str
) -> None:
    """Lower-case names come first, `ALL_PROXY` last."""
    found = proxy_of_environment(base_url, environment)

    assert isinstance(found, Proxy)
    assert (found.url, found.source) == (url, source)


@pytest.mark.parametrize("hosts", ["*", "api.example.com", "example.com", ".example.com"])
@pytest.mark.parametrize("variable", ["no_proxy", "NO_PROXY"])
def test_listed_host_is_called_directly(variable: str, hosts: str) -> None:
    """A listed domain covers the hosts below it."""
    found = proxy_of_environment(HTTPS, {**BOTH, variable: hosts})

    assert found == ProxyBypass(source="HTTPS_PROXY", reason="`NO_PROXY` lists the host")


@pytest.mark.parametrize(
    ("hosts", "listed"),
    [
        ("10.0.0.0/8", True),
        ("10.1.2.3", True),
        ("10.1.2.3:8080", True),
        ("10.1.2.3:9090", False),
        ("192.168.0.0/16 10.1.2.3", True),
        ("192.168.0.0/16", False),
    ],
)
def test_networks_and_ports_can_be_listed(hosts: str, *, listed: bool) -> None:
    """As curl and Go understand `NO_PROXY`."""
    found = proxy_of_environment("http://10.1.2.3:8080/v1", {**BOTH, "NO_PROXY": hosts})

    assert isinstance(found, ProxyBypass) is listed


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1:4010", "[::1]:80"])
def test_loopback_address_has_to_be_listed(host: str) -> None:
    """As for curl and Python's clients."""
    base_url = f"http://{host}/v1"

    assert isinstance(proxy_of_environment(base_url, BOTH), Proxy)
    listed = {**BOTH, "NO_PROXY": "localhost,127.0.0.1,::1"}
    assert isinstance(proxy_of_environment(base_url, listed), ProxyBypass)


@pytest.mark.parametrize("environment", [{}, {"HTTPS_PROXY": " "}, {"HTTP_PROXY": "http://p:1"}])
def test_without_a_proxy_there_is_none(environment: Mapping[str, str]) -> None:
    """An empty variable names none, and that of another scheme does not count."""
    assert proxy_of_environment(HTTPS, environment) is None


def test_credential_of_the_proxy_is_a_secret() -> None:
    """It stands in the URL of the variable, and nowhere else."""
    found = proxy_of_environment(HTTPS, {"https_proxy": "http://me:s%40cret@proxy.example:3128"})

    assert isinstance(found, Proxy)
    assert found.url == "http://proxy.example:3128"
    assert found.username == "me"
    assert found.password is not None
    assert found.password.reveal() == "s@cret"
    assert "s@cret" not in repr(found)


@pytest.mark.parametrize("text", ["socks5://proxy:1080", "http://", "http://user:pw@"])
def test_unusable_proxy_is_refused_without_its_credential(text: str) -> None:
    """Calling the provider directly instead could break the rules of a network."""
    with pytest.raises(UnusableProxyError, match="`ALL_PROXY`") as caught:
        proxy_of_environment(HTTPS, {"ALL_PROXY": text})

    assert "pw" not in str(caught.value)
