"""Settings that contradict themselves are refused."""

from collections.abc import Callable

import pytest

from routersvc.settings.problems import SettingsError
from routersvc.settings.settings import Settings

ProblemsIn = Callable[[str], list[str]]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            "server: {default_timeout: 11m}",
            "16:27: server.default_timeout",
        ),
        (
            "server: {keepalive: {max_connection_age_grace: 1m}}",
            "16:22: server.keepalive.max_connection_age_grace",
        ),
        (
            "telemetry: {prometheus: {listen: 127.0.0.1:50051}}",
            "16:34: telemetry.prometheus.listen",
        ),
        (
            "telemetry: {tracing: {headers: {Authorization: token}}}",
            "16:48: telemetry.tracing.headers.Authorization",
        ),
        (
            "telemetry: {tracing: {headers: {x-a: b, X-A: c}}}",
            "16:41: telemetry.tracing.headers.X-A",
        ),
        (
            "policy_defaults: {retries: {base_delay: 6s}}",
            "16:41: policy_defaults.retries.base_delay",
        ),
        (
            "policy_defaults: {hedging: {max_delay: 100ms}}",
            "16:40: policy_defaults.hedging.max_delay",
        ),
        (
            "policy_defaults: {timeouts: {idle: 3m, attempt: 1m}}",
            "16:36: policy_defaults.timeouts.idle",
        ),
        (
            "policy_defaults: {timeouts: {attempt: 100ms}}",
            "16:39: policy_defaults.timeouts.attempt",
        ),
        (
            "policy_defaults: {timeouts: {useful: 121s, attempt: 3m}}",
            "16:38: policy_defaults.timeouts.useful",
        ),
        (
            "policy_defaults: {consistency: pinned}",
            "16:32: policy_defaults.consistency",
        ),
        (
            "telemetry: {status_page: {listen: 127.0.0.1:50051}}",
            "16:35: telemetry.status_page.listen",
        ),
        (
            "telemetry: {prometheus: {listen: 127.0.0.1:9}, status_page: {listen: 127.0.0.1:9}}",
            "16:70: telemetry.status_page.listen",
        ),
        (
            "decision_log: {max_file_size: 2MiB, max_total_size: 1MiB}",
            "16:16: decision_log.max_file_size",
        ),
    ],
)
def test_contradictions_are_reported(
    problems_in: ProblemsIn, minimal: str, keys: str, problem: str
) -> None:
    """At the key that was written, also where its counterpart is a default."""
    assert problems_in(f"{minimal}{keys}\n") == [problem]


@pytest.mark.parametrize(
    ("rules", "problems"),
    [
        ("mode: delayed, max_parallel: 1", ["16:44: policies.default.hedging.max_parallel"]),
        ("mode: delayed, delay: 30s", ["16:37: policies.default.hedging.delay"]),
        (
            "mode: auto, min_delay: 30s, max_delay: 40s",
            ["16:38: policies.default.hedging.min_delay"],
        ),
        ("mode: parallel, delay: 40s", []),
        ("mode: off, max_parallel: 1, delay: 40s", []),
        ("mode: delayed, delay: 29s", []),
    ],
)
def test_hedges_that_could_never_start_are_reported(
    problems_in: ProblemsIn, minimal: str, rules: str, problems: list[str]
) -> None:
    """A rule without effect is a mistake; none is made where nothing is hedged."""
    assert problems_in(f"{minimal}    hedging: {{{rules}}}\n") == problems


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            "breaker: {open_time: 61s}",
            "16:30: fleet.breaker.open_time",
        ),
        (
            "breaker: {probe_timeout: 2m}",
            "16:34: fleet.breaker.probe_timeout",
        ),
        (
            "concurrency: {maximum: 50}",
            "16:32: fleet.concurrency.maximum",
        ),
        (
            "concurrency: {minimum: 101}",
            "16:32: fleet.concurrency.minimum",
        ),
        (
            "budgets: {share: 0.01}",
            "16:26: fleet.budgets.share",
        ),
        (
            "budgets: {hedge_reserve: 11}",
            "16:34: fleet.budgets.hedge_reserve",
        ),
        (
            "rechecks: {first: 11m}",
            "16:27: fleet.rechecks.first",
        ),
    ],
)
def test_contradictions_of_the_fleet_are_reported(
    problems_in: ProblemsIn, minimal: str, keys: str, problem: str
) -> None:
    """The domain would refuse them too, without a line."""
    assert problems_in(f"{minimal}fleet: {{{keys}}}\n") == [problem]


