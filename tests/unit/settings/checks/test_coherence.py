"""Settings that contradict themselves are refused."""

from collections.abc import Callable

import pytest

from routersvc.settings.problems import SettingsError
from routersvc.settings.settings import Settings

Told = Callable[[str], list[str]]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            "server: {default_timeout: 11m}",
            "16:27: server.default_timeout: is longer than `max_timeout` (allowed: at most 10m)",
        ),
        (
            "server: {keepalive: {max_connection_age_grace: 1m}}",
            (
                "16:22: server.keepalive.max_connection_age_grace: has no effect without "
                "`max_connection_age`"
            ),
        ),
        (
            "telemetry: {prometheus: {listen: 127.0.0.1:50051}}",
            (
                "16:34: telemetry.prometheus.listen: is an address of the server "
                "(allowed: an address of its own)"
            ),
        ),
        (
            "telemetry: {tracing: {headers: {Authorization: token}}}",
            (
                "16:48: telemetry.tracing.headers.Authorization: is a credential, which cannot "
                "stand "
                "here itself (allowed: `env:NAME` for an environment variable, `file:PATH` for "
                "a file)"
            ),
        ),
        (
            "telemetry: {tracing: {headers: {x-a: b, X-A: c}}}",
            (
                "16:41: telemetry.tracing.headers.X-A: stands here a second time, in other letters "
                "(allowed: each header once)"
            ),
        ),
        (
            "policy_defaults: {retries: {base_delay: 6s}}",
            (
                "16:41: policy_defaults.retries.base_delay: contradict each other: "
                "`base_delay` is above `max_delay` (allowed: at most 5s)"
            ),
        ),
        (
            "policy_defaults: {hedging: {max_delay: 100ms}}",
            (
                "16:40: policy_defaults.hedging.max_delay: contradict each other: "
                "`min_delay` is above `max_delay` (allowed: at least 200ms)"
            ),
        ),
        (
            "policy_defaults: {timeouts: {idle: 3m, attempt: 1m}}",
            "16:36: policy_defaults.timeouts.idle: is longer than `attempt` (allowed: at most 1m)",
        ),
        (
            "policy_defaults: {timeouts: {attempt: 100ms}}",
            (
                "16:39: policy_defaults.timeouts.attempt: leaves no time for any attempt: "
                "`useful` is longer than `attempt` (allowed: at most 100ms)"
            ),
        ),
        (
            "policy_defaults: {timeouts: {useful: 121s, attempt: 3m}}",
            (
                "16:38: policy_defaults.timeouts.useful: is longer than the server's "
                "`default_timeout` (allowed: at most 2m)"
            ),
        ),
        (
            "policy_defaults: {consistency: pinned}",
            (
                "16:32: policy_defaults.consistency: `pinned` is for requests, which name their "
                "deployment (allowed: one of `any`, `equivalent`)"
            ),
        ),
    ],
)
def test_contradictions_are_told(told: Told, minimal: str, keys: str, problem: str) -> None:
    """At the key that was written, also where its counterpart is a default."""
    assert told(f"{minimal}{keys}\n") == [problem]


@pytest.mark.parametrize(
    ("rules", "problems"),
    [
        (
            "mode: delayed, max_parallel: 1",
            ["leaves no place for a hedge beside the first attempt"],
        ),
        (
            "mode: delayed, delay: 30s",
            ["leaves no time for a hedge: `delay` is no shorter than the timeout `first_content`"],
        ),
        (
            "mode: auto, min_delay: 30s, max_delay: 40s",
            [
                (
                    "leaves no time for a hedge: `min_delay` is no shorter than the timeout "
                    "`first_content`"
                )
            ],
        ),
        ("mode: parallel, delay: 40s", []),
        ("mode: off, max_parallel: 1, delay: 40s", []),
        ("mode: delayed, delay: 29s", []),
    ],
)
def test_hedges_that_could_never_start_are_told(
    told: Told, minimal: str, rules: str, problems: list[str]
) -> None:
    """A rule without effect is a mistake; none is made where nothing is hedged."""
    lines = told(f"{minimal}    hedging: {{{rules}}}\n")

    assert [line.partition(" (allowed")[0].split(": ", 2)[2] for line in lines] == problems


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            "breaker: {open_time: 61s}",
            (
                "16:30: fleet.breaker.open_time: contradict each other: `open_time` is above "
                "`max_open_time` (allowed: at most 1m)"
            ),
        ),
        (
            "breaker: {probe_timeout: 2m}",
            (
                "16:34: fleet.breaker.probe_timeout: is not longer than the longest `attempt` of a "
                "policy (allowed: above 2m)"
            ),
        ),
        (
            "concurrency: {maximum: 50}",
            (
                "16:32: fleet.concurrency.maximum: contradict each other: `initial` is above "
                "`maximum` (allowed: at least 100)"
            ),
        ),
        (
            "concurrency: {minimum: 101}",
            (
                "16:32: fleet.concurrency.minimum: contradict each other: `minimum` is above "
                "`initial` (allowed: at most 100)"
            ),
        ),
        (
            "budgets: {share: 0.01}",
            (
                "16:26: fleet.budgets.share: contradict each other: `hedge_share` is above `share` "
                "(allowed: at least 0.05)"
            ),
        ),
        (
            "budgets: {hedge_reserve: 11}",
            (
                "16:34: fleet.budgets.hedge_reserve: contradict each other: "
                "`hedge_reserve` is above "
                "`reserve` (allowed: at most 10)"
            ),
        ),
        (
            "rechecks: {first: 11m}",
            (
                "16:27: fleet.rechecks.first: contradict each other: `first` is above `longest` "
                "(allowed: at most 10m)"
            ),
        ),
    ],
)
def test_contradictions_of_the_fleet_are_told(
    told: Told, minimal: str, keys: str, problem: str
) -> None:
    """The domain would refuse them too, without a line."""
    assert told(f"{minimal}fleet: {{{keys}}}\n") == [problem]


