"""Calls a router on behalf of a command, and reports failed calls."""

from __future__ import annotations

import contextlib
import dataclasses
from collections.abc import AsyncGenerator, Generator

from routersvc.cli.actions.api_keys import api_key_of
from routersvc.cli.exit_codes import STATUS_EXITS, CommandError, ExitCode, UsageProblemError
from routersvc.cli.options.call_options import BriefCallOptions, CallOptions
from routersvc.cli.views.figures import time_text
from routersvc.cli.views.report_views import attempts_text
from routersvc.cli.views.terminal import Terminal
from routersvc.domain.catalogue.secrets import Secret
from routersvc.grpc_api.client.client import (
    CallError,
    ClientTls,
    NotConnectedError,
    RouterClient,
)
from routersvc.grpc_api.client.messages import Message, to_json
from routersvc.grpc_api.client.readiness import wait_until_serving


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class CallSettings:
    """How a router is called and how the result is printed; `timeout` is in seconds.

    `wait` is the time in seconds to wait for the router to serve before the call, `None` to call at
    once. `api_key` authenticates the caller, `None` sends none.
    """

    address: str
    timeout: float
    wait: float | None = None
    api_key: Secret | None = None
    tls: ClientTls | None = None
    as_json: bool = False
    quiet: bool = False
    print_request: bool = False

    @classmethod
    def of(cls, options: CallOptions | BriefCallOptions) -> CallSettings:
        """Return the settings that the options of a command state.

        Raises:
            UsageProblemError: the API key cannot be read, or options of TLS do not fit.
        """
        return cls(
            address=options.address,
            timeout=options.timeout,
            wait=options.wait,
            api_key=api_key_of(options.api_key),
            tls=_tls_of(options),
            as_json=options.json,
            quiet=isinstance(options, CallOptions) and options.quiet,
            print_request=isinstance(options, CallOptions) and options.print_request,
        )

    @contextlib.asynccontextmanager
    async def client(self) -> AsyncGenerator[RouterClient]:
        """Yield a client of the router, after waiting for the router if that is requested.

        Raises:
            CallError: the router did not serve within the time to wait.
            UsageProblemError: a file of TLS cannot be read.
        """
        api_key = None if self.api_key is None else self.api_key.reveal()
        try:
            client = RouterClient(self.address, timeout=self.timeout, api_key=api_key, tls=self.tls)
        except OSError as error:
            reason = (error.strerror or "unknown reason").lower()
            raise UsageProblemError(f"`{error.filename}` cannot be read: {reason}") from error
        async with client:
            if self.wait is not None:
                await wait_until_serving(self.address, limit=self.wait, tls=self.tls)
            yield client


def _tls_of(options: CallOptions | BriefCallOptions) -> ClientTls | None:
    if (options.certificate is None) is not (options.private_key is None):
        raise UsageProblemError("`--certificate` and `--private-key` belong together")
    certificate = (
        None
        if options.certificate is None or options.private_key is None
        else (options.certificate, options.private_key)
    )
    if not options.tls and options.ca_file is None and certificate is None:
        return None
    return ClientTls(ca_file=options.ca_file, certificate=certificate)


def printed_instead(request: Message, settings: CallSettings, terminal: Terminal) -> bool:
    """Print the request if it shall be printed instead of sent; return whether it was printed."""
    if settings.print_request:
        terminal.write_json(to_json(request, sparse=True))
    return settings.print_request


@contextlib.contextmanager
def errors_reported(terminal: Terminal, *, as_json: bool) -> Generator[None]:
    """Turn a failed call into an error message and an exit code, and print it as JSON on request.

    Raises:
        CommandError: the call failed.
    """
    try:
        yield
    except CallError as error:
        if as_json:
            terminal.write_json({"error": error_entries(error)})
        raise CommandError(sentence_of(error), exit_code_of(error)) from error


def exit_code_of(error: CallError) -> ExitCode:
    """Return the exit code for a failed call."""
    if isinstance(error, NotConnectedError):
        return ExitCode.NOT_CONNECTED
    return STATUS_EXITS.get(error.status, ExitCode.FAILED)


def sentence_of(error: CallError) -> str:
    """Return the error message: what went wrong, which attempts were made, when to retry."""
    parts = [error.message]
    parts += [
        f"`{violation.field}`: {violation.description}"
        for violation in error.violations
        # What is allowed comes last, and a router's own message often says it already.
        if violation.description.rpartition(": ")[2] not in error.message
    ]
    if error.report is not None and error.report.attempts:
        parts.append(attempts_text(error.report))
    if error.retry_delay is not None:
        parts.append(f"try again in {time_text(error.retry_delay)}")
    return "; ".join(parts)


def error_entries(error: CallError) -> dict[str, object]:
    """Return a failed call as a JSON object; all keys are always present."""
    return {
        "status": error.status,
        "reason": error.reason,
        "message": error.message,
        "violations": [
            {"field": violation.field, "description": violation.description}
            for violation in error.violations
        ],
        "retry_delay_seconds": error.retry_delay,
        "report": None if error.report is None else to_json(error.report),
    }
