"""Reads a request for Mistral's chat completions and refuses what Mistral would refuse.

Supported are the features that the simulator implements: text, images, functions, JSON with and
without schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.simulator.answers.completions import CompletionRequest, Prompt
from routersvc.simulator.answers.models import ReasoningEffort, SimulatedModel
from routersvc.simulator.answers.tools import ToolMode, ToolOffer, tools_named
from routersvc.simulator.formats.json_fields import Fields, Json
from routersvc.simulator.formats.mistral.errors import ERRORS, MistralWording, refusal
from routersvc.simulator.formats.offers import Offer
from routersvc.simulator.formats.prompts import PromptTally

_KNOWN = frozenset(
    {
        "frequency_penalty",
        "guardrails",
        "max_tokens",
        "messages",
        "metadata",
        "model",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_mode",
        "random_seed",
        "reasoning_effort",
        "response_format",
        "safe_prompt",
        "service_tier",
        "stop",
        "stream",
        "temperature",
        "tool_choice",
        "tools",
        "top_p",
    }
)
_MODES: Mapping[str, ToolMode] = MappingProxyType(
    {
        "auto": ToolMode.AUTO,
        "none": ToolMode.NEVER,
        "any": ToolMode.REQUIRED,
        "required": ToolMode.REQUIRED,
    }
)


def read_request(raw: bytes, offer: Offer) -> CompletionRequest:
    """Return the parsed request.

    Raises:
        RefusedError: Mistral would not accept it.
    """
    body = Fields.of_body(raw, MistralWording())
    body.refuse_unknown(_KNOWN)
    name = body.text("model")
    body.require("messages")
    limit = body.integer("max_tokens", low=0)
    body.number("temperature", low=0, high=1.5)
    body.number("top_p", low=0, high=1)
    body.number("presence_penalty", low=-2, high=2)
    body.number("frequency_penalty", low=-2, high=2)
    if body.integer("n", low=1) not in (None, 1):
        raise refusal("n > 1 is not supported here")
    model = offer.model(name, ERRORS.unknown_model)
    prompt = _read_prompt(body, model)
    window = model.context_window
    if prompt.tokens + (limit or 0) > window:
        raise refusal(
            f"Prompt contains {prompt.tokens} tokens"
            + (f" and {limit} draft tokens" if limit else "")
            + f", too large for model with {window} maximum context length"
        )
    tools, mode = _read_tools(body)
    return CompletionRequest(
        model=model,
        streaming=body.switch("stream", default=False),
        prompt=prompt,
        tools=tools,
        tool_mode=mode,
        parallel_tool_calls=body.switch("parallel_tool_calls", default=True),
        json_schema=_read_schema(body),
        stop=_read_stop(body),
        max_tokens=limit,
        seed=body.integer("random_seed", low=0),
        reasoning_effort=_read_effort(body, model),
    )


def _read_stop(body: Fields) -> tuple[str, ...]:
    if isinstance(body.values.get("stop"), str):
        return (body.text("stop"),)
    return body.texts("stop")


def _read_effort(body: Fields, model: SimulatedModel) -> ReasoningEffort | None:
    """Return how much is thought: nothing unless it is asked for."""
    asked = body.has("prompt_mode") or body.optional_text("reasoning_effort") not in (None, "none")
    if asked and not model.reasoning:
        raise refusal(f"Reasoning is not supported for model {model.id}")
    return ReasoningEffort.MEDIUM if asked else ReasoningEffort.NONE


def _read_prompt(body: Fields, model: SimulatedModel) -> Prompt:
    reader = _Reader(model)
    role = ""
    for message in body.objects("messages"):
        role = reader.read(message)
    if role == "assistant" or not role:
        raise refusal(
            "Expected last role User or Tool (or Assistant with prefix True) for serving but got "
            f"{role or 'no messages'}",
            kind="invalid_request_message_order",
            code="3230",
        )
    reader.require_results()
    return reader.tally.prompt()


class _Reader:
    """Reads one message after the other; as many results must follow as there were calls."""

    def __init__(self, model: SimulatedModel) -> None:
        self.tally = PromptTally()
        self._vision = model.vision
        self._open_calls: set[str] = set()

    def read(self, message: Fields) -> str:
        """Check one message, count what it holds, and return its role.

        An assistant's message that is to be continued (`prefix`) counts as a user's.
        """
        role = message.one_of("role", ("system", "user", "assistant", "tool"))
        if role == "tool":
            answered = message.text("tool_call_id")
            if answered not in self._open_calls:
                raise refusal(
                    f"Unexpected tool call id {answered} in tool results",
                    kind="invalid_request_message_order",
                    code="3230",
                )
            self._open_calls.remove(answered)
        else:
            self.require_results()
        texts: list[str] = []
        if isinstance(message.values.get("content"), str):
            texts.append(message.text("content"))
        else:
            for part in message.objects("content"):
                self._part(part, texts)
        for call in message.objects("tool_calls"):
            self._open_calls.add(call.text("id"))
            function = call.inner("function")
            self.tally.hold(function.text("name"), str(function.require("arguments")))
        self.tally.message(texts, from_user=role == "user", tool_results=role == "tool")
        return "user" if message.switch("prefix", default=False) else role

    def require_results(self) -> None:
        """Raise when there are calls that nothing answered."""
        if self._open_calls:
            raise refusal(
                "Not the same number of function calls and responses",
                kind="invalid_request_message_order",
                code="3230",
            )

    def _part(self, part: Fields, texts: list[str]) -> None:
        kinds = (
            "document_url",
            "file",
            "image_url",
            "input_audio",
            "reference",
            "text",
            "thinking",
        )
        match part.one_of("type", kinds):
            case "text":
                texts.append(part.text("text"))
            case "image_url":
                given = part.values.get("image_url")
                url = given if isinstance(given, str) else part.inner("image_url").text("url")
                self._image(url)
            case kind:
                self.tally.hold(str(part.values.get(kind)))

    def _image(self, url: str) -> None:
        if not self._vision:
            raise refusal("Image input is not enabled for this model")
        if not self.tally.image_url(url):
            raise refusal("Image could not be loaded from base64 data", code="3310")


def _read_tools(body: Fields) -> tuple[tuple[ToolOffer, ...], ToolMode]:
    offers: list[ToolOffer] = []
    for tool in body.objects("tools"):
        if tool.has("type"):
            tool.one_of("type", ("function",))
        function = tool.inner("function")
        offers.append(
            ToolOffer(name=function.text("name"), parameters=function.inner("parameters").values)
        )
    if not offers:
        return (), ToolMode.NEVER
    if not body.has("tool_choice"):
        return tuple(offers), ToolMode.AUTO
    if isinstance(body.values["tool_choice"], str):
        return tuple(offers), _MODES[body.one_of("tool_choice", tuple(_MODES))]
    name = body.inner("tool_choice").inner("function").text("name")
    named = tools_named(offers, name)
    if not named:
        raise refusal(f"Tool choice {name} is not among the tools")
    return named, ToolMode.NAMED


def _read_schema(body: Fields) -> Json | None:
    wanted = body.optional_inner("response_format")
    if wanted is None:
        return None
    kind = wanted.one_of("type", ("text", "json_object", "json_schema"))
    if kind == "json_schema":
        return wanted.inner("json_schema").inner("schema").values
    return {} if kind == "json_object" else None
