"""Reads a Converse request and refuses what Bedrock would refuse.

Supported features: text, images, documents, tools, sampling and
a JSON schema for the answer. Guardrails and prompt management are refused by name; what
is passed through to a model (`additionalModelRequestFields`) is not looked at.
"""

from __future__ import annotations

import orjson

from routersvc.simulator.answers.completions import CompletionRequest, Prompt
from routersvc.simulator.answers.models import ReasoningEffort, SimulatedModel
from routersvc.simulator.answers.tools import ToolMode, ToolOffer, tools_named
from routersvc.simulator.formats.bedrock.errors import ERRORS, BedrockWording, refusal
from routersvc.simulator.formats.json_fields import Fields, Json
from routersvc.simulator.formats.offers import Offer
from routersvc.simulator.formats.prompts import PromptTally

_KNOWN = frozenset(
    {
        "additionalModelRequestFields",
        "additionalModelResponseFieldPaths",
        "inferenceConfig",
        "messages",
        "outputConfig",
        "performanceConfig",
        "requestMetadata",
        "serviceTier",
        "system",
        "toolConfig",
    }
)
_UNSERVED = ("guardrailConfig", "promptVariables")
_BLOCKS = (
    "cachePoint",
    "document",
    "image",
    "reasoningContent",
    "text",
    "toolResult",
    "toolUse",
)


def read_request(raw: bytes, name: str, offer: Offer, *, streaming: bool) -> CompletionRequest:
    """Return what a body asks of the model with this name, or with an ARN that ends in it.

    Raises:
        RefusedError: Bedrock would not accept it.
    """
    model = offer.by_name.get(name) or offer.by_name.get(name.rpartition("/")[2])
    if model is None:
        raise ERRORS.unknown_model(name)
    body = Fields.of_body(raw, BedrockWording())
    for key in _UNSERVED:
        if body.has(key):
            raise refusal(f"{key} is not supported here")
    body.refuse_unknown(_KNOWN)
    config = body.optional_inner("inferenceConfig") or Fields({}, BedrockWording())
    limit = config.integer("maxTokens", low=1)
    config.number("temperature", low=0, high=1)
    config.number("topP", low=0, high=1)
    if limit is not None and limit > model.max_output_tokens:
        raise refusal(
            "The maximum tokens you requested exceeds the model limit of "
            f"{model.max_output_tokens}. Try again with a maximum tokens value that is lower than "
            f"{model.max_output_tokens}."
        )
    prompt = _read_prompt(body, model)
    if prompt.tokens > model.context_window:
        raise refusal("Input is too long for requested model.")
    tools, mode = _read_tools(body)
    return CompletionRequest(
        model=model,
        streaming=streaming,
        prompt=prompt,
        tools=tools,
        tool_mode=mode,
        json_schema=_read_schema(body),
        stop=config.texts("stopSequences"),
        max_tokens=limit,
        reasoning_effort=ReasoningEffort.NONE,
    )


def _read_prompt(body: Fields, model: SimulatedModel) -> Prompt:
    reader = _Reader(model)
    for block in body.objects("system"):
        if block.has("text"):
            reader.tally.hold(block.text("text"))
    messages = list(body.objects("messages"))
    if not messages:
        raise refusal(
            "The model returned the following errors: messages: at least one message is required"
        )
    if messages[0].text("role") != "user":
        raise refusal(
            "A conversation must start with a user message. Try again with a conversation that "
            "starts with a user message."
        )
    for message in messages:
        reader.read(message)
    return reader.tally.prompt()


