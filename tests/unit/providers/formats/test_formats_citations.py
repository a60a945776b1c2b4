"""The sources that vendors name, in the shapes that they document."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.unit.providers.conftest import MakeCall
from tests.unit.providers.formats.claude_bodies import CONVERSE, MESSAGES, read

from routersvc.domain.conversation.assembly import collect
from routersvc.domain.conversation.citations import Citation
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import FilePart, HostedPart, TextPart
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.formats.cohere_chat.wire import cohere_chat
from routersvc.providers.formats.gemini.dialects import DIALECTS as GEMINI_DIALECTS
from routersvc.providers.formats.gemini.wire import gemini
from routersvc.providers.formats.openai_chat.vendors import DIALECTS as CHAT_DIALECTS
from routersvc.providers.formats.openai_chat.wire import openai_chat
from routersvc.providers.formats.openai_responses.dialects import DIALECTS as RESPONSES_DIALECTS
from routersvc.providers.formats.openai_responses.wire import openai_responses
from routersvc.providers.wire_format import WireFormat

CHAT = openai_chat(CHAT_DIALECTS["openai"])
RESPONSES = openai_responses(RESPONSES_DIALECTS["openai"])
GEMINI = gemini(GEMINI_DIALECTS["gemini"])
COHERE = cohere_chat()
URL = "https://weather.test/today"
PAGE = Citation(start=0, end=4, url=URL, title="Weather")


def sse(*events: dict[str, Any]) -> bytes:
    """Return a stream of these events."""
    return b"".join(
        f"event: {event.get('type', 'message')}\ndata: {json.dumps(event)}\n\n".encode()
        for event in events
    )


def text_of(wire_format: WireFormat, body: bytes, *, streaming: bool = False) -> TextPart:
    """Return the one text of an answer, which may say beside it what tools did."""
    kind = "text/event-stream" if streaming else "application/json"
    parts = collect(read(wire_format, kind, body)).parts
    (part,) = (part for part in parts if not isinstance(part, HostedPart))
    assert isinstance(part, TextPart)
    return part


def chat_body(message: dict[str, Any], **more: Any) -> bytes:  # noqa: ANN401 - JSON
    """Return a whole chat completion."""
    return json.dumps(
        {
            "id": "1",
            "choices": [
                {
                    "index": 0,
                    "finish_reason": "stop",
                    "message": {"role": "assistant", "content": "Rain", **message},
                }
            ],
            **more,
        }
    ).encode()


ANNOTATION = {
    "type": "url_citation",
    "url_citation": {"start_index": 0, "end_index": 4, "url": URL, "title": "Weather"},
}


def test_annotations_of_a_chat_message_are_citations() -> None:
    """As OpenAI and OpenRouter write them."""
    assert text_of(CHAT, chat_body({"annotations": [ANNOTATION]})).citations == (PAGE,)


def test_lists_of_one_source_name_it_once() -> None:
    """Perplexity sends titles in one list and the same addresses in another; xAI addresses only."""
    body = chat_body({}, citations=[URL, "https://b.test"], search_results=[
        {"url": URL, "title": "Weather", "date": "2026-01-01"}
    ])  # fmt: skip

    assert text_of(CHAT, body).citations == (
        Citation(url=URL, title="Weather"),
        Citation(url="https://b.test"),
    )


def test_chunks_that_repeat_their_sources_name_them_once() -> None:
    """Perplexity repeats its lists in every chunk."""
    chunks = [
        {
            "id": "1",
            "citations": [URL],
            "choices": [{"index": 0, "delta": {"content": word}, "finish_reason": reason}],
        }
        for word, reason in (("Ra", None), ("in", "stop"))
    ]

    assert text_of(CHAT, sse(*chunks), streaming=True).citations == (Citation(url=URL),)


@pytest.mark.parametrize("annotations", [7, "x", [None], [{"type": 3}], [{"start_index": -1}]])
def test_unreadable_annotation_costs_no_answer(annotations: object) -> None:
    """What is cited is bookkeeping; the text is the answer."""
    part = text_of(CHAT, chat_body({"annotations": annotations, "citations": annotations}))

    assert part.text == "Rain"


def test_annotations_of_responses_count_from_the_answers_beginning() -> None:
    """The vendor counts from the part; the event and the item's end name one source."""
    note = {"type": "url_citation", "start_index": 0, "end_index": 4, "url": URL,
            "title": "Weather"}  # fmt: skip
    message: dict[str, Any] = {
        "type": "message",
        "id": "m",
        "role": "assistant",
        "content": [
            {"type": "output_text", "text": "So: ", "annotations": []},
            {"type": "output_text", "text": "Rain", "annotations": [note]},
        ],
    }
    response: dict[str, Any] = {"id": "r", "status": "completed", "output": [message]}
    body = sse(
        {"type": "response.created", "response": {"id": "r"}},
        {"type": "response.output_item.added", "output_index": 0, "item": {"type": "message"}},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 0,
         "delta": "So: "},
        {"type": "response.output_text.delta", "output_index": 0, "content_index": 1,
         "delta": "Rain"},
        {"type": "response.output_text.annotation.added", "output_index": 0, "content_index": 1,
         "annotation_index": 0, "annotation": note},
        {"type": "response.completed", "response": response},
    )  # fmt: skip
    expected = (Citation(start=4, end=8, url=URL, title="Weather"),)

    assert text_of(RESPONSES, body, streaming=True).citations == expected
    assert text_of(RESPONSES, json.dumps(response).encode()).citations == expected


