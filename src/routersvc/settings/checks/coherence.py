"""Checks that the settings do not contradict themselves.

A limit in the file is compared with its counterpart; two defaults never contradict each other.
Where the smaller of two timeouts simply applies, only two that are both in the file are reported.
"""

from __future__ import annotations

from collections.abc import Mapping

from routersvc.settings.checks.policies import check_policy
from routersvc.settings.checks.tenants import (
    check_constraints,
    check_identities,
    check_prices,
    check_tenants,
)
from routersvc.settings.checks.written_keys import WrittenKeys
from routersvc.settings.problems import KeyPath, shown
from routersvc.settings.reading import Sections
from routersvc.settings.sections.auth import AuthKind, check_auth
from routersvc.settings.sections.authentication import check_issuer
from routersvc.settings.sections.decision_log import check_decision_log
from routersvc.settings.sections.deployments import DeploymentSection
from routersvc.settings.sections.fleet import FleetSection
from routersvc.settings.sections.models import ModelSection
from routersvc.settings.sections.policies import PolicySection
from routersvc.settings.sections.providers import ProviderSection
from routersvc.settings.sections.server import ServerSection
from routersvc.settings.sections.telemetry import TelemetrySection
from routersvc.settings.source.problem_list import ProblemList
from routersvc.settings.source.yaml_source import YamlDocument
from routersvc.settings.types.addresses import HostPort
from routersvc.settings.types.fields import is_credential_header
from routersvc.settings.types.secrets import SecretReference
from routersvc.settings.types.units import duration_text

_ROUNDING = 1e-9
"""Tolerance for rounding errors in sums of shares."""


def check_coherence(sections: Sections, source: YamlDocument, problems: ProblemList) -> None:
    """Report every contradiction."""
    for name, provider in sections.providers.items():
        if provider is not None:
            _check_provider(("providers", name), provider, problems)
    for name, model in sections.effective_models().items():
        if sections.models[name] is not None:
            _check_model(("models", name), model, problems)
    _check_canaries(sections.deployments, problems)
    keys = WrittenKeys(source, problems)
    server = sections.server
    policies = sections.effective_policies()
    for name, policy in policies.items():
        default_timeout = None if server is None else server.default_timeout
        check_policy(name, policy, keys, default_timeout=default_timeout)
        check_constraints(("policies", name, "constraints"), policy.constraints, problems)
    document = sections.document
    check_tenants(sections.tenants, None if document is None else document.default_policy, problems)
    check_prices(sections, problems)
    if server is not None:
        has_ca = server.tls.client_ca_file is not None
        check_identities(sections.tenants, has_client_certificates=has_ca, problems=problems)
    if sections.authentication is not None:
        for name, issuer in sections.authentication.tokens.items():
            check_issuer(("authentication", "tokens", name), issuer, problems)
    if sections.fleet is not None:
        _check_fleet(sections.fleet, policies, keys)
    if server is not None:
        _check_server(server, problems)
    if sections.telemetry is not None:
        _check_telemetry(sections.telemetry, server, problems)
    if document is not None:
        check_decision_log(document.decision_log, problems)


def _check_provider(path: KeyPath, provider: ProviderSection, problems: ProblemList) -> None:
    if provider.api_key is not None and provider.credentials:
        problems.at_key(
            (*path, "api_key"), "conflicts with `credentials`", "`api_key` or `credentials`"
        )
    auth = provider.auth
    if auth is not None:
        check_auth((*path, "auth"), auth, problems)
        if auth.kind is not AuthKind.KEY:
            for key, given in (
                ("api_key", provider.api_key is not None),
                ("credentials", bool(provider.credentials)),
            ):
                if given:
                    problems.at_key(
                        (*path, key), f"has no effect with `auth` of kind `{auth.kind.value}`"
                    )
    _check_headers((*path, "headers"), provider.headers, problems)
    proxy = provider.proxy
    if proxy.url is None and (proxy.username or proxy.password is not None):
        problems.at_key((*path, "proxy"), "has a credential for no proxy", "`url`")
    tls = provider.tls
    if provider.base_url.startswith("http:") and (tls.ca_file or tls.insecure_skip_verify):
        problems.at_key(
            (*path, "tls"), "has no effect with an `http` address", "an `https` address"
        )
    elif tls.ca_file is not None and tls.insecure_skip_verify:
        problems.at_key(
            (*path, "tls", "ca_file"),
            "has no effect with `insecure_skip_verify`",
            "`ca_file` or `insecure_skip_verify`",
        )