class _Reader:
    """Reads the messages in order; the next message must hold the results of all tool calls."""

    def __init__(self, model: SimulatedModel) -> None:
        self.tally = PromptTally()
        self._vision = model.vision
        self._open_calls: set[str] = set()

    def read(self, message: Fields) -> None:
        """Validate and count one message."""
        role = message.one_of("role", ("user", "assistant"))
        texts: list[str] = []
        opened: set[str] = set()
        results: set[str] = set()
        blocks = list(message.objects("content"))
        if not blocks:
            raise refusal(
                f"The content field in the Message object at messages.{message.place[-1]} is "
                "empty. Add a ContentBlock object to the content field and try again."
            )
        for block in blocks:
            self._block(block, texts, opened, results)
        if results - self._open_calls:
            raise refusal(
                f"The number of toolResult blocks at messages.{message.place[-1]}.content exceeds "
                "the number of toolUse blocks of previous turn."
            )
        if self._open_calls - results:
            raise refusal(
                f"Expected toolResult blocks at messages.{message.place[-1]}.content for the "
                f"following Ids: {', '.join(sorted(self._open_calls - results))}"
            )
        self._open_calls = opened
        self.tally.message(texts, from_user=role == "user", tool_results=bool(results))

    def _block(self, block: Fields, texts: list[str], opened: set[str], results: set[str]) -> None:
        kind = next((kind for kind in _BLOCKS if block.has(kind)), None)
        match kind:
            case "text":
                texts.append(block.text("text"))
            case "toolUse":
                call = block.inner("toolUse")
                opened.add(call.text("toolUseId"))
                self.tally.hold(call.text("name"), orjson.dumps(call.values.get("input")).decode())
            case "toolResult":
                result = block.inner("toolResult")
                results.add(result.text("toolUseId"))
                for inner in result.objects("content"):
                    if inner.has("image"):
                        self._image(inner.inner("image"))
                    else:
                        self.tally.hold(orjson.dumps(inner.values).decode())
            case "image":
                self._image(block.inner("image"))
            case "document":
                source = block.inner("document").inner("source")
                self.tally.hold(orjson.dumps(source.values).decode())
            case "reasoningContent":
                self.tally.hold(orjson.dumps(block.inner("reasoningContent").values).decode())
            case "cachePoint":
                pass
            case _:
                raise refusal(
                    "The content block that you provided is not supported here. Update the content "
                    "block and try again."
                )

    def _image(self, image: Fields) -> None:
        image.one_of("format", ("png", "jpeg", "gif", "webp"))
        if not self._vision:
            raise refusal(
                "This model doesn't support the image content block that you provided. Update the "
                "content block and try again."
            )
        source = image.inner("source")
        if not source.has("bytes"):
            raise refusal("This model doesn't support the s3Uri field. Remove s3Uri and try again.")
        if not self.tally.image_data(source.text("bytes")):
            raise refusal("The model returned the following errors: Could not process image")


def _read_tools(body: Fields) -> tuple[tuple[ToolOffer, ...], ToolMode]:
    config = body.optional_inner("toolConfig")
    if config is None:
        return (), ToolMode.NEVER
    offers: list[ToolOffer] = []
    for tool in config.objects("tools"):
        if tool.has("cachePoint"):
            continue
        spec = tool.inner("toolSpec")
        schema = spec.inner("inputSchema").inner("json")
        if schema.values.get("type") != "object":
            raise refusal(
                f"The value at toolConfig.tools.{tool.place[-1]}.toolSpec.inputSchema.json.type "
                "must be one of the following: object."
            )
        offers.append(ToolOffer(name=spec.text("name"), parameters=schema.values))
    if not offers:
        raise BedrockWording().missing(config.at("tools"))
    choice = config.optional_inner("toolChoice")
    if choice is None or choice.has("auto"):
        return tuple(offers), ToolMode.AUTO
    if choice.has("any"):
        return tuple(offers), ToolMode.REQUIRED
    name = choice.inner("tool").text("name")
    named = tools_named(offers, name)
    if not named:
        raise refusal(f"The tool `{name}` in toolConfig.toolChoice is not among the tools.")
    return named, ToolMode.NAMED


def _read_schema(body: Fields) -> Json | None:
    config = body.optional_inner("outputConfig")
    wanted = config.optional_inner("textFormat") if config is not None else None
    if wanted is None:
        return None
    wanted.one_of("type", ("json_schema",))
    described = wanted.inner("structure").inner("jsonSchema")
    return Fields.of_body(described.text("schema").encode(), BedrockWording()).values
