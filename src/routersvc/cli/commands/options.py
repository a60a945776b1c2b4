"""The options that several commands share, each said once."""

from __future__ import annotations

import enum
import os
import re
from pathlib import Path
from typing import Annotated

import typer

DEFAULT_ADDRESS = "localhost:50051"
DEFAULT_TIMEOUT = 120.0
"""Seconds: what a router gives a call by default."""

BRIEF_TIMEOUT = 5.0
"""Seconds for what calls no provider."""

_PROMPT = "Prompt"
_ROUTE = "Route"
_OUTPUT = "Output"
_LENGTH = re.compile(r"([0-9]+(?:\.[0-9]+)?)(ms|s|m|h)?")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class ColorMode(enum.StrEnum):
    """When output is coloured."""

    AUTO = "auto"
    ALWAYS = "always"
    NEVER = "never"


class RecoveryMode(enum.StrEnum):
    """What happens when a stream breaks after its first words."""

    FAIL = "fail"
    RESTART = "restart"
    RESUME = "resume"


def _obey_color(mode: ColorMode) -> ColorMode:
    """Tell the whole process, so that help, errors and the demo's programs agree."""
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


def seconds(value: str | float) -> float:
    """Return the seconds that `30`, `1.5s`, `250ms` or `2m` mean.

    Raises:
        typer.BadParameter: the text is no length of time above zero.
    """
    text = str(value).strip()
    match = _LENGTH.fullmatch(text)
    length = float(match[1]) * _UNITS[match[2] or "s"] if match else 0.0
    if length <= 0:
        raise typer.BadParameter(f"`{text}` is no length of time: give 30, 1.5s, 250ms or 2m")
    return length


PromptArgument = Annotated[
    str | None,
    typer.Argument(
        metavar="PROMPT", help="What to ask. `-` reads it from standard input.", show_default=False
    ),
]
PromptFileOption = Annotated[
    Path | None,
    typer.Option(
        "--file", "-f", metavar="FILE", help="Read the prompt from a file.", rich_help_panel=_PROMPT
    ),
]
SystemOption = Annotated[
    str | None,
    typer.Option(
        "--system", "-s", metavar="TEXT", help="System instructions.", rich_help_panel=_PROMPT
    ),
]
ImageOption = Annotated[
    list[str] | None,
    typer.Option(
        "--image",
        metavar="FILE|URL",
        help="Show a picture to the model. May be repeated.",
        rich_help_panel=_PROMPT,
    ),
]
JsonSchemaOption = Annotated[
    Path | None,
    typer.Option(
        "--json-schema",
        metavar="FILE",
        help="Demand JSON that obeys this JSON Schema.",
        rich_help_panel=_PROMPT,
    ),
]
MaxTokensOption = Annotated[
    int | None,
    typer.Option(
        "--max-tokens",
        metavar="N",
        help="End the answer after so many tokens.",
        rich_help_panel=_PROMPT,
    ),
]
TemperatureOption = Annotated[
    float | None,
    typer.Option(
        "--temperature",
        "-t",
        metavar="X",
        help="Sampling temperature, 0 to 2.",
        rich_help_panel=_PROMPT,
    ),
]
RequestOption = Annotated[
    Path | None,
    typer.Option(
        "--request",
        metavar="FILE",
        help="A whole request as JSON, `-` for standard input; other options are laid over it.",
        rich_help_panel=_PROMPT,
    ),
]
PrintRequestOption = Annotated[
    bool,
    typer.Option(
        "--print-request",
        metavar="",
        help="Print the request as JSON, for `--request` or `grpcurl -d`, and send nothing.",
        rich_help_panel=_OUTPUT,
    ),
]
ModelOption = Annotated[
    list[str] | None,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        help="Only this model may answer. May be repeated.",
        rich_help_panel=_ROUTE,
    ),
]
PolicyOption = Annotated[
    str | None,
    typer.Option(
        "--policy",
        "-p",
        metavar="NAME",
        help="Route by this policy instead of the default one.",
        rich_help_panel=_ROUTE,
    ),
]
RecoveryOption = Annotated[
    RecoveryMode | None,
    typer.Option(
        "--recovery",
        metavar="MODE",
        help="What happens when the stream breaks: fail, restart or resume. Default: the policy's.",
        rich_help_panel=_ROUTE,
        show_default=False,
    ),
]
TimeoutOption = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="TIME",
        parser=seconds,
        show_default=False,
        help="Give up after this time: 30, 1.5s, 250ms, 2m. Default: 2m.",
        rich_help_panel=_ROUTE,
    ),
]
BriefTimeoutOption = Annotated[
    float,
    typer.Option(
        "--timeout",
        metavar="TIME",
        parser=seconds,
        show_default=False,
        help="Give up after this time. Default: 5s.",
    ),
]
AddressOption = Annotated[
    str,
    typer.Option(
        "--address", "-a", metavar="HOST:PORT", envvar="ROUTERSVC_ADDRESS", help="The router."
    ),
]
ApiKeyOption = Annotated[
    str | None,
    typer.Option(
        "--api-key",
        metavar="REFERENCE",
        help="Where the key is by which the router knows the caller: env:NAME or file:PATH. "
        "Default: env:ROUTERSVC_API_KEY, where that is set.",
        show_default=False,
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option("--json", metavar="", help="Print JSON for programs.", rich_help_panel=_OUTPUT),
]
QuietOption = Annotated[
    bool,
    typer.Option(
        "--quiet",
        "-q",
        metavar="",
        help="No line about the call on standard error.",
        rich_help_panel=_OUTPUT,
    ),
]
ColorOption = Annotated[
    ColorMode,
    typer.Option(
        "--color",
        metavar="WHEN",
        callback=_obey_color,
        is_eager=True,
        help="Colour the output: always, never, or auto: on a terminal unless NO_COLOR is set.",
        rich_help_panel=_OUTPUT,
    ),
]
