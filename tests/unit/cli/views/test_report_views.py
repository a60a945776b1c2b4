"""What the router did for a call, in one line."""

from routersvc.cli.views.report_views import attempts_text, report_line
from routersvc.grpc_api.client.messages import RouteReport, Usage, read_message

SERVED = {"deployment": "beta-large", "provider": "beta", "model": "sim-large", "region": "eu"}
FAILED = {
    "number": 1,
    "deployment": {"deployment": "alpha-large"},
    "outcome": "ATTEMPT_OUTCOME_FAILED",
    "failure_class": "FAILURE_CLASS_OVERLOADED",
    "http_status": 529,
}
WON = {"number": 2, "deployment": SERVED, "outcome": "ATTEMPT_OUTCOME_SERVED"}


def report(**fields: object) -> RouteReport:
    """Return a report of the contract."""
    return read_message(RouteReport, fields)


def usage(**fields: object) -> Usage:
    """Return counts of tokens."""
    return read_message(Usage, fields)


def test_a_line_tells_model_latency_tokens_cost_and_attempts() -> None:
    """All that one wants to know of a call, none of it in a second line."""
    line = report_line(
        report(
            served_by={"deployment": SERVED, "model_version": "large-v2"},
            duration="0.412s",
            time_to_first_content="0.118s",
            total_cost={"usd": 0.00031},
            attempts=[FAILED, WON],
        ),
        usage(input_tokens="24", output_tokens="1051"),
        "stop",
    )

    assert line == (
        "sim-large at beta, eu (large-v2) · 412 ms, first words after 118 ms"
        " · 24 + 1,051 tokens · $0.00031"
        " · 2 attempts: alpha-large failed (overloaded, HTTP 529)"
    )


def test_estimates_are_marked() -> None:
    """What the provider did not say must not look as if it had."""
    line = report_line(
        report(
            served_by={"deployment": SERVED},
            total_cost={"usd": 0.5, "estimated": True},
            attempts=[WON],
        ),
        usage(input_tokens="24", output_tokens="51", estimated=True),
        "length",
    )

    assert line == (
        "sim-large at beta, eu · ~24 + ~51 tokens · ~$0.50 · 1 attempt · ended by: length"
    )


def test_a_degraded_answer_says_so() -> None:
    """A weaker model is no secret."""
    line = report_line(
        report(
            served_by={"deployment": {"model": "small", "provider": "beta"}},
            degradation={"rung": "DEGRADATION_RUNG_LOWER_TIER", "description": "no large one"},
            attempts=[WON],
        )
    )

    assert line == "small at beta · 1 attempt · degraded: no large one"


def test_a_call_without_an_answer_says_what_was_tried() -> None:
    """The report of a failed call comes with its error."""
    text = attempts_text(
        report(
            attempts=[
                FAILED,
                {"deployment": {"deployment": "beta-large"}, "outcome": "ATTEMPT_OUTCOME_LOST"},
                {"deployment": {"deployment": "gamma-large"}},
            ]
        )
    )

    assert text == (
        "3 attempts: alpha-large failed (overloaded, HTTP 529), beta-large lost, "
        "gamma-large still runs"
    )


def test_a_failure_class_of_a_newer_router_is_its_number() -> None:
    """An older client still says something."""
    text = attempts_text(
        report(
            attempts=[
                {
                    "deployment": {"deployment": "alpha-large"},
                    "outcome": "ATTEMPT_OUTCOME_FAILED",
                    "failure_class": 99,
                }
            ]
        )
    )

    assert text == "1 attempt: alpha-large failed (99)"
