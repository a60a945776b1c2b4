"""The stream recovery mode that a client asks for where a request sets none."""

from __future__ import annotations

from llmrouter.v1.router_service_pb2 import StreamCompleteRequest
from llmrouter.v1.routing_pb2 import STREAM_RECOVERY_MODE_RESTART, StreamRecoveryMode

DEFAULT_STREAM_RECOVERY = STREAM_RECOVERY_MODE_RESTART
"""`recovered` events are part of what these clients return, so broken streams may start over."""


def with_stream_recovery(
    request: StreamCompleteRequest, mode: StreamRecoveryMode.ValueType
) -> StreamCompleteRequest:
    """Return the request with this mode, unless it sets one. The argument is not changed."""
    if not mode or request.routing.stream_recovery_mode:
        return request
    changed = StreamCompleteRequest()
    changed.CopyFrom(request)
    changed.routing.stream_recovery_mode = mode
    return changed
