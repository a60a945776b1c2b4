"""Reads a recorded exchange from a file: a JSON record, or an HTTP response as it was captured.

A record is one JSON object: `provider`, `api`, `streaming`, `request` (`url`, `json`) and
`response` with `status`, `headers` and one of `json` (the body), `text` (the body as it came),
`chunks` (the payloads of a stream, or its lines) and `base64` (the body's bytes). What recorders
remove is restored here, not in the adapters: the empty line that ends a stream, media that were
left out for their size, the spelling of the wire where an SDK wrote its own.
"""

from __future__ import annotations

import base64
import binascii
import contextlib
import dataclasses
import json
import re
from collections.abc import Mapping, Sequence
from typing import cast

from routersvc.app.replays.framing import CONTENT_TYPES, Framing, framed
from routersvc.app.replays.sdk_spellings import KEPT_RESPONSE, as_on_the_wire
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.wire_format import ResponseHead

RECEIVED_AT = 1_790_000_000.0
"""Unix time at which a recorded response counts as received if it has no `Date`: in 2026."""

_FIRST_ERROR = 300
_ELIDED = re.compile(r"<elided base64[^>]*>")
_SHORT_MEDIUM = "AAAA"
"""Stands in for media that a record leaves out: valid base64, so that the rest can be read."""

_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{16,}={0,2}\s*")
_EVENT_BEGINNINGS = ("data", "event", "id:", "retry", ":")
_PLAIN_BEGINNINGS = (*_EVENT_BEGINNINGS, "{", "[", "<")
_STREAM_TYPES = frozenset(CONTENT_TYPES.values()) | {"application/stream+json"}


