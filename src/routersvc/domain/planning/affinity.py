"""Choices that are the same on every replica without any shared state.

Rendezvous hashing (Thaler and Ravishankar, 1998): everyone gives each deployment a number drawn
from the key and its name, and the greatest wins. Where one is taken away only its own keys move,
each to its second choice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from routersvc.domain.catalogue.deployments import (
    Deployment,
)

_RANGE = float(1 << 64)


def drawn(key: str, name: str) -> float:
    """Return a number from 0 up to 1 that key and name always give, and that looks random."""
    digest = hashlib.blake2b(f"{key}\0{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / _RANGE


def by_affinity(key: str, deployments: Sequence[Deployment]) -> list[Deployment]:
    """Return deployments in the order in which this key prefers them."""
    return sorted(deployments, key=lambda one: drawn(key, one.name), reverse=True)


def with_canaries(key: str, equals: Sequence[Deployment]) -> list[Deployment]:
    """Put first, of the deployments that take a share of their model's traffic, whose turn it is.

    The same key always finds the same one. Others that take a share come last: they are there when
    nobody else is. The order of those that take none stays.
    """
    canaries = [one for one in equals if one.canary_share is not None]
    if not canaries:
        return list(equals)
    steady = [one for one in equals if one.canary_share is None]
    point = drawn(key, equals[0].model.name)
    reached = 0.0
    for canary in sorted(canaries, key=lambda one: one.name):
        reached += canary.canary_share or 0.0
        if point < reached:
            return [canary, *steady, *(one for one in canaries if one is not canary)]
    return [*steady, *canaries]
