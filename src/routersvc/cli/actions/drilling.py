"""The command `drill`: tries a policy against outages in virtual time."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import Callable, Generator
from pathlib import Path

from rich.progress import Progress
from rich.text import Text

from routersvc.cli.exit_codes import CommandError, UsageProblemError
from routersvc.cli.views.figures import count_text
from routersvc.cli.views.terminal import Terminal
from routersvc.drills.plans.drill_files import DrillFileError, read_drill
from routersvc.drills.plans.drill_plans import DrillPlan
from routersvc.drills.rendering.drill_entries import entries_of
from routersvc.drills.rendering.svg_plots import svg_plot
from routersvc.drills.rendering.terminal_rendering import WIDTH, render, totals_table
from routersvc.drills.simulation.simulation import DrillResult, run_drill

_BESIDE_THE_PLOT = 42
"""Width of the names and ranges on each line of the plot, in characters."""

_LEAST_WIDTH = 20
_MOST_WIDTH = 120


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class DrillOptions:
    """Options of the command; `other` is a drill to compare with."""

    file: Path
    other: Path | None = None
    seed: int | None = None
    svg: Path | None = None
    as_json: bool = False


def drill(options: DrillOptions) -> None:
    """Run one drill or two, and print the results.

    Raises:
        CommandError: a file is invalid, the plot cannot be written, or a promise was broken.
    """
    terminal = Terminal.of_process()
    files = [options.file] if options.other is None else [options.file, options.other]
    # Both are read before either runs, so that an error in the second is reported at once.
    plans = [_read(file, options.seed, terminal) for file in files]
    results: list[DrillResult] = []
    for plan in plans:
        with _progress(plan, terminal) as progress:
            results.append(run_drill(plan, progress=progress))
    if options.svg is not None:
        _write(options.svg, svg_plot(*results))
    if options.as_json:
        for result in results:
            terminal.write_json(entries_of(result))
    else:
        _print(results, files, terminal)
    broken = sum(len(result.violations) for result in results)
    if broken:
        raise CommandError(
            f"defect in routersvc: a promise was broken {count_text(broken, 'time')}; "
            "please report it with the drill"
        )


def _read(file: Path, seed: int | None, terminal: Terminal) -> DrillPlan:
    try:
        return read_drill(file, seed=seed)
    except DrillFileError as error:
        if len(error.problems) == 1:
            raise UsageProblemError(error.problems[0]) from error
        for problem in error.problems:
            terminal.err.print(Text(problem), soft_wrap=True)
        raise UsageProblemError(count_text(len(error.problems), "problem")) from error


def _print(results: list[DrillResult], files: list[Path], terminal: Terminal) -> None:
    room = terminal.out.width - _BESIDE_THE_PLOT
    width = max(_LEAST_WIDTH, min(_MOST_WIDTH, room)) if terminal.is_live else WIDTH
    for result in results:
        terminal.out.print(render(result, width=width))
        terminal.out.print()
    if len(results) > 1:
        columns = ((str(file), result.figures) for file, result in zip(files, results, strict=True))
        terminal.out.print(Text("side by side", style="bold"))
        terminal.out.print(totals_table(*columns))
    terminal.out.file.flush()


def _write(file: Path, picture: str) -> None:
    try:
        file.write_text(picture, encoding="utf-8")
    except OSError as error:
        reason = (error.strerror or "no usable file").lower()
        raise UsageProblemError(f"`--svg {file}`: cannot be written: {reason}") from error


@contextlib.contextmanager
def _progress(plan: DrillPlan, terminal: Terminal) -> Generator[Callable[[float], object] | None]:
    """Show a progress bar on a terminal; yield the function that updates it."""
    if not terminal.err.is_terminal:
        yield None
        return
    with Progress(console=terminal.err, transient=True) as shown:
        task = shown.add_task(plan.name, total=plan.duration)
        yield lambda passed: shown.update(task, completed=passed)
