"""Recognises an answer by which a vendor refuses a proof: a signature or an encrypted thought.

Nothing but the same request without its proofs follows from it, so that words are enough: an error
that merely echoes them costs one more request, and changes nothing for anybody else.
"""

from __future__ import annotations

import re

_STATUSES = frozenset({400, 422})

_WORDS = re.compile(
    rb"signature|encrypted[ _]content|encrypted reasoning"
    rb"|thinking[`'\"]? block|redacted_thinking|type [`'\"]?reasoning",
    re.IGNORECASE,
)


def refuses_proof(status: int, body: bytes) -> bool:
    """Return whether an error of this status says that a proof is not valid, or not in place."""
    return status in _STATUSES and _WORDS.search(body) is not None
