"""A running service, built from its settings."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import logging
import random
import secrets
import time
from collections.abc import AsyncGenerator, Callable
from typing import TextIO

from routersvc.app.draining import Drain, DrainRule
from routersvc.app.options import (
    authenticator,
    profiler,
    provider_gateway,
    server_options,
    telemetry_options,
)
from routersvc.engine.router import Router, RouterConfiguration
from routersvc.grpc_api.server import EdgeServer
from routersvc.grpc_api.tracing import tracing_interceptor
from routersvc.providers.http.gateway import ProviderGateway
from routersvc.settings.settings import Settings
from routersvc.telemetry.runtime import open_telemetry
from routersvc.tokenizer.counter import O200kCounter

logger = logging.getLogger(__name__)

SMALL_WINDOW = 32_768
"""Tokens of a context window up to which prompts near its limit are common."""

ID_BYTES = 16
"""Length of the ids made for requests and for references to the log: as long as a trace id."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """A running service. `addresses` hold the ports that were really bound."""

    router: Router
    gateway: ProviderGateway
    server: EdgeServer
    drain: Drain
    addresses: tuple[str, ...]
    metrics_address: tuple[str, int] | None


@contextlib.asynccontextmanager
async def open_application(
    settings: Settings, *, stream: TextIO, wall_clock: Callable[[], float]
) -> AsyncGenerator[Application]:
    """Start a service that logs to `stream`, and stop it on leaving.

    Leaving without a drain ends running calls.

    Raises:
        OSError: an address cannot be bound.
        EdgeNotInstalledError: the package of the configured edge is not installed.
    """
    async with contextlib.AsyncExitStack() as stack:
        options = telemetry_options(settings)
        telemetry = await stack.enter_async_context(
            open_telemetry(options, stream=stream, wall_clock=wall_clock)
        )
        catalogue = settings.catalogue()
        counter = O200kCounter()
        if any(one.model.context_window <= SMALL_WINDOW for one in catalogue.deployments.values()):
            # Elsewhere the first prompt that is near a limit loads it.
            await asyncio.to_thread(counter.load)
        gateway = provider_gateway(settings, wall_clock=wall_clock)
        stack.push_async_callback(gateway.aclose)
        router = Router(
            configuration=RouterConfiguration(
                catalogue=catalogue,
                policies=settings.policies(),
                default_policy=settings.default_policy,
                digest=settings.digest,
                max_concurrent_calls=settings.server.max_concurrent_calls,
                rules=settings.fleet_rules(),
                tenants=settings.tenants(),
                profiler=profiler(settings, counter=counter),
                decisions=settings.decision_rule(),
                max_answer_bytes=settings.server.max_message_bytes,
            ),
            gateway=gateway,
            observer=telemetry.observer,
            # The same clock as the loop's, but uvloop's own is read once a turn, in milliseconds.
            clock=time.monotonic,
            wall_clock=wall_clock,
            random=random.Random(),
        )
        telemetry.follow(active_calls=lambda: router.active_calls, availability=router.availability)
        stack.push_async_callback(router.aclose)
        provider = telemetry.tracer_provider
        server = EdgeServer(
            options=server_options(settings),
            router=router,
            make_id=lambda: secrets.token_hex(ID_BYTES),
            wall_clock=wall_clock,
            authenticator=authenticator(settings),
            turned_away=telemetry.observer.call_turned_away,
            unreadable=telemetry.observer.call_unreadable,
            outer_interceptors=()
            if provider is None
            else (tracing_interceptor(provider, options.traces.call_spans),),
        )
        stack.push_async_callback(server.stop, grace=0.0)
        addresses = await server.start()
        router.start_checks()
        logger.info("serving", extra={"fields": {"addresses": ", ".join(addresses)}})
        yield Application(
            router=router,
            gateway=gateway,
            server=server,
            drain=Drain(
                server=server,
                router=router,
                rule=DrainRule(
                    notice_delay=settings.server.drain.notice_delay,
                    grace=settings.server.drain.grace,
                ),
            ),
            addresses=addresses,
            metrics_address=telemetry.metrics_address,
        )
