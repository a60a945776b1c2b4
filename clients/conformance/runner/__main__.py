"""The command line: `python -m clients.conformance.runner`."""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import fnmatch
import os
import sys
import tempfile
from collections.abc import AsyncGenerator, Mapping, Sequence
from pathlib import Path

from clients.conformance.runner.cases import Case, load_cases
from clients.conformance.runner.drivers import Driver, DriverError
from clients.conformance.runner.languages import BuildError, Language, load_languages
from clients.conformance.runner.matrix import Cell, Columns, Mark, has_failed, rendered
from clients.conformance.runner.performing import Surroundings, perform
from clients.conformance.runner.scripted import ScriptedServer
from clients.conformance.runner.servers import Server
from clients.conformance.runner.settings import server_settings, simulator_settings
from clients.conformance.runner.tls import make_certificate

from routersvc.settings.document import SettingsDocument
from routersvc.simulator import Simulator, SimulatorSettings

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent

AT_ONCE = 2
"""Languages at once: more would wait for processors, and deadlines would pass meanwhile."""


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(description="Hold the client libraries to the cases.")
    parser.add_argument("--language", action="append", help="only this one; may be repeated")
    parser.add_argument("--case", default="*", help="only cases whose name fits this pattern")
    parser.add_argument("--edge", default="grpcio", help="the `server.edge` of the servers")
    arguments = parser.parse_args()
    known = load_languages(HERE / "languages.yaml")
    wanted: list[str] = arguments.language or [language.name for language in known]
    unknown = sorted(set(wanted) - {language.name for language in known})
    cases = [it for it in load_cases(HERE / "cases") if fnmatch.fnmatch(it.name, arguments.case)]
    if unknown or not cases:
        print(f"there is no {unknown[0] if unknown else arguments.case}", file=sys.stderr)
        return 2
    languages: dict[Language, str] = {}
    for language in known:
        if language.name not in wanted:
            continue
        missing = language.missing(ROOT)
        if missing and not os.environ.get("CI"):
            print(f"{language.title} is left out: {missing}", flush=True)
            continue
        languages[language] = missing or _build_failure(language)
    columns = asyncio.run(_columns(languages, cases, arguments.edge))
    print(rendered(cases, columns))
    return int(has_failed(columns))


def _build_failure(language: Language) -> str:
    try:
        language.make(ROOT)
    except BuildError as error:
        return f"the driver cannot be built\n{error}"
    return ""


async def _columns(languages: Mapping[Language, str], cases: Sequence[Case], edge: str) -> Columns:
    """Return how the cases went; the languages take turns, because most of a case is waiting."""
    places = asyncio.Semaphore(AT_ONCE)

    async def column(language: Language, failure: str) -> dict[str, Cell]:
        async with places:
            return await _column(language, cases, failure, edge)

    async with asyncio.TaskGroup() as group:
        tasks = {
            language.name: group.create_task(column(language, failure))
            for language, failure in languages.items()
        }
    return {name: task.result() for name, task in tasks.items()}


async def _column(
    language: Language, cases: Sequence[Case], failure: str, edge: str
) -> dict[str, Cell]:
    cells = {case.name: _set_aside(case, language) for case in cases}
    left = [case for case in cases if cells[case.name] is None]
    if not failure:
        try:
            async with Driver.start(language.run, ROOT) as driver:
                async for case, cell in _performed(left, driver, edge):
                    cells[case.name] = cell
        except DriverError as error:
            failure = str(error)
    failed = Cell(mark=Mark.FAILED, words=(failure or "was not performed",))
    return {name: failed if cell is None else cell for name, cell in cells.items()}


def _set_aside(case: Case, language: Language) -> Cell | None:
    """Return the cell of a case that is not to be performed."""
    if case.name in language.not_applicable:
        return Cell(mark=Mark.NOT_APPLICABLE, words=(language.not_applicable[case.name],))
    lacking = [need for need in case.needs if need not in SettingsDocument.model_fields]
    if lacking:
        return Cell(mark=Mark.WAITING, words=(f"the server has no `{lacking[0]}` yet",))
    return None


async def _performed(
    cases: Sequence[Case], driver: Driver, edge: str
) -> AsyncGenerator[tuple[Case, Cell]]:
    """Perform cases one after another; those that can share a server do."""
    with tempfile.TemporaryDirectory() as folder:
        certificate, key = make_certificate(Path(folder))
        shared = [case for case in cases if not case.is_alone]
        groups = [[case] for case in cases if case.is_alone]
        if shared:
            groups.insert(0, shared)
        for group in groups:
            async with _served(group, Path(folder), edge) as (server, simulator):
                surroundings = Surroundings(
                    server=server, simulator=simulator, certificate=certificate, key=key
                )
                for case in group:
                    problems = await perform(case, driver, surroundings)
                    words = (*problems, driver.words) if problems else ()
                    mark = Mark.FAILED if problems else Mark.PASSED
                    yield case, Cell(mark=mark, words=tuple(filter(None, words)))


@contextlib.asynccontextmanager
async def _served(
    cases: Sequence[Case], folder: Path, edge: str
) -> AsyncGenerator[tuple[Server | ScriptedServer, Simulator]]:
    settings = SimulatorSettings.from_mapping(simulator_settings(cases))
    async with Simulator.start(settings) as simulator:
        if (script := cases[0].script) is not None:
            async with ScriptedServer.start(script) as scripted:
                yield scripted, simulator
            return
        base_urls = {provider.name: provider.base_url for provider in simulator.providers}
        config = folder / "router.yaml"
        config.write_text(server_settings(cases, base_urls, edge), encoding="utf-8")
        async with Server.start(config) as server:
            yield server, simulator


if __name__ == "__main__":
    sys.exit(main())
