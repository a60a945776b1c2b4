"""A problem with a key or value has its line, its key path, and what is allowed there."""

from collections.abc import Callable

import pytest

ProblemsIn = Callable[[str], list[str]]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            "servr: {}",
            "16:1: servr",
        ),
        (
            "server: {drain: {grase: 3s}}",
            "16:18: server.drain.grase",
        ),
        (
            "server: {reflection: yes}",
            "16:22: server.reflection",
        ),
        (
            "server: {max_concurrent_calls: 0}",
            "16:32: server.max_concurrent_calls",
        ),
        (
            "server: {max_concurrent_calls: 1.5}",
            "16:32: server.max_concurrent_calls",
        ),
        (
            "server: {default_timeout: 2 min}",
            "16:27: server.default_timeout",
        ),
        (
            "server: {default_timeout: -2}",
            "16:27: server.default_timeout",
        ),
        (
            "server: {default_timeout: 25h}",
            "16:27: server.default_timeout",
        ),
        (
            "server: {default_timeout: true}",
            "16:27: server.default_timeout",
        ),
        (
            "server: {max_message_bytes: 1.5B}",
            "16:29: server.max_message_bytes",
        ),
        (
            "server: {listen: []}",
            "16:18: server.listen",
        ),
        (
            'server: {listen: ["localhost:1", "localhost"]}',
            "16:34: server.listen[1]",
        ),
        (
            'server: {listen: ["a:1", "a:1"]}',
            "16:26: server.listen[1]",
        ),
        (
            "server:",
            "16:8: server",
        ),
        (
            "server: {drain: soon}",
            "16:17: server.drain",
        ),
        (
            "server: {drain: [1]}",
            "16:17: server.drain",
        ),
        (
            "telemetry: {log: {level: inof}}",
            "16:26: telemetry.log.level",
        ),
        (
            "telemetry: {tracing: {sample_ratio: 1.01}}",
            "16:37: telemetry.tracing.sample_ratio",
        ),
        (
            "telemetry: {service_name: 7}",
            "16:27: telemetry.service_name",
        ),
        (
            "telemetry: {tracing: {headers: {Content-Length: x}}}",
            "16:33: telemetry.tracing.headers.Content-Length",
        ),
        (
            "policy_defaults: {hedging: {percentile: 1}}",
            "16:41: policy_defaults.hedging.percentile",
        ),
    ],
)
def test_wrong_keys_and_values_are_reported(
    problems_in: ProblemsIn, minimal: str, keys: str, problem: str
) -> None:
    """Everything somebody needs to mend the line without looking anything up."""
    assert problems_in(f"{minimal}{keys}\n") == [problem]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "    wire_format: openai_chat\n",
            "",
            "2:3: providers.alpha.wire_format",
        ),
        (
            "context_window: 128000",
            "context_window:",
            "8:20: models.sim-large.context_window",
        ),
        (
            "context_window: 128000",
            "context_window: 128_000",
            "8:21: models.sim-large.context_window",
        ),
        (
            "[alpha-large]",
            "alpha-large",
            "15:18: policies.default.deployments",
        ),
        (
            "[alpha-large]",
            "[{alpha-large: 1}]",
            "15:19: policies.default.deployments[0]",
        ),
        (
            "  default:\n",
            '  "my policy": {deployments: [alpha-large]}\n  default:\n',
            '14:3: policies."my policy"',
        ),
    ],
)
def test_wrong_lines_are_reported(
    problems_in: ProblemsIn, minimal: str, old: str, new: str, problem: str
) -> None:
    """Also of what is missing: at what lacks it."""
    assert problems_in(minimal.replace(old, new)) == [problem]


def test_document_that_is_no_mapping_is_reported(problems_in: ProblemsIn) -> None:
    """A path to another file is a common mistake."""
    assert problems_in("- providers\n") == ["1:1: "]


def test_what_is_missing_at_the_top_is_reported(problems_in: ProblemsIn) -> None:
    """All of it at once."""
    assert problems_in("{}\n") == [
        "1:1: deployments",
        "1:1: models",
        "1:1: policies",
        "1:1: providers",
    ]


def test_all_problems_are_told_at_once(problems_in: ProblemsIn) -> None:
    """Of every step from the YAML to the secrets, one mistake hiding no other."""
    text = """\
providers:
  alpha:
    wire_format: openai-chat
    base_url: http://127.0.0.1:4010/v1
    api_key: env:MISSING_KEY
  beta:
    wire_format: openai_chat
    base_url: ftp://127.0.0.1
    timeout: 3s
models:
  large: {context_window: 0}
  large: {context_window: 100}
deployments:
  one: {provider: alfa, model: larg, region: !!str eu}
policies:
  default: {deployments: [one, one, two], max_attempts: none}
  other: {deployments: [one], hedging: {min_delay: 30s}}
"""

    assert problems_in(text) == [
        "3:18: providers.alpha.wire_format",
        "5:14: providers.alpha.api_key",
        "8:15: providers.beta.base_url",
        "9:5: providers.beta.timeout",
        "11:27: models.large.context_window",
        "12:3: models.large",
        "14:19: deployments.one.provider",
        "14:32: deployments.one.model",
        "14:46: deployments.one.region",
        "16:32: policies.default.deployments[1]",
        "16:37: policies.default.deployments[2]",
        "16:57: policies.default.max_attempts",
        "17:52: policies.other.hedging.min_delay",
    ]
