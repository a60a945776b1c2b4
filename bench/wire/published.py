"""Validators of request bodies: the vendors' published schemas, and the types of their SDKs."""

# botocore comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import base64
import functools
import json
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import cohere
import jsonschema
import pydantic
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator
from cohere.core.unchecked_base_model import construct_type
from google.genai import types as google

from bench.wire.readings import JsonObject
from bench.wire.readings.converse import service
from routersvc.domain.catalogue.capabilities import Capability
from routersvc.providers.wire_format import WireRequest

Faults = Iterator[str]


class Judge(NamedTuple):
    """A validator of request bodies: `faults` yields what is wrong with one.

    `schema` is the file of a published schema, which the recordings may lack.
    """

    name: str
    faults: Callable[[Path, WireRequest, str], Faults]
    schema: str = ""


BEYOND: Mapping[str, Mapping[Capability, str]] = {
    "openai_chat/mistral": {
        Capability.AUDIO_INPUT: (
            "the schema wants the sound as bare text; recorded traffic shows OpenAI's object "
            "accepted"
        )
    },
}
"""Where what the vendor takes is more than its schema says."""

BETA_TOOLS = frozenset({"computer_20250124", "computer_20251124"})
"""Tools of Anthropic's in beta, which no schema knows."""


def judges_of(adapter: str) -> Sequence[Judge]:
    """Return the judges of an adapter's requests; most compatible servers have none."""
    return _JUDGES.get(adapter, ())


def judges_at(wire: Path, adapter: str) -> Sequence[Judge]:
    """Return the judges of an adapter's requests whose schema is among the recordings."""
    return [one for one in judges_of(adapter) if not one.schema or (wire / one.schema).exists()]


def faults_of(wire: Path, adapter: str, request: WireRequest, model: str) -> list[str]:
    """Return what the judges of an adapter find wrong with a request."""
    return [
        f"{judge.name}: {fault}"
        for judge in judges_at(wire, adapter)
        for fault in judge.faults(wire, request, model)
    ]


def _schema(name: str, *, loose: bool = False) -> Judge:
    """Return a published schema; a `loose` one takes what fits more than one of its kinds."""

    def faults(wire: Path, request: WireRequest, model: str) -> Faults:
        del model
        body: JsonObject = json.loads(request.body)
        if name.startswith("anthropic."):
            # The types of the SDK want the field that says how the answer is to come.
            body.setdefault("stream", False)
            body["tools"] = [
                tool for tool in body.get("tools", ()) if tool.get("type") not in BETA_TOOLS
            ]
        for fault in _validator(wire, name, loose=loose).iter_errors(body):
            yield fault.message[:200]

    return Judge(name, faults, _file(name))


def _file(name: str) -> str:
    return f"specs/{name}.schema.json"


@functools.cache
def _validator(wire: Path, name: str, *, loose: bool) -> Any:  # noqa: ANN401 - comes without types
    text = (wire / _file(name)).read_text()
    return jsonschema.Draft202012Validator(
        json.loads(text.replace('"oneOf"', '"anyOf"') if loose else text)
    )


# ---- SDKs -----------------------------------------------------------------------


def _google(wire: Path, request: WireRequest, model: str) -> Faults:
    """Yield what Google's types, which forbid what they do not know, refuse."""
    del wire, model
    body: JsonObject = json.loads(request.body)
    pieces: list[tuple[type[pydantic.BaseModel], object]] = [
        *((google.Content, content) for content in body.pop("contents")),
        (google.Content, body.pop("systemInstruction", {})),
        *((google.Tool, tool) for tool in body.pop("tools", ())),
        (google.ToolConfig, body.pop("toolConfig", {})),
        (google.GenerationConfig, body.pop("generationConfig", {})),
        (google.GenerateContentConfig, body),
    ]
    for kind, piece in pieces:
        yield from _refused(kind, piece)


def _cohere(wire: Path, request: WireRequest, model: str) -> Faults:
    """Yield what Cohere's types refuse, and what they do not know."""
    del wire, model
    body: JsonObject = json.loads(request.body)
    kind: Any = cohere.ChatMessageV2
    for message in body["messages"]:
        parsed: Any = construct_type(type_=kind, object_=message)
        if parsed.model_extra:
            yield f"the type does not know {sorted(parsed.model_extra)}"
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it writes its own kinds, and wonders at them
            written = parsed.model_dump_json(exclude_none=True)
        if json.loads(written) != message:
            yield "the type would send another message"
    for tool in body.get("tools", ()):
        yield from _refused(cohere.ToolV2, tool)
    if "thinking" in body:
        yield from _refused(cohere.Thinking, body["thinking"])


def _refused(kind: type[pydantic.BaseModel], piece: object) -> Faults:
    try:
        kind.model_validate(piece)
    except pydantic.ValidationError as error:
        for fault in error.errors():
            yield f"{'.'.join(map(str, fault['loc']))}: {fault['msg']}"


def _botocore(wire: Path, request: WireRequest, model: str) -> Faults:
    """Yield what botocore refuses, and where it would send something else."""
    del wire
    body: JsonObject = json.loads(request.body)
    streaming = request.path.endswith("-stream")
    operation = service().operation_model("ConverseStream" if streaming else "Converse")
    parameters = {"modelId": model, **_with_bytes(body)}
    report = ParamValidator().validate(parameters, operation.input_shape)
    if report.has_errors():
        yield report.generate_report()
        return
    serializer: Any = create_serializer("rest-json")
    sent = serializer.serialize_to_request(parameters, operation)
    if sent["url_path"] != request.path:
        yield f"the path would be {sent['url_path']}"
    if json.loads(sent["body"]) != body:
        yield "the body would be another one"


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


_RESPONSES = (
    _schema("openai.responses.request", loose=True),
    _schema("openai.responses.request.sdk", loose=True),
)
_GOOGLE = Judge("google-genai's types", _google)

_JUDGES: Mapping[str, Sequence[Judge]] = {
    "openai_chat/openai": (_schema("openai.chat.request"), _schema("openai.chat.request.sdk")),
    "openai_chat/azure": (_schema("openai.chat.request"),),
    "openai_chat/groq": (_schema("groq.chat.request.sdk"),),
    "openai_chat/mistral": (_schema("mistral.chat.request"),),
    "openai_chat/openrouter": (_schema("openrouter.chat.request"),),
    "openai_responses/openai": _RESPONSES,
    "openai_responses/azure": _RESPONSES,
    "anthropic_messages/anthropic": (
        _schema("anthropic.messages.request.sdk-0.125"),
        _schema("anthropic.messages.request.sdk-2.12"),
    ),
    "bedrock_converse/plain": (Judge("botocore's validator and serialiser", _botocore),),
    "gemini/gemini": (_GOOGLE,),
    "gemini/vertex": (_GOOGLE, _schema("vertex.generate_content.request")),
    "cohere_chat/plain": (Judge("cohere's types", _cohere),),
    "ollama_chat/plain": (_schema("ollama.chat.request"),),
}
