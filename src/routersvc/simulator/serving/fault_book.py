"""The active faults of one provider, and which of them applies to a request."""

from __future__ import annotations

import dataclasses
import random
from collections.abc import Callable

from routersvc.simulator.answers.completions import CompletionRequest
from routersvc.simulator.answers.tools import ToolMode
from routersvc.simulator.errors import UnknownFaultError
from routersvc.simulator.faults.effects import (
    Effect,
    InvalidToolJson,
    MissingTerminator,
    SchemaViolation,
    TruncatedBody,
)
from routersvc.simulator.faults.faults import Fault, Operations
from routersvc.simulator.faults.peer_effects import Endless, RefusedPrefill, StaleConnection


@dataclasses.dataclass(kw_only=True, slots=True)
class ActiveFault:
    """An injected fault; `left` is the number of requests it can still apply to.

    `met` counts the requests that met its conditions, including those that were spared.
    """

    id: str
    fault: Fault
    left: int | None
    struck: int = 0
    met: int = 0
    since: float = 0.0


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Circumstances:
    """The state of the provider when a request arrives; `others` are requests in flight."""

    now: float = 0.0
    others: int = 0
    on_kept_connection: bool = False


_ALONE = Circumstances()


class FaultBook:
    """Active faults in the order of injection; the first match applies to a request, alone.

    `shows` returns whether an effect would be visible in the answer to a request; a fault with an
    invisible effect does not apply.
    """

    def __init__(
        self,
        source: random.Random,
        shows: Callable[[Effect, CompletionRequest], bool] = lambda _effect, _request: True,
    ) -> None:
        self._source = source
        self._shows = shows
        self._active: dict[str, ActiveFault] = {}
        self._injected = 0

    @property
    def active(self) -> tuple[ActiveFault, ...]:
        """The active faults, oldest first."""
        return tuple(self._active.values())

    def inject(self, fault: Fault, now: float = 0.0) -> ActiveFault:
        """Make a fault active from `now` on; its id is unique at this provider."""
        self._injected += 1
        active = ActiveFault(id=f"fault-{self._injected}", fault=fault, left=fault.count, since=now)
        self._active[active.id] = active
        return active

    def remove(self, fault_id: str) -> None:
        """Remove one fault.

        Raises:
            UnknownFaultError: it is not active, or used up.
        """
        if self._active.pop(fault_id, None) is None:
            raise UnknownFaultError(fault_id)

    def clear(self) -> None:
        """Remove all faults."""
        self._active.clear()

    def strike_completion(
        self, request: CompletionRequest, circumstances: Circumstances = _ALONE
    ) -> ActiveFault | None:
        """Return the fault that applies to this completion request, if any, and count it."""
        if not self._active:
            return None
        for active in self._active.values():
            fault = active.fault
            shown = _fits(fault, request) and self._shows(fault.effect, request)
            if shown and self._falls(active, circumstances):
                return self._count(active)
        return None

    def strike_models(self, circumstances: Circumstances = _ALONE) -> ActiveFault | None:
        """Return the fault that applies to a request for models, if any, and count it."""
        for active in self._active.values():
            fault = active.fault
            applicable = fault.operations is not Operations.COMPLETIONS and not isinstance(
                fault.effect, RefusedPrefill
            )
            if applicable and self._falls(active, circumstances):
                return self._count(active)
        return None

    def _falls(self, active: ActiveFault, circumstances: Circumstances) -> bool:
        fault = active.fault
        if circumstances.others < fault.beside:
            return False
        if isinstance(fault.effect, StaleConnection) and not circumstances.on_kept_connection:
            return False
        if not fault.is_active(circumstances.now - active.since):
            return False
        active.met += 1
        if fault.spared_every is not None and active.met % fault.spared_every == 0:
            return False
        return fault.probability >= 1 or self._source.random() < fault.probability

    def _count(self, active: ActiveFault) -> ActiveFault:
        active.struck += 1
        if active.left is not None:
            active.left -= 1
            if active.left == 0:
                del self._active[active.id]
        return active


def _fits(fault: Fault, request: CompletionRequest) -> bool:
    """Return whether a request meets a fault's conditions and can show its effect."""
    if fault.operations is Operations.MODELS:
        return False
    if fault.streaming is not None and fault.streaming is not request.streaming:
        return False
    names = (request.model.id, request.model.reported_name)
    if fault.model is not None and fault.model not in names:
        return False
    match fault.effect:
        case InvalidToolJson():
            return request.tool_mode is not ToolMode.NEVER
        case SchemaViolation():
            return request.json_schema is not None
        case MissingTerminator() | Endless():
            return request.streaming
        case RefusedPrefill():
            return request.prompt.after_answer
        case TruncatedBody():
            return not request.streaming
        case _:
            return True
