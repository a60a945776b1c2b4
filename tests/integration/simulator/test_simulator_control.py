"""The control endpoint: a drill by HTTP, on the control port and on a provider's own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from routersvc.simulator import (
    Behaviour,
    Constant,
    Fault,
    ProviderCharacter,
    Reset,
    Silence,
    SimulatedProvider,
    Simulator,
    Stall,
)

if TYPE_CHECKING:
    from tests.integration.simulator.conftest import Connect


class Control:
    """Calls control endpoints."""

    def __init__(self, session: aiohttp.ClientSession, simulator: Simulator) -> None:
        self._session = session
        self._everything = simulator.control_url
        self._alpha = f"{simulator.provider('alpha').origin}/_control"

    async def all(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Call the control port."""
        return await self._call(method, self._everything + path, body)

    async def alpha(self, method: str, path: str, body: object = None) -> tuple[int, Any]:
        """Call the provider's own port."""
        return await self._call(method, self._alpha + path, body)

    async def _call(self, method: str, url: str, body: object) -> tuple[int, Any]:
        if isinstance(body, bytes):
            request = self._session.request(method, url, data=body)
        else:
            request = self._session.request(method, url, json=body)
        async with request as response:
            return response.status, await response.json()


@pytest.fixture
async def control(simulator: Simulator) -> AsyncIterator[Control]:
    """The control endpoints of the simulator."""
    async with aiohttp.ClientSession() as session:
        yield Control(session, simulator)


async def test_the_state_tells_everything_but_keys(control: Control) -> None:
    """One look says what a provider is and does."""
    status, state = await control.alpha("GET", "")

    assert status == 200
    assert state == (await control.alpha("GET", "/state"))[1] | {"activity": state["activity"]}
    assert (state["name"], state["alive"], state["wire_format"]) == ("alpha", True, "openai_chat")
    assert state["base_url"].startswith("http://127.0.0.1:")
    assert state["models"] == ["sim-large", "sim-small", "sim-reasoner"]
    assert state["behaviour"]["tokens_per_answer"] == {"kind": "constant", "value": 8}
    assert (state["faults"], state["api_keys"]) == ([], 1)
    assert "0123456789" not in str(state)


async def test_the_control_port_knows_all_providers(simulator: Simulator, control: Control) -> None:
    """A killed provider cannot answer for itself."""
    await simulator.provider("alpha").kill()

    everything = (await control.all("GET", ""))[1]
    listed = (await control.all("GET", "/providers"))[1]
    one = (await control.all("GET", "/providers/alpha/state"))[1]
    activity = (await control.all("GET", "/activity"))[1]

    assert everything == listed == {"alpha": one}
    assert one["alive"] is False
    assert activity["alpha"]["open_connections"] == 0


async def test_behaviour_is_read_replaced_and_changed(
    alpha: SimulatedProvider, control: Control
) -> None:
    """PUT replaces all, PATCH only what is named."""
    put = await control.alpha("PUT", "/behaviour", {"tokens_per_answer": 3})
    patch = await control.alpha("PATCH", "/behaviour", {"time_to_first_token": 0.5})

    assert put[0] == patch[0] == 200
    assert alpha.behaviour == Behaviour(
        tokens_per_answer=Constant(value=3), time_to_first_token=Constant(value=0.5)
    )
    assert (await control.alpha("GET", "/behaviour"))[1] == patch[1]


async def test_what_is_read_can_be_put_back(control: Control, alpha: SimulatedProvider) -> None:
    """A drill restores what it found."""
    before = alpha.behaviour
    found = (await control.alpha("GET", "/behaviour"))[1]
    await control.alpha("PUT", "/behaviour", {"tokens_per_chunk": 9})

    await control.alpha("PUT", "/behaviour", found)

    assert alpha.behaviour == before


