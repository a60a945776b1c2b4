"""Hang-ups, death and life: what is noticed, what is logged, what is left."""

from __future__ import annotations

import asyncio
import random
import socket
from typing import TYPE_CHECKING

import aiohttp
import pytest

from routersvc.simulator import (
    Behaviour,
    Constant,
    Effect,
    Fault,
    Outcome,
    PortUnavailableError,
    ProviderCharacter,
    Silence,
    SimulatedProvider,
    Simulator,
    SimulatorSettings,
    SlowStart,
    Stall,
    UnknownProviderError,
)

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Connect


@pytest.mark.parametrize(
    ("effect", "stream", "mark", "tokens"),
    [
        (Silence(), False, None, 0),
        (Silence(), True, None, 0),
        (Stall(after_tokens=3), True, b'"content":', 3),
        (Stall(after_tokens=2, keep_alive_interval=0.005), True, b": keep-alive", 2),
        (Stall(), False, b'"choices"', 4),
        (SlowStart(duration=600, keep_alive_interval=0.005), True, b": keep-alive", 0),
        (SlowStart(duration=600, keep_alive_interval=0.005), False, b"\r\n\r\n1\r\n\n", 0),
    ],
)
async def test_a_client_that_hangs_up_is_noticed_at_once(
    alpha: SimulatedProvider,
    connect: Connect,
    effect: Effect,
    mark: bytes | None,
    tokens: int,
    *,
    stream: bool,
) -> None:
    """In silence, in a stall, between keep-alives: with the time and the tokens sent."""
    alpha.inject(Fault(effect=effect))
    async with connect() as raw:
        await raw.ask(stream=stream)
        await alpha.when(lambda activity: activity.requests_in_flight == 1)
        if mark is not None:
            await raw.receive_until(mark)
        raw.hang_up()
        await alpha.when(lambda activity: activity.open_connections == 0)
        await alpha.settled()

    [record] = alpha.log
    assert (record.outcome, record.tokens_sent) == (Outcome.CLIENT_HUNG_UP, tokens)
    assert record.ended_after is not None
    assert (record.bytes_sent > 0) is (mark is not None)


async def test_a_hang_up_while_tokens_flow(alpha: SimulatedProvider, connect: Connect) -> None:
    """The log says after how many."""
    alpha.behave(
        Behaviour(tokens_per_answer=Constant(value=5000), time_between_tokens=Constant(value=0.001))
    )
    async with connect() as raw:
        await raw.ask(stream=True)
        await raw.receive_until(b'"delta":{"content"', times=5)
        raw.hang_up()
        await alpha.settled()

    [record] = alpha.log
    assert record.outcome is Outcome.CLIENT_HUNG_UP
    assert 5 <= record.tokens_sent < 5000


async def test_a_hang_up_in_the_middle_of_the_request(
    alpha: SimulatedProvider, connect: Connect
) -> None:
    """The body never came whole."""
    async with connect() as raw:
        await raw.ask(headers={"content-length": "100000"})
        await alpha.when(lambda activity: activity.requests_in_flight == 1)
        raw.hang_up()
        await alpha.settled()

    assert alpha.log[-1].outcome is Outcome.CLIENT_HUNG_UP


async def test_a_client_that_does_not_read_is_waited_for(
    alpha: SimulatedProvider, connect: Connect
) -> None:
    """Backpressure: the answer is not piled up in memory, and a hang-up ends it."""
    alpha.behave(Behaviour(tokens_per_answer=Constant(value=16_000), tokens_per_chunk=1))
    alpha.inject(Fault(effect=Stall(after_tokens=15_999)))
    async with connect() as raw:
        await raw.ask(stream=True, max_tokens=16_000)
        await alpha.when(lambda activity: activity.requests_in_flight == 1)
        raw.hang_up()
        await alpha.settled()

    assert alpha.log[-1].outcome is Outcome.CLIENT_HUNG_UP


async def test_many_hang_ups_at_random_moments_leave_nothing(
    alpha: SimulatedProvider, connect: Connect
) -> None:
    """No connection, no request, no handler."""
    alpha.behave(
        Behaviour(
            tokens_per_answer=Constant(value=20),
            time_to_first_token=Constant(value=0.002),
            time_between_tokens=Constant(value=0.001),
        )
    )
    source = random.Random(11)

    async def come_and_go(patience: float, *, stream: bool) -> None:
        async with connect() as raw:
            await raw.ask(stream=stream)
            try:
                async with asyncio.timeout(patience):
                    await raw.answer()
            except TimeoutError:
                raw.hang_up()

    before = len(asyncio.all_tasks())
    async with asyncio.TaskGroup() as group:
        for _ in range(200):
            patience, stream = source.uniform(0, 0.03), source.random() < 0.5
            group.create_task(come_and_go(patience, stream=stream))
    await alpha.when(lambda activity: activity.open_connections == 0)
    await alpha.settled()
    await asyncio.sleep(0)

    outcomes = {record.outcome for record in alpha.log}
    assert len(alpha.log) <= 200
    assert outcomes <= {Outcome.COMPLETED, Outcome.CLIENT_HUNG_UP}
    assert Outcome.CLIENT_HUNG_UP in outcomes
    assert len(asyncio.all_tasks()) == before


