"""OpenAI's Responses, as its servers implement them: unary bodies and numbered, named events.

Order and keys are those of recorded traffic of 2025 and 2026: the response created and in
progress, items with their parts and deltas, each opened and closed, the response whole
at the end. That last event is the terminator: there is no `[DONE]`. Nothing is stored.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

import orjson

from routersvc.simulator.answers.completions import Answer, CompletionRequest, Finish
from routersvc.simulator.answers.models import SimulatedModel
from routersvc.simulator.answers.tools import ToolCall
from routersvc.simulator.formats.openai.chat import OpenAIChatFormat
from routersvc.simulator.formats.openai.chunks import model_keys
from routersvc.simulator.formats.openai.errors import error_object, refusal
from routersvc.simulator.formats.openai.responses_requests import read_request
from routersvc.simulator.formats.operations import Completion, Operation, RequestHead
from routersvc.simulator.formats.replies import Complaint, Identity, StreamScript
from routersvc.simulator.formats.sse_frames import broken_event, grouped, named_event
from routersvc.simulator.formats.wire_format import Json

# Placeholders of id and creation time; JSON escapes control characters, so they are unique.
_ID, _CREATED = b"\x00", b"\x01"
# Stands in JSON for the id: text that no encoder escapes and no answer holds.
_ID_TEXT = "\x7fid\x7f"
_RESPONSES = "/v1/responses"
_OBFUSCATIONS = tuple(hashlib.sha256(b"%d" % at).hexdigest()[: at + 1] for at in range(16))


class OpenAIResponsesFormat(OpenAIChatFormat):
    """The Responses format of one provider; `seed` makes its ids unique."""

    def __init__(self, models: tuple[SimulatedModel, ...], seed: int) -> None:
        super().__init__(models, seed)
        self._prefix = hashlib.sha256(b"responses %d" % seed).hexdigest()[:40].encode()

    def operation(self, head: RequestHead) -> Operation:
        """Return what a request line asks for.

        Raises:
            RefusedError: unknown path, reported as OpenAI's 404 or 405.
        """
        if head.path == _RESPONSES and head.method == "POST":
            return Completion()
        if head.segments[:2] == ("v1", "models"):
            return super().operation(head)
        raise refusal(404, f"Invalid URL ({head.method} {head.path})")

    def read(self, completion: Completion, body: bytes) -> CompletionRequest:  # noqa: ARG002 - not needed
        """Return the parsed request body.

        Raises:
            RefusedError: OpenAI would not accept it.
        """
        return read_request(body, self._offer)

    def unary(self, answer: Answer, request: CompletionRequest) -> bytes:
        """Return the unsigned body of a unary answer."""
        return _response(answer, request, _items(answer))

    def stream(
        self, answer: Answer, request: CompletionRequest, tokens_per_chunk: int
    ) -> StreamScript:
        """Return the unsigned frames of a streamed answer."""
        events = _Events(tokens_per_chunk, obfuscated=request.obfuscated)
        started = _response(answer, request, None)
        events.add("response.created", b'"response":%s' % started)
        events.add("response.in_progress", b'"response":%s' % started)
        for index, item in enumerate(_items(answer)):
            match item["type"]:
                case "message":
                    events.message(index, item, answer)
                case "function_call":
                    call = answer.tool_calls[index - (answer.usage.reasoning_tokens > 0)]
                    events.call(index, item, call)
                case _:
                    events.item("response.output_item.added", index, item)
                    events.item("response.output_item.done", index, item)
        opening, contents, closing = events.parted()
        last = "response.incomplete" if _incomplete(answer) else "response.completed"
        whole = _response(answer, request, _items(answer))
        terminator = events.written(last, b'"response":%s' % whole)
        return StreamScript(
            opening=opening,
            contents=contents,
            closing=closing,
            terminator=terminator,
            keep_alive=b": keep-alive\n\n",
        )

    def sign(self, data: bytes, identity: Identity) -> bytes:
        """Put ids and times into an answer."""
        own = b"%s%08x" % (self._prefix, identity.serial)
        signed = data.replace(_ID_TEXT.encode(), own).replace(_ID, own)
        return signed.replace(_CREATED, b"%d" % identity.created)

    def error_event(self, complaint: Complaint) -> bytes:
        """Return the event that says a problem inside a stream; it is not numbered."""
        error = error_object(self.errors.reported(complaint))
        return named_event("error", orjson.dumps({"type": "error", "error": error}))

    def broken(self, frame: bytes) -> bytes:
        """Return the first event of a frame with truncated JSON."""
        return broken_event(frame)


class _Events:
    """Writes the events of a stream, numbered; those before the first delta open it."""

    def __init__(self, tokens_per_chunk: int, *, obfuscated: bool) -> None:
        self._tokens = tokens_per_chunk
        self._obfuscated = obfuscated
        self._number = 0
        self._frames: list[tuple[bytes, int]] = []

    def written(self, kind: str, rest: bytes) -> bytes:
        """Return the next event."""
        data = b'{"type":"%s",%s,"sequence_number":%d}' % (kind.encode(), rest, self._number)
        self._number += 1
        return named_event(kind, data)

    def add(self, kind: str, rest: bytes, tokens: int = 0) -> None:
        """Add the next event, and how many tokens it carries."""
        self._frames.append((self.written(kind, rest), tokens))

    def item(self, kind: str, index: int, item: Mapping[str, object]) -> None:
        """Add an event about an item of the output."""
        self.add(kind, b'"item":%s,"output_index":%d' % (orjson.dumps(item), index))

    def message(self, index: int, item: Json, answer: Answer) -> None:
        """Add the events of a message: its item, its part, its deltas."""
        self.item(
            "response.output_item.added", index, {**item, "status": "in_progress", "content": []}
        )
        kind = "refusal" if answer.refusal else "output_text"
        place = b'"content_index":0,"item_id":%s,"output_index":%d' % (
            orjson.dumps(item["id"]),
            index,
        )
        empty = orjson.dumps(_part(answer, ""))
        self.add("response.content_part.added", b'%s,"part":%s' % (place, empty))
        logprobs = b"" if answer.refusal else b',"logprobs":[]'
        self._deltas(f"response.{kind}.delta", place + logprobs, answer.pieces)
        for at, annotation in enumerate(_annotations(answer)):
            source = orjson.dumps(annotation)
            self.add(
                "response.output_text.annotation.added",
                b'%s,"annotation_index":%d,"annotation":%s' % (place, at, source),
            )
        text = orjson.dumps(answer.text)
        key = b"refusal" if answer.refusal else b"text"
        self.add(f"response.{kind}.done", b'%s%s,"%s":%s' % (place, logprobs, key, text))
        part = orjson.dumps(_part(answer, answer.text))
        self.add("response.content_part.done", b'%s,"part":%s' % (place, part))
        self.item("response.output_item.done", index, item)

    def call(self, index: int, item: Json, call: ToolCall) -> None:
        """Add the events of a function call: its item, its arguments."""
        opened = {**item, "status": "in_progress", "arguments": ""}
        self.item("response.output_item.added", index, opened)
        place = b'"item_id":%s,"output_index":%d' % (orjson.dumps(item["id"]), index)
        self._deltas("response.function_call_arguments.delta", place, call.pieces)
        arguments = orjson.dumps(item["arguments"])
        self.add("response.function_call_arguments.done", b'%s,"arguments":%s' % (place, arguments))
        self.item("response.output_item.done", index, item)

    def parted(self) -> tuple[bytes, tuple[tuple[bytes, int], ...], bytes]:
        """Return what stands before the first delta, from there to the last, and after it."""
        deltas = [at for at, (_, tokens) in enumerate(self._frames) if tokens]
        first = deltas[0] if deltas else len(self._frames)
        last = deltas[-1] + 1 if deltas else first
        opening = b"".join(frame for frame, _ in self._frames[:first])
        closing = b"".join(frame for frame, _ in self._frames[last:])
        return opening, tuple(self._frames[first:last]), closing

    def _deltas(self, kind: str, place: bytes, pieces: Sequence[str]) -> None:
        for group in grouped(pieces, self._tokens):
            hidden = b""
            if self._obfuscated:
                hidden = b',"obfuscation":"%s"' % _OBFUSCATIONS[self._number * 7 % 16].encode()
            delta = orjson.dumps("".join(group))
            self.add(kind, b'%s,"delta":%s%s' % (place, delta, hidden), len(group))


def _response(answer: Answer, request: CompletionRequest, items: Sequence[Json] | None) -> bytes:
    """Return a response: whole with its items, or in progress without."""
    status, reason, usage = "in_progress", None, None
    completed = b"null"
    if items is not None:
        reason = _incomplete(answer)
        status = "completed" if reason is None else "incomplete"
        usage = _usage(answer)
        completed = _CREATED if reason is None else b"null"
    return b'{"id":"resp_%s","object":"response","created_at":%s,%s,"completed_at":%s,%s,%s,%s}' % (
        _ID,
        _CREATED,
        b'"status":"%s","error":null,"incomplete_details":%s'
        % (status.encode(), orjson.dumps(None if reason is None else {"reason": reason})),
        completed,
        model_keys(answer.reported_models),
        b'"output":%s,"usage":%s' % (orjson.dumps(items or []), orjson.dumps(usage)),
        request.echoed,
    )


def _items(answer: Answer) -> list[Json]:
    """Return the items of the output: reasoning, then calls or a message after its search."""
    items: list[Json] = []
    if answer.usage.reasoning_tokens:
        items.append({"id": f"rs_{_ID_TEXT}", "type": "reasoning", "summary": []})
    status = "incomplete" if _incomplete(answer) else "completed"
    for number, call in enumerate(answer.tool_calls):
        items.append(
            {
                "id": f"fc_{_ID_TEXT}{number:02d}",
                "type": "function_call",
                "status": status,
                "arguments": "".join(call.pieces),
                "call_id": call.id,
                "name": call.name,
            }
        )
    if answer.search is not None:
        items.append(
            {
                "id": f"ws_{_ID_TEXT}",
                "type": "web_search_call",
                "status": "completed",
                "action": {"type": "search", "query": answer.search.query},
            }
        )
    if answer.pieces:
        items.append(
            {
                "id": f"msg_{_ID_TEXT}",
                "type": "message",
                "status": status,
                "content": [_part(answer, answer.text)],
                "role": "assistant",
            }
        )
    return items


def _part(answer: Answer, text: str) -> Json:
    if answer.refusal:
        return {"type": "refusal", "refusal": text}
    sources = _annotations(answer) if text else []
    return {"type": "output_text", "annotations": sources, "logprobs": [], "text": text}


def _annotations(answer: Answer) -> list[Json]:
    return [
        {
            "type": "url_citation",
            "end_index": citation.end,
            "start_index": citation.start,
            "title": citation.title,
            "url": citation.url,
        }
        for citation in answer.citations
    ]


def _incomplete(answer: Answer) -> str | None:
    """Return why an answer is not complete, if it is not."""
    match answer.finish:
        case Finish.LENGTH:
            return "max_output_tokens"
        case Finish.CONTENT_FILTER:
            return "content_filter"
        case Finish.STOP | Finish.TOOL_CALLS:
            return None


def _usage(answer: Answer) -> Json:
    usage = answer.usage
    return {
        "input_tokens": usage.prompt_tokens,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": usage.completion_tokens,
        "output_tokens_details": {"reasoning_tokens": usage.reasoning_tokens},
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
    }
