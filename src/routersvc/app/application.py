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
from pathlib import Path
from typing import TextIO

from routersvc.app.access import IssuerKeys
from routersvc.app.configurations import Preparation
from routersvc.app.draining import Drain
from routersvc.app.options import drain_rule, redactor, telemetry_options
from routersvc.app.reloading import Reload, Reloader
from routersvc.app.replacements import Gateways, Replacement
from routersvc.engine.router import Router
from routersvc.engine.tasks import TaskScope
from routersvc.grpc_api.server import EdgeServer
from routersvc.grpc_api.tracing import tracing_interceptor
from routersvc.providers.http.gateway import ProviderGateway
from routersvc.settings.checks.exposure import exposure_warnings
from routersvc.settings.settings import Settings
from routersvc.telemetry.runtime import open_telemetry
from routersvc.tokenizer.counter import O200kCounter

logger = logging.getLogger(__name__)

ID_BYTES = 16
"""Length of the ids made for requests and for references to the log: as long as a trace id."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Application:
    """A running service. `addresses` hold the ports that were really bound."""

    router: Router
    gateways: Gateways
    server: EdgeServer
    drain: Drain
    reloader: Reloader | None
    addresses: tuple[str, ...]
    metrics_address: tuple[str, int] | None
    status_address: tuple[str, int] | None


@contextlib.asynccontextmanager
async def open_application(
    settings: Settings,
    *,
    stream: TextIO,
    wall_clock: Callable[[], float],
    load: Callable[[], Settings] | None = None,
) -> AsyncGenerator[Application]:
    """Start a service that logs to `stream`, and stop it on leaving.

    `load` reads the settings again, in a thread; without it they are never reloaded.

    Leaving without a drain ends running calls.

    Raises:
        OSError: an address cannot be bound.
    """
    async with contextlib.AsyncExitStack() as stack:
        options = telemetry_options(settings)
        telemetry = await stack.enter_async_context(
            open_telemetry(options, stream=stream, wall_clock=wall_clock, redact=redactor(settings))
        )
        counter = O200kCounter()
        issuer_keys = IssuerKeys(clock=time.monotonic)
        stack.push_async_callback(issuer_keys.aclose)
        preparation = Preparation(
            started=settings, counter=counter, keys=issuer_keys, wall_clock=wall_clock
        )
        configuration = preparation.prepare(settings)
        # Loaded now: loading it at the first prompt near a limit would hold up all calls.
        await asyncio.to_thread(counter.load)
        gateways = Gateways(
            ProviderGateway(configuration.connections, wall_clock=wall_clock), wall_clock=wall_clock
        )
        stack.push_async_callback(gateways.aclose)
        router = Router(
            configuration=configuration.router,
            gateway=gateways.current,
            observer=telemetry.observer,
            # The same clock as the loop's, but uvloop's own is read once a turn, in milliseconds.
            clock=time.monotonic,
            wall_clock=wall_clock,
            random=random.Random(),
            decision_log=telemetry.decision_log,
        )
        telemetry.follow(
            active_calls=lambda: router.active_calls,
            availability=router.availability,
            reloads=router.reloads,
            policies=lambda: router.configuration.policies,
            tenants=lambda: router.configuration.tenants,
        )
        stack.push_async_callback(router.aclose)
        status_address: tuple[str, int] | None = None
        if options.status_page is not None:
            # Loaded only where it is served.
            from routersvc.telemetry.status_page.serving import (  # noqa: PLC0415
                serve_status_page,
            )

            status_address = await stack.enter_async_context(
                serve_status_page(
                    options.status_page,
                    router,
                    version=options.service_version,
                    wall_clock=wall_clock,
                )
            )
        issuer_keys.warm_up()
        provider = telemetry.tracer_provider
        server = EdgeServer(
            options=configuration.server,
            router=router,
            make_id=lambda: secrets.token_hex(ID_BYTES),
            wall_clock=wall_clock,
            access=configuration.access,
            turned_away=telemetry.observer.call_turned_away,
            unreadable=telemetry.observer.call_unreadable,
            outer_interceptors=()
            if provider is None
            else (tracing_interceptor(provider, options.traces.call_spans),),
        )
        stack.push_async_callback(server.stop, grace=0.0)
        for warning in exposure_warnings(settings):
            logger.warning("open address", extra={"fields": {"reason": warning}})
        addresses = await server.start()
        router.start_checks()
        logger.info("serving", extra={"fields": {"addresses": ", ".join(addresses)}})
        drain = Drain(server=server, router=router, rule=drain_rule(settings))
        replacement = Replacement(
            preparation=preparation, gateways=gateways, router=router, server=server, drain=drain
        )
        reloader: Reloader | None = None
        if load is not None:
            watch = settings.server.reload
            reloader = Reloader(
                Reload(load=load, apply=replacement.apply, watched=Path(settings.file)),
                settings,
                status=router.reloads,
                interval=watch.interval if watch.watch else None,
                wall_clock=wall_clock,
            )
            tasks = TaskScope()
            stack.push_async_callback(tasks.aclose)
            tasks.start(reloader.run(), name="reloads")
        yield Application(
            router=router,
            gateways=gateways,
            server=server,
            drain=drain,
            reloader=reloader,
            addresses=addresses,
            metrics_address=telemetry.metrics_address,
            status_address=status_address,
        )
