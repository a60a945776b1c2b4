"""Credentials stay fresh, and nobody waits who need not."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest
from tests.wording import Wording

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.credentials.refreshing import Lease, Refreshing

HOUR = 3_600.0


class Clock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.now = 1_790_000_000.0

    def __call__(self) -> float:
        """Return the time."""
        return self.now


class Source:
    """Gives tokens `t1`, `t2`, …, each when the test lets the fetch that was begun end."""

    def __init__(self, clock: Clock, *, lifetime: float | None = HOUR) -> None:
        self.begun: list[Callable[[], None]] = []
        self.fetches = 0
        self.failure: BaseException | None = None
        self._clock = clock
        self._lifetime = lifetime

    def tokens(self, *, patience: float = 30.0) -> Refreshing[str]:
        """Return tokens that are refreshed from here, four minutes ahead."""
        return Refreshing(
            self._fetch,
            clock=self._clock,
            ahead=240.0,
            pause=10.0,
            patience=patience,
            in_background=self.begun.append,
        )

    async def arrive(self) -> None:
        """End the one fetch that was begun, and let its outcome reach the loop."""
        (fetch,) = self.begun
        self.begun.clear()
        fetch()
        await asyncio.sleep(0)

    async def give(self, tokens: Refreshing[str]) -> str:
        """Ask for a token that has to be waited for."""
        async with asyncio.TaskGroup() as group:
            waiting = group.create_task(tokens.current())
            await asyncio.sleep(0)
            await self.arrive()
        return waiting.result()

    async def refuse(self, tokens: Refreshing[str]) -> Failure:
        """Ask for a token that cannot be had."""
        with pytest.raises(ExceptionGroup) as raised:
            await self.give(tokens)
        (error,) = raised.value.exceptions
        assert isinstance(error, AttemptFailedError)
        return error.failure

    def _fetch(self) -> Lease[str]:
        self.fetches += 1
        if self.failure is not None:
            raise self.failure
        lifetime = self._lifetime
        return Lease(
            value=f"t{self.fetches}",
            expires_at=None if lifetime is None else self._clock() + lifetime,
        )


@pytest.fixture
def clock() -> Clock:
    """A clock that the test moves."""
    return Clock()


@pytest.fixture
def source(clock: Clock) -> Source:
    """A source of tokens that live for an hour."""
    return Source(clock)


def failed(failure_class: FailureClass) -> AttemptFailedError:
    """Return the error that a source raises."""
    return AttemptFailedError(Failure(failure_class=failure_class, message="no token"))


async def test_first_request_waits_and_the_next_do_not(source: Source) -> None:
    """A token is fetched when somebody needs it, not when the service starts."""
    tokens = source.tokens()

    given = [await source.give(tokens), await tokens.current()]

    assert (given, source.fetches, source.begun) == (["t1", "t1"], 1, [])


async def test_many_who_wait_share_one_fetch(source: Source) -> None:
    """A token endpoint answers a thousand requests after a restart with rate limits."""
    tokens = source.tokens()

    async with asyncio.TaskGroup() as group:
        waiting = [group.create_task(tokens.current()) for _ in range(100)]
        await asyncio.sleep(0)
        await source.arrive()

    assert ({task.result() for task in waiting}, source.fetches) == ({"t1"}, 1)


async def test_token_that_is_still_valid_is_given_while_the_next_is_fetched(
    source: Source, clock: Clock
) -> None:
    """Nobody's answer waits for a refresh that is merely due, and it is begun once."""
    tokens = source.tokens()
    await source.give(tokens)

    clock.now += HOUR - 240.0
    given = [await tokens.current(), await tokens.current()]
    await source.arrive()
    given.append(await tokens.current())

    assert (given, source.fetches) == (["t1", "t1", "t2"], 2)


async def test_token_is_not_fetched_before_it_is_due(source: Source, clock: Clock) -> None:
    """Vendors limit how many tokens they give out."""
    tokens = source.tokens()
    await source.give(tokens)

    clock.now += HOUR - 241.0
    await tokens.current()

    assert source.begun == []


async def test_expired_token_is_never_used(source: Source, clock: Clock) -> None:
    """The provider would refuse it, and the credential would be disabled."""
    tokens = source.tokens()
    await source.give(tokens)

    clock.now += HOUR - 4.0

    assert await source.give(tokens) == "t2"


