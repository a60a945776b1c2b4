"""Serving from a settings file until a signal comes."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import aiohttp
import grpc
import pytest
from grpc import aio
from tests.certificates import Authority

from llmrouter.v1 import router_service_pb2, router_service_pb2_grpc
from routersvc.app.application import Application, open_application
from routersvc.app.serving import serve
from routersvc.app.wire_formats import known_wire_formats
from routersvc.grpc_api.server import EdgeServer
from routersvc.settings.loading import load_settings
from routersvc.settings.settings import Settings
from routersvc.tokenizer.counter import O200kCounter

ROUTES = """
providers:
  alpha: {wire_format: openai_chat, base_url: http://127.0.0.1:1/v1}
models:
  large: {context_window: 128000}
deployments:
  alpha-large: {provider: alpha, model: large}
policies:
  default: {deployments: [alpha-large]}
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings of a server on a free port and on a socket, patient beyond any test."""
    return loaded(
        tmp_path,
        f'server: {{listen: ["127.0.0.1:0", "unix:{tmp_path}/s"], '
        "drain: {notice_delay: 10m, grace: 10m}}",
    )


def loaded(folder: Path, server: str) -> Settings:
    """Return the settings of a file with this section."""
    file = folder / "settings.yaml"
    file.write_text(ROUTES + server)
    return load_settings(file, environment={}, known_wire_formats=known_wire_formats())


async def health(address: str) -> list[str]:
    """Return the deployments that a server tells of."""
    async with aio.insecure_channel(address) as channel:
        stub: router_service_pb2_grpc.RouterServiceAsyncStub = (
            router_service_pb2_grpc.RouterServiceStub(channel)
        )
        response = await stub.ProviderHealth(router_service_pb2.ProviderHealthRequest())
    return [it.deployment.deployment for it in response.deployments]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_signals_end_it_in_good_order(settings: Settings, number: signal.Signals) -> None:
    """The first begins the drain, each further one ends a stage of it."""
    log = io.StringIO()
    begun = asyncio.Event()
    running: list[Application] = []

    def ready(application: Application) -> None:
        running.append(application)
        begun.set()

    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(
            serve(settings, stream=log, wall_clock=lambda: 1_000.0, ready=ready)
        )
        await begun.wait()
        (application,) = running
        told = [await health(address) for address in application.addresses]
        os.kill(os.getpid(), number)
        await application.drain.wait_requested()
        while not serving.done():
            os.kill(os.getpid(), number)
            await asyncio.sleep(0)

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    messages = [line["message"] for line in lines if line["logger"] != "routersvc.fleet"]
    assert told == [["alpha-large"], ["alpha-large"]]
    assert messages == ["serving", "draining", "drained"]


async def test_scrape_of_a_new_service_has_the_series_of_its_settings(tmp_path: Path) -> None:
    """Before the first call, so that alerts see the first failure."""
    settings = loaded(
        tmp_path,
        'server: {listen: ["127.0.0.1:0"]}\ntelemetry: {prometheus: {listen: "127.0.0.1:0"}}',
    )

    async with (
        open_application(settings, stream=io.StringIO(), wall_clock=lambda: 1_000.0) as application,
        aiohttp.ClientSession() as session,
    ):
        assert application.metrics_address is not None
        host, port = application.metrics_address
        async with session.get(f"http://{host}:{port}/metrics") as response:
            text = await response.text()

    deployment = 'deployment="alpha-large",model="large",provider="alpha"'
    assert {
        'routersvc_all_calls_total{outcome="served",streaming="true"} 0.0',
        'routersvc_calls_total{outcome="served",policy="default",streaming="true"} 0.0',
        f"routersvc_queued_calls{{{deployment}}} 0.0",
        f"routersvc_cost_usd_total{{{deployment}}} 0.0",
    } <= set(text.splitlines())


@pytest.fixture
def number(request: pytest.FixtureRequest) -> Iterator[signal.Signals]:
    """A signal with its default effect, which a supervisor may have switched off for the tests."""
    number: signal.Signals = request.param
    before = signal.signal(number, signal.SIG_DFL)
    yield number
    signal.signal(number, before)


@pytest.mark.parametrize("number", [signal.SIGUSR1, signal.SIGUSR2], indirect=True)
async def test_other_signals_are_ignored(settings: Settings, number: signal.Signals) -> None:
    """Supervisors and log rotation send them, and their default would end the process."""
    log = io.StringIO()
    begun = asyncio.Event()

    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(
            serve(settings, stream=log, wall_clock=lambda: 1_000.0, ready=lambda _: begun.set())
        )
        await begun.wait()
        os.kill(os.getpid(), number)
        while "signal ignored" not in log.getvalue():  # noqa: ASYNC110 - no event tells of a log line
            await asyncio.sleep(0)
        assert not serving.done()
        while not serving.done():
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0)

    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    (ignored,) = [line for line in lines if "signal ignored" in line["message"]]
    assert ignored["signal"] == number.name


async def health_seen(
    application: Application, trusted: Authority
) -> router_service_pb2.ProviderHealthResponse:
    """Return what a client with TLS learns of the health."""
    address = application.addresses[0].replace("127.0.0.1", "localhost")
    credentials = grpc.ssl_channel_credentials(trusted.pem)
    async with aio.secure_channel(address, credentials) as channel:
        stub: router_service_pb2_grpc.RouterServiceAsyncStub = (
            router_service_pb2_grpc.RouterServiceStub(channel)
        )
        return await stub.ProviderHealth(router_service_pb2.ProviderHealthRequest())


async def test_hangup_reloads_settings_and_certificate(tmp_path: Path) -> None:
    """Everything that the file says, and what it refers to; a broken file changes nothing."""
    old, new = Authority("old"), Authority("new")
    file = tmp_path / "settings.yaml"
    tls = "tls: {certificate_file: crt.pem, private_key_file: key.pem}"
    server = f'server: {{listen: ["127.0.0.1:0"], {tls}, reload: {{watch: false}}}}\n'

    def write(authority: Authority, routes: str) -> None:
        issued = authority.issue("router", hosts=["localhost"])
        (tmp_path / "crt.pem").write_bytes(issued.chain)
        (tmp_path / "key.pem").write_bytes(issued.private_key)
        file.write_text(routes + server)

    def load() -> Settings:
        return load_settings(file, environment={}, known_wire_formats=known_wire_formats())

    async def hang_up(reloads: Callable[[], int]) -> None:
        before = reloads()
        os.kill(os.getpid(), signal.SIGHUP)
        while reloads() == before:  # noqa: ASYNC110 - no event tells of a reload
            await asyncio.sleep(0)

    write(old, ROUTES)
    log, begun = io.StringIO(), asyncio.Event()
    running: list[Application] = []

    def ready(application: Application) -> None:
        running.append(application)
        begun.set()

    async with asyncio.TaskGroup() as tasks:
        serving = tasks.create_task(
            serve(load(), stream=log, wall_clock=lambda: 1_000.0, ready=ready, load=load)
        )
        await begun.wait()
        (application,) = running
        status = application.router.reloads
        first = await health_seen(application, old)
        write(new, ROUTES.replace("alpha-large", "renamed"))
        await hang_up(lambda: status.applied)
        second = await health_seen(application, new)
        with pytest.raises(aio.AioRpcError):
            await health_seen(application, old)
        write(old, "nonsense")
        await hang_up(lambda: status.refused)
        third = await health_seen(application, new)
        while not serving.done():
            os.kill(os.getpid(), signal.SIGTERM)
            await asyncio.sleep(0)

    names = [[it.deployment.deployment for it in one.deployments] for one in (first, second, third)]
    assert names == [["alpha-large"], ["renamed"], ["renamed"]]
    configurations = [one.configuration for one in (first, second, third)]
    assert configurations[0].digest != configurations[1].digest == configurations[2].digest
    assert [it.HasField("last_failed_time") for it in configurations] == [False, False, True]
    assert configurations[2].last_failed_problems > 0
    messages = [json.loads(line)["message"] for line in log.getvalue().splitlines()]
    assert "settings reloaded" in messages
    assert "settings refused: those in force stay" in messages


async def test_real_ports_are_logged(settings: Settings, tmp_path: Path) -> None:
    """Port 0 takes a free one, and whoever started the service must learn it."""
    async with open_application(
        settings, stream=io.StringIO(), wall_clock=lambda: 0.0
    ) as application:
        host_port, socket = application.addresses

    assert host_port.startswith("127.0.0.1:")
    assert int(host_port.rpartition(":")[2]) > 0
    assert socket == f"unix:{tmp_path}/s"


async def test_vocabulary_is_loaded_before_calls_come(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Later, the prompt of one caller would hold up the calls of all others while it is loaded."""
    steps: list[str] = []
    start = EdgeServer.start

    def load(_: O200kCounter) -> None:
        steps.append("loaded")

    async def starting(server: EdgeServer) -> tuple[str, ...]:
        steps.append("listens")
        return await start(server)

    monkeypatch.setattr(O200kCounter, "load", load)
    monkeypatch.setattr(EdgeServer, "start", starting)

    async with open_application(settings, stream=io.StringIO(), wall_clock=lambda: 0.0):
        assert steps == ["loaded", "listens"]


async def test_taken_port_is_refused_by_name(tmp_path: Path) -> None:
    """Two servers on one port would share its calls in silence."""
    first = loaded(tmp_path, 'server: {listen: ["127.0.0.1:0"]}')
    async with open_application(first, stream=io.StringIO(), wall_clock=lambda: 0.0) as running:
        (address,) = running.addresses
        second = loaded(tmp_path, f'server: {{listen: ["{address}"]}}')

        with pytest.raises(OSError, match=f"`{address}` cannot be bound"):
            async with open_application(second, stream=io.StringIO(), wall_clock=lambda: 0.0):
                pass
