"""Who may call, tried with real clients: certificates, tokens, hashed keys, methods."""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import ssl
from pathlib import Path
from typing import TYPE_CHECKING

import grpc
import pytest
from grpc import aio
from grpc_reflection.v1alpha import reflection_pb2
from tests.certificates import Authority, Issued
from tests.integration.grpc_api.conftest import Guard
from tests.tokens import AUDIENCE, ISSUER, key_set, public_jwk, signing_key, token

from llmrouter.v1 import prompt_pb2, router_service_pb2_grpc
from llmrouter.v1 import router_service_pb2 as service
from routersvc.cli.actions.router_calls import CallSettings
from routersvc.cli.exit_codes import UsageProblemError
from routersvc.cli.options.call_options import BriefCallOptions
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.grpc_api.access.api_keys import ApiKeys
from routersvc.grpc_api.access.authentication import AccessRules
from routersvc.grpc_api.access.identities import Identities
from routersvc.grpc_api.access.signing_keys import SigningKeys, UnusableKeysError
from routersvc.grpc_api.access.tokens import TokenRule, Tokens
from routersvc.grpc_api.certificates import TlsFiles
from routersvc.testing.scripted import answer

if TYPE_CHECKING:
    from tests.integration.grpc_api.conftest import Edge, Hear, OpenEdge

HELLO = prompt_pb2.Prompt(
    messages=[prompt_pb2.Message(role=prompt_pb2.ROLE_USER, parts=[prompt_pb2.Part(text="Hello")])]
)
SPIFFE = "spiffe://example.org/ns/search/sa/api"
HASHED = f"sha256:{hashlib.sha256(b'long-random-key').hexdigest()}"
OURS, FOREIGN = Authority("ours"), Authority("foreign")
SERVER = OURS.issue("router", hosts=["localhost"])
KEY = signing_key()
TENANTS = (Tenant(name="one"), Tenant(name="two"))


def files(server: Issued = SERVER, *, clients: Authority | None = OURS) -> TlsFiles:
    """Return the files of a server; with `clients` it requires certificates of that authority."""
    return TlsFiles(
        chain=server.chain,
        private_key=server.private_key,
        client_authorities=None if clients is None else clients.pem,
    )


def rules(
    keys: SigningKeys | None = None, *, methods: dict[str, frozenset[str]] | None = None
) -> AccessRules:
    """Return who calls: tenant one by key or token, tenant two by its certificate."""
    rule = TokenRule(
        issuer=ISSUER,
        audiences=frozenset({AUDIENCE}),
        algorithms=frozenset({"ES256"}),
        tenant_claim="sub",
        clock_skew=0.0,
        tenants={"search": "one"},
    )
    fixed = SigningKeys.fixed(key_set(public_jwk(KEY)), name="corporate")
    return AccessRules(
        authenticator=Identities(
            keys=ApiKeys([], hashes=[("one", HASHED)]),
            tokens=Tokens([(rule, keys or fixed)], wall_clock=lambda: 500.0),
            certificates=[("two", SPIFFE), ("two", "CN=batch,O=Example")],
        ),
        methods=methods or {},
        by_certificate=True,
    )


async def open_guarded(open_edge: OpenEdge, guard: Guard) -> Edge:
    """Start a server with two tenants."""
    return await open_edge({"a": [answer("yes")]}, tenants=TENANTS, authenticator=guard)


def secure_channel(edge: Edge, client: Issued | None, *, trusted: Authority = OURS) -> aio.Channel:
    """Return a channel of a client that trusts an authority and shows its certificate."""
    credentials = grpc.ssl_channel_credentials(
        trusted.pem,
        None if client is None else client.private_key,
        None if client is None else client.chain,
    )
    return aio.secure_channel(edge.address.replace("127.0.0.1", "localhost"), credentials)


