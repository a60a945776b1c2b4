"""The control endpoint: controls a running simulator over HTTP, in JSON.

`/_control` on the control port serves all providers, `/_control` on a provider's own port serves
that one. A failed call returns

    {"error": {"type": "unknown_key", "message": "...", "path": "behaviour.tokenz"}}

with a type of `ControlErrorType`.
"""

from __future__ import annotations

import asyncio
import dataclasses
import enum
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, assert_never, cast

import orjson
from aiohttp import web

from routersvc.simulator.behaviours.behaviours import Behaviour
from routersvc.simulator.control.strict_reading import read, read_mapping, refuse_unknown, to_plain
from routersvc.simulator.errors import (
    PortUnavailableError,
    SettingError,
    UnknownFaultError,
    UnknownProviderError,
    path_text,
)
from routersvc.simulator.faults.faults import Fault
from routersvc.simulator.serving.fault_book import ActiveFault
from routersvc.simulator.serving.http_responses import AlreadyWritten, ResponseWriter
from routersvc.simulator.serving.provider import CONTROL_PREFIX, SimulatedProvider, is_control
from routersvc.simulator.serving.request_log import Outcome, RequestRecord

_DEFAULT_LOG_LIMIT = 100


class ControlErrorType(enum.Enum):
    """Why a control call failed."""

    INVALID_JSON = "invalid_json"
    UNKNOWN_KEY = "unknown_key"
    INVALID_VALUE = "invalid_value"
    NOT_FOUND = "not_found"
    METHOD_NOT_ALLOWED = "method_not_allowed"
    UNKNOWN_PROVIDER = "unknown_provider"
    UNKNOWN_FAULT = "unknown_fault"
    PORT_UNAVAILABLE = "port_unavailable"


class ControlRefusedError(Exception):
    """A refused control call, with the HTTP status and the key path concerned."""

    def __init__(
        self, status: int, kind: ControlErrorType, message: str, path: str | None = None
    ) -> None:
        super().__init__(message)
        self.status = status
        self.kind = kind
        self.path = path


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Call:
    """One control call; `transport` is its connection, if that must survive a kill."""

    method: str
    segments: tuple[str, ...]
    query: Mapping[str, str]
    body: bytes
    transport: asyncio.Transport | None = None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """The reply to a call; with `last`, the connection is closed after it."""

    payload: Any
    status: int = 200
    last: bool = False


Refusable = (
    ControlRefusedError
    | SettingError
    | UnknownProviderError
    | UnknownFaultError
    | PortUnavailableError
)


