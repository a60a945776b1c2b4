"""What is told of a wrong key or value: its line, its key, and what is allowed there."""

from collections.abc import Callable

import pytest

Told = Callable[[str], list[str]]

NAMES = (
    "a name of up to 128 letters, digits and `. _ : / @ + -`, that begins with a letter or digit"
)
DURATION = "a length of time above 0 and up to 24h: `250ms`, `2s`, `1m30s`, or seconds as a number"


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            "servr: {}",
            (
                "16:1: servr: no such key; did you mean `server`? (allowed: `providers`, `models`, "
                "`deployments`, `policies`, `default_policy`, `policy_defaults`, `tenants`, "
                "`fleet`, `detection`, `server`, `telemetry`)"
            ),
        ),
        (
            "server: {drain: {grase: 3s}}",
            (
                "16:18: server.drain.grase: no such key; did you mean `grace`? "
                "(allowed: `notice_delay`, `grace`)"
            ),
        ),
        (
            "server: {reflection: yes}",
            "16:22: server.reflection: cannot be `yes` (allowed: `true` or `false`)",
        ),
        (
            "server: {max_concurrent_calls: 0}",
            (
                "16:32: server.max_concurrent_calls: cannot be `0` "
                "(allowed: a whole number, at least 1, at most 1000000)"
            ),
        ),
        (
            "server: {max_concurrent_calls: 1.5}",
            (
                "16:32: server.max_concurrent_calls: cannot be `1.5` "
                "(allowed: a whole number, at least 1, at most 1000000)"
            ),
        ),
        (
            "server: {default_timeout: 2 min}",
            f"16:27: server.default_timeout: `2 min` is not a length of time (allowed: {DURATION})",
        ),
        (
            "server: {default_timeout: -2}",
            f"16:27: server.default_timeout: cannot be `-2` (allowed: {DURATION})",
        ),
        (
            "server: {default_timeout: 25h}",
            f"16:27: server.default_timeout: cannot be `25h` (allowed: {DURATION})",
        ),
        (
            "server: {default_timeout: true}",
            f"16:27: server.default_timeout: cannot be `true` (allowed: {DURATION})",
        ),
        (
            "server: {max_message_bytes: 1.5B}",
            (
                "16:29: server.max_message_bytes: `1.5B` is not a whole number of bytes "
                "(allowed: a size "
                "above 0 and below 2GiB: `512KiB`, `16MiB`, `1GiB`, or bytes as a number)"
            ),
        ),
        (
            "server: {listen: []}",
            (
                "16:18: server.listen: is empty (allowed: a list, not empty; each item: "
                "`host:port`, "
                "`[ipv6]:port`, `unix:/path/of.socket`)"
            ),
        ),
        (
            'server: {listen: ["localhost:1", "localhost"]}',
            (
                "16:34: server.listen[1]: `localhost` has no port at its end (allowed: "
                "`host:port`, "
                "`[ipv6]:port`, `unix:/path/of.socket`)"
            ),
        ),
        (
            'server: {listen: ["a:1", "a:1"]}',
            (
                "16:26: server.listen[1]: `a:1` stands in this list a second time "
                "(allowed: each item once)"
            ),
        ),
        (
            "server:",
            (
                "16:8: server: has no value; leave the key out to have the default (allowed: a "
                "mapping "
                "with the keys `listen`, `max_message_bytes`, `max_concurrent_calls`, "
                "`default_timeout`, `max_timeout`, `drain`, `keepalive`, `decisions`, `reflection`)"
            ),
        ),
        (
            "server: {drain: soon}",
            (
                "16:17: server.drain: cannot be text (allowed: a mapping with the keys "
                "`notice_delay`, `grace`)"
            ),
        ),
        (
            "server: {drain: [1]}",
            (
                "16:17: server.drain: cannot be a list (allowed: a mapping with the keys "
                "`notice_delay`, `grace`)"
            ),
        ),
        (
            "telemetry: {log: {level: inof}}",
            (
                "16:26: telemetry.log.level: cannot be `inof`; did you mean `info`? "
                "(allowed: one of `debug`, `info`, `warning`, `error`)"
            ),
        ),
        (
            "telemetry: {tracing: {sample_ratio: 1.01}}",
            (
                "16:37: telemetry.tracing.sample_ratio: cannot be `1.01` "
                "(allowed: a number, at least 0, at most 1)"
            ),
        ),
        (
            "telemetry: {service_name: 7}",
            (
                "16:27: telemetry.service_name: cannot be `7`, which is a number; quotes make "
                "it text "
                f"(allowed: {NAMES})"
            ),
        ),
        (
            "telemetry: {tracing: {headers: {Content-Length: x}}}",
            (
                "16:33: telemetry.tracing.headers.Content-Length: cannot be called "
                "`Content-Length` "
                "(allowed: the name of an HTTP header that the router does not set itself)"
            ),
        ),
        (
            "policy_defaults: {hedging: {percentile: 1}}",
            (
                "16:41: policy_defaults.hedging.percentile: cannot be `1` "
                "(allowed: a number, above 0, below 1)"
            ),
        ),
    ],
)
def test_wrong_keys_and_values_are_told(told: Told, minimal: str, keys: str, problem: str) -> None:
    """Everything somebody needs to mend the line without looking anything up."""
    assert told(f"{minimal}{keys}\n") == [problem]


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (
            "    wire_format: openai_chat\n",
            "",
            f"2:3: providers.alpha.wire_format: is missing (allowed: {NAMES})",
        ),
        (
            "context_window: 128000",
            "context_window:",
            (
                "8:20: models.sim-large.context_window: is missing, and no known model has this "
                "name (allowed: a whole number, or a known model under `from`)"
            ),
        ),
        (
            "context_window: 128000",
            "context_window: 128_000",
            (
                "8:21: models.sim-large.context_window: cannot be `128_000` "
                "(allowed: a whole number, at least 1, at most 1073741824)"
            ),
        ),
        (
            "[alpha-large]",
            "alpha-large",
            (
                "15:18: policies.default.deployments: cannot be text "
                f"(allowed: a list, not empty; each item: {NAMES})"
            ),
        ),
        (
            "[alpha-large]",
            "[{alpha-large: 1}]",
            f"15:19: policies.default.deployments[0]: cannot be a mapping (allowed: {NAMES})",
        ),
        (
            "  default:\n",
            '  "my policy": {deployments: [alpha-large]}\n  default:\n',
            f'14:3: policies."my policy": cannot be called `my policy` (allowed: {NAMES})',
        ),
    ],
)
def test_wrong_lines_are_told(told: Told, minimal: str, old: str, new: str, problem: str) -> None:
    """Also of what is missing: at what lacks it."""
    assert told(minimal.replace(old, new)) == [problem]