async def test_failed_refresh_changes_nothing_while_the_token_is_valid(
    source: Source, clock: Clock
) -> None:
    """A token endpoint may be away for minutes without anybody's noticing, and is not stormed."""
    tokens = source.tokens()
    await source.give(tokens)
    source.failure = failed(FailureClass.CONNECT)

    clock.now += HOUR - 240.0
    given = [await tokens.current()]
    await source.arrive()
    clock.now += 9.0
    given.append(await tokens.current())
    in_the_pause = len(source.begun)
    clock.now += 1.0
    given.append(await tokens.current())

    assert given == ["t1", "t1", "t1"]
    assert (in_the_pause, len(source.begun)) == (0, 1)


@pytest.mark.parametrize("failure_class", [FailureClass.AUTHENTICATION, FailureClass.CONNECT])
async def test_failure_of_the_source_is_the_attempts(
    source: Source, failure_class: FailureClass
) -> None:
    """One means that the credential is wrong, the other that something is away."""
    source.failure = failed(failure_class)

    failure = await source.refuse(source.tokens())

    assert failure.failure_class is failure_class


async def test_source_is_asked_again_after_a_failure(source: Source) -> None:
    """The next attempt may find it back."""
    tokens = source.tokens()
    source.failure = failed(FailureClass.CONNECT)
    await source.refuse(tokens)

    source.failure = None

    assert await source.give(tokens) == "t2"


async def test_unforeseen_error_of_a_library_does_not_tell_what_it_holds(
    source: Source, wording: Wording
) -> None:
    """Its text may quote a secret, so only its name is passed on."""
    source.failure = RuntimeError("client_secret=hunter2")

    failure = await source.refuse(source.tokens())

    assert failure.failure_class is FailureClass.AUTHENTICATION
    assert "hunter2" not in failure.message
    wording(failure.message)


async def test_one_who_gives_up_waiting_does_not_end_the_others_wait(source: Source) -> None:
    """A caller that goes away must not cost everybody else the token."""
    tokens = source.tokens()

    async with asyncio.TaskGroup() as group:
        impatient = group.create_task(tokens.current())
        patient = group.create_task(tokens.current())
        await asyncio.sleep(0)
        impatient.cancel()
        await asyncio.sleep(0)
        await source.arrive()

    assert (impatient.cancelled(), patient.result(), source.fetches) == (True, "t1", 1)


async def test_wait_ends_although_the_library_hangs(source: Source) -> None:
    """An attempt without a token is one that could not connect."""
    tokens = source.tokens(patience=30.0)

    with pytest.raises(AttemptFailedError) as raised:
        await tokens.current()

    assert asyncio.get_running_loop().time() == 30.0
    assert raised.value.failure.failure_class is FailureClass.CONNECT


async def test_refused_token_is_replaced_but_not_one_that_has_just_come(
    source: Source, clock: Clock
) -> None:
    """Refusals of the old token still arrive after the new one has come."""
    tokens = source.tokens()
    await source.give(tokens)
    clock.now += 10.0

    tokens.discard()
    second = await source.give(tokens)
    tokens.discard()

    assert (second, await tokens.current()) == ("t2", "t2")


async def test_short_lived_token_lives_half_its_life_in_peace(clock: Clock) -> None:
    """Otherwise each request would start a refresh."""
    source = Source(clock, lifetime=100.0)
    tokens = source.tokens()
    await source.give(tokens)

    clock.now += 49.0
    await tokens.current()
    early = len(source.begun)
    clock.now += 1.0
    await tokens.current()

    assert (early, len(source.begun)) == (0, 1)


async def test_credential_without_an_end_is_fetched_once(clock: Clock) -> None:
    """Keys from the environment do not expire."""
    source = Source(clock, lifetime=None)
    tokens = source.tokens()
    await source.give(tokens)

    clock.now += 1_000 * HOUR

    assert (await tokens.current(), source.begun) == ("t1", [])


def test_lease_does_not_show_what_it_holds() -> None:
    """It stands in tracebacks."""
    assert "hunter2" not in repr(Lease(value="hunter2", expires_at=1.0))
