"""One request as the router sees it: the prompt, its routing options, and the tenant."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping

from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.prompts import Prompt


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Request:
    """One request.

    `timeout` is the time from arrival to the caller's deadline, in seconds. `trace_headers` are
    sent to the provider with every attempt. `previous_attempts` counts the attempts of the
    client itself (`grpc-previous-rpc-attempts`).
    """

    request_id: str
    prompt: Prompt
    routing: Routing = Routing()
    streaming: bool = False
    timeout: float
    tenant: str = ""
    previous_attempts: int = 0
    trace_headers: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