class ControlEndpoint:
    """Handles the control calls of one simulator."""

    def __init__(self, date: Callable[[], str]) -> None:
        self._date = date
        self._providers: dict[str, SimulatedProvider] = {}

    def add(self, provider: SimulatedProvider) -> None:
        """Register a provider."""
        self._providers[provider.name] = provider

    async def serve_all(self, request: web.BaseRequest) -> web.StreamResponse:
        """Handle a call to the control port."""
        return await self._serve(request, self.carry_out)

    async def serve_one(
        self, provider: SimulatedProvider, request: web.BaseRequest
    ) -> web.StreamResponse:
        """Handle a call to a provider's own port."""

        async def carry_out(call: Call) -> Reply:
            return await _carry_out_on(provider, call, call.segments)

        return await self._serve(request, carry_out)

    async def carry_out(self, call: Call) -> Reply:
        """Perform a call on the provider it names, or on all.

        Raises:
            ControlRefusedError: unknown path, or method not allowed.
            SettingError: invalid body or query.
            UnknownProviderError: no provider has this name.
            UnknownFaultError: the fault is not active.
            PortUnavailableError: the provider cannot be revived.
        """
        match call.segments:
            case ():
                _allow(call, "GET")
                return Reply(payload={name: _state(one) for name, one in self._providers.items()})
            case ("log",):
                return _log(tuple(self._providers.values()), call)
            case ("activity",):
                _allow(call, "GET")
                return Reply(
                    payload={
                        name: to_plain(one.activity()) for name, one in self._providers.items()
                    }
                )
            case ("providers",):
                _allow(call, "GET")
                return Reply(payload={name: _state(one) for name, one in self._providers.items()})
            case ("providers", name, *rest):
                provider = self._providers.get(name)
                if provider is None:
                    raise UnknownProviderError(name, tuple(self._providers))
                # The call came over the control port: no connection of the provider is kept.
                return await _carry_out_on(
                    provider, dataclasses.replace(call, transport=None), tuple(rest)
                )
            case _:
                raise _not_found(call)

    async def _serve(
        self, request: web.BaseRequest, carry_out: Callable[[Call], Awaitable[Reply]]
    ) -> web.StreamResponse:
        writer = ResponseWriter(request, self._date)
        inner = request.path.removeprefix(CONTROL_PREFIX)
        call = Call(
            method=request.method,
            segments=tuple(segment for segment in inner.split("/") if segment),
            query=dict(request.query),
            body=await request.read(),
            transport=request.transport,
        )
        try:
            if not is_control(request.path):
                raise _not_found(call)
            reply = await carry_out(call)
        except (
            ControlRefusedError,
            SettingError,
            UnknownProviderError,
            UnknownFaultError,
            PortUnavailableError,
        ) as error:
            reply = refusal(error)
        if reply.last:
            writer.keep_alive = False
        body = orjson.dumps(reply.payload, option=orjson.OPT_INDENT_2) + b"\n"
        try:
            await writer.whole(reply.status, [("content-type", "application/json")], body)
        except ConnectionError:
            writer.keep_alive = False
        return AlreadyWritten(keep_alive=writer.keep_alive)


async def _carry_out_on(
    provider: SimulatedProvider, call: Call, segments: tuple[str, ...]
) -> Reply:
    match segments:
        case () | ("state",):
            _allow(call, "GET")
            return Reply(payload=_state(provider))
        case ("behaviour",):
            return _behaviour(provider, call)
        case ("faults", *rest):
            return _faults(provider, call, rest)
        case ("kill",):
            _allow(call, "POST")
            await provider.kill(spare=call.transport)
            return Reply(payload=_state(provider), last=call.transport is not None)
        case ("cut",):
            _allow(call, "POST")
            return Reply(payload={"cut": provider.cut()})
        case ("revive",):
            _allow(call, "POST")
            await provider.revive()
            return Reply(payload=_state(provider))
        case ("log",):
            return _log((provider,), call)
        case ("activity",):
            _allow(call, "GET", "DELETE")
            if call.method == "DELETE":
                provider.reset_peaks()
            return Reply(payload=to_plain(provider.activity()))
        case _:
            raise _not_found(call)


def _behaviour(provider: SimulatedProvider, call: Call) -> Reply:
    _allow(call, "GET", "PUT", "PATCH")
    if call.method != "GET":
        given = read_mapping(_json(call))
        if call.method == "PATCH":
            given = {**read_mapping(to_plain(provider.behaviour)), **given}
        provider.behave(read(Behaviour, given))
    return Reply(payload=to_plain(provider.behaviour))


def _faults(provider: SimulatedProvider, call: Call, rest: list[str]) -> Reply:
    match rest:
        case []:
            _allow(call, "GET", "POST", "DELETE")
            if call.method == "POST":
                return _inject(provider, call)
            if call.method == "DELETE":
                provider.clear_faults()
        case [fault_id]:
            _allow(call, "DELETE")
            provider.remove_fault(fault_id)
        case _:
            raise _not_found(call)
    return Reply(payload=[_active(active) for active in provider.faults])


