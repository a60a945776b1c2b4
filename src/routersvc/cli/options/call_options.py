"""Options of how a router is called and how the result is printed."""

from __future__ import annotations

import dataclasses
import enum
import os
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_ADDRESS = "localhost:50051"
DEFAULT_WAIT = "10s"
DEFAULT_TIMEOUT = 120.0
"""Seconds: the default timeout of a router."""

BRIEF_TIMEOUT = 5.0
"""Seconds, for calls that reach no provider."""

_ROUTE = "Route"
_OUTPUT = "Output"
_LENGTH = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class ColorMode(enum.StrEnum):
    """When output is in colour."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


def _set_color(mode: ColorMode) -> ColorMode:
    """Set the colour mode for the whole process: help, errors and the programs of the demo."""
    match mode:
        case ColorMode.ALWAYS:
            os.environ.pop("NO_COLOR", None)
            os.environ["FORCE_COLOR"] = "1"
        case ColorMode.NEVER:
            os.environ.pop("FORCE_COLOR", None)
            os.environ["NO_COLOR"] = "1"
        case ColorMode.AUTO:
            pass
    return mode


def with_wait_value(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with the default value after a `--wait` that no duration follows.

    The value of the option may be omitted, but the parser would take the next argument for it,
    which may be the prompt.
    """
    completed: list[str] = []
    for place, argument in enumerate(arguments):
        completed.append(argument)
        if argument == "--":
            return [*completed, *arguments[place + 1 :]]
        following = arguments[place + 1 : place + 2]
        if argument == WAIT_OPTION and not (following and _LENGTH.fullmatch(following[0])):
            completed.append(DEFAULT_WAIT)
    return completed


def seconds(value: str | float) -> float:
    """Return the seconds of a duration: `30`, `1.5s`, `250ms` or `2m`.

    Raises:
        typer.BadParameter: the text is not a duration above zero.
    """
    text = str(value).strip()
    match = _LENGTH.fullmatch(text)
    length = float(match[1]) * _UNITS[match[2] or "s"] if match else 0.0
    if length <= 0:
        raise typer.BadParameter(f"`{text}` is not a duration: give 30, 1.5s, 250ms or 2m")
    return length


JsonOption = Annotated[
    bool,
    typer.Option("--json", metavar="", help="Print JSON.", rich_help_panel=_OUTPUT),
]
ColorOption = Annotated[
    ColorMode,
    typer.Option(
        "--color",
        metavar="WHEN",
        callback=_set_color,
        is_eager=True,
        help="Colour the output: always, never, or auto: on a terminal unless NO_COLOR is set.",
        rich_help_panel=_OUTPUT,
    ),
]
_AddressOption = Annotated[
    str,
    typer.Option(
        "--address",
        "-a",
        metavar="HOST:PORT",
        envvar="ROUTERSVC_ADDRESS",
        help="Address of the router.",
    ),
]
WAIT_OPTION = "--wait"
_WaitOption = Annotated[
    float | None,
    typer.Option(
        WAIT_OPTION,
        metavar="[TIME]",
        parser=seconds,
        show_default=False,
        help="Before the call, wait until the router serves, at most this time, 10s if omitted.",
    ),
]
_ApiKeyOption = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        metavar="REFERENCE",
        help="Reference to the API key of the caller: env:NAME or file:PATH. "
        "Default: env:ROUTERSVC_API_KEY, if that is set.",
        show_default=False,
    ),
]


_TlsOption = Annotated[
    bool,
    typer.Option(
        "--tls", metavar="", help="Use TLS, with the certificate authorities of the system."
    ),
]
_CaFileOption = Annotated[
    Path | None,
    typer.Option(
        "--ca-file", metavar="FILE", help="Use TLS, with the certificate authorities of this file."
    ),
]
_CertificateOption = Annotated[
    Path | None,
    typer.Option(
        "--certificate",
        metavar="FILE",
        help="Use TLS, and present this client certificate. Needs `--private-key`.",
    ),
]
_PrivateKeyOption = Annotated[
    Path | None,
    typer.Option("--private-key", metavar="FILE", help="The private key of `--certificate`."),
]


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CallOptions:
    """Options of calls that run a request."""

    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            metavar="TIME",
            parser=seconds,
            show_default=False,
            help="Give up after this time: 30, 1.5s, 250ms, 2m. Default: 2m.",
            rich_help_panel=_ROUTE,
        ),
    ] = DEFAULT_TIMEOUT
    address: _AddressOption = DEFAULT_ADDRESS
    wait: _WaitOption = None
    api_key: _ApiKeyOption = None
    tls: _TlsOption = False
    ca_file: _CaFileOption = None
    certificate: _CertificateOption = None
    private_key: _PrivateKeyOption = None
    json: JsonOption = False
    quiet: Annotated[
        bool,
        typer.Option(
            "--quiet",
            "-q",
            metavar="",
            help="Do not report the call on standard error.",
            rich_help_panel=_OUTPUT,
        ),
    ] = False
    print_request: Annotated[
        bool,
        typer.Option(
            "--print-request",
            metavar="",
            help="Print the request as JSON, for `--request` or `grpcurl -d`, and send nothing.",
            rich_help_panel=_OUTPUT,
        ),
    ] = False
    color: ColorOption = ColorMode.AUTO


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class BriefCallOptions:
    """Options of calls that only read the state of the router."""

    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            metavar="TIME",
            parser=seconds,
            show_default=False,
            help="Give up after this time. Default: 5s.",
        ),
    ] = BRIEF_TIMEOUT
    address: _AddressOption = DEFAULT_ADDRESS
    wait: _WaitOption = None
    api_key: _ApiKeyOption = None
    tls: _TlsOption = False
    ca_file: _CaFileOption = None
    certificate: _CertificateOption = None
    private_key: _PrivateKeyOption = None
    json: JsonOption = False
    color: ColorOption = ColorMode.AUTO
