"""Deployments that are as good as each other, because they serve one model, share its load."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from routersvc.domain.catalogue import Deployment

Balance = Callable[[Sequence[Deployment]], Sequence[Deployment]]
"""Puts equal deployments in the order in which to try them."""


def in_order(deployments: Sequence[Deployment]) -> Sequence[Deployment]:
    """Leave equal deployments as they stand."""
    return deployments


def balanced(deployments: Sequence[Deployment], balance: Balance) -> tuple[Deployment, ...]:
    """Let the deployments of one model share the place of its first one in the order."""
    groups: dict[str, list[Deployment]] = {}
    for deployment in deployments:
        groups.setdefault(deployment.model.name, []).append(deployment)
    if len(groups) == len(deployments):
        return tuple(deployments)
    return tuple(
        deployment
        for group in groups.values()
        for deployment in (balance(group) if len(group) > 1 else group)
    )