def _inject(provider: SimulatedProvider, call: Call) -> Reply:
    """Inject one fault, or a list of them: all, or none if one is invalid."""
    given = _json(call)
    if isinstance(given, list):
        faults = [read(Fault, entry, (at,)) for at, entry in enumerate(cast("list[object]", given))]
        active = [_active(provider.inject(fault)) for fault in faults]
        return Reply(payload=active, status=201)
    return Reply(payload=_active(provider.inject(read(Fault, given))), status=201)


def _log(providers: tuple[SimulatedProvider, ...], call: Call) -> Reply:
    _allow(call, "GET", "DELETE")
    if call.method == "DELETE":
        for provider in providers:
            provider.clear_log()
    refuse_unknown(call.query, ("limit", "outcome"), ("query",))
    limit = call.query.get("limit", str(_DEFAULT_LOG_LIMIT))
    if not limit.isdecimal() or int(limit) < 1:
        raise SettingError("must be a whole number of at least 1", path=("query", "limit"))
    outcome = call.query.get("outcome")
    known = [entry.value for entry in Outcome]
    if outcome is not None and outcome not in known:
        raise SettingError(f"must be one of: {', '.join(known)}", path=("query", "outcome"))
    records: list[RequestRecord] = [
        record
        for provider in providers
        for record in provider.log
        if outcome is None or record.outcome.value == outcome
    ]
    records.sort(key=lambda record: record.serial)
    return Reply(
        payload={
            "forgotten": sum(provider.forgotten for provider in providers),
            "requests": [record.plain() for record in records[-int(limit) :]],
        }
    )


def _state(provider: SimulatedProvider) -> dict[str, object]:
    character = provider.character
    return {
        "name": provider.name,
        "alive": provider.alive,
        "base_url": provider.base_url,
        "wire_format": character.wire_format,
        "models": [model.id for model in character.models],
        "api_keys": len(character.api_keys),
        "seed": character.seed,
        "behaviour": to_plain(provider.behaviour),
        "faults": [_active(active) for active in provider.faults],
        "activity": to_plain(provider.activity()),
    }


def _active(active: ActiveFault) -> dict[str, object]:
    plain = cast("dict[str, object]", to_plain(active.fault))
    return {"id": active.id, "struck": active.struck, "left": active.left, **plain}


def _json(call: Call) -> object:
    try:
        return cast("object", orjson.loads(call.body))
    except orjson.JSONDecodeError as error:
        raise ControlRefusedError(
            400, ControlErrorType.INVALID_JSON, f"the body is not JSON: {error}"
        ) from error


def _allow(call: Call, *methods: str) -> None:
    if call.method not in methods:
        raise ControlRefusedError(
            405,
            ControlErrorType.METHOD_NOT_ALLOWED,
            f"method {call.method} not allowed; allowed: {', '.join(methods)}",
        )


def _not_found(call: Call) -> ControlRefusedError:
    return ControlRefusedError(
        404,
        ControlErrorType.NOT_FOUND,
        f"unknown path `{CONTROL_PREFIX}/{'/'.join(call.segments)}`; known: state, behaviour, "
        "faults, kill, revive, cut, log, activity; on the control port after providers/NAME",
    )


def refusal(error: Refusable) -> Reply:
    """Return the reply to a failed call."""
    match error:
        case ControlRefusedError():
            status, kind, path = error.status, error.kind, error.path
        case SettingError():
            status, path = 400, path_text(error.path) or None
            unknown = error.unknown_key
            kind = ControlErrorType.UNKNOWN_KEY if unknown else ControlErrorType.INVALID_VALUE
        case UnknownProviderError():
            status, kind, path = 404, ControlErrorType.UNKNOWN_PROVIDER, None
        case UnknownFaultError():
            status, kind, path = 404, ControlErrorType.UNKNOWN_FAULT, None
        case PortUnavailableError():
            status, kind, path = 409, ControlErrorType.PORT_UNAVAILABLE, None
        case _:
            assert_never(error)
    described = {"type": kind.value, "message": str(error), "path": path}
    return Reply(payload={"error": described}, status=status)