CLAUDE_CITATION = {
    "type": "char_location",
    "cited_text": "It rains.",
    "document_index": 0,
    "document_title": "Weather",
    "start_char_index": 0,
    "end_char_index": 9,
}


def test_citation_of_claude_is_of_its_block() -> None:
    """In a stream the block's end is known only when it comes."""
    expected = (Citation(start=4, end=8, title="Weather", cited_text="It rains.", document=0),)
    whole = {
        "type": "message",
        "id": "m",
        "stop_reason": "end_turn",
        "content": [
            {"type": "text", "text": "So: "},
            {"type": "text", "text": "Rain", "citations": [CLAUDE_CITATION]},
        ],
    }
    body = sse(
        {"type": "message_start", "message": {"id": "m"}},
        {"type": "content_block_start", "index": 0,
         "content_block": {"type": "text", "text": "So: "}},
        {"type": "content_block_stop", "index": 0},
        {"type": "content_block_start", "index": 1, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 1,
         "delta": {"type": "citations_delta", "citation": CLAUDE_CITATION}},
        {"type": "content_block_delta", "index": 1,
         "delta": {"type": "text_delta", "text": "Rain"}},
        {"type": "content_block_stop", "index": 1},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}},
        {"type": "message_stop"},
    )  # fmt: skip

    assert text_of(MESSAGES, json.dumps(whole).encode()).citations == expected
    assert text_of(MESSAGES, body, streaming=True).citations == expected


def test_cited_block_of_converse() -> None:
    """A page by its address, with the text that it was cited for."""
    block = {
        "citationsContent": {
            "content": [{"text": "Rain"}],
            "citations": [
                {
                    "title": "Weather",
                    "sourceContent": [{"text": "It "}, {"text": "rains."}],
                    "location": {"web": {"url": URL, "domain": "weather.test"}},
                }
            ],
        }
    }
    body = {"stopReason": "end_turn", "output": {"message": {"content": [block]}}}

    assert text_of(CONVERSE, json.dumps(body).encode()).citations == (
        Citation(start=0, end=4, url=URL, title="Weather", cited_text="It rains."),
    )


def test_grounding_of_gemini_counts_bytes() -> None:
    """Spans of the vendor are bytes of UTF-8; those of the contract are characters."""
    candidate = {
        "content": {"parts": [{"text": "Größe: Rain"}]},
        "finishReason": "STOP",
        "groundingMetadata": {
            "groundingChunks": [
                {"web": {"uri": URL, "title": "Weather"}},
                {"retrievedContext": {"uri": "gs://b/d", "title": "Doc", "text": "It rains"}},
            ],
            "groundingSupports": [
                {
                    "segment": {"startIndex": 9, "endIndex": 13, "text": "Rain"},
                    "groundingChunkIndices": [0, 99],
                }
            ],
        },
    }
    body = json.dumps({"candidates": [candidate]}).encode()

    assert text_of(GEMINI, body).citations == (
        Citation(start=7, end=11, url=URL, title="Weather"),
        Citation(url="gs://b/d", title="Doc", cited_text="It rains"),
    )


def test_documents_of_cohere_are_cited_by_their_place(make_call: MakeCall) -> None:
    """Text by value stands beside the messages; the citation says which document it is of."""
    files = [FilePart(data=b"Rain", media_type="text/plain", name=name) for name in ("a", "b")]
    asked = Message(role=Role.USER, parts=(*files, TextPart(text="Weather?")))

    body = json.loads(COHERE.encode(make_call(messages=(asked,))).body)
    source = {"type": "document", "id": "doc-1", "document": body["documents"][1]["data"]}
    answer = {
        "id": "1",
        "finish_reason": "COMPLETE",
        "message": {
            "content": "Rain",
            "citations": [{"start": 0, "end": 4, "text": "Rain", "sources": [source]}],
        },
    }
    (citation,) = text_of(COHERE, json.dumps(answer).encode()).citations

    assert body["messages"] == [{"role": "user", "content": "Weather?"}]
    assert [one["id"] for one in body["documents"]] == ["doc-0", "doc-1"]
    assert (citation.document, citation.title, citation.cited_text) == (1, "b", "Rain")


def test_other_documents_are_refused_by_cohere(make_call: MakeCall) -> None:
    """The request goes to a vendor that reads them."""
    file = FilePart(data=b"%PDF", media_type="application/pdf")
    asked = Message(role=Role.USER, parts=(file, TextPart(text="Weather?")))

    with pytest.raises(AttemptFailedError, match="document that is not text"):
        COHERE.encode(make_call(messages=(asked,)))


def test_citation_of_cohere_names_each_of_its_sources() -> None:
    """A span, and the documents and tool results that support it."""
    sources = [
        {"type": "document", "id": "doc:0", "document": {"title": "Weather", "snippet": "Rains"}},
        {"type": "tool", "id": "t:1", "tool_output": {"url": URL}},
    ]
    body = {
        "id": "1",
        "finish_reason": "COMPLETE",
        "message": {
            "content": [{"type": "text", "text": "Rain"}],
            "citations": [{"start": 0, "end": 4, "text": "Rain", "sources": sources}],
        },
    }

    assert text_of(COHERE, json.dumps(body).encode()).citations == (
        Citation(start=0, end=4, title="Weather", cited_text="Rains", source_id="doc:0"),
        Citation(start=0, end=4, url=URL, source_id="t:1"),
    )
