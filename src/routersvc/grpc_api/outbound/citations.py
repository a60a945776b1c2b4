"""Converts the sources that an answer names."""

from __future__ import annotations

from llmrouter.v1 import prompt_pb2
from routersvc.domain.conversation.citations import Citation

_LARGEST_INDEX = 2**31 - 1


def write_citation(citation: Citation, into: prompt_pb2.Citation) -> None:
    """Write a citation into a message."""
    if citation.start is not None and citation.end is not None:
        into.start_character = citation.start
        into.end_character = citation.end
    if citation.document is not None and citation.document <= _LARGEST_INDEX:
        into.document_index = citation.document
    into.url = citation.url
    into.title = citation.title
    into.cited_text = citation.cited_text
    into.source_id = citation.source_id
