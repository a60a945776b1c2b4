"""The chunks of OpenAI's chat completion streams, and the parts that unary bodies share.

The common part of all chunks of a stream is encoded once.
"""

from __future__ import annotations

import dataclasses
import functools
import hashlib
import math
import zlib
from collections.abc import Mapping, Sequence

import orjson

from routersvc.simulator.answers.completions import Answer, CompletionRequest, Usage
from routersvc.simulator.answers.tools import ToolCall

_OBFUSCATIONS = tuple(
    hashlib.sha256(b"%d" % length).hexdigest()[:length].encode() for length in range(1, 17)
)
_ALTERNATIVES = tuple(
    word if word in ",." else f" {word}"
    for word in (
        *("the", "a", ",", ".", "and", "of", "to", "in", "is", "it"),
        *("for", "on", "as", "with", "by", "that", "this", "at", "from", "or"),
    )
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Marks:
    """Raw JSON that another vendor's server adds to OpenAI's format.

    `body` is added to a unary body, `event` is sent before the first chunk. Choices begin with
    `content` if they have content, with `bare` if not, and with `filtered` if a content filter
    ended them.
    """

    body: bytes = b""
    event: bytes = b""
    content: bytes = b""
    bare: bytes = b""
    filtered: bytes = b""


NO_MARKS = Marks()


class ChunkWriter:
    """Writes the chunks of one stream; their common part is encoded once."""

    def __init__(self, head: bytes, request: CompletionRequest, marks: Marks = NO_MARKS) -> None:
        self.request = request
        self.marks = marks
        self._head = head
        self._usage = b',"usage":null' if request.usage_in_stream else b""
        self._obfuscated = request.obfuscated
        self._reasoning = request.model.reasoning
        self._written = 0

    def choice(
        self,
        delta: bytes,
        finish: str | None = None,
        logprobs: Mapping[str, object] | None = None,
        marks: bytes | None = None,
    ) -> bytes:
        """Return a chunk with one choice; `marks` defaults to those of content."""
        logprobs_field = b"" if self._reasoning else b',"logprobs":%s' % (_json(logprobs))
        ended = b"null" if finish is None else b'"%s"' % finish.encode()
        return b'%s"choices":[{%s"index":0,"delta":%s%s,"finish_reason":%s}]%s%s}\n\n' % (
            self._head,
            self.marks.content if marks is None else marks,
            delta,
            logprobs_field,
            ended,
            self._usage,
            self._obfuscation(),
        )

    def usage(self, usage: Usage) -> bytes:
        """Return the usage chunk, without choices."""
        return b'%s"choices":[],"usage":%s%s}\n\n' % (
            self._head,
            usage_json(usage),
            self._obfuscation(),
        )

    def _obfuscation(self) -> bytes:
        if not self._obfuscated:
            return b""
        self._written += 1
        return b',"obfuscation":"%s"' % _OBFUSCATIONS[self._written * 7 % len(_OBFUSCATIONS)]


def stream_chunks(
    answer: Answer, frames: ChunkWriter, tokens_per_chunk: int
) -> tuple[bytes, list[tuple[bytes, int]]]:
    """Return the opening chunk and the content chunks with their tokens."""
    if answer.tool_calls:
        return _tool_call_chunks(answer.tool_calls, frames, tokens_per_chunk)
    role = b'{"role":"assistant","content":"","refusal":null}'
    opening = frames.choice(role, marks=frames.marks.bare)
    key = b"refusal" if answer.refusal else b"content"
    contents: list[tuple[bytes, int]] = []
    for pieces in _chunks(answer.pieces, tokens_per_chunk):
        delta = b'{"%s":%s}' % (key, _json_text("".join(pieces)))
        logprobs = logprobs_of(pieces, frames.request, refusal=answer.refusal)
        contents.append((frames.choice(delta, logprobs=logprobs), len(pieces)))
    return opening, contents


def _tool_call_chunks(
    calls: Sequence[ToolCall], frames: ChunkWriter, tokens_per_chunk: int
) -> tuple[bytes, list[tuple[bytes, int]]]:
    """Return the chunks of tool calls: a single call begins in the role chunk, several do not."""
    contents: list[tuple[bytes, int]] = []
    if len(calls) == 1:
        opening = frames.choice(
            b'{"role":"assistant","content":null,"tool_calls":[%s],"refusal":null}'
            % _opened_call(0, calls[0]),
            marks=frames.marks.bare,
        )
    else:
        opening = frames.choice(b'{"role":"assistant","content":null}', marks=frames.marks.bare)
    for index, call in enumerate(calls):
        if len(calls) > 1:
            delta = b'{"tool_calls":[%s]}' % _opened_call(index, call)
            contents.append((frames.choice(delta), 0))
        for pieces in _chunks(call.pieces, tokens_per_chunk):
            arguments = _json_text("".join(pieces))
            delta = b'{"tool_calls":[{"index":%d,"function":{"arguments":%s}}]}' % (
                index,
                arguments,
            )
            contents.append((frames.choice(delta), len(pieces)))
    return opening, contents


def _chunks(pieces: Sequence[str], tokens: int) -> list[Sequence[str]]:
    return [pieces[at : at + tokens] for at in range(0, len(pieces), tokens)]


def _opened_call(index: int, call: ToolCall) -> bytes:
    return orjson.dumps(
        {
            "index": index,
            "id": call.id,
            "type": "function",
            "function": {"name": call.name, "arguments": ""},
        }
    )


def whole_call(call: ToolCall) -> Mapping[str, object]:
    """Return a tool call of a unary answer."""
    return {
        "id": call.id,
        "type": "function",
        "function": {"name": call.name, "arguments": "".join(call.pieces)},
    }


def annotations_of(answer: Answer) -> Sequence[Mapping[str, object]]:
    """Return the citations of an answer."""
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "end_index": citation.end,
                "start_index": citation.start,
                "title": citation.title,
                "url": citation.url,
            },
        }
        for citation in answer.citations
    ]


