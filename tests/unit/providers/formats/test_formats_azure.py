"""Azure OpenAI: two surfaces with addresses, headers and filter results of their own."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from routersvc.domain.catalogue.secrets import Secret
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.deltas import TextDelta
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.engine.ports import AttemptCall
from routersvc.providers.credentials.authorisations import KeyAuthorisation
from routersvc.providers.formats.openai_chat.vendors import DIALECTS
from routersvc.providers.formats.openai_chat.wire import openai_chat
from routersvc.providers.formats.openai_responses import dialects as responses_dialects
from routersvc.providers.formats.openai_responses.wire import openai_responses
from routersvc.providers.http.connections import ProviderClient, ProviderConnection
from routersvc.providers.json_wire_format import JsonWireFormat
from routersvc.providers.wire_format import ResponseHead, WireFormat

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

V1 = openai_chat(DIALECTS["azure"])
DEPLOYMENTS = openai_chat(DIALECTS["azure_deployments"])
RESPONSES = openai_responses(responses_dialects.DIALECTS["azure"])
FILTER = {"hate": {"filtered": False, "severity": "safe"}}


async def sent(wire_format: WireFormat, call: AttemptCall, **facts: Any) -> httpx.Request:  # noqa: ANN401 - passed on
    """Return the request that goes out for a call."""
    facts.setdefault("base_url", "https://acme.openai.azure.com/openai/v1")
    key = KeyAuthorisation(lambda: Secret("s3cret"), wire_format.credential_header)
    client = ProviderClient(
        ProviderConnection(
            wire_format=wire_format,
            transport=httpx.MockTransport(lambda _: httpx.Response(200)),
            credentials={"acme-key": key},
            **facts,
        )
    )
    return await client.request(
        wire_format.encode(call), credential="acme-key", headers={}, connect_timeout=1.0
    )


async def test_v1_surface_is_addressed_like_openai(make_call: MakeCall) -> None:
    """The model stands in the body, the key in a header of Azure's own."""
    chat = await sent(V1, make_call())
    responses = await sent(RESPONSES, make_call())

    assert str(chat.url) == "https://acme.openai.azure.com/openai/v1/chat/completions"
    assert str(responses.url) == "https://acme.openai.azure.com/openai/v1/responses"
    for request in (chat, responses):
        assert request.headers["api-key"] == "s3cret"
        assert "authorization" not in request.headers


async def test_classic_surface_names_the_deployment_in_its_address(make_call: MakeCall) -> None:
    """And the version of the API, of which the last stable one is known."""
    request = await sent(DEPLOYMENTS, make_call(), base_url="https://acme.openai.azure.com")

    assert str(request.url) == (
        "https://acme.openai.azure.com/openai/deployments/large-2026-01/chat/completions"
        "?api-version=2024-10-21"
    )
    assert request.headers["api-key"] == "s3cret"


async def test_another_version_is_a_setting(make_call: MakeCall) -> None:
    """It takes the place of the known one, and goes along where none is known."""
    query = {"api-version": "2025-04-01-preview"}
    classic = await sent(
        DEPLOYMENTS, make_call(), base_url="https://acme.openai.azure.com", query=query
    )
    foundry = await sent(
        V1, make_call(), base_url="https://acme.services.ai.azure.com/models", query=query
    )

    assert classic.url.params["api-version"] == "2025-04-01-preview"
    assert len(classic.url.params.multi_items()) == 1
    assert str(foundry.url) == (
        "https://acme.services.ai.azure.com/models/chat/completions?api-version=2025-04-01-preview"
    )


async def test_name_of_a_deployment_cannot_lead_elsewhere(make_call: MakeCall) -> None:
    """A name is one step of a path, whatever it holds."""
    call = make_call()
    deployment = dataclasses.replace(call.deployment, wire_model="../a?b=c/d")
    request = await sent(
        DEPLOYMENTS,
        dataclasses.replace(call, deployment=deployment),
        base_url="https://acme.openai.azure.com",
    )

    assert request.url.raw_path.startswith(b"/openai/deployments/..%2Fa%3Fb%3Dc%2Fd/chat/")


