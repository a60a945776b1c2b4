"""What the other floors are given: catalogue, policies, endpoints, digest."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.wording import Wording

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.deployments import Compliance
from routersvc.domain.catalogue.modes import (
    ConsistencyMode,
    HedgingMode,
    OrderMode,
    StreamRecoveryMode,
)
from routersvc.domain.catalogue.policies import HedgingRule, Policy, RetryRule, Timeouts
from routersvc.domain.catalogue.prices import PriceStep
from routersvc.domain.conversation.prompts import ServiceTier
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.domain.fleet.attempt_budgets import BudgetRule
from routersvc.domain.fleet.breakers import BreakerRule
from routersvc.domain.fleet.concurrency import ConcurrencyRule
from routersvc.domain.fleet.deployment_states import DeploymentRules
from routersvc.domain.fleet.disablements import RecheckRule
from routersvc.domain.fleet.fleet import FleetRules
from routersvc.settings.endpoints import Connections, Tls
from routersvc.settings.loading import load_settings
from routersvc.settings.problems import SettingsError
from routersvc.settings.settings import Settings
from routersvc.settings.types.addresses import HostPort
from routersvc.settings.wire_formats import Dialect, WireFormat
from routersvc.telemetry.options import LogFormat, LogLevel, TraceExporter

Load = Callable[[str], Settings]


def test_smallest_file_has_all_defaults(load: Load, minimal: str) -> None:
    """The defaults of the design, each of them."""
    settings = load(minimal)

    assert settings.default_policy == "default"
    assert settings.policies() == {
        "default": Policy(
            name="default",
            deployments=("alpha-large",),
            order=OrderMode.BALANCED,
            max_attempts=3,
            timeouts=Timeouts(
                connect=2.0, first_content=30.0, idle=20.0, attempt=120.0, useful=0.2
            ),
            hedging=HedgingRule(
                mode=HedgingMode.AUTO,
                percentile=0.95,
                min_samples=100,
                min_delay=0.2,
                max_delay=20.0,
                delay=None,
                max_parallel=None,
            ),
            retries=RetryRule(
                max_retries=1, base_delay=0.1, max_delay=5.0, only_without_alternative=True
            ),
            stream_recovery=StreamRecoveryMode.FAIL,
            consistency=ConsistencyMode.ANY,
            failover_on_refusal=False,
        )
    }
    assert settings.fleet_rules() == FleetRules()
    server = settings.server
    assert server.listen == (HostPort(host="127.0.0.1", port=50051),)
    assert (server.max_message_bytes, server.max_concurrent_calls) == (16_777_216, 1_000)
    assert (server.default_timeout, server.max_timeout) == (120.0, 600.0)
    assert (server.drain.notice_delay, server.drain.grace, server.reflection) == (5.0, 20.0, True)
    assert (server.keepalive.time, server.keepalive.timeout) == (30.0, 10.0)
    assert server.keepalive.max_connection_age is None
    telemetry = settings.telemetry
    assert (telemetry.log.level, telemetry.log.format) == (LogLevel.INFO, LogFormat.JSON)
    assert telemetry.prometheus.listen is None
    assert (telemetry.tracing.exporter, telemetry.tracing.sample_ratio) == (
        TraceExporter.NONE,
        0.01,
    )


def test_smallest_file_gives_one_deployment(load: Load, minimal: str) -> None:
    """What is not stated is not given, and what every chat model can do is assumed."""
    catalogue = load(minimal).catalogue()

    deployment = catalogue.deployments["alpha-large"]
    assert (deployment.wire_model, deployment.credential, deployment.enabled) == (
        "sim-large",
        "default",
        True,
    )
    assert deployment.compliance == Compliance()
    assert deployment.model.context_window == 128_000
    assert deployment.model.prices is None
    assert deployment.capabilities == {
        Capability.STREAMING,
        Capability.SYSTEM_PROMPT,
        Capability.SAMPLING,
        Capability.STOP_SEQUENCES,
    }


def test_catalogue_holds_what_the_file_says(load: Load, full: str) -> None:
    """Every key of providers, models and deployments arrives."""
    catalogue = load(full).catalogue()

    deployment = catalogue.deployments["alpha-large"]
    assert deployment.provider.wire_format == "openai_chat"
    assert deployment.provider.cancel_stops_billing
    assert deployment.wire_model == "sim-large-2026-03-01"
    assert deployment.model.max_output_tokens == 16_384
    prices = deployment.model.prices
    assert prices is not None
    assert (prices.input, prices.output, prices.cached_input) == (2.5, 10.0, 1.25)
    assert (prices.cache_write, prices.cache_write_hour) == (2.5, 5.0)
    assert prices.steps == (
        PriceStep(
            above=64_000,
            input=5.0,
            output=20.0,
            cached_input=2.5,
            cache_write=5.0,
            cache_write_hour=10.0,
        ),
    )
    assert prices.tiers.keys() == {ServiceTier.FLEX, ServiceTier.PRIORITY}
    assert prices.tiers[ServiceTier.FLEX].steps[0].input == 2.5
    assert prices.tiers[ServiceTier.PRIORITY].output == 20.0
    assert deployment.model.efforts == frozenset()
    assert deployment.model.equivalent_to == {"sim-reasoner"}
    assert Capability.IMAGE_INPUT in deployment.capabilities
    assert Capability.REASONING not in deployment.capabilities
    assert catalogue.deployments["alpha-small"].model.tier == 1
    assert catalogue.aliases == {"large": "sim-large", "small": "sim-small"}
    assert catalogue.deployments["beta-small"].credential == "batch"


def test_deployment_takes_from_its_provider_what_it_does_not_say(load: Load, full: str) -> None:
    """Key by key; a list of its own replaces that of the provider."""
    deployments = load(full).catalogue().deployments

    assert deployments["alpha-large"].compliance == Compliance(
        region="eu-central",
        zero_data_retention=True,
        no_training=True,
        data_classes=frozenset({"pii"}),
    )
    assert deployments["alpha-small"].compliance == Compliance(
        region="eu-central",
        zero_data_retention=True,
        no_training=True,
        data_classes=frozenset({"pii", "phi"}),
    )
    assert deployments["beta-large"].compliance == Compliance(region="eu-west", no_training=True)
    assert deployments["gamma-large"].compliance == Compliance(region="us-east")


def test_deployment_can_take_back_what_its_provider_has(load: Load, full: str) -> None:
    """A stated `false` is a statement."""
    above, name, below = full.partition("  alpha-large:\n")
    own = re.compile(r"    compliance:\n(      .*\n)+")
    text = above + name + own.sub("    compliance: {zero_data_retention: false}\n", below, count=1)

    compliance = load(text).catalogue().deployments["alpha-large"].compliance
    assert not compliance.zero_data_retention
    assert compliance.no_training
    assert compliance.data_classes == {"pii", "phi"}


def test_dialect_says_what_can_be_expressed_and_billed(load: Load, minimal: str) -> None:
    """The settings can overrule what is known of billing, nothing else."""
    groq = minimal.replace("openai_chat\n", "openai_chat\n    dialect: groq\n")
    stops = groq.replace("    dialect", "    cancel_stops_billing: true\n    dialect")

    provider = load(groq).catalogue().deployments["alpha-large"].provider
    assert provider.expressible == {Capability.STREAMING, Capability.TOOLS}
    assert not provider.cancel_stops_billing
    assert load(stops).catalogue().deployments["alpha-large"].provider.cancel_stops_billing
    assert load(groq).endpoints["alpha"].dialect == "groq"


def test_policy_of_models_has_their_deployments_model_by_model(load: Load, full: str) -> None:
    """Within a model, in the order of the file."""
    policies = load(full).policies()

    assert policies["cheap"].deployments == (
        "alpha-small",
        "beta-small",
        "alpha-large",
        "beta-large",
        "gamma-large",
    )
    assert policies["cheap"].max_attempts == 4
    assert policies["steady"].consistency is ConsistencyMode.EQUIVALENT


def test_policy_takes_from_the_defaults_what_it_does_not_say(load: Load, minimal: str) -> None:
    """Also single keys inside of a section, and a value that is the schema's own default."""
    policy = load(
        f"{minimal}    max_attempts: 3\n    timeouts: {{idle: 7s}}\n"
        "policy_defaults:\n  max_attempts: 5\n  failover_on_refusal: true\n"
        "  timeouts: {idle: 9s, connect: 1s}\n"
    ).policies()["default"]

    assert policy.max_attempts == 3
    assert policy.failover_on_refusal
    assert (policy.timeouts.idle, policy.timeouts.connect) == (7.0, 1.0)
    assert policy.timeouts.first_content == 30.0


