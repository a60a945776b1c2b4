"""The HTTP/2 engine: the one module that knows the package `ngh2`.

Another binding of libnghttp2 can take its place if it offers these names: a session that is fed
with received bytes, returns events, takes frames of responses, and returns the bytes to send.
"""

from __future__ import annotations

from ngh2 import (
    Configuration,
    Connection,
    ConnectionClosed,
    DataReceived,
    ErrorCode,
    Event,
    GoAwayReceived,
    NGH2Error,
    PingAcknowledged,
    PingReceived,
    RequestReceived,
    Role,
    Setting,
    SettingsAcknowledged,
    SettingsReceived,
    StreamClosed,
    StreamReset,
    TrailersReceived,
)

from routersvc.grpc_api.edges.nghttp2.limits import (
    CONNECTION_WINDOW,
    MAX_HEADER_BLOCK,
    MAX_HEADERS,
    MAX_METADATA_BYTES,
    RESET_BURST,
    RESETS_PER_SECOND,
    STREAM_WINDOW,
)

__all__ = [
    "ConnectionClosed",
    "DataReceived",
    "EngineError",
    "ErrorCode",
    "Event",
    "GoAwayReceived",
    "PingAcknowledged",
    "PingReceived",
    "RequestReceived",
    "Session",
    "SettingsAcknowledged",
    "SettingsReceived",
    "StreamClosed",
    "StreamReset",
    "TrailersReceived",
    "server_session",
]

Session = Connection
"""One connection. After an `EngineError` of `receive_data` or `data_to_send` it is unusable."""

EngineError = NGH2Error
"""The peer broke HTTP/2 or exceeded a limit, or the stream of an operation is gone."""


def server_session(*, max_streams: int) -> Session:
    """Return a session that accepts `max_streams` calls at a time; its settings are queued.

    Receive windows are opened by hand, so that a call that is not read stops its caller.
    """
    session = Connection(
        Role.SERVER,
        Configuration(
            auto_window_update=False,
            stream_reset_rate_limit=(max(RESET_BURST, 2 * max_streams), RESETS_PER_SECOND),
            max_inbound_header_list_size=MAX_HEADER_BLOCK,
            max_inbound_header_count=MAX_HEADERS,
        ),
    )
    session.initiate_connection(
        {
            Setting.MAX_CONCURRENT_STREAMS: max_streams,
            Setting.INITIAL_WINDOW_SIZE: STREAM_WINDOW,
            Setting.MAX_HEADER_LIST_SIZE: MAX_METADATA_BYTES,
        }
    )
    session.set_local_window_size(CONNECTION_WINDOW)
    return session
