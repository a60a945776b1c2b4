"""Web search that a provider runs: what its answer cites arrives at the client."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

import pytest

from llmrouter.answer_texts import AnswerText
from llmrouter.v1.prompt_pb2 import ROLE_USER, HostedTool, Message, Part, Prompt, Tool
from llmrouter.v1.router_service_pb2 import CompleteRequest, StreamCompleteRequest
from routersvc.simulator import Behaviour, Fixed

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.integration.service.conftest import Start

    from llmrouter.v1.prompt_pb2 import Citation

TEXT = "Zürich hat 漢字, Genf 🧑‍🚀."
"""More bytes and UTF-16 units than characters: another way to count cites other stretches."""

BEHAVIOUR = Behaviour(answer=Fixed(text=TEXT), citations_per_answer=2)
MESSAGES = [Message(role=ROLE_USER, parts=[Part(text="What is where?")])]
SEARCHING = Prompt(messages=MESSAGES, tools=[Tool(hosted=HostedTool(name="web_search"))])

each_format = pytest.mark.parametrize("wire_format", ["openai_chat", "openai_responses"])


@each_format
async def test_whole_answer_has_its_sources(start: Start, wire_format: str) -> None:
    """They are with the text that they support."""
    async with start(BEHAVIOUR, wire_format=wire_format) as service:
        answer = await service.client.complete(CompleteRequest(prompt=SEARCHING))

    (part,) = (part for part in answer.message.parts if part.text)
    assert part.text == TEXT
    assert _cited(part.text, part.citations) == _expected()


@each_format
async def test_stream_has_its_sources(start: Start, wire_format: str) -> None:
    """The client keeps them with the text that it joins."""
    text = AnswerText()
    async with start(BEHAVIOUR, wire_format=wire_format) as service:
        async for event in service.client.stream(StreamCompleteRequest(prompt=SEARCHING)):
            text.add(event)

    assert str(text) == TEXT
    assert _cited(str(text), text.citations) == _expected()


@each_format
@pytest.mark.parametrize("searches", [False, True])
async def test_nothing_is_cited_without_sources(
    start: Start, wire_format: str, *, searches: bool
) -> None:
    """Neither without the tool nor when the search found nothing."""
    behaviour = dataclasses.replace(BEHAVIOUR, citations_per_answer=0) if searches else BEHAVIOUR
    prompt = SEARCHING if searches else Prompt(messages=MESSAGES)
    text = AnswerText()
    async with start(behaviour, wire_format=wire_format) as service:
        async for event in service.client.stream(StreamCompleteRequest(prompt=prompt)):
            text.add(event)

    assert (str(text), text.citations) == (TEXT, ())


def _cited(text: str, citations: Iterable[Citation]) -> list[tuple[str, str, str]]:
    """Return the stretch that each source supports, its address and title."""
    return [
        (text[one.start_character : one.end_character], one.url, one.title) for one in citations
    ]


def _expected() -> list[tuple[str, str, str]]:
    middle = len(TEXT) // 2
    return [
        (TEXT[:middle], "https://example.com/sources/1", "Source 1"),
        (TEXT[middle:], "https://example.com/sources/2", "Source 2"),
    ]
