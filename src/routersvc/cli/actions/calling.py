"""The commands `complete`, `stream` and `explain`: one call each, printed."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from routersvc.cli.actions.decision_logs import logged_explanation
from routersvc.cli.actions.request_building import build
from routersvc.cli.actions.router_calls import CallSettings, errors_reported, printed_instead
from routersvc.cli.exit_codes import UsageProblemError
from routersvc.cli.options.call_options import CallOptions
from routersvc.cli.options.request_options import RequestOptions
from routersvc.cli.views.answer_printing import AnswerPrinter
from routersvc.cli.views.explanation_views import print_explanation
from routersvc.cli.views.report_views import report_line
from routersvc.cli.views.terminal import Terminal
from routersvc.grpc_api.client.client import RouterClient
from routersvc.grpc_api.client.messages import (
    CompleteRequest,
    CompleteResponse,
    ExplainRouteRequest,
    ExplainRouteResponse,
    StreamCompleteRequest,
    Usage,
    to_json,
    word_of,
)


def complete(options: RequestOptions, call: CallOptions) -> None:
    """Print a whole answer.

    Raises:
        CommandError: the call failed.
    """
    terminal = Terminal.of_process()
    settings = CallSettings.of(call)
    request = build(CompleteRequest, options)
    if printed_instead(request, settings, terminal):
        return
    with errors_reported(terminal, as_json=settings.as_json):
        response = asyncio.run(_complete(request, settings))
    if settings.as_json:
        terminal.write_json(to_json(response))
        return
    printer = AnswerPrinter(terminal)
    printer.parts(response.message.parts)
    printer.end()
    if not settings.quiet:
        finish = word_of(response, "finish_reason")
        terminal.note(report_line(response.report, response.usage, finish))


async def _complete(request: CompleteRequest, settings: CallSettings) -> CompleteResponse:
    async with settings.client() as client:
        return await client.complete(request)


def stream(options: RequestOptions, call: CallOptions) -> None:
    """Print an answer as it arrives.

    Raises:
        CommandError: the answer is not complete.
    """
    terminal = Terminal.of_process()
    settings = CallSettings.of(call)
    request = build(StreamCompleteRequest, options)
    if printed_instead(request, settings, terminal):
        return
    with errors_reported(terminal, as_json=settings.as_json):
        if settings.as_json:
            asyncio.run(_stream_json(request, settings, terminal))
        else:
            asyncio.run(_stream(request, settings, terminal))


async def _stream(
    request: StreamCompleteRequest, settings: CallSettings, terminal: Terminal
) -> None:
    async with settings.client() as client:
        line = await print_stream(client, request, terminal)
    if not settings.quiet:
        terminal.note(line)


async def print_stream(
    client: RouterClient, request: StreamCompleteRequest, terminal: Terminal
) -> str:
    """Print an answer as it arrives, and return the line that reports the call.

    Raises:
        CallError: the answer is not complete.
        CommandError: the answer starts over, and text already written cannot be withdrawn.
    """
    printer = AnswerPrinter(terminal)
    usage = Usage()
    line = ""
    async with contextlib.aclosing(client.stream(request)) as events:
        try:
            async for event in events:
                printer.event(event)
                if event.HasField("usage"):
                    usage = event.usage
                elif event.HasField("finished"):
                    finish = word_of(event.finished, "finish_reason")
                    line = report_line(event.finished.report, usage, finish)
        finally:
            printer.end()
    return line


async def _stream_json(
    request: StreamCompleteRequest, settings: CallSettings, terminal: Terminal
) -> None:
    async with (
        settings.client() as client,
        contextlib.aclosing(client.stream(request)) as events,
    ):
        async for event in events:
            terminal.write_json(to_json(event))


def explain(
    options: RequestOptions,
    call: CallOptions,
    *,
    streaming: bool = False,
    decision_id: str | None = None,
    logs: tuple[Path, ...] = (),
) -> None:
    """Print how a request would be routed and why, or how a past one was.

    A past one is looked up in `logs` if there are any, else the router is asked.

    Raises:
        CommandError: the call failed, or the logs do not contain the decision.
    """
    terminal = Terminal.of_process()
    settings = CallSettings.of(call)
    if logs and not decision_id:
        raise UsageProblemError("`--log` needs `--decision`: which decision to look up")
    if decision_id is None:
        request = build(ExplainRouteRequest, options, **({"streaming": True} if streaming else {}))
    elif streaming or options != RequestOptions():
        raise UsageProblemError(
            "`--decision` explains a past request: it cannot be combined with request options"
        )
    else:
        request = ExplainRouteRequest(decision_id=decision_id)
        if logs:
            explanation = logged_explanation(decision_id, logs, terminal)
            _print_explanation(ExplainRouteResponse(explanation=explanation), settings, terminal)
            return
    if printed_instead(request, settings, terminal):
        return
    with errors_reported(terminal, as_json=settings.as_json):
        response = asyncio.run(_explain(request, settings))
    _print_explanation(response, settings, terminal)


def _print_explanation(
    response: ExplainRouteResponse, settings: CallSettings, terminal: Terminal
) -> None:
    if settings.as_json:
        terminal.write_json(to_json(response))
    else:
        print_explanation(terminal.out, response.explanation)


async def _explain(request: ExplainRouteRequest, settings: CallSettings) -> ExplainRouteResponse:
    async with settings.client() as client:
        return await client.explain(request)
