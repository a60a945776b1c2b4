"""Which calls the router admits while it is busy: each priority may fill a share of its places.

A call is admitted if fewer calls are running than the places of its priority. The places above the
share of a lower priority are thereby kept for the higher ones: low priority is shed first.

Of several tenants, each may hold so many times what is free: a tenant that takes all it can get
leaves room for the first calls of the others, and the more tenants are busy, the less each may
hold. These are the dynamic thresholds of Choudhury and Hahne (IEEE/ACM Transactions on Networking
6(2), 1998), which share the buffer of a switch among its ports.
"""

from __future__ import annotations

from collections.abc import Mapping

from routersvc.domain.catalogue.policies import Priority

PERCENT_OF_PLACES: Mapping[Priority, int] = {
    Priority.LOW: 75,
    Priority.NORMAL: 95,
    Priority.HIGH: 100,
}
"""How many percent of `max_concurrent_calls` may be taken when a call of a priority is admitted."""

MOST_OF_FREE = 9
"""How many times the free places a tenant may hold: 90 % of all places while it is alone."""


def leaves_room(*, taken: int, free: int) -> bool:
    """Whether a tenant that holds `taken` places may take one of those that are `free`."""
    return taken < MOST_OF_FREE * free


def places_for(priority: Priority, max_concurrent_calls: int) -> int:
    """Return the number of running calls at which a call of this priority is refused.

    Rounded down, but at least 1, so that a router with a single place serves every priority.
    """
    return max(1, max_concurrent_calls * PERCENT_OF_PLACES[priority] // 100)
