"""Generated prose for answers, the same for the same seed and prompt.

A text is a sequence of pieces that count as one token each. The prose is generated once per
provider; an answer is a slice of it that starts at a place given by the digest of the prompt.
"""

from __future__ import annotations

import functools
import itertools
import random
import re

_SUBJECTS = [
    "The river",
    "The old harbour",
    "A patient reader",
    "Every careful plan",
    "The northern road",
    "The quiet workshop",
    "A small garden",
    "The second answer",
    "The long winter",
    "This machine",
    "The morning train",
    "A good question",
    "The open window",
    "The committee",
    "Its first draft",
]
_VERBS = [
    "follows",
    "explains",
    "carries",
    "reaches",
    "remembers",
    "measures",
    "changes",
    "answers",
    "crosses",
    "collects",
    "repairs",
    "describes",
    "finds",
    "keeps",
    "outlasts",
]
_OBJECTS = [
    "the other side",
    "a simple rule",
    "what was promised",
    "the same valley",
    "three short letters",
    "a better map",
    "its own shadow",
    "the missing page",
    "an honest count",
    "the narrow bridge",
    "a piece of the whole",
    "the hour before dawn",
    "the shape of the problem",
    "a warm room",
]
_ENDINGS = [
    "without hurry",
    "before the rain",
    "in small steps",
    "as agreed",
    "for a second time",
    "and nobody minds",
    "under a clear sky",
    "with some luck",
    "by the end of the week",
]
_SENTENCES = 512

# A word with the space before it, in parts of six characters at most; else one character.
_PIECE = re.compile(r"\s?[^\W_]{1,6}|\s|.", re.DOTALL)

MULTI_BYTE_OPENING = ("Zürich", " – ", "東京", " and ", "🚀", ": ")


def split_into_pieces(text: str) -> tuple[str, ...]:
    """Split a text into pieces about as long as tokens; joined, they are the text."""
    return tuple(_PIECE.findall(text))


class Prose:
    """An endless text, made once from a seed; answers are stretches of it."""

    def __init__(self, seed: int) -> None:
        source = random.Random(seed)
        self._pieces: list[str] = []
        self._starts: list[int] = []
        for _ in range(_SENTENCES):
            self._starts.append(len(self._pieces))
            words = itertools.chain.from_iterable(
                source.choice(choices).split()
                for choices in (_SUBJECTS, _VERBS, _OBJECTS, _ENDINGS)
            )
            self._pieces.extend(f" {word}" for word in words)
            self._pieces.append(".")

    @functools.lru_cache(maxsize=1024)  # noqa: B019 - one per provider, as long-lived as the cache
    def stretch(self, digest: int, tokens: int) -> tuple[str, ...]:
        """Return `tokens` pieces that begin a sentence and end with a full stop."""
        if tokens < 1:
            return ()
        start = self._starts[digest % len(self._starts)]
        endless = itertools.cycle(self._pieces)
        pieces = list(itertools.islice(endless, start, start + tokens))
        pieces[0] = pieces[0].removeprefix(" ")
        if tokens > 1:
            pieces[-1] = "."
        return tuple(pieces)
