"""Reads system prompt and messages of a Messages request, and counts what they hold."""

from __future__ import annotations

from collections.abc import Sequence

import orjson

from routersvc.simulator.answers.completions import Prompt
from routersvc.simulator.answers.models import SimulatedModel
from routersvc.simulator.formats.anthropic.errors import refusal
from routersvc.simulator.formats.json_fields import Fields, dotted
from routersvc.simulator.formats.prompts import PromptTally
from routersvc.simulator.formats.replies import RefusedError

_BLOCKS = (
    "document",
    "image",
    "redacted_thinking",
    "text",
    "thinking",
    "tool_result",
    "tool_use",
)


def read_messages(body: Fields, model: SimulatedModel, *, strict: bool) -> Prompt:
    """Return what valid messages and their system prompt hold.

    `strict` is what the API is since its version of 2026-10-21: no documents from the
    assistant, no citations in what the user writes.

    Raises:
        RefusedError: they are not valid; says what Anthropic says.
    """
    reader = _Reader(model, strict=strict)
    if isinstance(body.values.get("system"), str):
        reader.tally.hold(body.text("system"))
    else:
        reader.tally.hold(*(block.text("text") for block in body.objects("system")))
    body.require("messages")
    messages = list(body.objects("messages"))
    if not messages:
        raise refusal("messages: at least one message is required")
    for message in messages:
        reader.read(message)
    reader.require_results(len(messages))
    return reader.tally.prompt()


class _Reader:
    """Reads the messages in order; the next message must hold the results of all tool calls."""

    def __init__(self, model: SimulatedModel, *, strict: bool) -> None:
        self.tally = PromptTally()
        self._vision = model.vision
        self._strict = strict
        self._open_calls: list[str] = []

    def read(self, message: Fields) -> None:
        """Validate and count one message."""
        role = message.text("role")
        if role == "system":
            raise refusal(
                'messages: Unexpected role "system". The Messages API accepts a top-level '
                '`system` parameter, not "system" as an input message role.'
            )
        message.one_of("role", ("user", "assistant"))
        results: list[str] = []
        opened: list[str] = []
        texts: list[str] = []
        content = message.require("content")
        if not content and role == "user":
            raise refusal(f"{dotted(message.place)}: user messages must have non-empty content")
        if isinstance(content, str):
            texts.append(content)
        else:
            for block in message.objects("content"):
                if self._strict:
                    _check_strictly(block, role)
                self._block(block, texts, opened, results)
        self._match(message, results)
        self._open_calls = opened
        self.tally.message(texts, from_user=role == "user", tool_results=bool(results))

    def require_results(self, at: int) -> None:
        """Raise when the last message opened calls that nothing answers."""
        if self._open_calls:
            raise _no_results(at, self._open_calls)

    def _match(self, message: Fields, results: Sequence[str]) -> None:
        left = [call for call in self._open_calls if call not in results]
        if left:
            raise _no_results(int(message.place[-1]), left)
        for result in results:
            if result not in self._open_calls:
                raise refusal(
                    f"{dotted(message.at('content'))}: unexpected `tool_use_id` found in "
                    f"`tool_result` blocks: {result}. Each `tool_result` block must have a "
                    "corresponding `tool_use` block in the previous message."
                )

    def _block(
        self, block: Fields, texts: list[str], opened: list[str], results: list[str]
    ) -> None:
        match block.one_of("type", _BLOCKS):
            case "text":
                text = block.text("text")
                if not text:
                    raise refusal("messages: text content blocks must be non-empty")
                texts.append(text)
            case "image":
                self._image(block)
            case "document":
                source = block.inner("source")
                self.tally.hold(str(source.values.get("data") or source.values.get("url") or ""))
            case "tool_use":
                opened.append(block.text("id"))
                arguments = orjson.dumps(block.inner("input").values).decode()
                self.tally.hold(block.text("name"), arguments)
            case "tool_result":
                results.append(block.text("tool_use_id"))
                self._result(block)
            case "thinking":
                self.tally.hold(block.text("thinking"))
                block.text("signature")
            case _:
                self.tally.hold(block.text("data"))

    def _result(self, block: Fields) -> None:
        if isinstance(block.values.get("content"), str):
            self.tally.hold(block.text("content"))
            return
        for inner in block.objects("content"):
            if inner.one_of("type", ("document", "image", "text")) == "image":
                self._image(inner)
            elif inner.has("text"):
                self.tally.hold(inner.text("text"))

    def _image(self, block: Fields) -> None:
        if not self._vision:
            raise refusal("This model does not support image input.")
        source = block.inner("source")
        if source.one_of("type", ("base64", "file", "url")) != "base64":
            self.tally.image(str(source.values.get("url") or source.values.get("file_id") or ""))
            return
        if not self.tally.image_data(source.text("data")):
            raise refusal("Could not process image")


def _check_strictly(block: Fields, role: str) -> None:
    if role == "assistant" and block.values.get("type") == "document":
        raise refusal(f"{dotted(block.place)}: `document` blocks are not allowed here")
    if role == "user" and block.values.get("type") == "text" and block.values.get("citations"):
        raise refusal(f"{dotted(block.at('citations'))}: citations are not allowed here")


def _no_results(at: int, calls: Sequence[str]) -> RefusedError:
    return refusal(
        f"messages.{at}: `tool_use` ids were found without `tool_result` blocks immediately "
        f"after: {', '.join(calls)}. Each `tool_use` block must have a corresponding `tool_result` "
        "block in the next message."
    )
