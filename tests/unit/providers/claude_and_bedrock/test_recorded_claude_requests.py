"""Recorded requests go into the contract and come out of the adapters saying the same."""

# botocore comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import base64
import copy
import dataclasses
import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import pytest
from botocore.serialize import create_serializer
from botocore.session import Session
from botocore.validate import ParamValidator
from jsonschema import Draft202012Validator
from tests.unit.providers.claude_and_bedrock.expressing import (
    NotInContractError,
    messages_normal,
    prompt_of_messages,
    without_elisions,
)
from tests.unit.providers.claude_and_bedrock.expressing_converse import (
    converse_normal,
    prompt_of_converse,
)

from routersvc.providers.wire_format import WireRequest

if TYPE_CHECKING:
    from tests.unit.providers.claude_and_bedrock.conftest import Exchange
    from tests.unit.providers.conftest import MakeCall

JsonObject = dict[str, Any]

NOT_IN_CONTRACT: Mapping[str, Mapping[str, int]] = {
    "anthropic": {
        "`cache_control`": 7,  # on a function
        "a cache marker on a tool": 2,
        "`citations`": 2,
        "`defer_loading`": 2,
    },
    "bedrock": {
        "`citations`": 1,
        "`context`": 3,  # and citations, of a document
        "`guardContent`": 4,
        "`json` in what a tool returned": 4,
    },
}
"""What recorded requests say that the contract has no place for, and how many do."""

BETA_TOOLS: Mapping[str, int] = {"computer_20250124": 1, "computer_20251124": 3}
"""Tools in beta, which no schema knows, and how many requests have them."""

EXPRESSED = {"anthropic": 119, "bedrock": 56, "vertex": 8}
"""How many recorded requests come out of the adapter as they were."""


@dataclasses.dataclass(frozen=True, kw_only=True)
class Expressed:
    """A recorded request that went through the contract."""

    exchange: Exchange
    model: str
    recorded: JsonObject
    wire: WireRequest


@pytest.fixture(scope="module")
def expressed(
    answers: Sequence[Exchange], make_call: MakeCall
) -> tuple[Sequence[Expressed], Mapping[str, Counter[str]]]:
    """Return what went through, and by provider what has no place in the contract."""
    found: list[Expressed] = []
    missing: dict[str, Counter[str]] = {}
    for exchange in answers:
        if exchange.request is None:
            continue
        body: JsonObject = without_elisions(exchange.request)
        is_converse = exchange.provider == "bedrock"
        try:
            prompt = prompt_of_converse(body) if is_converse else prompt_of_messages(body)
        except NotInContractError as error:
            missing.setdefault(exchange.provider, Counter())[str(error)] += 1
            continue
        model = model_of(exchange, body)
        call = make_call(streaming=exchange.streaming)
        deployment = dataclasses.replace(call.deployment, wire_model=model)
        call = dataclasses.replace(call, prompt=prompt, deployment=deployment)
        wire = exchange.wire_format.encode(call)
        found.append(Expressed(exchange=exchange, model=model, recorded=body, wire=wire))
    return found, missing


def model_of(exchange: Exchange, body: JsonObject) -> str:
    """Return the model that a request was for."""
    path = urlsplit(exchange.url).path
    if exchange.provider == "bedrock":
        return unquote(path.partition("/model/")[2].rpartition("/")[0])
    return body.get("model") or path.rpartition("/")[2].partition(":")[0]


def test_recorded_requests_come_out_as_they_were(
    expressed: tuple[Sequence[Expressed], Mapping[str, Counter[str]]],
) -> None:
    """What the contract can say, the adapters say as the vendors' own clients did."""
    found, missing = expressed
    passed: Counter[str] = Counter()
    for one in found:
        is_converse = one.exchange.provider == "bedrock"
        normal = converse_normal if is_converse else messages_normal

        encoded = normal(json.loads(one.wire.body))

        assert encoded == normal(copy.deepcopy(one.recorded)), one.exchange.file
        passed[one.exchange.provider] += 1
    assert passed == EXPRESSED
    assert missing == NOT_IN_CONTRACT


def test_paths_are_those_of_the_recordings(
    expressed: tuple[Sequence[Expressed], Mapping[str, Counter[str]]],
) -> None:
    """A model's name is encoded as the vendors' own clients encode it."""
    for one in expressed[0]:
        path = urlsplit(one.exchange.url).path
        if path:
            # Some recorders have decoded `:`.
            assert unquote(path).endswith(unquote(one.wire.path)), one.exchange.file


@pytest.mark.parametrize("version", ["0.125", "2.12"])
def test_messages_bodies_obey_the_vendors_schema(
    expressed: tuple[Sequence[Expressed], Mapping[str, Counter[str]]], shared: Path, version: str
) -> None:
    """The schemas are made of the types of the vendor's own SDK."""
    schema = json.loads(
        (shared / f"wire/specs/anthropic.messages.request.sdk-{version}.schema.json").read_text()
    )
    validator = Draft202012Validator(schema)
    beyond: Counter[str] = Counter()
    seen = 0
    for one in expressed[0]:
        if one.exchange.provider == "anthropic":
            body = json.loads(one.wire.body)
            body.setdefault("stream", False)
            if not validator.is_valid(body):
                types = {tool.get("type", "") for tool in body.get("tools", ())}
                beyond.update(types & BETA_TOOLS.keys() or {one.exchange.file})
            seen += 1
    assert seen == EXPRESSED["anthropic"]
    assert beyond == BETA_TOOLS


def test_converse_bodies_are_what_botocore_would_send(
    expressed: tuple[Sequence[Expressed], Mapping[str, Counter[str]]],
) -> None:
    """Its validator takes them, and its serialiser makes the same path and body of them."""
    service: Any = Session().get_service_model("bedrock-runtime")
    serializer: Any = create_serializer("rest-json")
    seen = 0
    for one in expressed[0]:
        if one.exchange.provider != "bedrock":
            continue
        name = "ConverseStream" if one.exchange.streaming else "Converse"
        operation = service.operation_model(name)
        body = json.loads(one.wire.body)
        parameters = {"modelId": one.model, **_with_bytes(body)}

        report = ParamValidator().validate(parameters, operation.input_shape)
        sent = serializer.serialize_to_request(parameters, operation)

        assert not report.has_errors(), (one.exchange.file, report.generate_report())
        assert sent["url_path"] == one.wire.path
        assert json.loads(sent["body"]) == body, one.exchange.file
        seen += 1
    assert seen == EXPRESSED["bedrock"]


def _with_bytes(value: Any) -> Any:  # noqa: ANN401 - JSON
    """Return parameters as botocore takes them: what is base64 on the wire is bytes here."""
    match value:
        case {"bytes": str(data)}:
            return {"bytes": base64.b64decode(data)}
        case dict():
            return {key: _with_bytes(item) for key, item in value.items()}
        case list():
            return [_with_bytes(item) for item in value]
        case _:
            return value