def test_smaller_timeout_wins_over_a_default(load: Callable[[str], Settings], minimal: str) -> None:
    """Who shortens the attempt need not shorten what is in it."""
    settings = load(f"{minimal}    timeouts: {{attempt: 5s}}\n")

    timeouts = settings.policies()["default"].timeouts
    assert (timeouts.attempt, timeouts.first_content) == (5.0, 30.0)


@pytest.mark.parametrize(
    ("rules", "problem"),
    [
        (
            "deployments: [alpha-large]\n    models: [sim-large]",
            (
                "16:5: policies.default.models: stands beside `deployments` "
                "(allowed: `deployments` or `models`)"
            ),
        ),
        (
            "max_attempts: 2",
            "14:3: policies.default: names nothing to call (allowed: `deployments` or `models`)",
        ),
    ],
)
def test_policy_names_deployments_or_models(
    told: Told, minimal: str, rules: str, problem: str
) -> None:
    """Which would win is nothing to guess."""
    assert told(minimal.replace("deployments: [alpha-large]", rules)) == [problem]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            "credentials: {main: env:BETA_API_KEY}",
            (
                "5:5: providers.alpha.api_key: stands beside `credentials` "
                "(allowed: `api_key` or `credentials`)"
            ),
        ),
        (
            "tls: {insecure_skip_verify: true}",
            (
                "6:5: providers.alpha.tls: has no effect on an `http` address "
                "(allowed: an `https` address)"
            ),
        ),
        (
            "headers: {x-api-key: abc}",
            (
                "6:26: providers.alpha.headers.x-api-key: is a credential, which cannot stand here "
                "itself (allowed: `env:NAME` for an environment variable, `file:PATH` for a file)"
            ),
        ),
    ],
)
def test_contradictions_of_a_provider_are_told(
    told: Told, minimal: str, keys: str, problem: str
) -> None:
    """Each at the key that is too much."""
    key = "    api_key: env:ALPHA_API_KEY\n"

    assert told(minimal.replace(key, f"{key}    {keys}\n")) == [problem]


def test_trust_is_not_both_narrowed_and_waived(told: Told, minimal: str) -> None:
    """Somebody who names certificates believes that they are verified."""
    key = "    api_key: env:ALPHA_API_KEY\n"
    text = minimal.replace("http:", "https:").replace(
        key, f"{key}    tls: {{insecure_skip_verify: true, ca_file: /absent}}\n"
    )

    assert (
        told(text)
        == [
            (
                "6:48: providers.alpha.tls.ca_file: cannot be read: no such file or directory "
                "(allowed: a PEM file)"
            ),
            (
                "6:39: providers.alpha.tls.ca_file: has no effect beside `insecure_skip_verify` "
                "(allowed: `ca_file` or `insecure_skip_verify`)"
            ),
        ][::-1]
    )


def test_answer_longer_than_the_window_is_told(told: Told, minimal: str) -> None:
    """One of the two numbers was copied wrong."""
    text = minimal.replace("window: 128000", "window: 1000\n    max_output_tokens: 1001")

    assert told(text) == [
        (
            "9:24: models.sim-large.max_output_tokens: `1001` does not fit into the "
            "`context_window` (allowed: at most 1000)"
        )
    ]


def test_inherited_contradictions_are_told_where_they_were_written(
    told: Told, minimal: str
) -> None:
    """Two policies that inherit one mistake tell it once."""
    text = (
        f"{minimal}  other: {{deployments: [alpha-large]}}\n"
        "policy_defaults: {retries: {base_delay: 6s}}\n"
    )

    assert [line.partition(": ")[0] for line in told(text)] == ["17:41"]


def test_error_is_one_exception_of_one_kind(load: Callable[[str], Settings], minimal: str) -> None:
    """Callers catch it and print it."""
    with pytest.raises(SettingsError) as caught:
        load(f"{minimal}server: {{default_timeout: 11m}}\ntelemetry: 1\n")

    assert [problem.line for problem in caught.value.problems] == [16, 17]
    assert str(caught.value).count("\n") == 1
