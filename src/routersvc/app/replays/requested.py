"""The parts of a recorded request on which reading its answer depends."""

from __future__ import annotations

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.response_formats import (
    JsonObjectFormat,
    JsonSchemaFormat,
    ResponseFormat,
)
from routersvc.engine.ports import AttemptCall
from routersvc.providers.reading.json_values import JsonObject

_ANY_SCHEMA = JsonSchemaFormat(name="any", json_schema="{}")


def call_of(request: JsonObject, *, streaming: bool) -> AttemptCall:
    """Return a call that corresponds to this request.

    Only the response format and log probabilities are read: nothing else changes how an answer is
    decoded.
    """
    return AttemptCall(
        deployment=Deployment(
            name="recorded",
            provider=Provider(name="recorded", wire_format=""),
            model=Model(name="recorded", context_window=1),
            wire_model=_text(request.get("model")),
            credential="",
        ),
        prompt=Prompt(
            messages=(Message(role=Role.USER, parts=(TextPart(text=""),)),),
            response_format=_response_format(request),
            logprobs=0 if _wants_logprobs(request) else None,
        ),
        streaming=streaming,
        connect_timeout=1.0,
        timeout=1.0,
    )


def _response_format(request: JsonObject) -> ResponseFormat | None:
    """Return the response format, in any vendor's fields."""
    settings = _object(request.get("generationConfig") or request.get("generation_config"))
    mime = settings.get("responseMimeType") or settings.get("response_mime_type")
    wanted = (
        request.get("response_format")
        or _object(request.get("text")).get("format")
        or request.get("output_format")
        or _object(request.get("output_config")).get("format")
        or request.get("format")
    )
    kind = _object(wanted).get("type")
    if wanted == "json" or kind in {"json", "json_object"}:
        schema = _object(wanted).get("json_schema") or _object(wanted).get("schema")
        return _ANY_SCHEMA if schema else JsonObjectFormat()
    if kind == "json_schema" or mime == "application/json" or kind == "object":
        return _ANY_SCHEMA
    return None


def _wants_logprobs(request: JsonObject) -> bool:
    include = request.get("include")
    return bool(request.get("logprobs")) or (
        isinstance(include, list) and "message.output_text.logprobs" in include
    )


def _object(value: object) -> JsonObject:
    return {**value} if isinstance(value, dict) else {}


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
