"""A configured provider, and the requests sent to it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

import httpx

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.credentials.authorisations import Authorisation, Headers, OutgoingRequest
from routersvc.providers.wire_format import WireFormat, WireRequest


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ProviderConnection:
    """How to reach one provider.

    `base_url` precedes the wire format's paths, for example `https://api.openai.com/v1`.
    `credentials` are keyed by the name that deployments use; a deployment with an empty credential
    name sends none. `headers` are added to every request and replace the router's own; the
    parameters of `query` are added to every URL and replace those of the wire format. `transport`
    holds the sockets.
    """

    base_url: str
    wire_format: WireFormat
    transport: httpx.AsyncBaseTransport
    credentials: Mapping[str, Authorisation] = dataclasses.field(
        default_factory=dict[str, Authorisation]
    )
    headers: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str], repr=False)
    query: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])

    def __post_init__(self) -> None:
        url = httpx.URL(self.base_url)
        if url.scheme not in {"http", "https"} or not url.host:
            raise ValueError("`base_url` must begin with `https://` or `http://` and name a host")
        if url.query or url.fragment or url.userinfo:
            raise ValueError("`base_url` has no query, fragment or credential of its own")


class ProviderClient:
    """Builds the requests to one provider; the parts that never change are prepared once."""

    def __init__(self, connection: ProviderConnection) -> None:
        self.wire_format = connection.wire_format
        self.transport = connection.transport
        self._base_url = connection.base_url.rstrip("/")
        self._credentials = connection.credentials
        self._query = dict(connection.query)
        self._urls: dict[str, httpx.URL] = {}
        self._holders = 0
        headers = {
            b"host": httpx.URL(connection.base_url).netloc,
            b"user-agent": b"routersvc",
            b"accept-encoding": b"identity",
        }
        for name, value in connection.headers.items():
            headers[name.lower().encode("ascii")] = value.encode("latin-1")
        self._headers = list(headers.items())

    def hold(self) -> None:
        """Count a gateway that uses this client."""
        self._holders += 1

    async def release(self) -> None:
        """Count a gateway that does not use it any more; the last one closes the connections."""
        self._holders -= 1
        if self._holders == 0:
            await self.transport.aclose()

    async def request(
        self,
        wire: WireRequest,
        *,
        credential: str,
        headers: Mapping[str, str],
        connect_timeout: float,
    ) -> httpx.Request:
        """Return the request that carries `wire` to the provider.

        Waits only where a credential has to be fetched first.

        Raises:
            AttemptFailedError: no credential has this name, or it cannot be obtained.
        """
        url = self._urls.get(wire.path)
        if url is None:
            url = httpx.URL(self._base_url + wire.path)
            if self._query:
                url = url.copy_merge_params(self._query)
            self._urls[wire.path] = url
        all_headers = [*self._headers, *wire.headers]
        if wire.body:
            all_headers.append((b"content-length", b"%d" % len(wire.body)))
        all_headers += [
            (name.encode("ascii"), value.encode("latin-1")) for name, value in headers.items()
        ]
        if credential:
            all_headers += await self._authorised(credential, wire, url, all_headers)
        return httpx.Request(
            wire.method,
            url,
            headers=all_headers,
            stream=httpx.ByteStream(wire.body),
            extensions={"timeout": {"connect": connect_timeout, "pool": connect_timeout}},
        )

    def note_failure(self, failure: Failure, *, credential: str) -> None:
        """Refresh the credential if the provider refused it."""
        if credential and failure.failure_class is FailureClass.AUTHENTICATION:
            self._authorisation(credential).refused()

    async def _authorised(
        self, credential: str, wire: WireRequest, url: httpx.URL, headers: Headers
    ) -> Headers:
        return await self._authorisation(credential).headers_for(
            OutgoingRequest(method=wire.method, url=str(url), headers=headers, body=wire.body)
        )

    def _authorisation(self, name: str) -> Authorisation:
        authorisation = self._credentials.get(name)
        if authorisation is None:
            raise AttemptFailedError(
                Failure(
                    failure_class=FailureClass.AUTHENTICATION,
                    message=f"no credential is named `{name}`",
                )
            )
        return authorisation
