"""Measures of agreement between two rankings."""

from __future__ import annotations

import statistics
from collections.abc import Sequence


def spearman(values: Sequence[float], others: Sequence[float]) -> float:
    """Return Spearman's rank correlation; 0 where either has no spread."""
    if len(set(values)) < 2 or len(set(others)) < 2:  # noqa: PLR2004 - one value has no rank
        return 0.0
    return statistics.correlation(_ranks(values), _ranks(others))


def auc(values: Sequence[float], truth: Sequence[float]) -> float:
    """Return the chance that a member of the upper third by `truth` outranks one of the lower."""
    ordered = sorted(truth)
    low, high = ordered[len(ordered) // 3], ordered[-(len(ordered) // 3) - 1]
    if low == high:
        low, high = ordered[0], ordered[-1]
    pairs = list(zip(values, truth, strict=True))
    lower = [value for value, true in pairs if true <= low and true < high]
    upper = [value for value, true in pairs if true >= high and true > low]
    if not lower or not upper:
        return 0.5
    ranks = _ranks([*lower, *upper])
    won = sum(ranks[len(lower) :]) - len(upper) * (len(upper) - 1) / 2
    return won / (len(lower) * len(upper))


def _ranks(values: Sequence[float]) -> list[float]:
    """Return the rank of each value from 0; equal ones share the mean of theirs."""
    order = sorted(range(len(values)), key=values.__getitem__)
    ranks = [0.0] * len(values)
    start = 0
    while start < len(order):
        end = start
        while end + 1 < len(order) and values[order[end + 1]] == values[order[start]]:
            end += 1
        for place in order[start : end + 1]:
            ranks[place] = (start + end) / 2
        start = end + 1
    return ranks
