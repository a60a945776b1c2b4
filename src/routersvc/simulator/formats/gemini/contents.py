"""Reads system instruction and contents of a Gemini request, and counts what they hold."""

from __future__ import annotations

import orjson

from routersvc.simulator.answers.completions import Prompt
from routersvc.simulator.answers.models import SimulatedModel
from routersvc.simulator.formats.gemini.errors import proto_path, refusal
from routersvc.simulator.formats.json_fields import Fields
from routersvc.simulator.formats.prompts import PromptTally, decoded_base64, is_image, mark_of

_KINDS = (
    "codeExecutionResult",
    "executableCode",
    "fileData",
    "functionCall",
    "functionResponse",
    "inlineData",
    "text",
)


def read_contents(body: Fields, model: SimulatedModel) -> Prompt:
    """Return what valid contents and their system instruction hold.

    Raises:
        RefusedError: they are not valid; says what Google says.
    """
    reader = _Reader(model)
    system = body.optional_inner("systemInstruction")
    if system is not None:
        for part in system.objects("parts"):
            reader.tally.hold(part.text("text"))
    contents = list(body.objects("contents"))
    if not contents:
        raise refusal("* GenerateContentRequest.contents: contents is not specified\n")
    for content in contents:
        reader.read(content)
    return reader.tally.prompt()


class _Reader:
    """Reads one content after the other; as many results must follow as there were calls."""

    def __init__(self, model: SimulatedModel) -> None:
        self.tally = PromptTally()
        self._vision = model.vision
        self._open_calls = 0

    def read(self, content: Fields) -> None:
        """Check one content and count what it holds."""
        role = content.optional_text("role") or "user"
        if role not in ("user", "model", "function"):
            raise refusal("Please use a valid role: user, model.")
        texts: list[str] = []
        calls = results = 0
        parts = list(content.objects("parts"))
        if not parts:
            raise refusal(
                f"* GenerateContentRequest.{proto_path(content.at('parts'))}: contents.parts must "
                "not be empty.\n"
            )
        for part in parts:
            match self._kind(part):
                case "text":
                    texts.append(part.text("text"))
                case "functionCall":
                    calls += 1
                    call = part.inner("functionCall")
                    self.tally.hold(
                        call.text("name"), orjson.dumps(call.values.get("args")).decode()
                    )
                case "functionResponse":
                    results += 1
                    result = part.inner("functionResponse")
                    self.tally.hold(
                        result.text("name"), orjson.dumps(result.inner("response").values).decode()
                    )
                case "inlineData":
                    self._data(part.inner("inlineData"))
                case "fileData":
                    self.tally.image(part.inner("fileData").text("fileUri"))
                case _:
                    raise refusal("Code execution is not supported here")
        if results != self._open_calls:
            raise refusal(
                "Please ensure that the number of function response parts is equal to the number "
                "of function call parts of the function call turn."
            )
        self._open_calls = calls
        self.tally.message(texts, from_user=role == "user", tool_results=results > 0)

    def _kind(self, part: Fields) -> str:
        for kind in _KINDS:
            if part.has(kind):
                return kind
        raise refusal(
            f"* GenerateContentRequest.{proto_path(part.place)}.data: required oneof field 'data' "
            "must have one initialized field\n"
        )

    def _data(self, blob: Fields) -> None:
        kind = blob.text("mimeType")
        data = decoded_base64(blob.text("data").replace("-", "+").replace("_", "/"))
        if data is None:
            raise refusal(
                f"Invalid value at '{proto_path(blob.at('data'))}' (TYPE_BYTES), Base64 decoding "
                "failed"
            )
        if not kind.startswith("image/"):
            self.tally.hold(mark_of(data))
            return
        if not self._vision or not is_image(data):
            raise refusal("Unable to process input image. Please retry or report in the forum.")
        self.tally.image(mark_of(data))
