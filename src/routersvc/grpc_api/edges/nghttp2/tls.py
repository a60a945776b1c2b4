"""TLS of this edge: contexts of the certificate in force, handshakes, and what clients have proved.

A connection counts, and can give way to others, from its first moment: a client that never
completes its handshake keeps nobody out.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
import tempfile
from collections.abc import Callable, Mapping
from typing import cast

from routersvc.grpc_api.certificates import Certificates, TlsFiles
from routersvc.grpc_api.edges.nghttp2.connections import Connection
from routersvc.grpc_api.edges.nghttp2.lifetimes import LINGER

logger = logging.getLogger(__name__)

_PROTOCOL = "h2"
"""What gRPC is called in the negotiation of the application protocol (ALPN)."""

ConnectionProperties = Mapping[str, tuple[bytes, ...]]
"""What a connection has proved, under the names that gRPC core uses."""


class TlsContexts:
    """The TLS context of the certificate in force."""

    def __init__(self, certificates: Certificates) -> None:
        self._certificates = certificates
        self._files = certificates.files
        self._context = server_context(self._files)

    def current(self) -> ssl.SSLContext:
        """Return the context for a handshake that begins now."""
        files = self._certificates.files
        if files is not self._files:
            self._context = server_context(files)
            self._files = files
        return self._context


def server_context(files: TlsFiles) -> ssl.SSLContext:
    """Return a context for handshakes with these files.

    Sessions are not resumed: each connection presents its certificate, to the authorities in force.

    Raises:
        ssl.SSLError: the files are no certificate and its key.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.options |= ssl.OP_NO_TICKET
    context.num_tickets = 0
    context.set_alpn_protocols([_PROTOCOL])
    # OpenSSL's functions in Python take the path of a file only.
    with tempfile.NamedTemporaryFile(prefix="routersvc-") as pair:
        pair.write(files.private_key + b"\n" + files.chain)
        pair.flush()
        context.load_cert_chain(pair.name)
    if files.client_authorities is not None:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(cadata=files.client_authorities.decode("ascii"))
    return context


class TlsListener(asyncio.Protocol):
    """Accepts one connection, completes its TLS handshake, and hands it to `connect`'s value.

    `keep` holds the task of the handshake until it has ended.
    """

    def __init__(
        self,
        connect: Callable[[], Connection],
        contexts: TlsContexts,
        *,
        loop: asyncio.AbstractEventLoop,
        handshake_timeout: float,
        keep: Callable[[asyncio.Task[None]], None],
    ) -> None:
        self._connect = connect
        self._contexts = contexts
        self._loop = loop
        self._handshake_timeout = handshake_timeout
        self._keep = keep

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin the handshake, if there is room for the connection."""
        socket = cast("asyncio.Transport", transport)
        connection = self._connect()
        if connection.admit(socket):
            # What arrives is read by the handshake.
            socket.pause_reading()
            self._keep(self._loop.create_task(self._shake(connection, socket)))

    async def _shake(self, connection: Connection, socket: asyncio.Transport) -> None:
        try:
            secured = await self._loop.start_tls(
                socket,
                connection,
                self._contexts.current(),
                server_side=True,
                ssl_handshake_timeout=self._handshake_timeout,
                ssl_shutdown_timeout=LINGER,
            )
            if secured is None:
                raise ConnectionResetError("the peer has closed the connection")
        except (OSError, RuntimeError) as error:
            # `ssl.SSLError` is an `OSError`. The transport may have been aborted for another one.
            socket.abort()
            connection.connection_lost(None)
            logger.info(
                "TLS handshake failed",
                extra={"fields": {"peer": connection.peer, "error": _reason(error)}},
            )
            return
        except asyncio.CancelledError:
            socket.abort()
            connection.connection_lost(None)
            raise
        ssl_object = secured.get_extra_info("ssl_object")
        if ssl_object.selected_alpn_protocol() != _PROTOCOL:
            logger.info(
                "connection refused: no HTTP/2 was negotiated",
                extra={"fields": {"peer": connection.peer}},
            )
            secured.abort()
            connection.connection_lost(None)
            return
        connection.begin(secured, properties_of(ssl_object))


def _reason(error: Exception) -> str:
    return getattr(error, "reason", None) or str(error) or type(error).__name__


def properties_of(ssl_object: ssl.SSLObject) -> ConnectionProperties:
    """Return what the handshake has proved of the client, as gRPC core reports it.

    The subject has the form of RFC 4514.
    """
    properties: dict[str, tuple[bytes, ...]] = {"transport_security_type": (b"ssl",)}
    der = ssl_object.getpeercert(binary_form=True)
    if der is None:
        return properties
    from cryptography import x509  # noqa: PLC0415 - only where clients present certificates

    certificate = x509.load_der_x509_certificate(der)
    properties["x509_pem_cert"] = (ssl.DER_cert_to_PEM_cert(der).encode(),)
    properties["x509_subject"] = (certificate.subject.rfc4514_string().encode(),)
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        return properties
    uris = names.value.get_values_for_type(x509.UniformResourceIdentifier)
    properties["peer_uri"] = tuple(uri.encode() for uri in uris)
    return properties
