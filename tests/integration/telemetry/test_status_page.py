"""The status page over HTTP: what it allows, whom it answers, and that it only shows text."""

from __future__ import annotations

import asyncio
import dataclasses
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import pytest

from routersvc.domain.fleet.health import DeploymentHealth
from routersvc.domain.outcomes.attempt_reports import AttemptOutcome, AttemptReason, AttemptReport
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.domain.outcomes.reports import RouteReport, Served
from routersvc.engine.generations import RouterConfiguration
from routersvc.engine.reload_status import ReloadStatus
from routersvc.telemetry.options import StatusPageOptions
from routersvc.telemetry.status_page import serving
from routersvc.telemetry.status_page.serving import serve_status_page
from routersvc.testing.scripted import answer
from routersvc.testing.worlds import World, scripted_deployment

HOSTILE = "</script><img src=x onerror=\"document.title='broken'\"><b id=planted>"
LOCAL = StatusPageOptions(host="127.0.0.1", port=0)
PAGE = Path(serving.__file__).parent
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@dataclasses.dataclass(frozen=True)
class Source:
    """A router whose latest call was served by a model with a hostile name of its version."""

    router: World

    @property
    def reloads(self) -> ReloadStatus:
        """The configuration."""
        return ReloadStatus(digest=HOSTILE, in_force_since=0.0)

    @property
    def active_calls(self) -> int:
        """No call."""
        return 0

    @property
    def configuration(self) -> RouterConfiguration:
        """The configuration of the router."""
        return self.router.router.configuration

    def health(self, *, deployments: Sequence[str]) -> Sequence[DeploymentHealth]:
        """Return the health of the router's deployments."""
        return self.router.router.health(deployments=deployments)

    def recent_reports(self, count: int) -> Sequence[RouteReport]:
        """Return a report in which everything that comes from outside is hostile."""
        deployment = scripted_deployment("a")
        attempt = AttemptReport(
            number=1,
            deployment=deployment,
            reason=AttemptReason.FIRST,
            outcome=AttemptOutcome.SERVED,
            caused_by=0,
            start_delay=0.0,
            duration=1.0,
            failure=Failure(failure_class=FailureClass.RESET, message=HOSTILE),
        )
        report = RouteReport(
            decision_id="d",
            policy="p",
            tenant=HOSTILE,
            received_at=0.0,
            planning_duration=0.0,
            attempts=(attempt,),
            served=Served(deployment=deployment, model_version=HOSTILE),
            duration=1.0,
        )
        return (report,)[:count]


async def fetched(
    options: StatusPageOptions, path: str, host: str = ""
) -> tuple[int, dict[str, str], str]:
    """Return status, headers and body of one request."""
    world = World({"a": [answer("x")]})
    async with (
        serve_status_page(options, world.router, version="1", wall_clock=lambda: 9.0) as (_, port),
        aiohttp.ClientSession() as session,
        session.get(
            f"http://127.0.0.1:{port}{path}", headers={"Host": host} if host else {}
        ) as response,
    ):
        return response.status, dict(response.headers), await response.text()


@pytest.mark.parametrize("path", ["/", "/page.css", "/page.js", "/status.json"])
async def test_every_answer_forbids_what_the_page_does_not_need(path: str) -> None:
    """Scripts and styles of its own files alone, no frames, no caches, no sniffing."""
    status, headers, _ = await fetched(LOCAL, path)

    assert status == 200
    assert headers["Content-Security-Policy"].startswith(
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'"
    )
    assert "unsafe" not in headers["Content-Security-Policy"]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Cache-Control"] == "no-store"


async def test_status_is_json_of_the_running_router() -> None:
    """What the page polls, for other programs too."""
    _, headers, body = await fetched(LOCAL, "/status.json")

    assert headers["Content-Type"] == "application/json; charset=utf-8"
    assert '"deployments":[{"name":"a"' in body


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost:80", 200),
        ("127.0.0.1", 200),
        ("[::1]:80", 200),
        ("attacker.example:80", 403),
        ("127.0.0.1.attacker.example", 403),
    ],
)
async def test_loopback_page_answers_local_names_only(host: str, status: int) -> None:
    """Else any web page could read it, by a name of its own that it points to this machine."""
    found, _, body = await fetched(LOCAL, "/status.json", host)

    assert found == status
    assert ("deployments" in body) is (status == 200)


async def test_page_on_an_open_address_answers_every_name() -> None:
    """Which name it has there, the router does not know."""
    options = StatusPageOptions(host="0.0.0.0", port=0)  # noqa: S104 - a test on loopback

    status, _, _ = await fetched(options, "/status.json", "router.internal:80")

    assert status == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE"])
async def test_page_is_read_only(method: str) -> None:
    """Nothing can be changed through it."""
    world = World({"a": []})
    async with (
        serve_status_page(LOCAL, world.router, version="1", wall_clock=lambda: 9.0) as (_, port),
        aiohttp.ClientSession() as session,
        session.request(method, f"http://127.0.0.1:{port}/status.json") as response,
    ):
        assert response.status == 405


def test_script_writes_text_only() -> None:
    """None of the ways that make markup or code of text is used, and nothing is inline."""
    script = (PAGE / "page.js").read_text("utf-8")
    page = (PAGE / "page.html").read_text("utf-8")

    assert not re.search(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|eval|Function\(|srcdoc",
        script,
    )
    inline = r"<script(?! src=\"page\.js\" defer></script>)|<style|\son\w+=| style="
    assert not re.search(inline, page)
    code = "\n".join(line for line in script.splitlines() if not line.startswith("//"))
    assert not re.search(r"//(?!www\.w3\.org/2000/svg)", page + code)


async def test_reading_ends_with_the_page() -> None:
    """No task is left behind."""
    world = World({"a": []})
    before = asyncio.all_tasks()

    async with serve_status_page(LOCAL, world.router, version="1", wall_clock=lambda: 9.0):
        during = asyncio.all_tasks()

    assert len(during) == len(before) + 1
    assert asyncio.all_tasks() == before


@pytest.mark.skipif(CHROMIUM is None, reason="needs Chromium")
async def test_browser_shows_hostile_texts_as_text(tmp_path: Path) -> None:
    """In a real document nothing of them becomes an element or runs."""
    assert CHROMIUM is not None
    async with serve_status_page(
        LOCAL, Source(World({"a": []})), version="1", wall_clock=lambda: 9.0
    ) as (_, port):
        program = await asyncio.create_subprocess_exec(
            CHROMIUM,
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-background-networking",
            "--no-first-run",
            f"--user-data-dir={tmp_path}",
            "--virtual-time-budget=3000",
            "--dump-dom",
            f"http://127.0.0.1:{port}/",
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        output, _ = await program.communicate()

    document = output.decode()
    assert "1 of 1 deployments available" in document
    assert document.count("&lt;b id=planted&gt;") >= 4
    assert "<b id=" not in document
    assert "<img" not in document
    assert "<title>routersvc status</title>" in document
