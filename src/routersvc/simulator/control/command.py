"""Runs a simulator as its own process: `python -m routersvc.simulator`.

When every port accepts connections, it writes one line of JSON with all addresses to standard
output. SIGINT and SIGTERM stop it with exit status 0. Invalid settings and unavailable ports
end it with exit status 2 and a message on standard error.
"""

from __future__ import annotations

import argparse
import asyncio
import dataclasses
import importlib
import importlib.util
import signal
import sys
from collections.abc import Callable, Sequence

import orjson

from routersvc.simulator.behaviours.behaviours import BEHAVIOURS
from routersvc.simulator.control.settings import SimulatorSettings, provider_of_option
from routersvc.simulator.errors import SettingError, SimulatorError
from routersvc.simulator.formats import WIRE_FORMATS
from routersvc.simulator.simulator import Simulator, run

_REFUSED = 2


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a simulator with these arguments, and return the exit status."""
    options = _parser().parse_args(arguments)
    try:
        settings = _settings(options)
        with asyncio.Runner(loop_factory=_loop_factory()) as runner:
            runner.run(_run_until_signal(settings))
    except SimulatorError as error:
        sys.stderr.write(f"{error}\n")
        return _REFUSED
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m routersvc.simulator",
        description="Simulate LLM providers over HTTP, with faults on demand.",
    )
    parser.add_argument("--config", metavar="FILE", help="a YAML file with all settings")
    parser.add_argument(
        "--provider",
        action="append",
        default=[],
        metavar="NAME[=CHARACTER][:FORMAT]",
        help=(
            f"a provider to simulate; characters: {', '.join(BEHAVIOURS)}; wire formats: "
            f"{', '.join(WIRE_FORMATS)} (may be repeated)"
        ),
    )
    parser.add_argument(
        "--port",
        type=int,
        help="port of the first provider, the others get the following ports; 0: free ports",
    )
    parser.add_argument(
        "--control-port", type=int, help="port of the control endpoint; 0: a free port"
    )
    parser.add_argument("--host", help="the address to listen on (default 127.0.0.1)")
    return parser


def _settings(options: argparse.Namespace) -> SimulatorSettings:
    """Return the settings of the file, or the demonstration's, with the options applied."""
    if options.config is not None and options.provider:
        raise SettingError("`--config` and `--provider` are mutually exclusive")
    try:
        if options.config is not None:
            settings = SimulatorSettings.from_file(options.config)
        elif options.provider:
            settings = SimulatorSettings(
                providers=tuple(
                    provider_of_option(text, seed) for seed, text in enumerate(options.provider)
                )
            )
        else:
            settings = SimulatorSettings.demonstration()
        if options.port is not None:
            settings = dataclasses.replace(
                settings,
                providers=tuple(
                    dataclasses.replace(one, port=options.port and options.port + offset)
                    for offset, one in enumerate(settings.providers)
                ),
            )
        given = {"host": options.host, "control_port": options.control_port}
        present = {name: value for name, value in given.items() if value is not None}
        return dataclasses.replace(settings, **present)
    except ValueError as error:
        raise SettingError(str(error)) from error


async def _run_until_signal(settings: SimulatorSettings) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)
    await run(settings, ready=_tell_addresses, stop=stop)


def _tell_addresses(simulator: Simulator) -> None:
    sys.stdout.write(f"{orjson.dumps(simulator.addresses()).decode()}\n")
    sys.stdout.flush()


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """Return uvloop's loop factory if it is installed: the service uses it too."""
    if importlib.util.find_spec("uvloop") is None:
        return None
    factory: Callable[[], asyncio.AbstractEventLoop] = importlib.import_module(
        "uvloop"
    ).new_event_loop
    return factory
