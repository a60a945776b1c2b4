"""Runs the inputs in `reality` of `ROUTERSVC_SHARED` against this router, a test per folder.

They are no part of the project: what they teach has tests of its own. `open_cases.yaml` lists those
that do not pass yet.
"""

from __future__ import annotations

import pytest
from tests.reality.conftest import OpenCases, write_open_cases
from tests.reality.folders import FOLDERS, REALITY, Folder

NOT_KNOWN = "not yet known"


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_cases_pass_that_are_not_listed_as_open(
    folder: Folder, open_cases: OpenCases, sums: list[str], pytestconfig: pytest.Config
) -> None:
    """A case that fails in company is run again alone before it counts."""
    if not folder.is_present:
        pytest.skip(f"no `{folder.name}` in `{REALITY}`: set ROUTERSVC_SHARED")
    listed = open_cases.get(folder.name, {})

    results = folder.run()
    failed = [name for name, result in results.items() if not result.passed]
    again = [name for name in failed if name not in listed]
    results.update(folder.run_alone(again))

    passed = [name for name, result in results.items() if result.passed]
    sums.append(
        f"{folder.name}: {len(passed)} of {len(results)} pass, {len(listed)} listed as open"
    )
    sums.extend(
        f"{folder.name}: `{name}` passes and is listed as open" for name in passed if name in listed
    )
    if pytestconfig.getoption("--write-open-cases"):
        still = [name for name, result in results.items() if not result.passed]
        reasons = {name: listed.get(name, NOT_KNOWN) for name in still}
        write_open_cases({**open_cases, folder.name: reasons})
        return
    unexpected = {
        name: result.printed
        for name, result in results.items()
        if not result.passed and name not in listed
    }
    assert unexpected == {}
    assert set(listed) <= set(results), "a case is listed as open that does not exist"
