"""The address that Prometheus scrapes, over real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import gzip
from collections.abc import Callable, Iterator

import aiohttp
import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.openmetrics import parser as open_metrics
from prometheus_client.parser import text_string_to_metric_families

from routersvc.telemetry import http_serving
from routersvc.telemetry.exposition import serve_metrics
from routersvc.telemetry.metrics import Metrics
from routersvc.telemetry.options import MetricsOptions
from routersvc.telemetry.outcomes import CallOutcome

ANYWHERE = MetricsOptions(host="127.0.0.1", port=0)


@pytest.fixture
def registry() -> CollectorRegistry:
    """Return a registry with one refused call."""
    metrics = Metrics(version="1")
    metrics.call_refused(CallOutcome.DRAINING, streaming=False)
    registry = CollectorRegistry()
    registry.register(metrics)
    return registry


async def _exchange(address: tuple[str, int], sent: bytes, *, hang_up: bool = False) -> bytes:
    """Send bytes, hang up or not, and return what comes back until the server closes."""
    reader, writer = await asyncio.open_connection(*address)
    try:
        writer.write(sent)
        if hang_up:
            writer.write_eof()
        return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


async def test_scrape_finds_the_metrics(registry: CollectorRegistry) -> None:
    """Without an `Accept` header it is Prometheus's own text format."""
    async with (
        serve_metrics(ANYWHERE, registry) as (host, port),
        aiohttp.ClientSession() as session,
        session.get(f"http://{host}:{port}/metrics") as response,
    ):
        text = await response.text()

    families = {family.name: family for family in text_string_to_metric_families(text)}
    assert response.status == 200
    assert response.headers["Content-Type"].startswith("text/plain; version=")
    assert families["routersvc_refused_calls"].samples[0].value == 1


async def test_open_metrics_is_served_to_who_asks(registry: CollectorRegistry) -> None:
    """It ends once, although the families are rendered one by one."""
    accept = {"Accept": "application/openmetrics-text; version=1.0.0"}
    async with (
        serve_metrics(ANYWHERE, registry) as (host, port),
        aiohttp.ClientSession(headers=accept) as session,
        session.get(f"http://{host}:{port}/metrics") as response,
    ):
        text = await response.text()

    assert response.headers["Content-Type"].startswith("application/openmetrics-text")
    assert text.count("# EOF\n") == 1
    parse: Callable[[str], Iterator[Metric]] = vars(open_metrics)["text_string_to_metric_families"]
    assert "routersvc_refused_calls" in {family.name for family in parse(text)}


async def test_scrape_is_compressed_for_who_asks(registry: CollectorRegistry) -> None:
    """Prometheus asks for it, and metrics shrink to a tenth."""
    async with serve_metrics(ANYWHERE, registry) as address:
        answer = await _exchange(
            address,
            b"GET /metrics HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip\r\n"
            b"Connection: close\r\n\r\n",
        )

    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"Content-Encoding: gzip" in head
    assert b"routersvc_refused_calls_total" in gzip.decompress(body)


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"404"),
        (b"POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", b"405"),
        (b"GET /metrics HTTP/1.1\r\nHost x\r\n\r\n", b"400"),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n", b"400"),
        (b"GET /" + b"m" * 100_000 + b" HTTP/1.1\r\nHost: x\r\n\r\n", b"400"),
        (b"GET /metrics HTTP/1.1\r\nHo", b""),
        (b"", b""),
    ],
)
async def test_bad_request_affects_no_other_scrape(
    registry: CollectorRegistry, sent: bytes, status: bytes
) -> None:
    """Scanners, half requests and TLS on a plain port: the next scrape still works."""
    async with serve_metrics(ANYWHERE, registry) as address:
        answer = await _exchange(address, sent, hang_up=not status)
        next_answer = await _exchange(
            address, b"GET /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        )

    assert answer[9:12] == status
    assert next_answer.startswith(b"HTTP/1.1 200 OK")


async def test_open_connection_does_not_hold_up_the_end(registry: CollectorRegistry) -> None:
    """Prometheus keeps its connection; the server goes away all the same."""
    async with aiohttp.ClientSession() as session:
        async with serve_metrics(ANYWHERE, registry) as (host, port):
            url = f"http://{host}:{port}/metrics"
            async with session.get(url) as response:
                await response.read()

        with pytest.raises(aiohttp.ClientConnectionError):
            await session.get(url)


async def test_half_request_is_not_kept(
    registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Otherwise its connections would use up the descriptors of the service."""
    monkeypatch.setattr(http_serving, "CONNECTION_TIME", 0.0)
    async with serve_metrics(ANYWHERE, registry) as (host, port):
        reader, writer = await asyncio.open_connection(host, port)
        writer.write(b"GET /metrics HTTP/1.1\r\nHost: x\r\nX: y")

        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""

        writer.close()


async def test_address_in_use_is_an_error(registry: CollectorRegistry) -> None:
    """A service whose metrics nobody can read must not start in silence."""
    async with serve_metrics(ANYWHERE, registry) as (host, port):
        taken = dataclasses.replace(ANYWHERE, host=host, port=port)

        with pytest.raises(OSError, match=str(port)):
            async with serve_metrics(taken, registry):
                pytest.fail("the address was taken")
