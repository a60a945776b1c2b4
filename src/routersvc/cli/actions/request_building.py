"""Builds a request from the options of a command."""

from __future__ import annotations

import base64
import mimetypes
import re
import sys
from pathlib import Path
from typing import TypeVar, cast

import orjson

from routersvc.cli.exit_codes import UsageProblemError
from routersvc.cli.options.request_options import RequestOptions
from routersvc.grpc_api.client.messages import Message, RequestShapeError, read_message, to_json

STANDARD_INPUT = "-"

Entries = dict[str, object]
"""A JSON object."""

_Request = TypeVar("_Request", bound=Message)

_MAGIC = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
)
"""The first bytes of the image formats that models accept."""


def build(message_type: type[_Request], options: RequestOptions, **more: object) -> _Request:
    """Return the request of `--request`, overridden by the options, with `more` fields set.

    Raises:
        UsageProblemError: a file cannot be read or is invalid; nothing is sent.
    """
    _check_standard_input(options)
    entries: Entries = {}
    if options.request_file is not None:
        given = _read_json_object(options.request_file)
        try:
            entries = to_json(read_message(message_type, given), sparse=True)
        except RequestShapeError as error:
            raise UsageProblemError(
                f"`{options.request_file}` is not a request: {error}"
            ) from error
    prompt = _object_at(entries, "prompt")
    _add_messages(prompt, options)
    if not entries.get("decision_id") and not _has_prompt(prompt):
        raise UsageProblemError("no prompt: give one as an argument, `-`, `--file` or `--request`")
    if options.json_schema is not None:
        _set_response_format(prompt, options.json_schema)
    for path, value in options.entries().items():
        _set(entries, path, value)
    if entries.get("decision_id") and prompt == {"messages": []}:
        # A past decision is explained by its id alone.
        del entries["prompt"]
    try:
        return read_message(message_type, {**entries, **more})
    except RequestShapeError as error:
        raise UsageProblemError(f"invalid request: {error}") from error


def _check_standard_input(options: RequestOptions) -> None:
    readers = (
        options.prompt == STANDARD_INPUT,
        options.prompt_file == Path(STANDARD_INPUT),
        options.request_file == Path(STANDARD_INPUT),
    )
    if sum(readers) > 1:
        raise UsageProblemError("standard input can be read only once")


def _has_prompt(prompt: Entries) -> bool:
    """Whether there is a message other than system instructions."""
    messages = cast("list[Entries]", prompt["messages"])
    return any(message.get("role") != "ROLE_SYSTEM" for message in messages)


def _add_messages(prompt: Entries, options: RequestOptions) -> None:
    messages = cast("list[object]", prompt.setdefault("messages", []))
    if options.system is not None:
        messages.insert(0, {"role": "ROLE_SYSTEM", "parts": [{"text": options.system}]})
    parts: list[object] = [{"image": _image(source)} for source in options.images or ()]
    text = _prompt_text(options)
    if text is not None:
        parts.append({"text": text})
    if parts:
        messages.append({"role": "ROLE_USER", "parts": parts})


def _prompt_text(options: RequestOptions) -> str | None:
    if options.prompt is not None and options.prompt_file is not None:
        raise UsageProblemError("give the prompt as an argument or with `--file`, not both")
    text: str | None
    if options.prompt_file is not None:
        text = _read(options.prompt_file)
    elif options.prompt == STANDARD_INPUT:
        text = _read(Path(STANDARD_INPUT))
    else:
        text = options.prompt
    if text is not None and not text.strip():
        raise UsageProblemError("the prompt is empty")
    return text


def _set_response_format(prompt: Entries, schema_file: Path) -> None:
    schema = _read_json_object(schema_file)
    title = schema.get("title")
    name = title if isinstance(title, str) else schema_file.stem
    prompt["response_format"] = {
        "json_schema": {
            "name": re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:64] or "answer",
            "json_schema": orjson.dumps(schema).decode(),
        }
    }


def _set(entries: Entries, path: str, value: object) -> None:
    *parents, key = path.split(".")
    for parent in parents:
        entries = _object_at(entries, parent)
    entries[key] = value


def _object_at(entries: Entries, key: str) -> Entries:
    return cast("Entries", entries.setdefault(key, {}))


def _image(source: str) -> Entries:
    if re.match(r"(https|data):", source):
        return {"url": source}
    data = _read_bytes(Path(source))
    media_type = next((name for magic, name in _MAGIC if magic.match(data)), None)
    media_type = media_type or mimetypes.guess_type(source)[0] or ""
    if not media_type.startswith("image/"):
        raise UsageProblemError(f"`{source}` is not an image in a known format")
    return {"data": base64.b64encode(data).decode(), "media_type": media_type}


def _read_json_object(path: Path) -> Entries:
    try:
        value: object = orjson.loads(_read(path))
    except orjson.JSONDecodeError as error:
        raise UsageProblemError(
            f"`{path}` is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from error
    if not isinstance(value, dict):
        raise UsageProblemError(f"`{path}` must contain a JSON object")
    return cast("Entries", value)


def _read(path: Path) -> str:
    try:
        if path == Path(STANDARD_INPUT):
            return sys.stdin.read()
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise UsageProblemError(f"cannot read `{path}`: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageProblemError(f"`{path}` is not UTF-8 text") from error


def _read_bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UsageProblemError(f"cannot read `{path}`: {error.strerror}") from error
