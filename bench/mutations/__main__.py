"""Change single rules of the reliability layer and find changes that no test detects.

    python -m bench.mutations                    # what is new or changed since the last run
    python -m bench.mutations --again            # survivors without a reason, after new tests
    python -m bench.mutations --again breakers   # only modules with such names
    python -m bench.mutations --show             # print survivors without a reason
    python -m bench.mutations --report --write   # no run, only the table

Results are kept in `mutants/`; remove the folder to start over. The exit code is 1 if a mutant
survives for which `survivors.toml` has no reason.
"""

from __future__ import annotations

import argparse
import sys

import mutmut.__main__ as program

from bench.mutations import operators, runner
from bench.mutations.results import FOLDER, Fate, Mutant, read_mutants, report
from bench.tables import RESULTS

PROCESSES = 2


def main() -> int:
    """Run the command line and return its exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("modules", nargs="*", help="parts of the names of modules")
    parser.add_argument("--again", action="store_true", help="run survivors without a reason")
    parser.add_argument("--report", action="store_true", help="run nothing")
    parser.add_argument(
        "--show", action="store_true", help="run nothing, print survivors without a reason"
    )
    parser.add_argument("--write", action="store_true", help="write the table of results")
    arguments = parser.parse_args()
    modules: list[str] = arguments.modules
    if not (arguments.report or arguments.show):
        _run(modules, again=arguments.again)
    mutants = read_mutants(modules)
    unexcused = [one for one in mutants if _is_open(one)]
    if arguments.show:
        for one in unexcused:
            print(one.name, *one.change, sep="\n    ")
    text = report(mutants)
    if arguments.write:
        (RESULTS / "mutations.md").write_text(text, encoding="utf-8")
    elif not arguments.show:
        print(text)
    return 1 if unexcused else 0


def _is_open(mutant: Mutant) -> bool:
    """Whether a mutant survives without a reason."""
    return mutant.fate is Fate.LIVES and not mutant.reason


def _run(modules: list[str], *, again: bool) -> None:
    operators.install()
    runner.install()
    # Tests and functions may have changed, so which tests reach which function is measured again.
    (FOLDER / "mutmut-stats.json").unlink(missing_ok=True)
    names: list[str] = []
    if again:
        names = [one.name for one in read_mutants(modules) if _is_open(one)]
    elif modules:
        names = [one.name for one in read_mutants(modules) if one.fate is not Fate.KILLED]
    if names or not (again or modules):
        options = ["run", "--max-children", str(PROCESSES)]
        program.cli.main([*options, *names], standalone_mode=False)


if __name__ == "__main__":
    sys.exit(main())
