"""TLS of the server, whose certificate can be replaced while it runs.

Both edges ask for the certificate at every handshake. New connections get the one in force;
connections that exist go on with that of their handshake.
"""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from typing import cast

import grpc


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TlsFiles:
    """Certificate chain, private key, and authorities of client certificates, as PEM."""

    chain: bytes
    private_key: bytes = dataclasses.field(repr=False)
    client_authorities: bytes | None = None


class Certificates:
    """The certificate in force. Thread-safe: handshakes run in threads of gRPC core."""

    def __init__(self, files: TlsFiles) -> None:
        self._lock = threading.Lock()
        self._files = files
        self._current = _configuration(files)
        self.requires_clients = files.client_authorities is not None

    @property
    def files(self) -> TlsFiles:
        """The files in force; another value after each change."""
        with self._lock:
            return self._files

    def takes(self, files: TlsFiles) -> bool:
        """Whether these files can replace those in force without a restart."""
        return (files.client_authorities is not None) is self.requires_clients

    def replace(self, files: TlsFiles) -> None:
        """Use other files from the next handshake on.

        Raises:
            ValueError: client certificates would become required, or no longer be.
        """
        if not self.takes(files):
            raise ValueError("whether clients present certificates is decided at the start")
        if files == self._files:
            return
        with self._lock:
            self._files = files
            self._current = _configuration(files)

    def credentials(self) -> grpc.ServerCredentials:
        """Return credentials for one address, which follow the certificate in force."""
        return grpc.dynamic_ssl_server_credentials(
            self._current, self._fetcher(), require_client_authentication=self.requires_clients
        )

    def _fetcher(self) -> Callable[[], grpc.ServerCertificateConfiguration]:
        last = self._current

        def fetch() -> grpc.ServerCertificateConfiguration | None:
            """Return the certificate if it has changed since the last handshake."""
            nonlocal last
            with self._lock:
                if self._current is last:
                    return None
                last = self._current
                return last

        # The stubs do not say that there may be nothing new.
        return cast("Callable[[], grpc.ServerCertificateConfiguration]", fetch)


def _configuration(files: TlsFiles) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration(
        [(files.private_key, files.chain)], root_certificates=files.client_authorities
    )
