"""What callers and providers say, and keys, appear in no outlet of a running service."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from llmrouter.v1.prompt_pb2 import (
    ROLE_ASSISTANT,
    ROLE_SYSTEM,
    ROLE_USER,
    Message,
    Part,
    Prompt,
)
from llmrouter.v1.router_service_pb2 import CompleteRequest, StreamCompleteRequest
from routersvc.grpc_api.client.client import CallError, RouterClient
from routersvc.simulator import Behaviour, Constant, Fixed
from routersvc.telemetry.status_page import status

Start = Callable[..., AbstractAsyncContextManager[Any]]

SAID = "zanzibar-marmalade"
"""Stands in everything that a caller says."""

ANSWERED = "quixotic-pumpernickel"
"""Stands in every answer of a provider."""

KEY = "a key of the test"
PLANTED = (SAID, "zanzibar", "marmalade", ANSWERED, "quixotic", KEY)

PROMPT = Prompt(
    messages=[
        Message(role=ROLE_USER, parts=[Part(text=f"Who is {SAID}?")]),
        Message(role=ROLE_ASSISTANT, parts=[Part(text=SAID)]),
        Message(role=ROLE_USER, parts=[Part(text=f"And {SAID}?")]),
    ],
    end_user_id=SAID,
)
REFUSED = Prompt(
    messages=[Message(role=ROLE_SYSTEM, parts=[Part(text=SAID)]), *PROMPT.messages],
)
"""Needs what no deployment has."""

OUTLETS = """
telemetry:
  log: {level: debug}
  prometheus: {listen: "127.0.0.1:0"}
  status_page: {listen: "127.0.0.1:0"}
  tracing: {exporter: console, sample_ratio: 1.0}
decision_log: {directory: decisions}
"""


async def call(client: RouterClient) -> None:
    """Make unary and streamed calls, whatever becomes of them."""
    for prompt in (PROMPT, REFUSED):
        with contextlib.suppress(CallError):
            await client.complete(CompleteRequest(prompt=prompt))
    with contextlib.suppress(CallError):
        async for _ in client.stream(StreamCompleteRequest(prompt=PROMPT)):
            pass


async def fetched(address: tuple[str, int], path: str) -> str:
    """Return what a page of the service says."""
    host, port = address
    async with (
        aiohttp.ClientSession() as session,
        session.get(f"http://{host}:{port}{path}") as response,
    ):
        return await response.text()


async def test_nothing_that_was_said_leaves_by_any_outlet(
    start: Start,
    tmp_path: Path,
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In served, failed-over and failed calls, and in requests that nothing may serve."""
    monkeypatch.setattr(status, "INTERVAL", 0.01)
    behaviour = Behaviour(time_to_first_token=Constant(value=0.0), answer=Fixed(text=ANSWERED))

    async with start(behaviour, more=OUTLETS) as service:
        await call(service.client)
        for provider in service.simulator.providers:
            await provider.kill()
            await call(service.client)
        await service.settled()
        application = service.application
        page = ""
        while page.count('"policy":') < 8:
            page = await fetched(application.status_address, "/status.json")
        outlets = {"metrics": await fetched(application.metrics_address, "/metrics"), "page": page}
    outlets["log"] = service.log.getvalue()
    outlets["traces"] = capfd.readouterr().err
    outlets["decisions"] = "".join(
        path.read_text("utf-8") for path in (tmp_path / "decisions").iterdir()
    )

    assert outlets["decisions"].count("\n") == 12
    assert outlets["decisions"].count('"outcome":"no_eligible_deployment"') == 4
    assert outlets["log"].count('"call ended"') == 8
    assert outlets["traces"].count('"name": "chat sim-large"') >= 8
    assert 'routersvc_decision_log_records_total{result="dropped"} 0.0' in outlets["metrics"]
    assert {
        (name, word) for name, text in outlets.items() for word in PLANTED if word in text
    } == set()