async def tenant_by(
    edge: Edge,
    client: Issued | None,
    metadata: tuple[tuple[str, str], ...] = (),
    *,
    trusted: Authority = OURS,
) -> str:
    """Return whose the calls of a client are, unary and streaming alike, or the status."""
    async with secure_channel(edge, client, trusted=trusted) as channel:
        stub: router_service_pb2_grpc.RouterServiceAsyncStub = (
            router_service_pb2_grpc.RouterServiceStub(channel)
        )
        try:
            whole = await stub.Complete(service.CompleteRequest(prompt=HELLO), metadata=metadata)
            stream = stub.StreamComplete(
                service.StreamCompleteRequest(prompt=HELLO), metadata=metadata
            )
            events = [event async for event in stream]
        except aio.AioRpcError as error:
            return error.code().name
    assert events[-1].finished.report.tenant == whole.report.tenant
    return whole.report.tenant


async def test_certificate_makes_a_call_its_tenants(open_edge: OpenEdge) -> None:
    """By a URI or by the subject; a key in the call goes before it; strangers get no further."""
    edge = await open_edge(
        {"a": [answer("yes")]}, tenants=TENANTS, authenticator=Guard(access=rules(), tls=files())
    )
    key = (("x-api-key", "long-random-key"),)

    seen = {
        "uri": await tenant_by(edge, OURS.issue("any", uris=[SPIFFE])),
        "subject": await tenant_by(edge, OURS.issue("batch", organisation="Example")),
        "key": await tenant_by(edge, OURS.issue("any", uris=[SPIFFE]), key),
        "wrong key": await tenant_by(
            edge, OURS.issue("any", uris=[SPIFFE]), (("x-api-key", "wrong"),)
        ),
        "unknown name": await tenant_by(edge, OURS.issue("batch")),
        "foreign": await tenant_by(edge, FOREIGN.issue("any", uris=[SPIFFE]), key),
        "none": await tenant_by(edge, None, key),
        "untrusted server": await tenant_by(
            edge, OURS.issue("any", uris=[SPIFFE]), trusted=FOREIGN
        ),
    }

    assert seen == {
        "uri": "two",
        "subject": "two",
        "key": "one",
        "wrong key": "UNAUTHENTICATED",
        "unknown name": "UNAUTHENTICATED",
        "foreign": "UNAVAILABLE",
        "none": "UNAVAILABLE",
        "untrusted server": "UNAVAILABLE",
    }


async def test_certificate_is_replaced_under_connections(open_edge: OpenEdge) -> None:
    """New handshakes meet the new files; connections go on, and their calls by the new names."""
    edge = await open_edge(
        {"a": [answer("yes")]}, tenants=TENANTS, authenticator=Guard(access=rules(), tls=files())
    )
    client = OURS.issue("any", uris=[SPIFFE])
    async with secure_channel(edge, client) as channel:
        stub: router_service_pb2_grpc.RouterServiceAsyncStub = (
            router_service_pb2_grpc.RouterServiceStub(channel)
        )
        first = await stub.Complete(service.CompleteRequest(prompt=HELLO))

        renewed = FOREIGN.issue("router", hosts=["localhost"])
        assert edge.server.certificates is not None
        edge.server.certificates.replace(files(renewed, clients=FOREIGN))
        second = await stub.Complete(service.CompleteRequest(prompt=HELLO))
        seen = [
            await tenant_by(edge, client),
            await tenant_by(edge, client, trusted=FOREIGN),
            await tenant_by(edge, FOREIGN.issue("any", uris=[SPIFFE]), trusted=FOREIGN),
        ]
        edge.server.authentication.rules = AccessRules(
            authenticator=Identities(keys=ApiKeys([])), by_certificate=True
        )
        with pytest.raises(aio.AioRpcError) as caught:
            await stub.Complete(service.CompleteRequest(prompt=HELLO))

    assert (first.report.tenant, second.report.tenant) == ("two", "two")
    assert seen == ["UNAVAILABLE", "UNAVAILABLE", "two"]
    assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


