"""Reads a request for Cohere's chat (v2) and refuses what Cohere would refuse.

Supported are the features that the simulator implements: text, images, tools, JSON with and without
schema. Documents, and with them citations, are refused by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.simulator.answers.completions import CompletionRequest, Prompt
from routersvc.simulator.answers.models import ReasoningEffort, SimulatedModel
from routersvc.simulator.answers.tools import ToolMode, ToolOffer
from routersvc.simulator.formats.cohere.errors import ERRORS, CohereWording, refusal
from routersvc.simulator.formats.json_fields import Fields, Json
from routersvc.simulator.formats.offers import Offer
from routersvc.simulator.formats.prompts import PromptTally

_KNOWN = frozenset(
    {
        "citation_options",
        "frequency_penalty",
        "k",
        "logprobs",
        "max_tokens",
        "messages",
        "model",
        "p",
        "presence_penalty",
        "priority",
        "response_format",
        "safety_mode",
        "seed",
        "stop_sequences",
        "stream",
        "strict_tools",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
    }
)
_UNSERVED = ("documents", "logprobs")
_MOST_STOPS = 5
_CHOICES: Mapping[str, ToolMode] = MappingProxyType(
    {"REQUIRED": ToolMode.REQUIRED, "NONE": ToolMode.NEVER}
)


def read_request(raw: bytes, offer: Offer) -> CompletionRequest:
    """Return the parsed request.

    Raises:
        RefusedError: Cohere would not accept it.
    """
    body = Fields.of_body(raw, CohereWording())
    name = body.text("model")
    for key in _UNSERVED:
        if body.values.get(key):
            raise refusal(f"invalid request: {key} is not supported here")
    body.refuse_unknown(_KNOWN | set(_UNSERVED))
    model = offer.model(name, ERRORS.unknown_model)
    limit = _read_limit(body, model)
    body.number("temperature", low=0, high=1)
    body.number("p", low=0.01, high=0.99)
    body.number("k", low=0, high=500)
    body.number("frequency_penalty", low=0, high=1)
    body.number("presence_penalty", low=0, high=1)
    prompt = _read_prompt(body, model)
    window = model.context_window
    if prompt.tokens > window:
        raise refusal(
            f"too many tokens: size limit exceeded by {prompt.tokens - window} tokens. Try using "
            f"shorter or fewer inputs. The limit for this model is {window} tokens.",
            kind="TOO_MANY_TOKENS",
        )
    tools, mode = _read_tools(body)
    return CompletionRequest(
        model=model,
        streaming=body.switch("stream", default=False),
        prompt=prompt,
        tools=tools,
        tool_mode=mode,
        json_schema=_read_schema(body),
        stop=_read_stop(body),
        max_tokens=limit,
        seed=body.integer("seed", low=0),
        reasoning_effort=_read_effort(body, model),
    )


def _read_limit(body: Fields, model: SimulatedModel) -> int | None:
    limit = body.integer("max_tokens", low=1)
    if limit is not None and limit > model.max_output_tokens:
        raise refusal(
            f"too many tokens: max tokens must be less than or equal to {model.max_output_tokens}, "
            f"the maximum output for this model - received {limit}.",
            kind="TOO_MANY_TOKENS",
        )
    return limit


def _read_stop(body: Fields) -> tuple[str, ...]:
    stop = body.texts("stop_sequences")
    if len(stop) > _MOST_STOPS:
        raise refusal(f"invalid request: there can be at most {_MOST_STOPS} stop sequences.")
    return stop


def _read_prompt(body: Fields, model: SimulatedModel) -> Prompt:
    reader = _Reader(model)
    messages = list(body.objects("messages"))
    if not messages:
        raise refusal("invalid request: messages must not be empty")
    for message in messages:
        reader.read(message)
    if reader.open_calls:
        raise refusal(
            "invalid request: all tool calls must have a tool result: missing "
            f"{', '.join(sorted(reader.open_calls))}"
        )
    return reader.tally.prompt()


class _Reader:
    """Reads the messages in order."""

    def __init__(self, model: SimulatedModel) -> None:
        self.tally = PromptTally()
        self.open_calls: set[str] = set()
        self._vision = model.vision

    def read(self, message: Fields) -> None:
        """Validate and count one message."""
        role = message.one_of("role", ("system", "user", "assistant", "tool"))
        texts: list[str] = []
        if isinstance(message.values.get("content"), str):
            texts.append(message.text("content"))
        else:
            for part in message.objects("content"):
                self._part(part, texts)
        for call in message.objects("tool_calls"):
            self.open_calls.add(call.text("id"))
            function = call.inner("function")
            self.tally.hold(function.text("name"), function.text("arguments"))
        if role == "tool":
            answered = message.text("tool_call_id")
            if answered not in self.open_calls:
                raise refusal(
                    f"invalid request: tool call id not found in previous tool calls: {answered}"
                )
            self.open_calls.remove(answered)
        elif not texts and not message.has("tool_calls") and not message.has("content"):
            raise refusal("invalid request: all elements in the chat messages must have content")
        self.tally.message(texts, from_user=role == "user", tool_results=role == "tool")

    def _part(self, part: Fields, texts: list[str]) -> None:
        match part.one_of("type", ("document", "image_url", "text", "thinking")):
            case "text":
                texts.append(part.text("text"))
            case "thinking":
                self.tally.hold(part.text("thinking"))
            case "image_url":
                self._image(part.inner("image_url").text("url"))
            case _:
                document = part.inner("document")
                self.tally.hold(str(document.values.get("data")))

    def _image(self, url: str) -> None:
        if not self._vision:
            raise refusal("invalid request: this model does not support image inputs")
        if not self.tally.image_url(url):
            raise refusal("invalid request: image could not be decoded")


def _read_tools(body: Fields) -> tuple[tuple[ToolOffer, ...], ToolMode]:
    offers: list[ToolOffer] = []
    for tool in body.objects("tools"):
        tool.one_of("type", ("function",))
        function = tool.inner("function")
        schema = function.optional_inner("parameters")
        parameters: Json = {"type": "object"} if schema is None else schema.values
        offers.append(ToolOffer(name=function.text("name"), parameters=parameters))
    if not body.has("tool_choice"):
        return tuple(offers), ToolMode.AUTO if offers else ToolMode.NEVER
    mode = _CHOICES[body.one_of("tool_choice", tuple(_CHOICES))]
    if not offers:
        raise refusal("invalid request: tool_choice is only valid when tools are specified")
    return tuple(offers), mode


def _read_schema(body: Fields) -> Json | None:
    wanted = body.optional_inner("response_format")
    if wanted is None or wanted.one_of("type", ("text", "json_object")) == "text":
        return None
    schema = wanted.optional_inner("json_schema") or wanted.optional_inner("schema")
    return {} if schema is None else schema.values


def _read_effort(body: Fields, model: SimulatedModel) -> ReasoningEffort | None:
    thinking = body.optional_inner("thinking")
    if thinking is None:
        return None
    if thinking.one_of("type", ("enabled", "disabled")) == "disabled":
        return ReasoningEffort.NONE
    if not model.reasoning:
        raise refusal("invalid request: this model does not support thinking")
    return ReasoningEffort.MEDIUM