async def test_faults_are_injected_listed_and_removed(
    alpha: SimulatedProvider, control: Control
) -> None:
    """One, several, one out, all out."""
    one = await control.alpha("POST", "/faults", {"kind": "stall", "after_tokens": 3, "count": 2})
    more = await control.alpha("POST", "/faults", ["reset", {"kind": "silence", "model": "m"}])

    assert (one[0], more[0]) == (201, 201)
    assert (one[1]["id"], one[1]["left"], one[1]["after_tokens"]) == ("fault-1", 2, 3)
    assert [active.fault for active in alpha.faults] == [
        Fault(effect=Stall(after_tokens=3), count=2),
        Fault(effect=Reset()),
        Fault(effect=Silence(), model="m"),
    ]
    listed = (await control.alpha("GET", "/faults"))[1]
    assert [fault["kind"] for fault in listed] == ["stall", "reset", "silence"]
    left = (await control.alpha("DELETE", "/faults/fault-2"))[1]
    assert [fault["id"] for fault in left] == ["fault-1", "fault-3"]
    assert (await control.alpha("DELETE", "/faults"))[1] == []


async def test_a_list_with_a_mistake_injects_nothing(
    alpha: SimulatedProvider, control: Control
) -> None:
    """Half a drill is none."""
    status, answer = await control.alpha("POST", "/faults", ["reset", {"kind": "rest"}])

    assert (status, answer["error"]["path"]) == (400, "[1].kind")
    assert alpha.faults == ()


async def test_a_provider_is_killed_and_revived_over_the_control_port(
    alpha: SimulatedProvider, control: Control
) -> None:
    """The only way back."""
    killed = await control.all("POST", "/providers/alpha/kill")
    with pytest.raises(aiohttp.ClientConnectorError):
        await control.alpha("GET", "")
    revived = await control.all("POST", "/providers/alpha/revive")

    assert (killed[0], killed[1]["alive"]) == (200, False)
    assert (revived[0], revived[1]["alive"]) == (200, True)
    assert (await control.alpha("GET", ""))[0] == 200
    assert alpha.alive


async def test_a_provider_answers_its_own_death_sentence(
    alpha: SimulatedProvider, control: Control, connect: Connect
) -> None:
    """The connection that carries the order is spared until the answer is out."""
    async with connect() as raw:
        await alpha.when(lambda activity: activity.open_connections == 1)

        status, state = await control.alpha("POST", "/kill")

        assert (status, state["alive"]) == (200, False)
        with pytest.raises(ConnectionResetError):
            await raw.receive()
    await alpha.when(lambda activity: activity.open_connections == 0)


async def test_the_log_is_read_filtered_and_cleared(
    alpha: SimulatedProvider, control: Control, connect: Connect
) -> None:
    """Who asked, what became of it, and only the end of the key."""
    for model in ("sim-large", "sim-huge", "sim-small"):
        async with connect() as raw:
            await raw.ask(model=model, headers={"traceparent": "00-1"})
            await raw.answer()

    everything = (await control.alpha("GET", "/log"))[1]
    refused = (await control.alpha("GET", "/log?outcome=refused"))[1]
    newest = (await control.all("GET", "/log?limit=1"))[1]
    cleared = (await control.all("DELETE", "/log"))[1]

    assert everything["forgotten"] == 0
    assert [entry["outcome"] for entry in everything["requests"]] == [
        "completed",
        "refused",
        "completed",
    ]
    first = everything["requests"][0]
    assert (first["provider"], first["path"]) == ("alpha", "/v1/chat/completions")
    assert (first["api_key_end"], first["headers"]) == ("6789", {"traceparent": "00-1"})
    assert [entry["status"] for entry in refused["requests"]] == [404]
    assert [entry["model"] for entry in newest["requests"]] == ["sim-small"]
    assert cleared["requests"] == []
    assert alpha.log == ()


