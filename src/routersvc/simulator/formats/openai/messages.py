"""Reads the messages of a chat completions request and counts what they hold."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Mapping, Sequence

from routersvc.simulator.answers.completions import Prompt
from routersvc.simulator.answers.models import SimulatedModel
from routersvc.simulator.formats.openai.checks import array, mapping, missing, one_of, text
from routersvc.simulator.formats.openai.errors import refusal
from routersvc.simulator.formats.prompts import IMAGE_TOKENS, PromptTally, is_image

Json = Mapping[str, object]

_ROLES = ("system", "assistant", "user", "function", "tool", "developer")
_LOW_DETAIL_TOKENS = 85
_DATA_URL = re.compile(r"data:[a-z]+/[a-z0-9.+-]+;base64,([A-Za-z0-9+/]+={0,2})")


def read_messages(value: object, model: SimulatedModel) -> Prompt:
    """Return what valid messages hold.

    Raises:
        RefusedError: they are not valid; says what OpenAI says.
    """
    messages = array(value, "messages")
    if not messages:
        raise refusal(
            400,
            "Invalid 'messages': empty array. Expected an array with minimum length 1, "
            "but got an empty array instead.",
            param="messages",
            code="empty_array",
        )
    reader = _Reader(model)
    for at, message in enumerate(messages):
        reader.read(mapping(message, f"messages[{at}]"), at)
    return reader.prompt()


class _Reader:
    """Collects what the messages hold, one after the other."""

    def __init__(self, model: SimulatedModel) -> None:
        self._model = model
        self._tally = PromptTally()
        self._open_calls: list[str] = []
        self._call_message = 0

    def prompt(self) -> Prompt:
        """Return what was collected, once every tool call has its result."""
        self._require_results()
        return self._tally.prompt()

    def read(self, message: Json, at: int) -> None:
        """Check one message and add what it holds."""
        param = f"messages[{at}]"
        role = message.get("role")
        if role not in _ROLES:
            one_of(role, f"{param}.role", _ROLES)
        if role == "tool":
            self._close_call(message, at)
        else:
            self._require_results()
        calls = message.get("tool_calls")
        if role == "assistant" and calls is not None:
            self._open(array(calls, f"{param}.tool_calls"), at)
        content = message.get("content")
        if isinstance(content, str):
            found = content
            self._tally.hold(content)
        elif content is None:
            if role != "assistant" or not (calls or message.get("refusal")):
                raise refusal(
                    400,
                    "Invalid value for 'content': expected a string, got null.",
                    param=f"messages.[{at}].content",
                )
            found = ""
        else:
            found = self._parts(array(content, f"{param}.content"), at)
        self._tally.end_message(
            user_text=found if role == "user" else None, tool_results=role == "tool"
        )

    def _parts(self, parts: Sequence[object], at: int) -> str:
        found: list[str] = []
        for number, entry in enumerate(parts):
            param = f"messages[{at}].content[{number}]"
            part = mapping(entry, param)
            match part.get("type"):
                case "text":
                    found.append(text(part.get("text"), f"{param}.text"))
                case "refusal":
                    found.append(text(part.get("refusal"), f"{param}.refusal"))
                case "image_url" if self._model.vision:
                    self._image(mapping(part.get("image_url"), f"{param}.image_url"), param)
                case "image_url":
                    raise refusal(
                        400,
                        "Invalid content type. image_url is only supported by certain models.",
                        param=f"messages.[{at}].content.[{number}].type",
                    )
                case "file":
                    file = mapping(part.get("file"), f"{param}.file")
                    self._tally.hold(str(file.get("file_id") or file.get("file_data") or ""))
                case "input_audio" if self._model.audio:
                    audio = mapping(part.get("input_audio"), f"{param}.input_audio")
                    self._tally.hold(text(audio.get("data"), f"{param}.input_audio.data"))
                case None:
                    raise missing(f"{param}.type")
                case _:
                    raise refusal(
                        400,
                        f"Invalid 'messages[{at}]'. Content blocks are expected to be either text "
                        "or image_url type.",
                        param=f"messages[{at}]",
                        code="invalid_value",
                    )
        self._tally.hold(*found)
        return "\n".join(found)

    def _image(self, image: Json, param: str) -> None:
        url = text(image.get("url"), f"{param}.image_url.url")
        if url.startswith("data:"):
            data = _DATA_URL.fullmatch(url)
            if data is None or len(data[1]) % 4:
                raise refusal(400, "Invalid base64 image_url.", code="invalid_base64")
            if not is_image(base64.b64decode(data[1])):
                raise refusal(
                    400,
                    "You uploaded an unsupported image. Please make sure your image has of one "
                    "the following formats: ['png', 'jpeg', 'gif', 'webp'].",
                    code="invalid_image_format",
                )
            mark = f"{zlib.crc32(url.encode()):08x}"
        elif url.startswith(("http://", "https://")):
            mark = url
        else:
            raise refusal(
                400,
                f"Invalid '{param}.image_url.url'. Expected a valid URL.",
                param=f"{param}.image_url.url",
                code="invalid_value",
            )
        low = image.get("detail") == "low"
        self._tally.image(mark, _LOW_DETAIL_TOKENS if low else IMAGE_TOKENS)

    def _open(self, calls: Sequence[object], at: int) -> None:
        self._call_message = at
        for number, entry in enumerate(calls):
            param = f"messages[{at}].tool_calls[{number}]"
            call = mapping(entry, param)
            self._open_calls.append(text(call.get("id"), f"{param}.id"))
            function = mapping(call.get("function"), f"{param}.function")
            self._tally.hold(text(function.get("name"), f"{param}.function.name"))
            self._tally.hold(text(function.get("arguments"), f"{param}.function.arguments"))

    def _close_call(self, message: Json, at: int) -> None:
        call = text(message.get("tool_call_id"), f"messages[{at}].tool_call_id")
        if call not in self._open_calls:
            raise refusal(
                400,
                "Invalid parameter: messages with role 'tool' must be a response to a preceeding "
                "message with 'tool_calls'.",
                param=f"messages.[{at}].role",
            )
        self._open_calls.remove(call)

    def _require_results(self) -> None:
        if self._open_calls:
            raise refusal(
                400,
                "An assistant message with 'tool_calls' must be followed by tool messages "
                "responding to each 'tool_call_id'. The following tool_call_ids did not have "
                f"response messages: {', '.join(self._open_calls)}",
                param=f"messages.[{self._call_message + 1}].role",
            )
