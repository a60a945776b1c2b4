"""What the settings say reaches the part it is for."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from routersvc.app.authorisations import authorisations
from routersvc.app.options import (
    profiler,
    provider_connections,
    redactor,
    server_options,
    telemetry_options,
    transport_to,
)
from routersvc.app.wire_formats import adapter, known_wire_formats
from routersvc.domain.conversation.request_limits import RequestLimits
from routersvc.grpc_api.server_options import (
    DEFAULT_EDGE,
    ConnectionOptions,
    KeepaliveOptions,
    ServerOptions,
)
from routersvc.grpc_api.servicers import DeadlineRule
from routersvc.providers.credentials.authorisations import (
    BEARER,
    KeyAuthorisation,
    OutgoingRequest,
    TokenAuthorisation,
)
from routersvc.providers.credentials.aws_signatures import AwsSignature
from routersvc.providers.dialects import DEFAULT_DIALECT
from routersvc.providers.http.gateway import ProviderGateway
from routersvc.settings.loading import load_settings
from routersvc.settings.sections.server import ServerSection
from routersvc.settings.settings import Settings
from routersvc.telemetry.options import (
    CallSpanMaker,
    DecisionLogOptions,
    LogFormat,
    LoggedContent,
    LogLevel,
    LogOptions,
    MetricsOptions,
    StatusPageOptions,
    TraceExporter,
    TraceOptions,
)
from routersvc.testing.worlds import scripted_request
from routersvc.tokenizer.counter import O200kCounter

ROUTES = """
providers:
  alpha: {wire_format: openai_chat, base_url: http://127.0.0.1:1/v1, api_key: "env:KEY"}
  beta: {wire_format: openai_chat, dialect: groq, base_url: http://127.0.0.1:2/v1}
models:
  large: {context_window: 128000}
deployments:
  alpha-large: {provider: alpha, model: large}
  beta-large: {provider: beta, model: large}
policies:
  default: {deployments: [alpha-large, beta-large]}
"""

EVERYTHING = """
server:
  listen: ["127.0.0.1:0", "[::1]:50052", "unix:/tmp/router.sock"]
  max_message_bytes: 1MiB
  max_concurrent_calls: 7
  default_timeout: 30s
  max_timeout: 60s
  reflection: false
  connections: {max_open: 100, max_streams: 50, handshake_timeout: 3s}
  limits:
    messages: 10
    parts: 20
    tools: 5
    text_characters: 1000
    json_bytes: 2KiB
    json_depth: 8
    json_values: 90
    url_bytes: 1KiB
    private_addresses: true
  keepalive:
    time: 20s
    timeout: 5s
    permit_without_calls: false
    min_recv_ping_interval_without_data: 15s
    max_connection_idle: 1m
    max_connection_age: 5m
    max_connection_age_grace: 2m
telemetry:
  service_name: edge
  log: {level: debug, format: console}
  prometheus: {listen: "127.0.0.1:9464"}
  status_page: {listen: "127.0.0.1:9465"}
  tracing:
    exporter: otlp
    endpoint: http://collector.test:4317
    headers: {x-token: "env:KEY"}
    sample_ratio: 0.5
    call_spans: opentelemetry
    propagate: false
    export_timeout: 3s
    flush_timeout: 2s
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Settings in which every key of the server and of telemetry is set."""
    file = tmp_path / "settings.yaml"
    file.write_text(ROUTES + EVERYTHING)
    return load_settings(
        file, environment={"KEY": "secret"}, known_wire_formats=known_wire_formats()
    )


def test_server_is_told_all(settings: Settings) -> None:
    """Addresses as gRPC writes them, times in seconds."""
    assert ServerSection().edge == DEFAULT_EDGE
    assert server_options(settings) == ServerOptions(
        addresses=("127.0.0.1:0", "[::1]:50052", "unix:/tmp/router.sock"),
        max_message_bytes=1_048_576,
        deadlines=DeadlineRule(default_timeout=30.0, max_timeout=60.0),
        connections=ConnectionOptions(max_open=100, max_streams=50, handshake_timeout=3.0),
        limits=RequestLimits(
            messages=10,
            parts=20,
            tools=5,
            text_characters=1_000,
            json_bytes=2_048,
            json_depth=8,
            json_values=90,
            url_bytes=1_024,
            private_addresses=True,
        ),
        keepalive=KeepaliveOptions(
            time=20.0,
            timeout=5.0,
            permit_without_calls=False,
            min_recv_ping_interval_without_data=15.0,
            max_connection_idle=60.0,
            max_connection_age=300.0,
            max_connection_age_grace=120.0,
        ),
        reflection=False,
    )


def test_telemetry_is_told_all(settings: Settings) -> None:
    """Secrets are revealed here, and nowhere before."""
    options = telemetry_options(settings)

    assert options.service_name == "edge"
    assert options.traces == TraceOptions(
        exporter=TraceExporter.OTLP,
        endpoint="http://collector.test:4317",
        headers={"x-token": "secret"},
        sample_ratio=0.5,
        call_spans=CallSpanMaker.OPENTELEMETRY,
        propagate=False,
        export_timeout=3.0,
        flush_timeout=2.0,
    )
    assert options.metrics == MetricsOptions(host="127.0.0.1", port=9464)
    assert options.status_page == StatusPageOptions(host="127.0.0.1", port=9465)
    assert options.logs == LogOptions(format=LogFormat.CONSOLE, level=LogLevel.DEBUG)
    assert "secret" not in repr(dataclasses.replace(options, service_name="other"))


def test_metrics_are_off_where_nobody_says_where(tmp_path: Path) -> None:
    """A port is never opened unasked."""
    file = tmp_path / "settings.yaml"
    file.write_text(ROUTES)
    settings = load_settings(
        file, environment={"KEY": "secret"}, known_wire_formats=known_wire_formats()
    )

    assert telemetry_options(settings).metrics is None


async def test_gateway_knows_every_provider(settings: Settings) -> None:
    """Without opening a connection to any."""
    connections = provider_connections(settings.endpoints, wall_clock=lambda: 0.0)
    gateway = ProviderGateway(connections, wall_clock=lambda: 0.0)

    counts = gateway.connections

    await gateway.aclose()
    assert sorted(counts) == ["alpha", "beta"]
    assert {(count.in_use, count.idle) for count in counts.values()} == {(0, 0)}


@pytest.mark.parametrize(
    ("connections", "expected"),
    [
        ("{}", "Http1Transport"),
        ("{http_client: built_in}", "Http1Transport"),
        ("{http_client: aiohttp}", "AiohttpTransport"),
    ],
)
def test_http_client_is_chosen_for_each_provider(
    tmp_path: Path, connections: str, expected: str
) -> None:
    """Without a choice, it is the service's own."""
    file = tmp_path / "settings.yaml"
    file.write_text(ROUTES.replace(":2/v1}", f":2/v1, connections: {connections}}}"))
    settings = load_settings(
        file, environment={"KEY": "secret"}, known_wire_formats=known_wire_formats()
    )

    found = {name: type(transport_to(each)) for name, each in settings.endpoints.items()}

    assert found["alpha"].__name__ == "Http1Transport"
    assert found["beta"].__name__ == expected


def test_every_dialect_that_may_be_named_is_spoken() -> None:
    """What the settings accept must not fail when it is put together."""
    known = known_wire_formats()

    spoken = {
        (name, dialect): adapter(name, dialect)
        for name, wire_format in known.items()
        for dialect in wire_format.dialects
    }

    assert spoken
    for (name, dialect), spoken_format in spoken.items():
        assert spoken_format.name == name
        assert spoken_format.expressible == known[name].dialects[dialect].expressible


def test_vendors_who_bill_to_the_end_are_told_apart() -> None:
    """A hedge that they lose costs its full price."""
    dialects = known_wire_formats()["openai_chat"].dialects

    assert {name for name, dialect in dialects.items() if not dialect.cancel_stops_billing} == {
        "groq",
        "mistral",
    }
    assert dialects[DEFAULT_DIALECT].cancel_stops_billing


AUTHORISED = """
providers:
  plain: {wire_format: openai_chat, base_url: "http://127.0.0.1:1", api_key: "env:KEY"}
  headed:
    wire_format: openai_chat
    base_url: http://127.0.0.1:1
    api_key: env:KEY
    auth: {kind: key, header: X-Key}
  signed:
    wire_format: openai_chat
    base_url: http://127.0.0.1:1
    auth: {kind: aws, region: r, access_key_id: "env:KEY", secret_access_key: "env:KEY"}
  searched: {wire_format: openai_chat, base_url: "http://127.0.0.1:1", auth: {kind: aws, region: r}}
  google: {wire_format: openai_chat, base_url: "http://127.0.0.1:1", auth: {kind: google}}
  azure: {wire_format: openai_chat, base_url: "http://127.0.0.1:1", auth: {kind: azure_ad}}
  secretive:
    wire_format: openai_chat
    base_url: http://127.0.0.1:1
    auth: {kind: azure_ad, tenant_id: t, client_id: c, client_secret: "env:KEY"}
models:
  large: {context_window: 128000}
deployments:
  large: {provider: plain, model: large}
policies:
  default: {deployments: [large]}
"""


async def test_each_kind_of_auth_becomes_what_lets_calls_in(tmp_path: Path) -> None:
    """No token is fetched before a call needs one: no test reaches the network."""
    file = tmp_path / "settings.yaml"
    file.write_text(AUTHORISED)
    settings = load_settings(
        file, environment={"KEY": "secret"}, known_wire_formats=known_wire_formats()
    )
    request = OutgoingRequest(method="GET", url="http://127.0.0.1:1/m", headers=(), body=b"")

    found = {
        name: authorisations(endpoint, BEARER, clock=lambda: 0.0)
        for name, endpoint in settings.endpoints.items()
    }
    headers = {
        name: dict(await found[name]["default"].headers_for(request))
        for name in ("plain", "headed", "signed")
    }

    assert {name: type(kind["default"]) for name, kind in found.items()} == {
        "plain": KeyAuthorisation,
        "headed": KeyAuthorisation,
        "signed": AwsSignature,
        "searched": AwsSignature,
        "google": TokenAuthorisation,
        "azure": TokenAuthorisation,
        "secretive": TokenAuthorisation,
    }
    assert headers["plain"] == {b"authorization": b"Bearer secret"}
    assert headers["headed"] == {b"x-key": b"secret"}
    assert b"/r/bedrock/aws4_request, " in headers["signed"][b"authorization"]


def test_profiles_look_for_identifiers_only_where_that_is_asked_for(tmp_path: Path) -> None:
    """With the regions and the rules of the file, and with the counter in any case."""
    counter = O200kCounter()
    rules = "detection: {data_classes: {pii: {kinds: [phone_number]}}, phone_regions: [US]}\n"
    found: list[frozenset[str]] = []
    for name, more in (("plain", ""), ("looking", rules)):
        file = tmp_path / f"{name}.yaml"
        file.write_text(ROUTES + more)
        settings = load_settings(
            file, environment={"KEY": "secret"}, known_wire_formats=known_wire_formats()
        )
        made = profiler(settings, counter=counter)
        assert made.counter is counter
        found.append(made.profile(scripted_request(text="(212) 456-7890")).data_classes)

    assert found == [frozenset(), frozenset({"pii"})]


def test_decision_log_is_off_unless_a_directory_is_set(settings: Settings) -> None:
    """A service must not fill a disk that nobody has assigned to it."""
    assert telemetry_options(settings).decisions is None
    assert redactor(settings) is None


def test_decision_log_is_told_all(tmp_path: Path) -> None:
    """Its directory is relative to the settings file; prompts are redacted by the detectors."""
    file = tmp_path / "settings.yaml"
    section = "decision_log: {directory: log, content: redacted, max_file_size: 1KiB}"
    file.write_text(ROUTES + section)
    settings = load_settings(
        file, environment={"KEY": "secret"}, known_wire_formats=known_wire_formats()
    )

    redact = redactor(settings)

    assert telemetry_options(settings).decisions == DecisionLogOptions(
        directory=str(tmp_path / "log"),
        content=LoggedContent.REDACTED,
        max_file_size=1024,
        max_total_size=1 << 30,
    )
    assert redact is not None
    assert redact("write to miriam@example.org") == "[redacted: email]"
