"""Takes out of texts what the detector finds, and what looks like a key or a token.

The detector tells that a text contains an identifier, not where. So a text is cut into sentences,
and a sentence with a finding is replaced as a whole. What is left is searched once more, because
identifiers and the words that announce them can lie in different sentences: a text in which
anything is found then is replaced as a whole. So the detector finds nothing in a redacted text.
"""

from __future__ import annotations

import re

from routersvc.domain.conversation.steps import finished
from routersvc.domain.profiling.identifiers import IdentifierDetector

_SENTENCE = re.compile(r"[^\n.!?;]*(?:[.!?;](?!\s)[^\n.!?;]*)*(?:[.!?;]|\n|$)\s*")
"""Up to a line break, or a mark that a space follows."""

_TOKEN = re.compile(r"(?<![A-Za-z0-9_+/=-])(?=[A-Za-z_+/=-]*[0-9])[A-Za-z0-9_+/=-]{20,}")
"""Twenty characters or more of keys, hashes and encoded data, with a digit."""

_TOKEN_REPLACEMENT = "[redacted: token]"  # noqa: S105 - stands where a token stood


class Redactor:
    """Redacts texts with a detector."""

    def __init__(self, detector: IdentifierDetector) -> None:
        self._detector = detector

    def redacted(self, text: str) -> str:
        """Return a text in which the detector finds nothing. Keeps line breaks."""
        text = _TOKEN.sub(_TOKEN_REPLACEMENT, text)
        found = self._kinds(text)
        if not found:
            return text
        left = "".join(self._sentence(match[0]) for match in _SENTENCE.finditer(text))
        return _replacement(found) if self._kinds(left) else left

    def _sentence(self, sentence: str) -> str:
        found = self._kinds(sentence)
        if not found:
            return sentence
        return _replacement(found) + sentence[len(sentence.rstrip()) :]

    def _kinds(self, text: str) -> list[str]:
        return [finding.kind.value for finding in finished(self._detector.detecting((text,)))]


def _replacement(kinds: list[str]) -> str:
    return f"[redacted: {', '.join(kinds)}]"
