"""Makes a request of the words of a command line: a JSON object in the shape of the contract."""

from __future__ import annotations

import base64
import dataclasses
import mimetypes
import re
import sys
from pathlib import Path
from typing import TypeVar, cast

import orjson

from routersvc.cli.exits import UsageProblemError
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
"""How the files begin that models understand as pictures."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """What the options of `complete`, `stream` and `explain` say; unset ones are not sent."""

    prompt: str | None = None
    prompt_file: Path | None = None
    system: str | None = None
    images: tuple[str, ...] = ()
    json_schema: Path | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    request_file: Path | None = None
    models: tuple[str, ...] = ()
    policy: str | None = None
    recovery: str | None = None
    task: str | None = None
    complexity: float | None = None
    labels: tuple[str, ...] = ()
    session: str | None = None
    weights: tuple[str, ...] = ()
    latency_budget: float | None = None
    max_cost: float | None = None
    regions: tuple[str, ...] = ()
    data_classes: tuple[str, ...] = ()
    no_degraded: bool = False
    deterministic: bool = False


def build(message_type: type[_Request], asked: Asked, **more: object) -> _Request:
    """Return the request: the file's, with the options laid over it, and `more` fields set.

    Raises:
        UsageProblemError: a file cannot be read or is not what it must be; nothing is asked.
    """
    _check_standard_input(asked)
    entries: Entries = {}
    if asked.request_file is not None:
        given = _read_json_object(asked.request_file)
        try:
            entries = to_json(read_message(message_type, given), sparse=True)
        except RequestShapeError as error:
            raise UsageProblemError(f"`{asked.request_file}` is no request: {error}") from error
    prompt = _object_at(entries, "prompt")
    _lay_messages(prompt, asked)
    if not entries.get("decision_id") and not _asks(prompt):
        raise UsageProblemError(
            "there is nothing to ask: give a prompt, `-`, `--file` or `--request`"
        )
    _lay_settings(prompt, asked)
    _lay_route(entries, asked)
    if entries.get("decision_id") and prompt == {"messages": []}:
        # A past decision is asked for by its id alone.
        del entries["prompt"]
    try:
        return read_message(message_type, {**entries, **more})
    except RequestShapeError as error:
        raise UsageProblemError(f"the request cannot be sent: {error}") from error


def _check_standard_input(asked: Asked) -> None:
    readers = (
        asked.prompt == STANDARD_INPUT,
        asked.prompt_file == Path(STANDARD_INPUT),
        asked.request_file == Path(STANDARD_INPUT),
    )
    if sum(readers) > 1:
        raise UsageProblemError("standard input can be read only once")


def _asks(prompt: Entries) -> bool:
    """Whether there is anything beside instructions."""
    messages = cast("list[Entries]", prompt["messages"])
    return any(message.get("role") != "ROLE_SYSTEM" for message in messages)


def _lay_messages(prompt: Entries, asked: Asked) -> None:
    messages = cast("list[object]", prompt.setdefault("messages", []))
    if asked.system is not None:
        messages.insert(0, {"role": "ROLE_SYSTEM", "parts": [{"text": asked.system}]})
    parts: list[object] = [{"image": _image(source)} for source in asked.images]
    text = _prompt_text(asked)
    if text is not None:
        parts.append({"text": text})
    if parts:
        messages.append({"role": "ROLE_USER", "parts": parts})


def _prompt_text(asked: Asked) -> str | None:
    if asked.prompt is not None and asked.prompt_file is not None:
        raise UsageProblemError("give the prompt as an argument or with `--file`, not both")
    text: str | None
    if asked.prompt_file is not None:
        text = _read(asked.prompt_file)
    elif asked.prompt == STANDARD_INPUT:
        text = _read(Path(STANDARD_INPUT))
    else:
        text = asked.prompt
    if text is not None and not text.strip():
        raise UsageProblemError("the prompt is empty")
    return text


def _lay_settings(prompt: Entries, asked: Asked) -> None:
    if asked.max_tokens is not None:
        _object_at(prompt, "sampling")["max_output_tokens"] = asked.max_tokens
    if asked.temperature is not None:
        _object_at(prompt, "sampling")["temperature"] = asked.temperature
    if asked.json_schema is not None:
        schema = _read_json_object(asked.json_schema)
        title = schema.get("title")
        name = title if isinstance(title, str) else asked.json_schema.stem
        prompt["response_format"] = {
            "json_schema": {
                "name": re.sub(r"[^A-Za-z0-9_-]+", "_", name)[:64] or "answer",
                "json_schema": orjson.dumps(schema).decode(),
            }
        }


def _lay_route(entries: Entries, asked: Asked) -> None:
    said = _routing(asked)
    if not said:
        return
    routing = _object_at(entries, "routing")
    for name, value in said.items():
        if isinstance(value, dict):
            _object_at(routing, name).update(cast("Entries", value))
        else:
            routing[name] = value


def _routing(asked: Asked) -> Entries:
    """Return what the options say of the route, without what they leave out."""
    labels = dict(label.split("=", 1) for label in asked.labels)
    weights = dict(weight.split("=", 1) for weight in asked.weights)
    budget = asked.latency_budget
    return _without_unset(
        policy=asked.policy,
        required_models=list(asked.models) or None,
        stream_recovery_mode=asked.recovery and f"STREAM_RECOVERY_MODE_{asked.recovery.upper()}",
        constraints=_without_unset(
            allowed_regions=list(asked.regions) or None,
            data_classes=list(asked.data_classes) or None,
            max_cost_usd=asked.max_cost,
        )
        or None,
        objectives=_without_unset(
            latency_budget=None if budget is None else f"{budget:.9f}s",
            **{f"{name}_weight": float(weight) for name, weight in weights.items()},
        )
        or None,
        hints=_without_unset(
            task=asked.task and f"TASK_{asked.task.upper()}",
            complexity=asked.complexity,
            labels=labels or None,
        )
        or None,
        session_id=asked.session,
        allow_degraded=False if asked.no_degraded else None,
        deterministic=asked.deterministic or None,
    )


def _without_unset(**entries: object) -> Entries:
    return {name: value for name, value in entries.items() if value is not None}


def _object_at(entries: Entries, key: str) -> Entries:
    return cast("Entries", entries.setdefault(key, {}))


def _image(source: str) -> Entries:
    if re.match(r"(https|data):", source):
        return {"url": source}
    data = _read_bytes(Path(source))
    media_type = next((name for magic, name in _MAGIC if magic.match(data)), None)
    media_type = media_type or mimetypes.guess_type(source)[0] or ""
    if not media_type.startswith("image/"):
        raise UsageProblemError(f"`{source}` is no picture that could be shown to a model")
    return {"data": base64.b64encode(data).decode(), "media_type": media_type}


def _read_json_object(path: Path) -> Entries:
    try:
        value: object = orjson.loads(_read(path))
    except orjson.JSONDecodeError as error:
        raise UsageProblemError(
            f"`{path}` is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        ) from error
    if not isinstance(value, dict):
        raise UsageProblemError(f"`{path}` must hold a JSON object")
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