def test_fleet_rules_hold_what_the_file_says(load: Load, minimal: str) -> None:
    """A probe is waited for longer than any attempt may take, unless something else is said."""
    rules = load(
        f"{minimal}    timeouts: {{attempt: 4m}}\n"
        "fleet:\n  breaker: {window: 1m, slow_call_duration: 5s}\n  concurrency: {initial: 7}\n"
        "  budgets: {share: 0.2}\n  rechecks: {growth: 3}\n"
    ).fleet_rules()

    assert rules == FleetRules(
        deployments=DeploymentRules(
            breaker=BreakerRule(window=60.0, slow_call_duration=5.0, probe_timeout=300.0),
            concurrency=ConcurrencyRule(initial=7),
        ),
        budgets=BudgetRule(share=0.2),
        rechecks=RecheckRule(growth=3.0),
    )
    stated = load(f"{minimal}fleet: {{breaker: {{probe_timeout: 3m}}}}\n").fleet_rules()
    assert stated.deployments.breaker.probe_timeout == 180.0


def test_policy_can_hedge_and_recover(load: Load, full: str) -> None:
    """Also where the defaults do neither."""
    policy = load(full).policies()["interactive"]

    assert policy.hedging.mode is HedgingMode.AUTO
    assert policy.hedging.max_delay == 20.0
    assert policy.stream_recovery is StreamRecoveryMode.RESTART