async def test_connection_without_http2_in_tls_is_closed(open_edge: OpenEdge) -> None:
    """Clear text, another protocol, and a client that negotiates none; nobody waits for them."""
    edge = await open_guarded(open_edge, Guard(access=rules(), tls=files(clients=None)))
    port = int(edge.address.rpartition(":")[2])
    contexts: dict[str, ssl.SSLContext | None] = {"clear text": None}
    for name, protocols in (("none", []), ("http/1.1", ["http/1.1"])):
        contexts[name] = ssl.create_default_context(cadata=OURS.pem.decode("ascii"))
        if protocols:
            contexts[name].set_alpn_protocols(protocols)  # type: ignore[union-attr]

    heard: dict[str, bytes] = {}
    for name, context in contexts.items():
        heard[name] = b""
        with contextlib.suppress(OSError):
            reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
            writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(9))
            heard[name] = await reader.read()
            writer.close()
    _, silent = await asyncio.open_connection("localhost", port)
    await edge.server.stop(grace=0.0)

    silent.close()
    # What a server says of clear text is an alert of TLS.
    assert {name: answer[:1] for name, answer in heard.items()} == {
        "clear text": heard["clear text"][:1],
        "none": b"",
        "http/1.1": b"",
    }
    assert heard["clear text"][:1] in {b"", b"\x15"}


@pytest.mark.parametrize(
    ("credential", "reason"),
    [
        (token(KEY, exp=499), "UNAUTHENTICATED"),
        (token(KEY, aud="another-service"), "UNAUTHENTICATED"),
        (token(signing_key(), kid="k9"), "UNAUTHENTICATED"),
        (token(signing_key()), "UNAUTHENTICATED"),
    ],
    ids=["expired", "wrong audience", "unknown signing key", "wrong signature"],
)
async def test_wrong_token_is_refused_without_a_reason(
    open_edge: OpenEdge, hear: Hear, credential: str, reason: str
) -> None:
    """The caller learns that it is not valid, and nothing repeats it."""
    edge = await open_edge(
        {"a": [answer("yes")]}, tenants=TENANTS, authenticator=Guard(access=rules())
    )

    with pytest.raises(aio.AioRpcError) as caught:
        await edge.stub.Complete(
            service.CompleteRequest(prompt=HELLO),
            metadata=(("authorization", f"Bearer {credential}"),),
        )

    heard = hear(caught.value)
    assert (heard.info.reason, heard.status.message) == (reason, "the token is not valid")
    assert credential not in str(caught.value)
    assert edge.scripted.calls == []


async def test_token_is_accepted_with_keys_that_come_late(open_edge: OpenEdge, hear: Hear) -> None:
    """Without keys the caller is told to come back; with them its token is good."""
    now, answers = 0.0, [b"", key_set(public_jwk(KEY))]

    async def fetch() -> bytes:
        data = answers.pop(0)
        if not data:
            raise UnusableKeysError("cannot be fetched")
        return data

    keys = SigningKeys(fetch, name="corporate", interval=300.0, clock=lambda: now)
    edge = await open_edge(
        {"a": [answer("yes")]}, tenants=TENANTS, authenticator=Guard(access=rules(keys))
    )
    metadata = (("authorization", f"Bearer {token(KEY)}"),)

    with pytest.raises(aio.AioRpcError) as caught:
        await edge.stub.Complete(service.CompleteRequest(prompt=HELLO), metadata=metadata)
    now = 60.0
    response = await edge.stub.Complete(service.CompleteRequest(prompt=HELLO), metadata=metadata)

    heard = hear(caught.value)
    assert (heard.info.reason, caught.value.code()) == (
        "AUTHENTICATION_UNAVAILABLE",
        grpc.StatusCode.UNAVAILABLE,
    )
    assert heard.retry is not None
    assert heard.retry.retry_delay.seconds == 10
    assert response.report.tenant == "one"


