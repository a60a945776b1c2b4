"""Converts the sources of an earlier answer."""

from __future__ import annotations

from llmrouter.v1 import prompt_pb2
from routersvc.domain.conversation.citations import Citation


def citation_of(citation: prompt_pb2.Citation) -> Citation:
    """Return a citation as the caller got it from an earlier answer; nothing of it is checked."""
    return Citation(
        start=citation.start_character if citation.HasField("start_character") else None,
        end=citation.end_character if citation.HasField("end_character") else None,
        url=citation.url,
        title=citation.title,
        cited_text=citation.cited_text,
        document=citation.document_index if citation.HasField("document_index") else None,
        source_id=citation.source_id,
    )