def test_endpoints_hold_what_the_adapters_need(load: Load, full: str) -> None:
    """Secrets are resolved, the trailing slash is removed, headers are hidden."""
    settings = load(full.replace("http://127.0.0.1:4010/v1", "http://127.0.0.1:4010/v1/"))

    alpha, beta = settings.endpoints["alpha"], settings.endpoints["beta"]
    assert (alpha.wire_format, alpha.dialect) == ("openai_chat", "openai")
    assert alpha.base_url == "http://127.0.0.1:4010/v1"
    assert {name: secret.reveal() for name, secret in alpha.credentials.items()} == {
        "default": "alpha-secret"
    }
    assert {name: secret.reveal() for name, secret in beta.credentials.items()} == {
        "interactive": "beta-secret",
        "batch": "beta-batch-secret",
    }
    assert {name: value.reveal() for name, value in alpha.headers.items()} == {"x-team": "routing"}
    assert alpha.tls == Tls(ca_file=None, verify=True)
    assert alpha.connections == Connections(limit=1000, keepalive_timeout=30.0, max_age=600.0)
    assert {name: value.reveal() for name, value in settings.tracing_headers.items()} == {
        "x-tenant": "platform"
    }


def test_provider_without_credentials_has_none(load: Load, minimal: str) -> None:
    """Self-hosted servers often ask for none."""
    settings = load(minimal.replace("    api_key: env:ALPHA_API_KEY\n", ""))

    assert settings.endpoints["alpha"].credentials == {}
    assert settings.catalogue().deployments["alpha-large"].credential == ""


def test_digest_tells_what_is_said_not_how(load: Load, minimal: str) -> None:
    """Comments, quotes and spelled-out defaults leave it as it is; a changed value does not."""
    digest = load(minimal).digest

    assert load(f"# comment\n{minimal}server: {{default_timeout: 2m}}\n").digest == digest
    assert load(minimal.replace("128000", "128_000".replace("_", ""))).digest == digest
    assert load(f"{minimal}server: {{default_timeout: 120.0}}\n").digest == digest
    assert load(f"{minimal}server: {{default_timeout: 121}}\n").digest != digest
    assert load(minimal.replace("ALPHA_API", "BETA_API")).digest != digest
    assert len(digest) == 64