def _check_model(path: KeyPath, model: ModelSection | None, problems: ProblemList) -> None:
    window = None if model is None else model.context_window
    if model is None or window is None:
        if not problems.has_value((*path, "from")):
            problems.at_value(
                (*path, "context_window"),
                "is missing, and there is no known model of this name",
                "a whole number, or a known model under `from`",
            )
        return
    longest = model.max_output_tokens
    if longest is not None and longest > window:
        problems.at_value(
            (*path, "max_output_tokens"),
            f"`{longest}` is above `context_window`",
            f"at most {window}",
        )


def _check_canaries(
    deployments: Mapping[str, DeploymentSection | None], problems: ProblemList
) -> None:
    """Report canaries of one model whose shares add up to more than 1."""
    taken: dict[str, float] = {}
    for name, deployment in deployments.items():
        if deployment is None or deployment.canary_share is None:
            continue
        before = taken.get(deployment.model, 0.0)
        taken[deployment.model] = before + deployment.canary_share
        if taken[deployment.model] > 1 + _ROUNDING:
            problems.at_value(
                ("deployments", name, "canary_share"),
                f"canary shares of model {shown(deployment.model)} add up to more than 1",
                f"at most {max(0.0, 1 - before):.6g}",
            )


def _check_headers(
    path: KeyPath, headers: Mapping[str, SecretReference | str], problems: ProblemList
) -> None:
    seen: set[str] = set()
    for name, value in headers.items():
        if name.lower() in seen:
            problems.at_key(
                (*path, name), "duplicate header, names are case-insensitive", "each header once"
            )
        seen.add(name.lower())
        if is_credential_header(name) and not isinstance(value, SecretReference):
            problems.at_value(
                (*path, name),
                "must be a reference to a secret, not the secret itself",
                "`env:NAME` for an environment variable, `file:PATH` for a file",
            )


def _check_fleet(
    fleet: FleetSection, policies: Mapping[str, PolicySection], keys: WrittenKeys
) -> None:
    for section, lower, upper in (
        ("breaker", "open_time", "max_open_time"),
        ("concurrency", "minimum", "initial"),
        ("concurrency", "initial", "maximum"),
        ("budgets", "hedge_share", "share"),
        ("budgets", "hedge_reserve", "reserve"),
        ("rechecks", "first", "longest"),
    ):
        values = getattr(fleet, section)
        keys.check_order(
            ([("fleet", section, lower)], getattr(values, lower)),
            ([("fleet", section, upper)], getattr(values, upper)),
            in_seconds=section not in {"concurrency", "budgets"},
        )
    probe_timeout = fleet.breaker.probe_timeout
    longest = max((policy.timeouts.attempt for policy in policies.values()), default=0.0)
    if probe_timeout is not None and probe_timeout <= longest:
        keys.problems.at_value(
            ("fleet", "breaker", "probe_timeout"),
            "must be longer than the longest `attempt` timeout of all policies",
            f"above {duration_text(longest)}",
        )


def _check_server(server: ServerSection, problems: ProblemList) -> None:
    if server.default_timeout > server.max_timeout:
        problems.at_value(
            ("server", "default_timeout"),
            "is longer than `max_timeout`",
            f"at most {duration_text(server.max_timeout)}",
        )
    tls = server.tls
    for key, other in (
        ("certificate_file", "private_key_file"),
        ("private_key_file", "certificate_file"),
        ("client_ca_file", "certificate_file"),
    ):
        if getattr(tls, key) is not None and getattr(tls, other) is None:
            problems.at_value(("server", "tls", other), f"is missing, required with `{key}`")
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
    taken: list[object] = [] if server is None else list(server.listen)
    for name, listen in (
        ("prometheus", telemetry.prometheus.listen),
        ("status_page", telemetry.status_page.listen),
    ):
        if isinstance(listen, HostPort) and listen.port and listen in taken:
            of = "the server" if server is not None and listen in server.listen else "`prometheus`"
            problems.at_value(
                ("telemetry", name, "listen"), f"is already an address of {of}", "another address"
            )
        taken.append(listen)