def test_smaller_timeout_wins_over_a_default(load: Callable[[str], Settings], minimal: str) -> None:
    """A shorter attempt timeout does not require shorter timeouts within it."""
    settings = load(f"{minimal}    timeouts: {{attempt: 5s}}\n")

    timeouts = settings.policies()["default"].timeouts
    assert (timeouts.attempt, timeouts.first_content) == (5.0, 30.0)


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        (
            "deployments: [alpha-large]\n    models: [sim-large]",
            "16:5: policies.default.models",
        ),
        (
            "max_attempts: 2",
            "14:3: policies.default",
        ),
    ],
)
def test_policy_names_deployments_or_models(
    problems_in: ProblemsIn, minimal: str, rules: str, problem: str
) -> None:
    """Which would win is nothing to guess."""
    assert problems_in(minimal.replace("deployments: [alpha-large]", rules)) == [problem]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            "credentials: {main: env:BETA_API_KEY}",
            "5:5: providers.alpha.api_key",
        ),
        (
            "tls: {insecure_skip_verify: true}",
            "6:5: providers.alpha.tls",
        ),
        (
            "headers: {x-api-key: abc}",
            "6:26: providers.alpha.headers.x-api-key",
        ),
    ],
)
def test_contradictions_of_a_provider_are_reported(
    problems_in: ProblemsIn, minimal: str, keys: str, problem: str
) -> None:
    """Each at the key that is too much."""
    key = "    api_key: env:ALPHA_API_KEY\n"

    assert problems_in(minimal.replace(key, f"{key}    {keys}\n")) == [problem]


def test_trust_is_not_both_narrowed_and_waived(problems_in: ProblemsIn, minimal: str) -> None:
    """Certificates that are named and not verified are a mistake."""
    key = "    api_key: env:ALPHA_API_KEY\n"
    text = minimal.replace("http:", "https:").replace(
        key, f"{key}    tls: {{insecure_skip_verify: true, ca_file: /absent}}\n"
    )

    assert (
        problems_in(text)
        == [
            "6:48: providers.alpha.tls.ca_file",
            "6:39: providers.alpha.tls.ca_file",
        ][::-1]
    )


def test_answer_longer_than_the_window_is_reported(problems_in: ProblemsIn, minimal: str) -> None:
    """One of the two numbers was copied wrong."""
    text = minimal.replace("window: 128000", "window: 1000\n    max_output_tokens: 1001")

    assert problems_in(text) == ["9:24: models.sim-large.max_output_tokens"]


def test_inherited_contradictions_are_told_where_they_were_written(
    problems_in: ProblemsIn, minimal: str
) -> None:
    """Two policies that inherit one mistake tell it once."""
    text = (
        f"{minimal}  other: {{deployments: [alpha-large]}}\n"
        "policy_defaults: {retries: {base_delay: 6s}}\n"
    )

    assert [line.partition(": ")[0] for line in problems_in(text)] == ["17:41"]


def test_error_is_one_exception_of_one_kind(load: Callable[[str], Settings], minimal: str) -> None:
    """Callers catch it and print it."""
    with pytest.raises(SettingsError) as caught:
        load(f"{minimal}server: {{default_timeout: 11m}}\ntelemetry: 1\n")

    assert [problem.line for problem in caught.value.problems] == [16, 17]
    assert str(caught.value).count("\n") == 1
