"""Reads certificates and public keys by which callers are authenticated, when settings are loaded.

Each file is read once into memory, so that what was checked is what is used.
"""

from __future__ import annotations

import dataclasses
import json
import ssl
from collections.abc import Iterable
from pathlib import Path
from typing import cast

from routersvc.settings.problems import KeyPath
from routersvc.settings.sections.authentication import TokenIssuerSection
from routersvc.settings.sections.server import ServerTlsSection
from routersvc.settings.source.plain_files import require_plain_file
from routersvc.settings.source.problem_list import ProblemList

MAX_FILE_SIZE = 1 << 20
"""Bytes of a file with certificates or keys."""

MAX_READINGS = 3
"""How often a certificate and its key are read until they are the same twice."""

KEY_TYPES = frozenset({"RSA", "EC", "OKP"})
"""Types of public keys in a JWKS (RFC 7518, RFC 8037)."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class ServerCertificate:
    """The certificate of the server with its key, and the authorities of clients, all as PEM."""

    chain: bytes
    private_key: bytes = dataclasses.field(repr=False)
    client_authorities: bytes | None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class TokenIssuer:
    """An issuer of tokens; `keys` is its JWKS, `None` where it is fetched from `keys_url`.

    `clock_skew` and `refresh_interval` are in seconds.
    """

    name: str
    issuer: str
    audiences: frozenset[str]
    algorithms: frozenset[str]
    tenant_claim: str
    clock_skew: float
    keys: bytes | None
    keys_url: str
    refresh_interval: float
    authorities: str | None = None


class AccessReader:
    """Reads the files of the server's TLS and of token issuers; paths are relative to `folder`.

    `files` are those that it has opened.
    """

    def __init__(self, folder: Path, problems: ProblemList) -> None:
        self._folder = folder
        self._problems = problems
        self.files: list[Path] = []

    def certificate(self, section: ServerTlsSection | None) -> ServerCertificate | None:
        """Return the certificate of the server; `None` if there is none or it is invalid."""
        if section is None or section.certificate_file is None or section.private_key_file is None:
            return None
        path = ("server", "tls")
        files = (section.certificate_file, section.private_key_file)
        authorities: bytes | None = None
        if section.client_ca_file is not None:
            place = (*path, "client_ca_file")
            authorities = self._read(place, section.client_ca_file, "a PEM file")
            self._certificates(place, authorities)
        pair = self._pair(path, *files)
        if pair is None:
            return None
        # A file that is replaced meanwhile would leave a certificate with the key of another one.
        for _ in range(MAX_READINGS):
            self._check_pair(path, *files)
            again = self._pair(path, *files)
            if again is None:
                return None
            if again == pair:
                return ServerCertificate(
                    chain=pair[0], private_key=pair[1], client_authorities=authorities
                )
            pair = again
        self._problems.at_value((*path, "certificate_file"), "changes while it is read")
        return None

    def issuers(self, sections: Iterable[tuple[str, TokenIssuerSection]]) -> dict[str, TokenIssuer]:
        """Return the issuers by name; incomplete if problems were reported."""
        return {name: self._issuer(name, section) for name, section in sections}

    def _issuer(self, name: str, section: TokenIssuerSection) -> TokenIssuer:
        path = ("authentication", "tokens", name)
        keys: bytes | None = None
        authorities: str | None = None
        if section.keys_file is not None:
            place = (*path, "keys_file")
            keys = self._read(place, section.keys_file, "a JSON file")
            if keys is not None and not is_key_set(keys):
                self._problems.at_value(
                    place, "contains no public keys", 'a JSON file with `{"keys": [...]}` (JWKS)'
                )
        if section.ca_file is not None:
            place = (*path, "ca_file")
            authorities = self._certificates(
                place, self._read(place, section.ca_file, "a PEM file")
            )
        return TokenIssuer(
            name=name,
            issuer=section.issuer,
            audiences=frozenset(section.audiences),
            algorithms=frozenset(one.value for one in section.algorithms),
            tenant_claim=section.tenant_claim,
            clock_skew=section.clock_skew,
            keys=keys,
            keys_url=section.keys_url or "",
            refresh_interval=section.refresh_interval,
            authorities=authorities,
        )

    def _pair(self, path: KeyPath, certificate: str, key_file: str) -> tuple[bytes, bytes] | None:
        chain = self._read((*path, "certificate_file"), certificate, "a PEM file")
        key = self._read((*path, "private_key_file"), key_file, "a PEM file")
        return None if chain is None or key is None else (chain, key)

    def _read(self, path: KeyPath, file: str, allowed: str) -> bytes | None:
        full = self._folder / file
        self.files.append(full)
        try:
            require_plain_file(full)
            with full.open("rb") as stream:
                data = stream.read(MAX_FILE_SIZE + 1)
        except OSError as error:
            reason = (error.strerror or "not a regular file").lower()
            self._problems.at_value(path, f"cannot read file: {reason}", allowed)
            return None
        except ValueError:
            self._problems.at_value(path, "is not a valid path", allowed)
            return None
        if len(data) > MAX_FILE_SIZE:
            self._problems.at_value(path, f"is larger than {MAX_FILE_SIZE} bytes", allowed)
            return None
        return data

    def _certificates(self, path: KeyPath, pem: bytes | None) -> str | None:
        """Return the text of a PEM file with certificates, and report one without any."""
        if pem is None:
            return None
        text = pem.decode("latin-1")
        try:
            ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).load_verify_locations(cadata=text)
        except (ssl.SSLError, ValueError):
            self._problems.at_value(path, "contains no certificates", "a PEM file")
        return text

    def _check_pair(self, path: KeyPath, certificate: str, key_file: str) -> None:
        """Report a certificate and a key that do not belong together, or cannot be used."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        try:
            context.load_cert_chain(
                self._folder / certificate,
                self._folder / key_file,
                # Never asks a terminal for the passphrase of an encrypted key.
                password=lambda: "",
            )
        except (ssl.SSLError, OSError, ValueError) as error:
            reason = getattr(error, "reason", None) or ""
            self._problems.at_value(
                (*path, "private_key_file"),
                "is not the key of the certificate"
                if reason == "KEY_VALUES_MISMATCH"
                else "and `certificate_file` cannot be used: "
                f"{reason.replace('_', ' ').lower() or 'not valid PEM'}",
                "a PEM file with the private key of `certificate_file`, not encrypted",
            )


def is_key_set(data: bytes) -> bool:
    """Return whether this is a JWKS with at least one public key (RFC 7517, section 5)."""
    try:
        content: object = json.loads(data)
    except (ValueError, RecursionError):
        return False
    keys: object = (
        cast("dict[str, object]", content).get("keys") if isinstance(content, dict) else 0
    )
    if not isinstance(keys, list):
        return False
    return any(
        isinstance(key, dict) and cast("dict[str, object]", key).get("kty") in KEY_TYPES
        for key in cast("list[object]", keys)
    )