class UnusableRecordError(Exception):
    """A file holds no exchange that can be replayed; the message says why."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Recording:
    """One exchange. `payloads` are given instead of a `body` where the frame is not recorded."""

    provider: str
    api: str
    url: str
    streaming: bool
    head: ResponseHead
    request: JsonObject = dataclasses.field(repr=False)
    body: bytes = dataclasses.field(default=b"", repr=False)
    payloads: tuple[str, ...] | None = dataclasses.field(default=None, repr=False)

    def in_frame(self, framing: Framing) -> Recording:
        """Return the exchange with its body as a stream of this format has it."""
        headers = dict(self.head.headers)
        body = self.body
        if self.payloads is not None:
            body = framed(self.payloads, framing)
            headers["content-type"] = CONTENT_TYPES[framing]
        elif self.head.status < _FIRST_ERROR:
            usual = CONTENT_TYPES[framing] if self.streaming else "application/json"
            headers.setdefault("content-type", usual)
        return dataclasses.replace(
            self, body=body, payloads=None, head=dataclasses.replace(self.head, headers=headers)
        )


def recording_of_record(record: JsonObject) -> Recording:
    """Return the exchange that a record holds.

    Raises:
        UnusableRecordError: it holds none, or only part of one.
    """
    response = record.get("response")
    if not isinstance(response, dict):
        raise UnusableRecordError("the record has no `response` with `status` and a body")
    response = cast("JsonObject", response)
    status = response.get("status")
    if not isinstance(status, int) or not 100 <= status < 600:  # noqa: PLR2004 - HTTP's statuses
        raise UnusableRecordError("`response.status` is no HTTP status")
    streaming = record.get("streaming") in {True, "yes", "true"}
    body, payloads = _body(response, streaming=streaming)
    request = _object(record.get("request"))
    return Recording(
        provider=_text(record.get("provider")),
        api=_text(record.get("api")),
        url=_text(request.get("url")),
        streaming=streaming,
        head=ResponseHead(
            status=status,
            headers=_headers(response.get("headers")),
            received_at=RECEIVED_AT,
        ),
        request=_object(_restored(request.get("json"))),
        body=body,
        payloads=payloads,
    )


def recording_of_response(head: ResponseHead, body: bytes) -> Recording:
    """Return a captured response as an exchange without a request."""
    return Recording(
        provider="",
        api="",
        url="",
        streaming=head.content_type in _STREAM_TYPES,
        head=head,
        request={},
        body=body,
    )


def _body(response: JsonObject, *, streaming: bool) -> tuple[bytes, tuple[str, ...] | None]:
    if "base64" in response:
        return _bytes_of(response["base64"]), None
    if "chunks" in response:
        chunks = response["chunks"]
        if not isinstance(chunks, list):
            raise UnusableRecordError("`response.chunks` is no list")
        return _body_of_chunks(cast("Sequence[object]", chunks))
    if "json" in response:
        exception = _object(response["json"])
        if exception.get("category") == "provider_sdk" and "body" in exception:
            # An SDK's exception holds the inner error only.
            return _dumped({"error": exception["body"]}).encode(), None
        return _dumped(_restored(response["json"])).encode(), None
    text = response.get("text")
    if not isinstance(text, str):
        raise UnusableRecordError("`response` has none of `json`, `text`, `chunks`, `base64`")
    return _body_of_text(text, streaming=streaming), None


def _body_of_text(text: str, *, streaming: bool) -> bytes:
    if text.startswith("<elided"):
        raise UnusableRecordError("the body was left out of the record for its size")
    is_plain = text.lstrip("\ufeff \r\n").startswith(_PLAIN_BEGINNINGS)
    if not is_plain and _BASE64.fullmatch(text):
        with contextlib.suppress(binascii.Error, UnicodeDecodeError):  # it may only look like it
            text = base64.b64decode(text).decode()
    if streaming and _lacks_the_end_of_an_event(text):
        text = text.rstrip("\r\n") + "\n\n"
    return _ELIDED.sub(_SHORT_MEDIUM, text).encode("utf-8", "surrogatepass")


def _lacks_the_end_of_an_event(text: str) -> bool:
    """Return whether a recorder has stripped the empty line after the last event.

    The line before it must be complete: what ends within a line was cut.
    """
    if text.rstrip().endswith("[DONE]"):
        return True
    is_events = text.lstrip("\ufeff").startswith(_EVENT_BEGINNINGS)
    return is_events and text.endswith("\n") and not text.endswith(("\n\n", "\n\r\n"))


def _body_of_chunks(chunks: Sequence[object]) -> tuple[bytes, tuple[str, ...] | None]:
    """Return the payloads of a stream, or its bytes where it was written down line by line."""
    payloads = [_ELIDED.sub(_SHORT_MEDIUM, _payload(chunk)) for chunk in chunks]
    lines = [value for payload in payloads if isinstance(value := _parsed(payload), str)]
    if lines and len(lines) == len(payloads):
        return "\n".join([*lines, "", ""]).encode("utf-8", "surrogatepass"), None
    if payloads and KEPT_RESPONSE in payloads[0]:
        payloads = [_respelled(payload) for payload in payloads]
    return b"", tuple(payloads)


def _bytes_of(value: object) -> bytes:
    try:
        return base64.b64decode(_text(value), validate=True)
    except binascii.Error:
        raise UnusableRecordError("`response.base64` is not base64") from None


def _payload(chunk: object) -> str:
    return chunk if isinstance(chunk, str) else _dumped(chunk)


def _restored(value: object) -> object:
    """Return JSON with a short base64 text in place of each medium that was left out."""
    text = _dumped(value)
    return json.loads(_ELIDED.sub(_SHORT_MEDIUM, text)) if _ELIDED.search(text) else value


def _respelled(payload: str) -> str:
    value = _parsed(payload)
    return payload if value is None else _dumped(as_on_the_wire(value))


def _parsed(payload: str) -> object:
    try:
        return json.loads(payload)
    except ValueError:
        return None


def _dumped(value: object) -> str:
    """Return JSON in ASCII, which holds whatever a recorder wrote, halves of characters too."""
    return json.dumps(value)


def _headers(value: object) -> Mapping[str, str]:
    """Return headers with lower-case names; of several values, the last counts."""
    headers: dict[str, str] = {}
    for name, one in _object(value).items():
        values = cast("list[object]", one) if isinstance(one, list) else [one]
        headers[name.lower()] = "" if not values else str(values[-1])
    return headers


def _object(value: object) -> JsonObject:
    return {**value} if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """Return a text that can be printed, with lone surrogates replaced."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
