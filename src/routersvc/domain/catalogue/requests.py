"""One request as the router sees it: the prompt, its routing options, and the tenant."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.values import Value


class Request(Value, frozen=True, kw_only=True):
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
    trace_headers: Mapping[str, str] = msgspec.field(default_factory=dict[str, str])