async def test_closed_method_is_not_permitted(open_edge: OpenEdge, hear: Hear) -> None:
    """`ProviderHealth` is the usual one."""
    closed = rules(methods={"one": frozenset({"Complete"})})
    edge = await open_edge(
        {"a": [answer("yes")]}, tenants=TENANTS, authenticator=Guard(access=closed)
    )
    metadata = (("x-api-key", "long-random-key"),)

    response = await edge.stub.Complete(service.CompleteRequest(prompt=HELLO), metadata=metadata)
    with pytest.raises(aio.AioRpcError) as caught:
        await edge.stub.ProviderHealth(service.ProviderHealthRequest(), metadata=metadata)

    heard = hear(caught.value)
    assert response.report.tenant == "one"
    assert caught.value.code() is grpc.StatusCode.PERMISSION_DENIED
    assert (heard.info.reason, dict(heard.info.metadata)) == (
        "PERMISSION_DENIED",
        {"method": "ProviderHealth"},
    )


async def test_reflection_can_require_authentication(open_edge: OpenEdge) -> None:
    """By a key in the call, or by the certificate of its connection."""
    edge = await open_guarded(open_edge, Guard(access=rules(), tls=files(), closes_reflection=True))

    def describe(
        channel: aio.Channel, *metadata: tuple[str, str]
    ) -> aio.StreamStreamCall[
        reflection_pb2.ServerReflectionRequest, reflection_pb2.ServerReflectionResponse
    ]:
        call: aio.StreamStreamMultiCallable[
            reflection_pb2.ServerReflectionRequest, reflection_pb2.ServerReflectionResponse
        ] = channel.stream_stream(
            "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo",
            request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
            response_deserializer=reflection_pb2.ServerReflectionResponse.FromString,
        )
        return call(metadata=metadata)

    async def first_service(channel: aio.Channel, *metadata: tuple[str, str]) -> str:
        call = describe(channel, *metadata)
        await call.write(reflection_pb2.ServerReflectionRequest(list_services=""))
        described = await call.read()
        call.cancel()
        assert isinstance(described, reflection_pb2.ServerReflectionResponse)
        return described.list_services_response.service[0].name

    # Refused before it sends anything: a client that sends at that moment fails by itself.
    refused = await describe(edge.channel).code()
    async with secure_channel(edge, OURS.issue("any", uris=[SPIFFE])) as channel:
        seen = [
            await first_service(edge.channel, ("x-api-key", "long-random-key")),
            await first_service(channel),
        ]

    assert refused is grpc.StatusCode.UNAUTHENTICATED
    assert seen == ["grpc.health.v1.Health"] * 2


async def test_commands_present_a_certificate(open_edge: OpenEdge, tmp_path: Path) -> None:
    """The client of the command line waits and calls with mutual TLS."""
    edge = await open_guarded(open_edge, Guard(access=rules(), tls=files()))
    client = OURS.issue("any", uris=[SPIFFE])
    paths = [tmp_path / name for name in ("ca.pem", "crt.pem", "key.pem")]
    for path, content in zip(paths, (OURS.pem, client.chain, client.private_key), strict=True):
        path.write_bytes(content)
    ca_file, certificate, key = paths
    address = edge.address.replace("127.0.0.1", "localhost")
    options = BriefCallOptions(
        address=address, ca_file=ca_file, certificate=certificate, private_key=key, wait=10.0
    )

    async with CallSettings.of(options).client() as calling:
        response = await calling.complete(service.CompleteRequest(prompt=HELLO))

    assert response.report.tenant == "two"
    with pytest.raises(UsageProblemError):
        CallSettings.of(BriefCallOptions(certificate=certificate))
    with pytest.raises(UsageProblemError):
        async with CallSettings.of(BriefCallOptions(ca_file=tmp_path / "none")).client():
            pass
