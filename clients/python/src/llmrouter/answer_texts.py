"""Collects text and citations of a streamed answer, also when it breaks and is recovered."""

from collections.abc import Sequence

from llmrouter.v1.prompt_pb2 import Citation
from llmrouter.v1.router_service_pb2 import StreamCompleteResponse
from llmrouter.v1.stream_pb2 import RECOVERY_KIND_RESUMED


class AnswerText:
    """Takes the events of one stream in order; `str()` is the valid text so far."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._citations: list[Citation] = []

    def __str__(self) -> str:
        return "".join(self._pieces)

    @property
    def citations(self) -> Sequence[Citation]:
        """Return the sources of the valid text so far."""
        return tuple(self._citations)

    def add(self, event: StreamCompleteResponse) -> str:
        """Take an event and return the text that it adds, which is often empty.

        A `recovered` event withdraws text: replace what was displayed by `str()`.
        """
        match event.WhichOneof("event"):
            case "content_delta":
                self._pieces.append(event.content_delta.text)
                return event.content_delta.text
            case "recovered":
                is_resumed = event.recovered.kind == RECOVERY_KIND_RESUMED
                kept = event.recovered.kept_characters if is_resumed else 0
                self._pieces = [str(self)[:kept]]
                self._citations = [
                    citation
                    for citation in self._citations
                    if citation.HasField("end_character") and citation.end_character <= kept
                ]
            case "citation_delta":
                self._citations.append(event.citation_delta.citation)
            case _:
                pass
        return ""
