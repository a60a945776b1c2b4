"""The Python client as the command line and the demo use it.

Without retries, so that failures are shown.
Requests that set no stream recovery mode get that of their policy.
"""

from __future__ import annotations

import dataclasses
from pathlib import Path

from llmrouter import AsyncRouterClient, CallError, NotConnectedError, Violation
from llmrouter.v1.routing_pb2 import STREAM_RECOVERY_MODE_UNSPECIFIED

__all__ = ("CallError", "ClientTls", "NotConnectedError", "RouterClient", "Violation")


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ClientTls:
    """TLS towards a router: authorities, those of the system by default, and files of a client.

    `certificate` names the files of a certificate chain and of its private key.
    """

    ca_file: Path | None = None
    certificate: tuple[Path, Path] | None = None


class RouterClient(AsyncRouterClient):
    """Calls one router with a `timeout` (seconds) per call, `None` for the default of the router.

    `api_key` is sent with each call. Without `tls` nothing is encrypted.

    Raises:
        OSError: a file of `tls` cannot be read.
    """

    def __init__(
        self,
        address: str,
        *,
        timeout: float | None = None,
        api_key: str | None = None,
        tls: ClientTls | None = None,
    ) -> None:
        super().__init__(
            address,
            plaintext=tls is None,
            ca_file=None if tls is None else tls.ca_file,
            client_certificate=None if tls is None else tls.certificate,
            token=api_key,
            default_timeout=timeout,
            service_config=None,
            stream_recovery=STREAM_RECOVERY_MODE_UNSPECIFIED,
        )
