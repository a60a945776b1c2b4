"""The Python client of the contract, as the command line and the demo use it.

They show failures as they are: no TLS, which the server does not have, and no retries of the
client's own.
"""

from __future__ import annotations

from llmrouter import AsyncRouterClient, CallError, NotConnectedError, Violation

__all__ = ("CallError", "NotConnectedError", "RouterClient", "Violation")


class RouterClient(AsyncRouterClient):
    """Calls one router; `timeout` (seconds) limits each call, `None` leaves its length to it.

    `api_key` goes along with each call.
    """

    def __init__(
        self, address: str, *, timeout: float | None = None, api_key: str | None = None
    ) -> None:
        super().__init__(
            address, plaintext=True, token=api_key, default_timeout=timeout, service_config=None
        )
