"""Reads a recorded exchange from its file; the corpus's `README.txt` describes the fields."""

from __future__ import annotations

import base64
import binascii
import contextlib
import dataclasses
import json
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, cast

from bench.wire.traffic.framing import Transport, framed, transport_of

JsonObject = dict[str, Any]

_LEFT_OUT = re.compile(r"<elided base64[^>]*>")
_SOME_MEDIUM = "AAAA"
"""Base64 in place of media that a recorder left out for their size: the rest stays readable."""

_BASE64 = re.compile(r"[A-Za-z0-9+/\s]{16,}={0,2}\s*")
_PLAIN_BEGINNINGS = ("data", "event", "id:", "retry", ":", "{", "[", "<")
_OF_GOOGLES_SDK = "sdk_http_response"
_SUCCESSES = range(200, 300)
_STATUSES = range(100, 600)


class UnusableRecordError(Exception):
    """A file holds no exchange that can be delivered; the message says why."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """A recorded exchange; `body` is the response as it was sent, as far as it was recorded.

    `request` is empty where none was recorded.
    """

    file: str
    provider: str
    api: str
    url: str
    streaming: bool
    status: int
    headers: Mapping[str, str]
    body: bytes = dataclasses.field(repr=False)
    request: JsonObject = dataclasses.field(repr=False)

    @property
    def is_success(self) -> bool:
        """Whether the status says that the body is an answer."""
        return self.status in _SUCCESSES


def record_in(data: bytes, file: str) -> Record:
    """Return the exchange that a file holds.

    Raises:
        UnusableRecordError: it holds none, or the recorder left its body out.
    """
    try:
        whole: object = json.loads(data.decode("utf-8-sig", "surrogatepass"))
    except (ValueError, RecursionError):
        raise UnusableRecordError("the file is not JSON") from None
    fields, response = _object(whole), _object(_object(whole).get("response"))
    status = response.get("status")
    if not isinstance(status, int) or status not in _STATUSES:
        raise UnusableRecordError("the record has no response with an HTTP status")
    api = _text(fields.get("api"))
    streaming = fields.get("streaming") in (True, "yes", "true")
    headers = _headers(response.get("headers"))
    body, media_type = _body(response, transport_of(api), streaming=streaming)
    if status in _SUCCESSES:
        headers.setdefault("content-type", media_type)
    request = _object(fields.get("request"))
    return Record(
        file=file,
        provider=_text(fields.get("provider")),
        api=api,
        url=_text(request.get("url")),
        streaming=streaming,
        status=status,
        headers=headers,
        body=body,
        request=_object(_with_some_media(request.get("json"))),
    )


def _body(response: JsonObject, transport: Transport, *, streaming: bool) -> tuple[bytes, str]:
    """Return the body and the media type that it has where no header says so."""
    usual = transport.value if streaming else "application/json"
    if isinstance(response.get("base64"), str):
        try:
            return base64.b64decode(response["base64"], validate=True), usual
        except binascii.Error:
            raise UnusableRecordError("`response.base64` is not base64") from None
    if isinstance(response.get("chunks"), list):
        return _body_of_chunks(response["chunks"], transport), usual
    if "json" in response:
        # Without `alt=sse`, Google sends the chunks of a stream as one list.
        return _body_of_json(response["json"]), "application/json"
    text = response.get("text")
    if not isinstance(text, str):
        raise UnusableRecordError("the response has none of `json`, `text`, `chunks`, `base64`")
    if text.startswith("<elided"):
        raise UnusableRecordError("the body was left out of the record for its size")
    if not text.lstrip("\ufeff \r\n").startswith(_PLAIN_BEGINNINGS) and _BASE64.fullmatch(text):
        with contextlib.suppress(binascii.Error, UnicodeDecodeError):  # it may only look like it
            text = base64.b64decode(text).decode()
    return _encoded(_LEFT_OUT.sub(_SOME_MEDIUM, text)), usual


def _body_of_json(body: object) -> bytes:
    fields = _object(body)
    if fields.get("category") == "provider_sdk" and "body" in fields:
        # What an SDK's exception kept of an error is the inner part of the body.
        body = {"error": fields["body"]}
    return _encoded(json.dumps(_with_some_media(body)))


def _body_of_chunks(chunks: Sequence[object], transport: Transport) -> bytes:
    """Return the bytes of a stream whose payloads, or whose lines, were kept."""
    texts = [one if isinstance(one, str) else json.dumps(one) for one in chunks]
    payloads = [_LEFT_OUT.sub(_SOME_MEDIUM, text) for text in texts]
    lines = [line for line in map(_json, payloads) if isinstance(line, str)]
    if lines and len(lines) == len(payloads):
        return _encoded("".join(f"{line}\n" for line in lines))
    if payloads and _OF_GOOGLES_SDK in payloads[0]:
        payloads = [_as_google_sends_it(payload) for payload in payloads]
    return framed(payloads, transport)


def _as_google_sends_it(payload: str) -> str:
    """Return a response that Google's SDK wrote in its own spelling in that of the wire."""
    from google.genai import types  # noqa: PLC0415 - seconds of imports, for a handful of records

    fields = _object(_json(payload))
    fields.pop(_OF_GOOGLES_SDK, None)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # enums that are new to it
        response = types.GenerateContentResponse.model_validate(fields)
        written: object = response.model_dump(mode="json", by_alias=True, exclude_none=True)
    return json.dumps(written)


def _headers(value: object) -> dict[str, str]:
    """Return headers with lower-case names; of several values, the last counts."""
    found: dict[str, str] = {}
    for name, one in _object(value).items():
        values = cast("list[object]", one) if isinstance(one, list) else [one]
        found[name.lower()] = str(values[-1]) if values else ""
    return found


def _with_some_media(value: object) -> object:
    """Return JSON with a short medium in place of each one that was left out."""
    text = json.dumps(value)
    return json.loads(_LEFT_OUT.sub(_SOME_MEDIUM, text)) if "<elided base64" in text else value


def _json(text: str) -> object:
    try:
        value: object = json.loads(text)
    except ValueError:
        return None
    return value


def _encoded(text: str) -> bytes:
    """Return UTF-8; a recorder may have torn a character into halves."""
    return text.encode("utf-8", "surrogatepass")


def _object(value: object) -> JsonObject:
    return dict(cast("JsonObject", value)) if isinstance(value, dict) else {}


def _text(value: object) -> str:
    """Return a text that can be printed."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""
