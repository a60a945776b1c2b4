"""Writes documents of text beside the messages, from which Cohere's models answer and cite.

Cohere names a source by the id of its document: the ids here hold its place among the documents.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import FilePart
from routersvc.domain.profiling.prompt_reading import text_of_file
from routersvc.providers.formats.cohere_chat.dialects import DIALECT
from routersvc.providers.reading.json_values import JsonObject

_ID = re.compile(r"doc-(\d{1,6})")


def encode_documents(messages: Sequence[Message]) -> list[JsonObject]:
    """Return the documents of the user's messages in order.

    Raises:
        AttemptFailedError: one is not text by value.
    """
    return [_document(file, place) for place, file in enumerate(_files(messages))]


def document_of(source_id: str) -> int | None:
    """Return the place of the document with this id; `None` where it is no such id."""
    match = _ID.fullmatch(source_id)
    return None if match is None else int(match[1])


def _files(messages: Sequence[Message]) -> Iterator[FilePart]:
    for message in messages:
        if message.role is Role.USER:
            yield from (part for part in message.parts if isinstance(part, FilePart))


def _document(file: FilePart, place: int) -> JsonObject:
    text = text_of_file(file)
    if not text:
        raise DIALECT.cannot_express("a document that is not text by value")
    data = {"title": file.name, "text": text} if file.name else {"text": text}
    return {"id": f"doc-{place}", "data": data}