def model_keys(names: Sequence[str], key: bytes = b"model") -> bytes:
    """Return the key with the model of an answer, once per name."""
    return b",".join(b'"%s":%s' % (key, _json_text(name)) for name in names)


def usage_json(usage: Usage) -> bytes:
    """Return the usage object."""
    return (
        b'{"prompt_tokens":%d,"completion_tokens":%d,"total_tokens":%d,"prompt_tokens_details":'
        b'{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":%d,'
        b'"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}'
        % (
            usage.prompt_tokens,
            usage.completion_tokens,
            usage.prompt_tokens + usage.completion_tokens,
            usage.reasoning_tokens,
        )
    )


def logprobs_of(
    pieces: Sequence[str], request: CompletionRequest, *, refusal: bool
) -> Mapping[str, object] | None:
    """Return invented log probabilities, the same for the same tokens."""
    if request.top_logprobs is None or not pieces:
        return None
    tokens = [_token_logprob(piece, request.top_logprobs) for piece in pieces]
    return {"content": None if refusal else tokens, "refusal": tokens if refusal else None}


def _token_logprob(piece: str, alternatives: int) -> Mapping[str, object]:
    chance = 0.55 + zlib.crc32(piece.encode()) % 4096 / 4096 * 0.44
    others = [token for token in _ALTERNATIVES if token != piece]
    left = 1 - chance
    top = [_entry(piece, chance)]
    for token in others[: alternatives - 1]:
        left /= 2
        top.append(_entry(token, left))
    return {**_entry(piece, chance), "top_logprobs": top[:alternatives]}


def _entry(token: str, chance: float) -> dict[str, object]:
    return {"token": token, "logprob": math.log(chance), "bytes": list(token.encode())}


def _json(value: object) -> bytes:
    return b"null" if value is None else orjson.dumps(value)


@functools.lru_cache(maxsize=8192)
def _json_text(text: str) -> bytes:
    return orjson.dumps(text)
