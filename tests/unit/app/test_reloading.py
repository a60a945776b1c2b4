"""When settings are reloaded, and what a refused file leaves as it was."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from routersvc.app.reloading import Reload, Reloader, signature_of
from routersvc.app.wire_formats import known_wire_formats
from routersvc.engine.reload_status import ReloadStatus
from routersvc.settings.loading import load_settings
from routersvc.settings.settings import Settings

TEXT = """
providers:
  alpha: {wire_format: openai_chat, base_url: http://127.0.0.1:1/v1, api_key: "file:key"}
models:
  large: {context_window: 128000}
deployments:
  alpha-large: {provider: alpha, model: large}
policies:
  default: {deployments: [alpha-large]}
"""


class Bench:
    """A reloader of files in a folder; `applied` holds the settings that came into force."""

    def __init__(self, folder: Path, *, interval: float | None = 0.0) -> None:
        self.file = folder / "settings.yaml"
        self.key = folder / "key"
        self.key.write_text("first key")
        self.file.write_text(TEXT)
        self.applied: list[Settings] = []
        self.loads = 0
        self.failing: Exception | None = None
        self.came = asyncio.Event()
        self.status = ReloadStatus(digest="first", in_force_since=1.0)
        self.reloader = Reloader(
            Reload(load=self.load, apply=self.apply, watched=self.file),
            self.load(),
            status=self.status,
            interval=interval,
            wall_clock=lambda: 7.0,
        )

    def load(self) -> Settings:
        """Read the file."""
        self.loads += 1
        return load_settings(self.file, environment={}, known_wire_formats=known_wire_formats())

    async def apply(self, settings: Settings) -> None:
        """Take the settings."""
        if self.failing is not None:
            raise self.failing
        self.applied.append(settings)
        self.status.replaced(settings.digest, 7.0)
        self.came.set()

    def replace(self, file: Path, text: str) -> None:
        """Replace a file by another one, as editors and mounted secrets do."""
        fresh = file.with_suffix(".new")
        fresh.write_text(text)
        fresh.replace(file)


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    """A reloader that looks at its files without a pause."""
    return Bench(tmp_path)


async def while_running(bench: Bench, *steps: Callable[[], None]) -> None:
    """Take each step while the reloader runs, and wait until it has led to a reload."""
    async with asyncio.TaskGroup() as tasks:
        running = tasks.create_task(bench.reloader.run())
        while not bench.reloader.is_watching:  # noqa: ASYNC110 - it tells nobody
            await asyncio.sleep(0)
        for step in steps:
            bench.came.clear()
            step()
            await bench.came.wait()
        running.cancel()


async def test_changed_files_are_reloaded(bench: Bench) -> None:
    """The settings file and every file that it refers to, also those of the settings before."""
    await while_running(
        bench,
        lambda: bench.replace(bench.file, TEXT + "server: {max_concurrent_calls: 7}\n"),
        lambda: bench.replace(bench.key, "second key"),
    )

    assert [it.server.max_concurrent_calls for it in bench.applied] == [7, 7]
    keys = [it.endpoints["alpha"].credentials["default"].reveal() for it in bench.applied]
    assert keys == ["first key", "second key"]


async def test_asking_reloads_unchanged_files_too(tmp_path: Path) -> None:
    """SIGHUP is an order, also where files are not watched."""
    bench = Bench(tmp_path, interval=None)

    await while_running(bench, bench.reloader.ask, bench.reloader.ask)

    assert len(bench.applied) == 2


async def test_refused_file_changes_nothing_and_is_told(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """In the log with its problems, and in the status until the next one that is good."""
    good = TEXT + "server: {max_concurrent_calls: 7}\n"
    bench.file.write_text(TEXT.replace("alpha, model", "nobody, model"))

    with caplog.at_level(logging.INFO, logger="routersvc.app.reloading"):
        refused = await bench.reloader.reload("signal")
        status = dataclasses.replace(bench.status)
        bench.file.write_text(good)
        applied = await bench.reloader.reload("signal")

    assert (refused, applied, len(bench.applied)) == (False, True, 1)
    assert (status.digest, status.failed_at, status.problems, status.refused) == (
        "first",
        7.0,
        1,
        1,
    )
    assert (bench.status.failed_at, bench.status.applied, bench.status.refused) == (None, 1, 1)
    error, info = caplog.records
    assert (error.levelname, info.levelname) == ("ERROR", "INFO")
    assert "deployments.alpha-large.provider" in vars(error)["fields"]["first"]


async def test_missing_secret_and_unexpected_errors_are_refusals(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever is wrong with the new settings, the reloader and the service go on."""
    bench.key.unlink()
    missing = await bench.reloader.reload("files changed")
    bench.key.write_text("first key")
    bench.failing = RuntimeError("a defect")
    defect = await bench.reloader.reload("files changed")
    bench.failing = None

    assert (missing, defect, await bench.reloader.reload("files changed")) == (False, False, True)
    assert bench.status.refused == 2
    assert "first key" not in caplog.text


def test_signature_follows_links_and_knows_missing_files(tmp_path: Path) -> None:
    """Kubernetes replaces a mounted secret by another link to a folder."""
    for version in ("1", "2"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "key").write_text("same text")
    link = tmp_path / "data"
    link.symlink_to("1")
    path = link / "key"
    before = signature_of([path])
    fresh = tmp_path / "data.new"
    fresh.symlink_to("2")
    fresh.replace(link)

    assert signature_of([path]) != before
    assert signature_of([path]) == signature_of([path])
    assert signature_of([tmp_path / "none"]) == {tmp_path / "none": None}
