"""The key that a command sends is found by reference, and never shown."""

from __future__ import annotations

from pathlib import Path

import pytest

from routersvc.cli.actions.api_keys import api_key_of
from routersvc.cli.exit_codes import ExitCode, UsageProblemError


def test_key_is_found_by_reference(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the environment or in a file, a relative one from where the command runs."""
    monkeypatch.setenv("MY_KEY", "from-environment")
    monkeypatch.chdir(tmp_path)
    Path("key").write_text("from-file\n", encoding="utf-8")

    keys = [api_key_of(reference) for reference in ("env:MY_KEY", "file:key")]

    assert [key.reveal() if key else None for key in keys] == ["from-environment", "from-file"]


def test_key_of_the_environment_is_taken_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment variable replaces the option; without either nothing is sent."""
    monkeypatch.setenv("ROUTERSVC_API_KEY", "mine")
    found = api_key_of(None)
    monkeypatch.delenv("ROUTERSVC_API_KEY")

    missing = api_key_of(None)

    assert found is not None
    assert (found.reveal(), missing) == ("mine", None)
    assert "mine" not in repr(found)


@pytest.mark.parametrize(
    ("reference", "problem"),
    [
        (
            "the-key-itself",
            (
                "`--api-key`: must be a reference to a secret, not the secret itself; give "
                "`env:NAME` or `file:PATH`"
            ),
        ),
        ("env:NOT_THERE", "`--api-key`: environment variable `NOT_THERE` is not set"),
    ],
)
def test_what_is_no_reference_is_a_mistake_of_usage(reference: str, problem: str) -> None:
    """The key itself on a command line would stand in the list of processes; it is not repeated."""
    with pytest.raises(UsageProblemError) as caught:
        api_key_of(reference)

    assert (str(caught.value), caught.value.exit_code) == (problem, ExitCode.USAGE)
