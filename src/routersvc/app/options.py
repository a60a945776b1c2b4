"""Translates the settings into the options of each part."""

from __future__ import annotations

import importlib.metadata
import logging
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import assert_never

from routersvc.app.access import tls_files
from routersvc.app.authorisations import authorisations
from routersvc.app.draining import DrainRule
from routersvc.app.wire_formats import adapter
from routersvc.domain.catalogue.secrets import Secret
from routersvc.domain.conversation.request_limits import RequestLimits
from routersvc.domain.profiling.identifiers import IdentifierDetector
from routersvc.domain.profiling.profiles import Profiler
from routersvc.domain.profiling.token_counting import TokenCounter
from routersvc.grpc_api.server_options import ConnectionOptions, KeepaliveOptions, ServerOptions
from routersvc.grpc_api.servicers import DeadlineRule
from routersvc.providers.http.connections import ProviderConnection
from routersvc.providers.http.http1.transport import Http1Transport
from routersvc.providers.http.transports import (
    ProviderTransport,
    ProxyAddress,
    TransportOptions,
)
from routersvc.settings.endpoints import Endpoint
from routersvc.settings.proxies import Proxy, ProxyBypass
from routersvc.settings.sections.providers import HttpClient
from routersvc.settings.settings import Settings
from routersvc.telemetry.options import (
    DecisionLogOptions,
    LoggedContent,
    LogOptions,
    MetricsOptions,
    StatusPageOptions,
    TelemetryOptions,
    TraceOptions,
)

logger = logging.getLogger(__name__)


def server_options(settings: Settings) -> ServerOptions:
    """Return the options of the gRPC server."""
    server = settings.server
    return ServerOptions(
        addresses=tuple(str(address) for address in server.listen),
        max_message_bytes=server.max_message_bytes,
        deadlines=DeadlineRule(
            default_timeout=server.default_timeout, max_timeout=server.max_timeout
        ),
        connections=ConnectionOptions(**server.connections.model_dump()),
        limits=RequestLimits(**server.limits.model_dump()),
        keepalive=KeepaliveOptions(**server.keepalive.model_dump()),
        reflection=server.reflection,
        edge=server.edge,
        tls=tls_files(settings),
        authenticated_reflection=settings.document.authentication.reflection,
    )


def drain_rule(settings: Settings) -> DrainRule:
    """Return the longest duration of each stage of a drain."""
    drain = settings.server.drain
    return DrainRule(notice_delay=drain.notice_delay, grace=drain.grace)


def telemetry_options(settings: Settings) -> TelemetryOptions:
    """Return the options of telemetry."""
    telemetry = settings.telemetry
    tracing = telemetry.tracing
    listen = telemetry.prometheus.listen
    page = telemetry.status_page.listen
    return TelemetryOptions(
        service_name=telemetry.service_name,
        service_version=importlib.metadata.version("routersvc"),
        traces=TraceOptions(
            **tracing.model_dump(exclude={"headers"}), headers=_revealed(settings.tracing_headers)
        ),
        metrics=None if listen is None else MetricsOptions(host=listen.host, port=listen.port),
        logs=LogOptions(**telemetry.log.model_dump()),
        decisions=_decision_log_options(settings),
        status_page=None if page is None else StatusPageOptions(host=page.host, port=page.port),
    )


def _decision_log_options(settings: Settings) -> DecisionLogOptions | None:
    section = settings.document.decision_log
    if section.directory is None:
        return None
    return DecisionLogOptions(
        directory=str(Path(settings.file).parent / section.directory),
        content=section.content,
        max_file_size=section.max_file_size,
        max_total_size=section.max_total_size,
    )


def redactor(settings: Settings) -> Callable[[str], str] | None:
    """Return what redacts the prompts of the decision log, `None` if it holds none to redact."""
    if settings.document.decision_log.content is not LoggedContent.REDACTED:
        return None
    # Loaded only where it is used, as the detector is.
    from routersvc.detection.redaction import Redactor  # noqa: PLC0415

    return Redactor(_detector(settings)).redacted


def profiler(settings: Settings, *, counter: TokenCounter) -> Profiler:
    """Return the profiler of requests."""
    rules = settings.data_class_rules()
    return Profiler(
        detector=_detector(settings) if rules else None, data_class_rules=rules, counter=counter
    )


def _detector(settings: Settings) -> IdentifierDetector:
    # The validators of numbers take 40 ms to load: only where they are used.
    from routersvc.detection.local_detector import LocalDetector  # noqa: PLC0415

    return LocalDetector(phone_regions=settings.document.detection.phone_regions)


def provider_connections(
    endpoints: Mapping[str, Endpoint], *, wall_clock: Callable[[], float]
) -> dict[str, ProviderConnection]:
    """Return how to reach each of some providers; opens no connection."""
    return {name: _connection(endpoint, wall_clock) for name, endpoint in endpoints.items()}


def _connection(endpoint: Endpoint, wall_clock: Callable[[], float]) -> ProviderConnection:
    wire_format = adapter(endpoint.wire_format, endpoint.dialect)
    return ProviderConnection(
        base_url=endpoint.base_url,
        wire_format=wire_format,
        transport=transport_to(endpoint),
        credentials=authorisations(endpoint, wire_format.credential_header, clock=wall_clock),
        headers=_revealed(endpoint.headers),
        query=endpoint.query,
    )


def transport_to(endpoint: Endpoint) -> ProviderTransport:
    """Return what holds the connections to a provider; opens none."""
    ca_file = endpoint.tls.ca_file
    options = TransportOptions(
        max_connections=endpoint.connections.limit,
        keep_alive=endpoint.connections.keepalive_timeout,
        verify_tls=endpoint.tls.verify,
        ca_file=None if ca_file is None else str(ca_file),
        max_age=endpoint.connections.max_age,
        proxy=_proxy(endpoint),
    )
    match endpoint.connections.http_client:
        case HttpClient.BUILT_IN:
            return Http1Transport(options)
        case HttpClient.AIOHTTP:
            # Imported where it is asked for: it takes time and memory that nobody else needs.
            from routersvc.providers.http.aiohttp_transport import (  # noqa: PLC0415
                AiohttpTransport,
            )

            return AiohttpTransport(options)
        case _:
            assert_never(endpoint.connections.http_client)


def _proxy(endpoint: Endpoint) -> ProxyAddress | None:
    """Return the proxy of an endpoint, and log what the environment decided."""
    match endpoint.proxy:
        case None:
            return None
        case ProxyBypass(source=source, reason=reason):
            fields = {"provider": endpoint.provider, "source": source, "reason": reason}
            logger.info("proxy of the environment is not used", extra={"fields": fields})
            return None
        case Proxy() as proxy:
            fields = {"provider": endpoint.provider, "source": proxy.source, "proxy": proxy.url}
            logger.info("requests go through a proxy", extra={"fields": fields})
            password = "" if proxy.password is None else proxy.password.reveal()
            return ProxyAddress(url=proxy.url, username=proxy.username, password=password)


def _revealed(headers: Mapping[str, Secret]) -> dict[str, str]:
    return {name: secret.reveal() for name, secret in headers.items()}
