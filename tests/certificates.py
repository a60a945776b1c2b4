"""Certificates and keys for tests, made anew for each authority."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Sequence

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclasses.dataclass(frozen=True, kw_only=True)
class Issued:
    """A certificate with its private key, both as PEM."""

    chain: bytes
    private_key: bytes = dataclasses.field(repr=False)


class Authority:
    """A certificate authority."""

    def __init__(self, name: str = "authority") -> None:
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name(name)
        self._certificate = _unsigned(self._name, self._name, self._key, is_authority=True).sign(
            self._key, hashes.SHA256()
        )
        self.pem = self._certificate.public_bytes(Encoding.PEM)

    def issue(
        self,
        name: str,
        *,
        hosts: Sequence[str] = (),
        uris: Sequence[str] = (),
        organisation: str = "",
    ) -> Issued:
        """Return a certificate of this authority, valid around now."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _unsigned(_name(name, organisation), self._name, key, is_authority=False)
        names: list[x509.GeneralName] = [x509.DNSName(host) for host in hosts]
        names += [x509.UniformResourceIdentifier(uri) for uri in uris]
        if names:
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        certificate = builder.sign(self._key, hashes.SHA256())
        return Issued(
            chain=certificate.public_bytes(Encoding.PEM),
            private_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
        )


def _name(common_name: str, organisation: str = "") -> x509.Name:
    names = [x509.NameAttribute(NameOID.COMMON_NAME, common_name)]
    if organisation:
        names.insert(0, x509.NameAttribute(NameOID.ORGANIZATION_NAME, organisation))
    return x509.Name(names)


def _unsigned(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, *, is_authority: bool
) -> x509.CertificateBuilder:
    now = dt.datetime.now(dt.UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
    )
