"""Files by which callers are authenticated: read whole, or refused with a place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.certificates import Authority
from tests.tokens import key_set, public_jwk, signing_key
from tests.unit.settings.conftest import ENVIRONMENT, WIRE_FORMATS

from routersvc.settings.loading import settings_of
from routersvc.settings.problems import SettingsError
from routersvc.settings.settings import Settings
from routersvc.settings.source.yaml_source import parse_yaml

OURS = Authority()
SERVER, OTHER = OURS.issue("router"), OURS.issue("other")
TLS = "server: {tls: {certificate_file: crt.pem, private_key_file: key.pem%s}}\n"
TOKENS = (
    "authentication: {tokens: {corporate: "
    "{issuer: 'https://login.example.com', audiences: [llm-router], %s}}}\n"
)
KEYS = key_set(public_jwk(signing_key()))
FILES = {
    "crt.pem": SERVER.chain,
    "key.pem": SERVER.private_key,
    "other.pem": OTHER.private_key,
    "ca.pem": OURS.pem,
    "keys.json": KEYS,
    "empty.json": b'{"keys": []}',
    "text.txt": b"not a certificate",
}

HASH = f"'sha256:{'0' * 64}'"

LoadIn = Callable[[str], Settings]


@pytest.fixture
def load_in(tmp_path: Path, minimal: str) -> LoadIn:
    """Load settings of a folder with the files."""
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)

    def load(text: str) -> Settings:
        return settings_of(
            parse_yaml(minimal + text, "settings.yaml"),
            folder=tmp_path,
            environment=ENVIRONMENT,
            known_wire_formats=WIRE_FORMATS,
        )

    return load


def test_files_are_read_into_the_settings(load_in: LoadIn) -> None:
    """What was checked is what is used; the private key is not shown."""
    settings = load_in(TLS % ", client_ca_file: ca.pem" + TOKENS % "keys_file: keys.json")

    certificate = settings.certificate
    assert certificate is not None
    assert (certificate.chain, certificate.private_key) == (SERVER.chain, SERVER.private_key)
    assert certificate.client_authorities == OURS.pem
    assert settings.token_issuers["corporate"].keys == KEYS
    assert "PRIVATE KEY" not in repr(settings)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("server: {tls: {certificate_file: crt.pem}}", "server.tls.private_key_file"),
        ("server: {tls: {client_ca_file: ca.pem}}", "server.tls.certificate_file"),
        (TLS % ", client_ca_file: text.txt", "server.tls.client_ca_file"),
        ((TLS % "").replace("crt.pem", "none.pem"), "server.tls.certificate_file"),
        ((TLS % "").replace("key.pem", "other.pem"), "server.tls.private_key_file"),
        ((TLS % "").replace("key.pem", "text.txt"), "server.tls.private_key_file"),
        (TOKENS % "keys_file: empty.json", "authentication.tokens.corporate.keys_file"),
        (TOKENS % "keys_file: text.txt", "authentication.tokens.corporate.keys_file"),
        (TOKENS % "clock_skew: 1s", "authentication.tokens.corporate.keys_url"),
        (
            TOKENS % "keys_url: 'https://a.example/k', keys_file: keys.json",
            "authentication.tokens.corporate.keys_url",
        ),
        (
            TOKENS % "keys_url: 'http://a.example/k'",
            "authentication.tokens.corporate.keys_url",
        ),
        (
            TOKENS % "keys_url: 'http://127.0.0.1:1/k', ca_file: ca.pem",
            "authentication.tokens.corporate.ca_file",
        ),
        (
            TOKENS % "keys_file: keys.json" + "tenants: {t: {tokens: {corporat: [x]}}}",
            "tenants.t.tokens.corporat",
        ),
        ("tenants: {t: {certificates: ['CN=t']}}", "tenants.t.certificates"),
        ("tenants: {t: {api_key_hashes: ['sha256:00']}}", "tenants.t.api_key_hashes[0]"),
        (
            f"tenants: {{a: {{api_key_hashes: [{HASH}]}}, b: {{api_key_hashes: [{HASH}]}}}}",
            "tenants.b.api_key_hashes[0]",
        ),
        (
            "tenants: {t: {anonymous: true, allowed_methods: [Delete]}}",
            "tenants.t.allowed_methods[0]",
        ),
    ],
)
def test_unusable_files_and_identities_are_named(load_in: LoadIn, text: str, problem: str) -> None:
    """An operator sees the key to mend, before the service starts."""
    with pytest.raises(SettingsError) as caught:
        load_in(text)

    assert [it.key_path for it in caught.value.problems] == [problem]