async def test_a_killed_provider_refuses_and_resets(
    alpha: SimulatedProvider, connect: Connect
) -> None:
    """Connections under way are reset, new ones are refused, the log says why."""
    alpha.inject(Fault(effect=Stall(after_tokens=2)))
    async with connect() as raw:
        await raw.ask(stream=True)
        await raw.receive_until(b'"delta":{"content"', times=2)

        await alpha.kill()

        assert (await raw.answer()).reset
    with pytest.raises(ConnectionRefusedError):
        async with connect():
            pass
    assert not alpha.alive
    assert alpha.log[-1].outcome is Outcome.KILLED
    assert alpha.activity().open_connections == 0


async def test_a_killed_provider_takes_idle_connections_along(
    alpha: SimulatedProvider, connect: Connect
) -> None:
    """A pool full of dead connections is what clients meet."""
    async with connect() as raw:
        await raw.ask(headers={"connection": "keep-alive"})
        await raw.receive_until(b'"fp_')

        await alpha.kill()

        with pytest.raises(ConnectionResetError):
            await raw.receive()


async def test_a_revived_provider_is_where_it_was(
    alpha: SimulatedProvider, connect: Connect
) -> None:
    """Same port, same faults, same log; twice does no harm."""
    port = alpha.port
    await alpha.kill()
    await alpha.kill()

    await alpha.revive()
    await alpha.revive()

    async with connect() as raw:
        await raw.ask()
        assert (await raw.answer()).status == 200
    assert (alpha.port, alpha.alive) == (port, True)


@pytest.mark.parametrize("turns", range(6))
async def test_a_connection_that_comes_at_the_moment_of_death_is_reset(
    alpha: SimulatedProvider, connect: Connect, turns: int
) -> None:
    """Accepted by the kernel, not yet known to the server: the kill must not wait for it."""
    async with connect() as raw:
        for _ in range(turns):
            await asyncio.sleep(0)

        async with asyncio.timeout(60.0):
            await alpha.kill()

        with pytest.raises(ConnectionResetError):
            await raw.receive()
    assert alpha.activity().open_connections == 0


async def test_a_simulator_can_listen_on_ipv6() -> None:
    """The URL has the brackets that it needs."""
    settings = SimulatorSettings(providers=(ProviderCharacter(name="a"),), host="::1")

    async with Simulator.start(settings) as running, aiohttp.ClientSession() as session:
        async with session.get(f"{running.provider('a').base_url}/models") as response:
            assert response.status == 200
        async with session.get(running.control_url) as response:
            assert response.status == 200


async def test_nobody_gets_the_port_of_a_killed_provider(alpha: SimulatedProvider) -> None:
    """It must be able to come back."""
    await alpha.kill()

    with socket.socket() as thief, pytest.raises(OSError, match="Address already in use"):
        thief.bind(("127.0.0.1", alpha.port))


async def test_a_port_that_is_taken_is_refused_and_nothing_stays_open() -> None:
    """All ports are bound before anything is served."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        characters = [ProviderCharacter(name="a"), ProviderCharacter(name="b", port=port)]

        with pytest.raises(PortUnavailableError, match=f"cannot listen on 127.0.0.1:{port}: "):
            async with Simulator.start(characters):
                pass


async def test_closing_ends_what_is_under_way(connect: Connect, simulator: Simulator) -> None:
    """A simulator that leaves tasks behind would spoil the test that used it."""
    async with Simulator.start([ProviderCharacter(name="b")]) as other:
        provider = other.provider("b")
        provider.inject(Fault(effect=Silence()))
        reader, writer = await asyncio.open_connection("127.0.0.1", provider.port)
        writer.write(
            b"POST /v1/chat/completions HTTP/1.1\r\nhost: x\r\ncontent-length: 72\r\n\r\n"
            b'{"model":"sim-large","messages":[{"role":"user","content":"Hello there"}]}'[:72]
        )
        await provider.when(lambda activity: activity.requests_in_flight == 1)

    with pytest.raises(ConnectionResetError):
        await reader.read()
    writer.transport.abort()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", provider.port)
    assert simulator.provider("alpha").alive
    async with connect() as raw:
        await raw.ask()
        assert (await raw.answer()).status == 200


async def test_an_unknown_provider_is_answered_with_the_known(simulator: Simulator) -> None:
    """The sentence names them."""
    with pytest.raises(UnknownProviderError, match=r"`omega`.*alpha"):
        simulator.provider("omega")
