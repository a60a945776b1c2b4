"""The Python client as the command line and the demo use it.

Without TLS, which the server does not support, and without retries, so that failures are shown.
Requests that set no stream recovery mode get that of their policy.
"""

from __future__ import annotations

from llmrouter import AsyncRouterClient, CallError, NotConnectedError, Violation
from llmrouter.v1.routing_pb2 import STREAM_RECOVERY_MODE_UNSPECIFIED

__all__ = ("CallError", "NotConnectedError", "RouterClient", "Violation")


class RouterClient(AsyncRouterClient):
    """Calls one router with a `timeout` (seconds) per call, `None` for the default of the router.

    `api_key` is sent with each call.
    """

    def __init__(
        self, address: str, *, timeout: float | None = None, api_key: str | None = None
    ) -> None:
        super().__init__(
            address,
            plaintext=True,
            token=api_key,
            default_timeout=timeout,
            service_config=None,
            stream_recovery=STREAM_RECOVERY_MODE_UNSPECIFIED,
        )
