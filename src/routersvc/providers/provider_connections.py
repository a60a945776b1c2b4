"""A provider as the configuration describes it, and the requests that go to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import httpx

from routersvc.domain.failures import AttemptFailedError, Failure, FailureClass
from routersvc.providers.credentials import CredentialSource
from routersvc.providers.wire_format import WireFormat, WireRequest


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ProviderConnection:
    """How to reach one provider.

    `base_url` is what the wire format's paths are appended to, for example
    `https://api.openai.com/v1`. `credentials` are by the name that deployments give; a deployment
    whose credential is the empty text sends none. `credential_header` carries the credential after
    `credential_scheme`. `headers` go with every request, in place of the router's own. `transport`
    holds the sockets.
    """

    base_url: str
    wire_format: WireFormat
    transport: httpx.AsyncBaseTransport
    credentials: Mapping[str, CredentialSource] = dataclasses.field(
        default_factory=dict[str, CredentialSource]
    )
    credential_header: str = "authorization"
    credential_scheme: str = "Bearer"
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str], repr=False)

    def __post_init__(self) -> None:
        url = httpx.URL(self.base_url)
        if url.scheme not in {"http", "https"} or not url.host:
            raise ValueError("`base_url` must begin with `https://` or `http://` and name a host")
        if url.query or url.fragment or url.userinfo:
            raise ValueError("`base_url` has no query, fragment or credential of its own")


class Endpoint:
    """Makes the requests to one provider; what is the same in all of them is prepared once."""

    def __init__(self, connection: ProviderConnection) -> None:
        self.wire_format = connection.wire_format
        self.transport = connection.transport
        self._base_url = connection.base_url.rstrip("/")
        self._credentials = connection.credentials
        self._credential_header = connection.credential_header.lower().encode("ascii")
        scheme = connection.credential_scheme
        self._credential_prefix = f"{scheme} ".encode("ascii") if scheme else b""
        self._urls: dict[str, httpx.URL] = {}
        headers = {
            b"host": httpx.URL(connection.base_url).netloc,
            b"user-agent": b"routersvc",
            b"accept-encoding": b"identity",
        }
        for name, value in connection.headers.items():
            headers[name.lower().encode("ascii")] = value.encode("latin-1")
        self._headers = list(headers.items())

    def request(
        self,
        wire: WireRequest,
        *,
        credential: str,
        headers: Mapping[str, str],
        connect_timeout: float,
    ) -> httpx.Request:
        """Return the request that carries `wire` to the provider.

        Raises:
            AttemptFailedError: there is no credential of this name.
        """
        url = self._urls.get(wire.path)
        if url is None:
            url = self._urls[wire.path] = httpx.URL(self._base_url + wire.path)
        all_headers = [*self._headers, *wire.headers]
        if credential:
            all_headers.append((self._credential_header, self._credential(credential)))
        if wire.body:
            all_headers.append((b"content-length", b"%d" % len(wire.body)))
        all_headers += [
            (name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()
        ]
        return httpx.Request(
            wire.method,
            url,
            headers=all_headers,
            stream=httpx.ByteStream(wire.body),
            extensions={"timeout": {"connect": connect_timeout, "pool": connect_timeout}},
        )

    def _credential(self, name: str) -> bytes:
        source = self._credentials.get(name)
        if source is None:
            raise AttemptFailedError(
                Failure(
                    failure_class=FailureClass.AUTHENTICATION,
                    message=f"there is no credential `{name}`",
                )
            )
        return self._credential_prefix + source().reveal().encode("latin-1")