async def test_activity_is_read_and_its_peaks_are_reset(
    control: Control, alpha: SimulatedProvider, connect: Connect
) -> None:
    """High-water marks tell what happened between two looks."""
    async with connect(), connect(), connect():
        await alpha.when(lambda activity: activity.open_connections == 3)
    await alpha.when(lambda activity: activity.open_connections == 0)

    before = (await control.alpha("GET", "/activity"))[1]
    after = (await control.alpha("DELETE", "/activity"))[1]

    # The control call is a connection too.
    assert (before["peak_open_connections"], before["connections_accepted"]) == (3, 4)
    assert (after["peak_open_connections"], after["requests_received"]) == (1, 0)


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "kind", "key"),
    [
        ("PATCH", "/behaviour", {"tokenz": 1}, 400, "unknown_key", "tokenz"),
        ("PATCH", "/behaviour", {"tokens_per_chunk": 0}, 400, "invalid_value", None),
        ("PUT", "/behaviour", {"tokens_per_chunk": "4"}, 400, "invalid_value", "tokens_per_chunk"),
        ("PUT", "/behaviour", [], 400, "invalid_value", None),
        ("PUT", "/behaviour", b"{", 400, "invalid_json", None),
        ("POST", "/faults", b"", 400, "invalid_json", None),
        ("POST", "/faults", {"kind": "stall", "after": 3}, 400, "unknown_key", "after"),
        ("POST", "/faults", {"kind": "status"}, 400, "invalid_value", None),
        ("POST", "/faults", {"after_tokens": 3}, 400, "invalid_value", "kind"),
        ("DELETE", "/faults/fault-9", None, 404, "unknown_fault", None),
        ("DELETE", "/faults/fault-9/x", None, 404, "not_found", None),
        ("GET", "/kill", None, 405, "method_not_allowed", None),
        ("POST", "/log", None, 405, "method_not_allowed", None),
        ("GET", "/log?limit=0", None, 400, "invalid_value", "query.limit"),
        ("GET", "/log?outcome=nice", None, 400, "invalid_value", "query.outcome"),
        ("GET", "/log?since=1", None, 400, "unknown_key", "query.since"),
        ("GET", "/nothing", None, 404, "not_found", None),
    ],
)
async def test_refused_calls_say_why(
    control: Control,
    method: str,
    path: str,
    body: object,
    status: int,
    kind: str,
    key: str | None,
) -> None:
    """Typed, with the key and a sentence."""
    answered, answer = await control.alpha(method, path, body)

    assert answered == status
    assert (answer["error"]["type"], answer["error"]["path"]) == (kind, key)
    assert answer["error"]["message"]


async def test_refused_calls_of_the_control_port(control: Control, simulator: Simulator) -> None:
    """An unknown provider, an unknown path, and a path that is no control call."""
    unknown = await control.all("GET", "/providers/omega")
    nothing = await control.all("GET", "/nothing")
    async with (
        aiohttp.ClientSession() as session,
        session.get(simulator.control_url.replace("_control", "v1/models")) as response,
    ):
        elsewhere = response.status, (await response.json())["error"]["type"]

    assert (unknown[0], unknown[1]["error"]["type"]) == (404, "unknown_provider")
    assert "alpha" in unknown[1]["error"]["message"]
    assert (nothing[0], nothing[1]["error"]["type"]) == (404, "not_found")
    assert elsewhere == (404, "not_found")


async def test_control_calls_are_no_requests(alpha: SimulatedProvider, control: Control) -> None:
    """Looking must not change what is seen."""
    await control.alpha("GET", "/log")

    assert alpha.log == ()
    assert alpha.activity().requests_received == 0


async def test_providers_share_one_control_port() -> None:
    """Log entries of all come in the order in which they were received."""
    characters = [ProviderCharacter(name="a"), ProviderCharacter(name="b")]
    async with Simulator.start(characters) as simulator, aiohttp.ClientSession() as session:
        for provider in (*simulator.providers, simulator.provider("a")):
            async with session.get(f"{provider.base_url}/models") as response:
                assert response.status == 200
        async with session.get(f"{simulator.control_url}/log") as response:
            log = await response.json()

    assert [entry["id"] for entry in log["requests"]] == ["a-1", "b-2", "a-3"]