@pytest.mark.parametrize(
    ("wire_format", "path"),
    [(V1, "/models"), (DEPLOYMENTS, "/openai/models?api-version=2024-10-21")],
)
def test_probe_costs_nothing(wire_format: JsonWireFormat, path: str) -> None:
    """The list of models is not billed on either surface."""
    assert wire_format.probe().path == path


def test_no_storing_is_asked_for_where_the_surface_knows_the_word(make_call: MakeCall) -> None:
    """The classic one stores nothing and refuses fields that it does not know."""
    asked = make_call(zero_data_retention=True)

    assert json.loads(V1.encode(asked).body)["store"] is False
    assert "store" not in json.loads(DEPLOYMENTS.encode(asked).body)


def read(body: bytes, call: AttemptCall) -> tuple[list[object], Failure | None]:
    """Return the events of a stream and how it failed."""
    head = ResponseHead(status=200, headers={"content-type": "text/event-stream"}, received_at=0.0)
    decoder = V1.decoder(call, head)
    events: list[object] = [*decoder.feed(body)]
    try:
        events += decoder.end()
    except AttemptFailedError as error:
        return events, error.failure
    return events, None


def stream(*chunks: dict[str, Any]) -> bytes:
    """Return a stream that begins as Azure's do: with what the filter found of the prompt."""
    first = {"id": "", "model": "", "choices": [], "prompt_filter_results": [FILTER]}
    payloads = [json.dumps(chunk) for chunk in (first, *chunks)]
    return "".join(f"data: {one}\n\n" for one in [*payloads, "[DONE]"]).encode()


def chunk(content: str, finish: str | None) -> dict[str, Any]:
    """Return a chunk with what the filter found of it."""
    choice = {
        "index": 0,
        "delta": {"content": content},
        "finish_reason": finish,
        "content_filter_results": FILTER,
    }
    return {"id": "r-1", "model": "m-1", "choices": [choice]}


def test_findings_of_the_filter_are_no_content(make_call: MakeCall) -> None:
    """The first chunk has no choice and no names; those that follow have."""
    events, failure = read(stream(chunk("Hi", "stop")), make_call(streaming=True))

    assert failure is None
    assert events[1:] == [
        TextDelta(text="Hi"),
        Finished(reason=FinishReason.STOP, model_version="m-1", response_id="r-1"),
    ]


def test_filter_that_strikes_in_the_middle_is_the_end_of_the_answer(make_call: MakeCall) -> None:
    """What came before it stands; where nothing did, the attempt has failed."""
    call = make_call(streaming=True)

    events, failure = read(stream(chunk("Hi", None), chunk("", "content_filter")), call)
    nothing = read(stream(chunk("", "content_filter")), call)[1]

    assert failure is None
    assert isinstance(events[-1], Finished)
    assert events[-1].reason is FinishReason.CONTENT_FILTER
    assert nothing is not None
    assert nothing.failure_class is FailureClass.CONTENT_FILTERED


@pytest.mark.parametrize("wire_format", [V1, DEPLOYMENTS, RESPONSES])
def test_refused_prompt_is_filtered(wire_format: WireFormat) -> None:
    """The code stands beside an inner one, with status 400."""
    error = {"code": "content_filter", "innererror": {"code": "ResponsibleAIPolicyViolation"}}
    inner_only = {"code": None, "innererror": error["innererror"]}
    head = ResponseHead(status=400, headers={"content-type": "application/json"}, received_at=0.0)

    for one in (error, inner_only):
        failure = wire_format.decode_failure(head, json.dumps({"error": one}).encode())
        assert failure.failure_class is FailureClass.CONTENT_FILTERED
