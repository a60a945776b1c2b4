"""Counts tokens exactly if an estimate cannot decide, with bounded effort.

    bounds of the size ─▶ bounds of a sample (long prompts) ─▶ exact count (all but huge prompts)

Each step is taken only if the result so far does not decide whether the prompt fits.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

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


class TokenCounter(Protocol):
    """Counts the tokens of o200k_base in a text."""

    def count(self, text: str) -> int:
        """Return the number of tokens of a text. Never raises."""
        ...


def refined_estimate(
    texts: Sequence[str],
    known: TokenEstimate,
    *,
    counter: TokenCounter,
    is_too_vague: Callable[[TokenEstimate], bool],
) -> tuple[TokenEstimate, bool]:
    """Return an estimate that is precise enough, and whether it is an exact count.

    `known` is the estimate of `texts`, refined while `is_too_vague` accepts it. For a huge prompt
    the result may still be too vague: then it is the estimate from samples.
    """
    if not is_too_vague(known):
        return known, False
    length = sum(map(len, texts))
    if length > SAMPLED_FROM:
        known = sum((_sampled(text, counter) for text in texts), TokenEstimate())
        if length > COUNTED_UP_TO or not is_too_vague(known):
            return known, False
    return TokenEstimate.exactly(sum(map(counter.count, texts))), True


def _sampled(text: str, counter: TokenCounter) -> TokenEstimate:
    """Return the estimate of a text from its windows with the most and the fewest tokens."""
    bounds = estimate_of(text)
    if len(text) <= 2 * _WINDOWS * _WINDOW:
        return bounds
    counts = [counter.count(window) for window in windows(text, count=_WINDOWS, size=_WINDOW)]
    whole = len(text) / _WINDOW
    low = max(bounds.low, int(min(counts) * whole / _MARGIN))
    high = min(bounds.high, int(max(counts) * whole * _MARGIN))
    likely = round(sum(counts) / _WINDOWS * whole)
    return TokenEstimate(low=min(low, high), likely=max(low, min(high, likely)), high=high)
