"""Whole attempts at Google, Cohere and Ollama, over a transport that the test plays."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from routersvc.app.wire_formats import adapter
from routersvc.domain.catalogue.secrets import Secret
from routersvc.domain.conversation.answers import AnswerEvent, Finished
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.credentials.authorisations import BEARER, KeyAuthorisation
from routersvc.providers.http.connections import ProviderConnection
from routersvc.providers.http.gateway import ProviderGateway
from routersvc.providers.wire_format import WireFormat

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]

GOOGLE = {"candidates": [{"content": {"parts": [{"text": "Hi"}]}, "finishReason": "STOP"}]}
COHERE: tuple[JsonObject, ...] = (
    {"type": "message-start", "id": "c-1", "delta": {"message": {}}},
    {"type": "content-delta", "delta": {"message": {"content": {"text": "Hi"}}}},
    {"type": "message-end", "delta": {"finish_reason": "COMPLETE"}},
)
OLLAMA = {"message": {"content": "Hi"}, "done": True, "done_reason": "stop"}
STREAMS: Mapping[str, bytes] = {
    "gemini": f"data: {json.dumps(GOOGLE)}\r\n\r\n".encode(),
    "vertex": f"data: {json.dumps(GOOGLE)}\r\n\r\n".encode(),
    "cohere": "".join(f"data: {json.dumps(event)}\n\n" for event in COHERE).encode(),
    "ollama": f"{json.dumps(OLLAMA)}\n".encode(),
}
FORMATS: Mapping[str, WireFormat] = {
    "gemini": adapter("gemini", "gemini"),
    "vertex": adapter("gemini", "vertex"),
    "cohere": adapter("cohere_chat", "plain"),
    "ollama": adapter("ollama_chat", "plain"),
}
BASE = "https://api.acme.test/v1"


def gateway(vendor: str, transport: httpx.AsyncBaseTransport) -> ProviderGateway:
    """Return the way to a vendor; Vertex AI is called with a token, the others with a key."""
    wire_format = FORMATS[vendor]
    header = BEARER if vendor == "vertex" else wire_format.credential_header
    connection = ProviderConnection(
        base_url=BASE,
        wire_format=wire_format,
        transport=transport,
        credentials={"acme-key": KeyAuthorisation(lambda: Secret("sk-secret"), header)},
    )
    return ProviderGateway({"acme": connection}, wall_clock=lambda: 1_790_000_000.0)


@pytest.mark.parametrize(
    ("vendor", "url", "header"),
    [
        ("gemini", "/models/large-2026-01:streamGenerateContent?alt=sse",
         ("x-goog-api-key", "sk-secret")),
        ("vertex", "/publishers/google/models/large-2026-01:streamGenerateContent?alt=sse",
         ("authorization", "Bearer sk-secret")),
        ("cohere", "/v2/chat", ("authorization", "Bearer sk-secret")),
        ("ollama", "/api/chat", ("authorization", "Bearer sk-secret")),
    ],
)  # fmt: skip
async def test_attempt_goes_out_and_its_answer_comes_back(
    make_call: MakeCall, vendor: str, url: str, header: tuple[str, str]
) -> None:
    """Address, credential and every event of the answer."""
    requests: list[httpx.Request] = []
    content_type = "application/x-ndjson" if vendor == "ollama" else "text/event-stream"

    def answer(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, headers={"content-type": content_type}, content=STREAMS[vendor])

    attempt = gateway(vendor, httpx.MockTransport(answer)).open(make_call(streaming=True))
    events: list[AnswerEvent] = []
    while not (events and isinstance(events[-1], Finished)):
        events.extend(await attempt.receive())
    await attempt.aclose()

    assert [str(request.url) for request in requests] == [BASE + url]
    assert requests[0].headers[header[0]] == header[1]
    assert [event.text for event in events if isinstance(event, TextDelta)] == ["Hi"]
    assert isinstance(events[-1], Finished)
    assert events[-1].reason is FinishReason.STOP


async def test_google_refusal_tells_when_to_come_back(make_call: MakeCall) -> None:
    """The gate of the deployment is set from the body's own words."""
    body: JsonObject = {
        "error": {
            "code": 429,
            "status": "RESOURCE_EXHAUSTED",
            "message": "You exceeded your current quota, please check your plan and billing.",
            "details": [
                {"violations": [{"quotaId": "GenerateRequestsPerMinutePerProject"}]},
                {"retryDelay": "12s"},
            ],
        }
    }
    transport = httpx.MockTransport(lambda _: httpx.Response(429, json=[body]))

    with pytest.raises(AttemptFailedError) as refused:
        await gateway("gemini", transport).open(make_call(streaming=True)).receive()

    assert refused.value.failure.failure_class is FailureClass.RATE_LIMITED
    assert refused.value.failure.retry_after == 12.0


@pytest.mark.parametrize(
    ("vendor", "url"),
    [
        ("gemini", "/models?pageSize=1"),
        ("vertex", ""),
        ("cohere", "/v1/models?page_size=1"),
        ("ollama", "/api/tags"),
    ],
)
async def test_probe_asks_for_what_costs_nothing(
    make_call: MakeCall, vendor: str, url: str
) -> None:
    """It runs where a deployment has no traffic."""
    urls: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        urls.append(str(request.url))
        return httpx.Response(200, json={})

    way = gateway(vendor, httpx.MockTransport(answer))
    await way.probe(make_call().deployment, connect_timeout=1.0)

    assert urls == [BASE + url]