def test_digest_does_not_depend_on_the_secrets(
    tmp_path: Path, minimal: str, wire_formats: Mapping[str, WireFormat]
) -> None:
    """A hash of a secret in an explanation would help to guess it."""
    path = tmp_path / "settings.yaml"
    path.write_text(minimal, encoding="utf-8")

    digests = {
        load_settings(
            path, environment={"ALPHA_API_KEY": secret}, known_wire_formats=wire_formats
        ).digest
        for secret in ("one", "two")
    }
    assert len(digests) == 1


def test_paths_start_at_the_folder_of_the_file(
    tmp_path: Path, minimal: str, wire_formats: Mapping[str, WireFormat]
) -> None:
    """The settings and their secrets are mounted together."""
    (tmp_path / "key").write_text("from-file\n", encoding="utf-8")
    path = tmp_path / "settings.yaml"
    path.write_text(minimal.replace("env:ALPHA_API_KEY", "file:key"), encoding="utf-8")

    settings = load_settings(path, environment={}, known_wire_formats=wire_formats)

    secret = settings.endpoints["alpha"].credentials["default"]
    assert secret.reveal() == "from-file"


def test_file_without_certificates_is_reported(
    tmp_path: Path, minimal: str, wire_formats: Mapping[str, WireFormat], wording: Wording
) -> None:
    """When the settings are loaded, not at the first call."""
    (tmp_path / "ca.pem").write_text("no certificate", encoding="utf-8")
    path = tmp_path / "settings.yaml"
    key = "    api_key: env:ALPHA_API_KEY\n"
    path.write_text(
        minimal.replace("http:", "https:").replace(key, "    tls: {ca_file: ca.pem}\n"),
        encoding="utf-8",
    )

    with pytest.raises(SettingsError) as caught:
        load_settings(path, environment={}, known_wire_formats=wire_formats)

    (problem,) = caught.value.problems
    assert (problem.line, problem.column) == (5, 20)
    assert problem.key_path == "providers.alpha.tls.ca_file"
    wording(problem.message)


def test_settings_show_no_secret(load: Load, full: str, environment: Mapping[str, str]) -> None:
    """Neither from the environment nor from a header, in whatever text is made of them."""
    settings = load(full)

    texts = [repr(settings), str(settings), repr(settings.endpoints), f"{settings.document!r}"]
    hidden = [*environment.values(), "routing'"]
    assert not [secret for secret in hidden for text in texts if secret in text]


def test_sections_cannot_be_changed(load: Load, minimal: str) -> None:
    """What was checked stays as it was checked."""
    settings = load(minimal)

    with pytest.raises(ValueError, match="frozen"):
        settings.server.reflection = False  # type: ignore[misc]


def test_wire_format_knows_its_default_dialect() -> None:
    """A mistake of the program, not of the settings."""
    with pytest.raises(ValueError, match="one of `dialects`"):
        WireFormat(dialects={"openai": Dialect()}, default_dialect="groq")


def test_efforts_of_a_deployment_are_what_model_and_format_have(load: Load) -> None:
    """The format's own, narrowed by those of the model; every one of both where neither says."""
    text = """\
providers:
  narrow: {wire_format: openai_chat, dialect: groq, base_url: "http://p"}
  wide: {wire_format: openai_chat, base_url: "http://p"}
models:
  some: {context_window: 1000, efforts: [none, high, xhigh]}
  any: {context_window: 1000}
deployments:
  narrow-some: {provider: narrow, model: some}
  narrow-any: {provider: narrow, model: any}
  wide-some: {provider: wide, model: some}
  wide-any: {provider: wide, model: any}
policies:
  default: {models: [some, any]}
"""

    deployments = load(text).catalogue().deployments

    assert {name: one.efforts for name, one in deployments.items()} == {
        "narrow-some": frozenset({ReasoningEffort.HIGH}),
        "narrow-any": frozenset({ReasoningEffort.LOW, ReasoningEffort.HIGH}),
        "wide-some": frozenset({ReasoningEffort.NONE, ReasoningEffort.HIGH, ReasoningEffort.XHIGH}),
        "wide-any": frozenset(ReasoningEffort),
    }
