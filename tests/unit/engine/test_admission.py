"""Requests are admitted by priority, and a prompt that is being read holds a place."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Generator

import pytest

from routersvc.domain.catalogue.policies import Priority
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.catalogue.tenants import Tenant
from routersvc.domain.outcomes.errors import (
    DrainingError,
    OverloadedError,
    TenantLimit,
    TenantRateLimitedError,
)
from routersvc.engine.admission import Admission
from routersvc.testing.worlds import scripted_request


def admission(places: int) -> Admission:
    """Return an admission at time 1."""
    return Admission(
        max_concurrent_calls=places, tenants={}, clock=lambda: 1.0, wall_clock=lambda: 100.0
    )


@contextlib.contextmanager
def reading(admitted: Admission, tenant: str = "") -> Generator[None]:
    """Let a prompt be read meanwhile."""
    admitted.reading_begun(tenant)
    yield
    admitted.reading_ended(tenant)


def asking(priority: Priority) -> Request:
    """Return a request of a priority."""
    return scripted_request(routing=Routing(priority=priority))


def test_low_priority_is_shed_first() -> None:
    """Of four places the fourth is kept for the others, and the last one of 95 % for high."""
    admitted = admission(4)

    with reading(admitted), reading(admitted), reading(admitted):
        with pytest.raises(OverloadedError) as caught:
            admitted.admit(asking(Priority.LOW))
        with pytest.raises(OverloadedError):
            admitted.admit(asking(Priority.NORMAL))
        assert admitted.admit(asking(Priority.HIGH)).at == 1.0

    assert caught.value.retry_after == 1.0
    assert admitted.admit(asking(Priority.LOW)).received_at == 100.0


def test_one_tenant_leaves_room_for_the_others() -> None:
    """However much it asks for; where there is one tenant only, it may have all places."""
    tenants = {name: Tenant(name=name) for name in ("greedy", "quiet", "third")}
    admitted = admission(200)
    admitted.reconfigure(max_concurrent_calls=200, tenants=tenants)
    held = Counter[str]()

    def take_all(tenant: str) -> None:
        request = scripted_request(tenant=tenant)
        while True:
            admitted.admit(request)
            admitted.begun(tenant)
            held[tenant] += 1

    for tenant, why in (("greedy", "kept"), ("quiet", "kept"), ("third", "all 190 places")):
        with pytest.raises(OverloadedError, match=why):
            take_all(tenant)
    assert held == {"greedy": 171, "quiet": 18, "third": 1}

    for _ in range(100):
        admitted.ended("greedy")
    with pytest.raises(OverloadedError):
        take_all("quiet")
    assert held["quiet"] > 80

    admitted.reconfigure(max_concurrent_calls=200, tenants={"greedy": tenants["greedy"]})
    with pytest.raises(OverloadedError, match="all 190 places"):
        take_all("greedy")


def test_draining_router_admits_nothing() -> None:
    """Another replica can."""
    admitted = admission(4)
    admitted.draining = True

    with pytest.raises(DrainingError):
        admitted.admit(asking(Priority.HIGH))


async def test_router_is_idle_when_calls_and_readings_have_ended() -> None:
    """A drain waits for both."""
    admitted = admission(4)
    admitted.begun()
    with reading(admitted):
        waiting = asyncio.ensure_future(admitted.wait_idle())  # noqa: TID251 - awaited below
        await asyncio.sleep(0)
        admitted.ended()
        await asyncio.sleep(0)
        assert not waiting.done()

    await waiting
    assert admitted.calls == 0


async def test_tenant_has_its_own_places() -> None:
    """Calls and prompts that are being read hold them; other tenants are not concerned."""
    tenants = {
        "t": Tenant(name="t", max_concurrent_calls=2),
        "free": Tenant(name="free"),
    }
    admitted = Admission(
        max_concurrent_calls=10, tenants=tenants, clock=lambda: 1.0, wall_clock=lambda: 100.0
    )
    request = scripted_request(tenant="t")

    admitted.begun("t")
    with reading(admitted, "t"):
        with pytest.raises(TenantRateLimitedError) as caught:
            admitted.admit(request)
        admitted.admit(scripted_request(tenant="free"))
    admitted.admit(request)
    admitted.begun("free")
    admitted.reconfigure(
        max_concurrent_calls=10, tenants={"free": Tenant(name="free", max_concurrent_calls=1)}
    )
    admitted.admit(request)
    with pytest.raises(TenantRateLimitedError):
        admitted.admit(scripted_request(tenant="free"))
    admitted.ended("free")

    admitted.admit(scripted_request(tenant="free"))
    assert (caught.value.limit, caught.value.retry_after) == (TenantLimit.CONCURRENT_CALLS, 1.0)
