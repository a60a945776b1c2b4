"""Collects the text of a streamed answer, also when its stream breaks and is recovered."""

from llmrouter.v1.router_service_pb2 import StreamCompleteResponse
from llmrouter.v1.stream_pb2 import RECOVERY_KIND_RESUMED


class AnswerText:
    """Takes the events of one stream in order; `str()` is the valid text so far."""

    def __init__(self) -> None:
        self._pieces: list[str] = []

    def __str__(self) -> str:
        return "".join(self._pieces)

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
            case _:
                pass
        return ""
