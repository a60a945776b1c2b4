"""What is kept when settings are replaced: connections of providers, health of deployments."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from tests.certificates import Authority

from routersvc.app.access import IssuerKeys
from routersvc.app.configurations import Preparation, identities
from routersvc.app.wire_formats import known_wire_formats
from routersvc.domain.fleet.disablements import Credential
from routersvc.settings.loading import load_settings
from routersvc.settings.settings import Settings
from routersvc.tokenizer.counter import O200kCounter

TEXT = """
providers:
  alpha: {wire_format: openai_chat, base_url: http://127.0.0.1:1/v1, api_key: "env:KEY"}
  beta: {wire_format: openai_chat, base_url: http://127.0.0.1:2/v1}
models:
  large: {context_window: 128000, prices: {input: 1, output: 1}}
deployments:
  alpha-large: {provider: alpha, model: large}
  beta-large: {provider: beta, model: large}
policies:
  default: {deployments: [alpha-large, beta-large]}
"""

Load = Callable[..., Settings]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Load settings of a text, with a key."""

    def load(text: str = TEXT, key: str = "first") -> Settings:
        file = tmp_path / "settings.yaml"
        file.write_text(text)
        return load_settings(
            file, environment={"KEY": key}, known_wire_formats=known_wire_formats()
        )

    return load


@pytest.mark.parametrize(
    ("text", "key", "connections", "anew"),
    [
        (TEXT, "first", [], []),
        (TEXT.replace("input: 1", "input: 2"), "first", [], []),
        (TEXT.replace("[alpha-large, beta-large]", "[beta-large]"), "first", [], []),
        (TEXT, "second", ["alpha"], []),
        (TEXT.replace("1/v1,", "1/v1, connections: {limit: 7},"), "first", ["alpha"], []),
        (TEXT.replace("1:1/v1", "1:9/v1"), "first", ["alpha"], ["alpha-large"]),
        (
            TEXT.replace("beta, model: large", "beta, model: large, wire_model: other"),
            "first",
            [],
            ["beta-large"],
        ),
        (TEXT.replace("1/v1,", "1/v1, dialect: groq,"), "first", ["alpha"], ["alpha-large"]),
    ],
)
def test_what_did_not_change_is_kept(
    load: Load, text: str, key: str, connections: list[str], anew: list[str]
) -> None:
    """Another key needs other connections, and says nothing of the health of a deployment."""
    before, after = load(), load(text, key)
    preparation = Preparation(
        started=before,
        counter=O200kCounter(),
        keys=IssuerKeys(clock=lambda: 0.0),
        wall_clock=lambda: 0.0,
    )

    prepared = preparation.prepare(after, before)

    old, new = identities(before, before.catalogue()), prepared.router.identities
    assert list(prepared.connections) == connections
    assert [it for it in new.deployments if old.deployments[it] != new.deployments[it]] == anew
    of_alpha = Credential("alpha", "default")
    is_same = old.credentials[of_alpha] == new.credentials[of_alpha]
    assert is_same is (key == "first" and "alpha-large" not in anew)


def test_certificate_authority_of_the_same_name_is_another_one(load: Load, tmp_path: Path) -> None:
    """Files are known by their content, as certificates are renewed in place."""
    authority = tmp_path / "ca.pem"
    text = TEXT.replace("http://127.0.0.1:1/v1,", "https://127.0.0.1:1/v1, tls: {ca_file: ca.pem},")
    authority.write_bytes(Authority().pem)
    before = load(text)
    authority.write_bytes(Authority().pem)
    after = load(text)

    assert (
        identities(before, before.catalogue()).deployments["alpha-large"]
        != identities(after, after.catalogue()).deployments["alpha-large"]
    )
    assert (
        identities(before, before.catalogue()).deployments["beta-large"]
        == identities(after, after.catalogue()).deployments["beta-large"]
    )
