"""Choices that are the same on every replica without shared state.

Rendezvous hashing (Thaler and Ravishankar, 1998): each deployment gets a number hashed from the key
and its name, and the highest wins. If one is removed, only its own keys move, each to its second
choice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

from routersvc.domain.catalogue.deployments import Deployment

_RANGE = float(1 << 64)


def hash_fraction(key: str, name: str) -> float:
    """Return a hash of key and name as a number from 0 up to 1, uniformly distributed."""
    digest = hashlib.blake2b(f"{key}\0{name}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") / _RANGE


def by_affinity(key: str, deployments: Sequence[Deployment]) -> list[Deployment]:
    """Return deployments in the order in which this key prefers them."""
    return sorted(deployments, key=lambda one: hash_fraction(key, one.name), reverse=True)


def with_canaries(key: str, equals: Sequence[Deployment]) -> list[Deployment]:
    """Return deployments of one model with the canary first whose share contains the key, if any.

    The same key always gets the same canary. Other canaries come last. The order of deployments
    that are no canaries stays.
    """
    canaries = [one for one in equals if one.canary_share is not None]
    if not canaries:
        return list(equals)
    steady = [one for one in equals if one.canary_share is None]
    point = hash_fraction(key, equals[0].model.name)
    reached = 0.0
    for canary in sorted(canaries, key=lambda one: one.name):
        reached += canary.canary_share or 0.0
        if point < reached:
            return [canary, *steady, *(one for one in canaries if one is not canary)]
    return [*steady, *canaries]
