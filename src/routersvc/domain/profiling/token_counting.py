"""Counts tokens exactly if an estimate cannot decide, with bounded effort.

    bounds of the size ─▶ bounds of a sample (long prompts) ─▶ exact count (all but huge prompts)

Each step is taken only if the result so far does not decide whether the prompt fits.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from routersvc.domain.conversation.steps import Steps
from routersvc.domain.profiling.token_estimates import TokenEstimate, estimate_of, windows

SAMPLED_FROM = 32_768
"""Characters of a prompt above which a sample is counted first; below, a full count is as fast."""

COUNTED_UP_TO = 524_288
"""Characters of a prompt up to which it is counted whole: about 20 ms of prose. Beyond, the sample
decides: no call may hold up all others for longer."""

_WINDOWS = 16
_WINDOW = 1024
_MARGIN = 1.15
"""Allowance for parts of a text that are denser than the densest of the sampled windows."""


PIECE = 10_240
"""Characters that are counted at a time: under a millisecond of prose, a few of random text."""

_BOUNDARY = re.compile(r"(?<=[a-z])(?= [a-z])")
"""Where a text can be cut without a change of its tokens: none extends past the end of a word."""

_BOUNDARY_WITHIN = 512


class TokenCounter(Protocol):
    """Counts the tokens of o200k_base in a text."""

    def count(self, text: str) -> int:
        """Return the number of tokens of a text. Never raises."""
        ...


def refining(
    texts: Sequence[str],
    known: TokenEstimate,
    *,
    counter: TokenCounter,
    is_too_vague: Callable[[TokenEstimate], bool],
) -> Steps[tuple[TokenEstimate, bool]]:
    """Return an estimate that is precise enough, and whether it is an exact count, in steps.

    `known` is the estimate of `texts`, refined while `is_too_vague` accepts it. For a huge prompt
    the result may still be too vague: then it is the estimate from samples.
    """
    if not is_too_vague(known):
        return known, False
    length = sum(map(len, texts))
    if length > SAMPLED_FROM:
        known = TokenEstimate()
        for text in texts:
            known += yield from _sampling(text, counter)
        if length > COUNTED_UP_TO or not is_too_vague(known):
            return known, False
    tokens = 0
    is_exact = True
    for text in texts:
        for piece, is_boundary in _pieces(text):
            tokens += counter.count(piece)
            is_exact &= is_boundary
            yield
    return TokenEstimate.exactly(tokens), is_exact


def _pieces(text: str) -> Iterator[tuple[str, bool]]:
    """Yield the pieces of a text, and whether each ends where no token does not end."""
    start = 0
    while len(text) - start > PIECE:
        end = start + PIECE
        boundary = _BOUNDARY.search(text, end - _BOUNDARY_WITHIN, end + 1)
        if boundary is not None:
            end = boundary.start()
        yield text[start:end], boundary is not None
        start = end
    yield text[start:], True


def _sampling(text: str, counter: TokenCounter) -> Steps[TokenEstimate]:
    """Return the estimate of a text from its windows with the most and the fewest tokens."""
    bounds = estimate_of(text)
    if len(text) <= 2 * _WINDOWS * _WINDOW:
        return bounds
    counts: list[int] = []
    for window in windows(text, count=_WINDOWS, size=_WINDOW):
        counts.append(counter.count(window))
        yield
    whole = len(text) / _WINDOW
    low = max(bounds.low, int(min(counts) * whole / _MARGIN))
    high = min(bounds.high, int(max(counts) * whole * _MARGIN))
    likely = round(sum(counts) / _WINDOWS * whole)
    return TokenEstimate(low=min(low, high), likely=max(low, min(high, likely)), high=high)
