"""The arguments of an answer's tool calls, put together from their pieces."""

from __future__ import annotations

from routersvc.domain.conversation.answers import AnswerEvent
from routersvc.domain.conversation.deltas import ToolCallDelta
from routersvc.providers.reading.answer_limits import require_few_calls
from routersvc.providers.reading.json_values import is_json


class ToolArguments:
    """The arguments received so far, by the number of the call."""

    def __init__(self) -> None:
        self._pieces: list[list[str]] = []

    def __len__(self) -> int:
        return len(self._pieces)

    def begin(self) -> int:
        """Begin another call and return its number.

        Raises:
            AttemptFailedError: the answer has too many calls.
        """
        self._pieces.append([])
        require_few_calls(len(self._pieces))
        return len(self._pieces) - 1

    def append(self, call: int, piece: str) -> None:
        """Append a piece to the arguments of a call."""
        self._pieces[call].append(piece)

    def is_whole(self, call: int) -> bool:
        """Return whether the arguments of a call are JSON already."""
        return is_json("".join(self._pieces[call]))

    def complete(self, events: list[AnswerEvent]) -> bool:
        """Return whether the arguments of every call are JSON.

        A call without arguments is given an empty object.
        """
        for index, pieces in enumerate(self._pieces):
            arguments = "".join(pieces)
            if not arguments.strip():
                events.append(ToolCallDelta(index=index, arguments_json="{}"))
            elif not is_json(arguments):
                return False
        return True
