"""How a failed call is told."""

from __future__ import annotations

from collections.abc import Callable

import orjson
import pytest
from rich.console import Console

from routersvc.cli.actions.router_calls import errors_reported, exit_code_of, sentence_of
from routersvc.cli.exit_codes import STATUS_EXITS, CommandError, ExitCode
from routersvc.cli.views.terminal import Terminal
from routersvc.grpc_api.client.client import CallError, NotConnectedError, Violation
from routersvc.grpc_api.client.messages import RouteReport, read_message

MakeTerminal = Callable[..., Terminal]
Written = Callable[[Console], str]

REPORT = read_message(
    RouteReport,
    {
        "decision_id": "d-1",
        "attempts": [
            {
                "deployment": {"deployment": "alpha-large"},
                "outcome": "ATTEMPT_OUTCOME_FAILED",
                "failure_class": "FAILURE_CLASS_CONNECT",
            }
        ],
    },
)


def test_a_sentence_tells_what_was_tried_and_when_to_come_back() -> None:
    """That is what decides what the user does next."""
    error = CallError(
        status="UNAVAILABLE", message="the only attempt failed", report=REPORT, retry_delay=1.5
    )

    sentence = sentence_of(error)

    assert sentence == (
        "the only attempt failed; 1 attempt: alpha-large failed (connect); try again in 1.5 s"
    )


def test_fields_are_named_once() -> None:
    """A router's own message may name them already."""
    error = CallError(
        status="INVALID_ARGUMENT",
        message="the request is invalid: `a`: must not be empty",
        violations=(
            Violation(field="a", description="must not be empty"),
            Violation(field="b", description="must be at least 1"),
        ),
    )

    sentence = sentence_of(error)

    assert sentence == ("the request is invalid: `a`: must not be empty; `b`: must be at least 1")


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("INVALID_ARGUMENT", ExitCode.REFUSED),
        ("UNIMPLEMENTED", ExitCode.REFUSED),
        ("FAILED_PRECONDITION", ExitCode.REFUSED),
        ("UNAVAILABLE", ExitCode.UNAVAILABLE),
        ("RESOURCE_EXHAUSTED", ExitCode.UNAVAILABLE),
        ("DEADLINE_EXCEEDED", ExitCode.DEADLINE),
        ("UNAUTHENTICATED", ExitCode.NOT_ALLOWED),
        ("PERMISSION_DENIED", ExitCode.NOT_ALLOWED),
        ("INTERNAL", ExitCode.FAILED),
        ("CANCELLED", ExitCode.FAILED),
    ],
)
def test_exit_codes_tell_the_family_of_a_status(status: str, code: ExitCode) -> None:
    """A script retries what may pass, and nothing else."""
    assert exit_code_of(CallError(status=status, message="")) is code


def test_a_router_that_is_not_there_has_its_own_code() -> None:
    """It is told apart from a router whose providers are not there."""
    error = NotConnectedError(status="UNAVAILABLE", message="no router")

    assert exit_code_of(error) is ExitCode.NOT_CONNECTED


def test_exit_codes_keep_their_numbers() -> None:
    """Scripts rely on them."""
    assert {code.name: int(code) for code in ExitCode} == {
        "OK": 0,
        "FAILED": 1,
        "USAGE": 2,
        "CONFIGURATION": 3,
        "NOT_CONNECTED": 4,
        "REFUSED": 5,
        "UNAVAILABLE": 6,
        "DEADLINE": 7,
        "NOT_ALLOWED": 8,
        "INTERRUPTED": 130,
        "BROKEN_PIPE": 141,
    }
    assert "OK" not in STATUS_EXITS


def test_programs_get_the_failure_as_json(make_terminal: MakeTerminal, written: Written) -> None:
    """All keys are always there."""
    terminal = make_terminal()
    error = CallError(
        status="UNAVAILABLE", reason="PROVIDERS_UNAVAILABLE", message="none", report=REPORT
    )

    with pytest.raises(CommandError) as caught, errors_reported(terminal, as_json=True):
        raise error

    printed = orjson.loads(written(terminal.out))["error"]
    report = printed.pop("report")
    assert caught.value.exit_code is ExitCode.UNAVAILABLE
    assert report["decision_id"] == "d-1"
    assert printed == {
        "status": "UNAVAILABLE",
        "reason": "PROVIDERS_UNAVAILABLE",
        "message": "none",
        "violations": [],
        "retry_delay_seconds": None,
    }


def test_people_get_no_json(make_terminal: MakeTerminal, written: Written) -> None:
    """Standard output is for the answer alone."""
    terminal = make_terminal()

    with pytest.raises(CommandError, match="none"), errors_reported(terminal, as_json=False):
        raise CallError(status="INTERNAL", message="none")

    assert written(terminal.out) == ""
