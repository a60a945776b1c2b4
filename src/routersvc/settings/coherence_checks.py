"""Whether the settings contradict themselves.

A limit that somebody wrote is held against its counterpart; two defaults never contradict each
other. Where the smaller of two timeouts simply wins, only two that were both written are reported.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from routersvc.domain.policies import HedgingMode
from routersvc.settings.addresses import HostPort
from routersvc.settings.fields import is_credential_header
from routersvc.settings.policies import PolicySection
from routersvc.settings.problem_list import ProblemList
from routersvc.settings.problems import KeyPath
from routersvc.settings.providers import ProviderSection
from routersvc.settings.secrets import SecretReference
from routersvc.settings.sections import Sections
from routersvc.settings.server import ServerSection
from routersvc.settings.telemetry import TelemetrySection
from routersvc.settings.units import duration_text
from routersvc.settings.yaml_source import YamlDocument


def check_coherence(sections: Sections, source: YamlDocument, problems: ProblemList) -> None:
    """Report every contradiction."""
    for name, provider in sections.providers.items():
        if provider is not None:
            _check_provider(("providers", name), provider, problems)
    for name, model in sections.models.items():
        longest = None if model is None else model.max_output_tokens
        if model is not None and longest is not None and longest > model.context_window:
            problems.at_value(
                ("models", name, "max_output_tokens"),
                f"`{longest}` does not fit into the `context_window`",
                f"at most {model.context_window}",
            )
    for name, policy in sections.effective_policies().items():
        _PolicyCheck(name, policy, source, problems).check(sections.server)
    if sections.server is not None:
        _check_server(sections.server, problems)
    if sections.telemetry is not None:
        _check_telemetry(sections.telemetry, sections.server, problems)


def _check_provider(path: KeyPath, provider: ProviderSection, problems: ProblemList) -> None:
    if provider.api_key is not None and provider.credentials:
        problems.at_key(
            (*path, "api_key"), "stands beside `credentials`", "`api_key` or `credentials`"
        )
    _check_headers((*path, "headers"), provider.headers, problems)
    tls = provider.tls
    if provider.base_url.startswith("http:") and (tls.ca_file or tls.insecure_skip_verify):
        problems.at_key((*path, "tls"), "has no effect on an `http` address", "an `https` address")
    elif tls.ca_file is not None and tls.insecure_skip_verify:
        problems.at_key(
            (*path, "tls", "ca_file"),
            "has no effect beside `insecure_skip_verify`",
            "`ca_file` or `insecure_skip_verify`",
        )


def _check_headers(
    path: KeyPath, headers: Mapping[str, SecretReference | str], problems: ProblemList
) -> None:
    seen: set[str] = set()
    for name, value in headers.items():
        if name.lower() in seen:
            problems.at_key(
                (*path, name), "stands here a second time, in other letters", "each header once"
            )
        seen.add(name.lower())
        if is_credential_header(name) and not isinstance(value, SecretReference):
            problems.at_value(
                (*path, name),
                "is a credential, which cannot stand here itself",
                "`env:NAME` for an environment variable, `file:PATH` for a file",
            )


class _PolicyCheck:
    """Holds the rules of one policy, its own and the inherited, against each other."""

    def __init__(
        self, name: str, policy: PolicySection, source: YamlDocument, problems: ProblemList
    ) -> None:
        self._path = ("policies", name)
        self._policy = policy
        self._source = source
        self._problems = problems

    def check(self, server: ServerSection | None) -> None:
        policy = self._policy
        if (policy.deployments is None) == (policy.models is None):
            both = policy.models is not None
            self._problems.at_key(
                (*self._path, "models") if both else self._path,
                "stands beside `deployments`" if both else "names nothing to call",
                "`deployments` or `models`",
            )
        self._check_timeouts(server)
        self._check_hedging()
        self._ordered("retries", "base_delay", "max_delay")

    def _check_timeouts(self, server: ServerSection | None) -> None:
        timeouts = self._policy.timeouts
        for key in ("connect", "first_content", "idle"):
            shorter, attempt = (("timeouts", key), ("timeouts", "attempt"))
            if getattr(timeouts, key) > timeouts.attempt and self._all_written(shorter, attempt):
                self._report([shorter], "is longer than `attempt`", timeouts.attempt)
        if timeouts.useful > timeouts.attempt:
            self._report(
                [("timeouts", "useful"), ("timeouts", "attempt")],
                "leaves no time for any attempt: `useful` is longer than `attempt`",
                timeouts.attempt,
            )
        if server is not None and timeouts.useful > server.default_timeout:
            self._report(
                [("timeouts", "useful")],
                "is longer than the server's `default_timeout`",
                server.default_timeout,
            )

    def _check_hedging(self) -> None:
        policy = self._policy
        hedging = policy.hedging
        self._ordered("hedging", "min_delay", "max_delay")
        if hedging.mode is HedgingMode.OFF:
            return
        if policy.max_attempts < 2 or hedging.max_parallel < 2:  # noqa: PLR2004
            self._report(
                [("hedging", "max_parallel"), ("max_attempts",), ("hedging", "mode")],
                "leaves no place for a hedge beside the first attempt",
                "`max_attempts` and `max_parallel` of at least 2",
            )
        if hedging.mode is HedgingMode.PARALLEL:
            return
        first_content = policy.timeouts.first_content
        if hedging.delay is not None:
            if hedging.delay >= first_content:
                self._report(
                    [("hedging", "delay")],
                    "is no sooner than the timeout `first_content`, so no hedge would start",
                    f"below {duration_text(first_content)}",
                )
        elif hedging.min_delay >= first_content:
            self._report(
                [("hedging", "min_delay"), ("timeouts", "first_content")],
                "leaves no time for a hedge between `min_delay` and the timeout `first_content`",
                "a `min_delay` below `first_content`",
            )

    def _ordered(self, section: str, lower: str, upper: str) -> None:
        values = getattr(self._policy, section)
        if getattr(values, lower) > getattr(values, upper):
            self._report(
                [(section, lower), (section, upper)],
                f"contradict each other: `{lower}` is above `{upper}`",
                getattr(values, upper),
            )

    def _report(
        self, candidates: Iterable[tuple[str, ...]], message: str, allowed: float | str
    ) -> None:
        """Report at the first of the keys that was written, in the policy or in the defaults."""
        written = [path for keys in candidates if (path := self._written(keys)) is not None]
        path = written[0] if written else self._path
        words = allowed if isinstance(allowed, str) else f"at most {duration_text(allowed)}"
        self._problems.at_value(path, message, words)

    def _written(self, keys: tuple[str, ...]) -> KeyPath | None:
        for path in ((*self._path, *keys), ("policy_defaults", *keys)):
            if path in self._source.value_places:
                return path
        return None

    def _all_written(self, *keys: tuple[str, ...]) -> bool:
        return all(self._written(path) is not None for path in keys)


def _check_server(server: ServerSection, problems: ProblemList) -> None:
    if server.default_timeout > server.max_timeout:
        problems.at_value(
            ("server", "default_timeout"),
            "is longer than `max_timeout`",
            f"at most {duration_text(server.max_timeout)}",
        )
    keepalive = server.keepalive
    if keepalive.max_connection_age_grace is not None and keepalive.max_connection_age is None:
        problems.at_key(
            ("server", "keepalive", "max_connection_age_grace"),
            "has no effect without `max_connection_age`",
        )


def _check_telemetry(
    telemetry: TelemetrySection, server: ServerSection | None, problems: ProblemList
) -> None:
    _check_headers(("telemetry", "tracing", "headers"), telemetry.tracing.headers, problems)
    listen = telemetry.prometheus.listen
    taken: tuple[object, ...] = () if server is None else server.listen
    if isinstance(listen, HostPort) and listen.port and listen in taken:
        problems.at_value(
            ("telemetry", "prometheus", "listen"),
            "is an address of the server",
            "an address of its own",
        )
