"""Signed requests arrive as they were signed, and a binary stream comes back over real sockets."""

# botocore comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import datetime as dt
import json
import struct
import zlib
from collections.abc import Mapping
from typing import TYPE_CHECKING

import botocore.auth
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.engine.ports import AttemptCall
from routersvc.providers.credentials.aws_signatures import AwsKeys, AwsSignature
from routersvc.providers.credentials.refreshing import Lease, Refreshing
from routersvc.providers.formats.bedrock_converse.wire import bedrock_converse
from routersvc.providers.http.connections import ProviderConnection
from routersvc.providers.http.gateway import ProviderGateway
from routersvc.providers.http.http1.transport import Http1Transport
from routersvc.providers.http.transports import TransportOptions

if TYPE_CHECKING:
    from tests.integration.providers.conftest import Exchange, Serve

MODEL = "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.acme.large-v1:0"
PATH = (
    "/model/arn%3Aaws%3Abedrock%3Aus-east-1%3A123456789012%3Ainference-profile%2Fus.acme.large-v1%3A0"
    "/converse-stream"
)


def frame(name: str, payload: Mapping[str, object]) -> bytes:
    """Return an event of AWS's event streams."""
    headers = b"".join(
        struct.pack("!B", len(key)) + key + struct.pack("!BH", 7, len(value)) + value
        for key, value in ((b":message-type", b"event"), (b":event-type", name.encode()))
    )
    body = json.dumps(payload).encode()
    prelude = struct.pack("!II", len(headers) + len(body) + 16, len(headers))
    message = prelude + struct.pack("!I", zlib.crc32(prelude)) + headers + body
    return message + struct.pack("!I", zlib.crc32(message))


ANSWER = b"".join(
    frame(name, payload)
    for name, payload in (
        ("messageStart", {"role": "assistant"}),
        ("contentBlockDelta", {"contentBlockIndex": 0, "delta": {"text": "Hi"}}),
        ("contentBlockStop", {"contentBlockIndex": 0}),
        ("messageStop", {"stopReason": "end_turn"}),
        ("metadata", {"usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}}),
    )
)


async def test_signature_is_right_for_what_arrives(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A path that is encoded anew on its way, or a header that changes, would be refused."""
    instant = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: instant)
    seen: list[tuple[str, dict[str, str], bytes]] = []

    async def answer(exchange: Exchange) -> None:
        request_line, *lines = exchange.head.rstrip().split("\r\n")
        headers = {
            name.lower(): value.strip() for name, _, value in (x.partition(":") for x in lines)
        }
        seen.append((request_line.split(" ")[1], headers, exchange.body))
        kind = "content-type: application/vnd.amazon.eventstream\r\n"
        await exchange.answer(ANSWER, headers=kind)

    keys = AwsKeys(access_key="ASIA", secret_key="secret", token="session")
    async with serve(answer) as server:
        gateway = ProviderGateway(
            {
                "bedrock": ProviderConnection(
                    base_url=f"http://127.0.0.1:{server.port}",
                    wire_format=bedrock_converse(),
                    transport=Http1Transport(TransportOptions()),
                    credentials={
                        "default": AwsSignature(
                            Refreshing(
                                lambda: Lease(value=keys, expires_at=None), clock=lambda: 0.0
                            ),
                            service="bedrock",
                            region="us-east-1",
                        )
                    },
                )
            },
            wall_clock=lambda: 1_790_000_000.0,
        )
        attempt = gateway.open(_call())
        events: list[AnswerEvent] = []
        while not (events and isinstance(events[-1], Finished)):
            events += await attempt.receive()
        await attempt.aclose()
        await gateway.aclose()

    ((path, headers, body),) = seen
    reference = AWSRequest(
        method="POST",
        url=f"http://{headers['host']}{path}",
        data=body,
        headers={"host": headers["host"], "content-type": headers["content-type"]},
    )
    botocore.auth.SigV4Auth(
        Credentials("ASIA", "secret", "session"), "bedrock", "us-east-1"
    ).add_auth(reference)
    assert path == PATH
    assert headers["authorization"] == reference.headers["Authorization"]
    assert headers["x-amz-security-token"] == "session"
    assert TextDelta(text="Hi") in events


def _call() -> AttemptCall:
    return AttemptCall(
        deployment=Deployment(
            name="acme-large",
            provider=Provider(name="bedrock", wire_format="bedrock_converse"),
            model=Model(name="large", context_window=8192),
            wire_model=MODEL,
            credential="default",
        ),
        prompt=Prompt(messages=(Message(role=Role.USER, parts=(TextPart(text="Hello"),)),)),
        streaming=True,
        connect_timeout=60.0,
        timeout=120.0,
        headers={"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"},
    )