def test_document_that_is_no_mapping_is_told(told: Told) -> None:
    """A path to another file is a common mistake."""
    assert told("- providers\n") == [
        (
            "1:1: cannot be a list (allowed: a mapping with the keys `providers`, `models`, "
            "`deployments`, `policies`, `default_policy`, `policy_defaults`, `tenants`, `fleet`, "
            "`detection`, `server`, `telemetry`)"
        )
    ]


def test_what_is_missing_at_the_top_is_told(told: Told) -> None:
    """All of it at once."""
    assert told("{}\n") == [
        "1:1: deployments: is missing (allowed: a mapping of names, not empty)",
        "1:1: models: is missing (allowed: a mapping of names, not empty)",
        "1:1: policies: is missing (allowed: a mapping of names, not empty)",
        "1:1: providers: is missing (allowed: a mapping of names, not empty)",
    ]


def test_all_problems_are_told_at_once(told: Told) -> None:
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

    assert [line.partition(" (allowed")[0] for line in told(text)] == [
        (
            "3:18: providers.alpha.wire_format: no wire format is called `openai-chat`; "
            "did you mean `openai_chat`?"
        ),
        "5:14: providers.alpha.api_key: the environment variable `MISSING_KEY` is not set",
        "8:15: providers.beta.base_url: does not begin with `http://` or `https://`",
        "9:5: providers.beta.timeout: no such key",
        "11:27: models.large.context_window: cannot be `0`",
        "12:3: models.large: stands here a second time, it already stands in line 11",
        "14:19: deployments.one.provider: no provider is called `alfa`; did you mean `alpha`?",
        "14:32: deployments.one.model: no model is called `larg`; did you mean `large`?",
        "14:46: deployments.one.region: tags have no meaning here",
        "16:32: policies.default.deployments[1]: `one` stands in this list a second time",
        "16:37: policies.default.deployments[2]: no deployment is called `two`",
        "16:57: policies.default.max_attempts: cannot be `none`",
        (
            "17:52: policies.other.hedging.min_delay: contradict each other: "
            "`min_delay` is above `max_delay`"
        ),
    ]
