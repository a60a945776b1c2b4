"""What lets calls in at a provider: which keys belong together, and what is read from files."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from routersvc.domain.catalogue.secrets import Secret
from routersvc.settings.endpoints import Auth, AwsAuth, AwsKey, AzureAdAuth, GoogleAuth, KeyAuth
from routersvc.settings.settings import Settings

Load = Callable[[str], Settings]
ProblemsIn = Callable[[str], list[str]]

DOCUMENT = """\
providers:
  alpha: {{wire_format: openai_chat, base_url: "http://a", {keys}}}
models:
  large: {{context_window: 100}}
deployments:
  alpha-large: {{provider: alpha, model: large}}
policies:
  default: {{deployments: [alpha-large]}}
"""


def document(auth: str, more: str = "") -> str:
    """Return settings whose one provider has this `auth`."""
    return DOCUMENT.format(keys=f"auth: {{{auth}}}{more}")


@pytest.mark.parametrize(
    ("auth", "more", "expected"),
    [
        ("kind: key", ', api_key: "env:ALPHA_API_KEY"', KeyAuth()),
        (
            "kind: key, header: x-key, scheme: Token",
            ', api_key: "env:ALPHA_API_KEY"',
            KeyAuth(header="x-key", scheme="Token"),
        ),
        (
            "kind: aws, region: eu-central-1",
            "",
            AwsAuth(region="eu-central-1", service="bedrock", profile=None, key=None),
        ),
        (
            "kind: aws, region: eu-central-1, service: other, profile: prod",
            "",
            AwsAuth(region="eu-central-1", service="other", profile="prod", key=None),
        ),
        (
            (
                'kind: aws, region: r, access_key_id: "env:ALPHA_API_KEY", '
                'secret_access_key: "env:BETA_API_KEY", session_token: "env:GAMMA_API_KEY"'
            ),
            "",
            AwsAuth(
                region="r",
                service="bedrock",
                profile=None,
                key=AwsKey(
                    access_key_id=Secret("alpha-secret"),
                    secret_access_key=Secret("beta-secret"),
                    session_token=Secret("gamma-secret"),
                ),
            ),
        ),
        (
            "kind: google, scope: https://a/b",
            "",
            GoogleAuth(credentials_file=None, scope="https://a/b"),
        ),
        (
            'kind: azure_ad, tenant_id: t, client_id: c, client_secret: "env:ALPHA_API_KEY"',
            "",
            AzureAdAuth(
                tenant_id="t", client_id="c", client_secret=Secret("alpha-secret"), scope=None
            ),
        ),
        (
            "kind: azure_ad, client_id: c",
            "",
            AzureAdAuth(tenant_id=None, client_id="c", client_secret=None, scope=None),
        ),
    ],
)
def test_each_kind_is_read(load: Load, auth: str, more: str, expected: Auth) -> None:
    """Secrets are resolved, what is left out is left to the vendor's custom."""
    settings = load(document(auth, more))

    assert settings.endpoints["alpha"].auth == expected
    assert settings.catalogue().deployments["alpha-large"].credential == "default"


def test_provider_without_auth_has_keys_in_the_usual_header(load: Load) -> None:
    """As most vendors do."""
    settings = load(DOCUMENT.format(keys="region: eu"))

    assert settings.endpoints["alpha"].auth == KeyAuth()
    assert settings.catalogue().deployments["alpha-large"].credential == ""


@pytest.mark.parametrize(
    ("auth", "more", "problem"),
    [
        (
            "kind: aws",
            "",
            "providers.alpha.auth.region",
        ),
        (
            "kind: aws, region: r, scope: s",
            "",
            "providers.alpha.auth.scope",
        ),
        (
            "kind: google, header: x-key",
            "",
            "providers.alpha.auth.header",
        ),
        (
            'kind: aws, region: r, access_key_id: "env:ALPHA_API_KEY"',
            "",
            "providers.alpha.auth.secret_access_key",
        ),
        (
            'kind: aws, region: r, session_token: "env:ALPHA_API_KEY"',
            "",
            "providers.alpha.auth.access_key_id",
        ),
        (
            (
                'kind: aws, region: r, profile: p, access_key_id: "env:ALPHA_API_KEY", '
                'secret_access_key: "env:ALPHA_API_KEY"'
            ),
            "",
            "providers.alpha.auth.profile",
        ),
        (
            "kind: azure_ad, tenant_id: t",
            "",
            "providers.alpha.auth.client_secret",
        ),
        (
            "kind: google",
            ', api_key: "env:ALPHA_API_KEY"',
            "providers.alpha.api_key",
        ),
        (
            "kind: aws, region: r",
            ', credentials: {day: "env:ALPHA_API_KEY"}',
            "providers.alpha.credentials",
        ),
        (
            "kind: google, credentials_file: key.json",
            "",
            "providers.alpha.auth.credentials_file",
        ),
        (
            "kind: azure",
            "",
            "providers.alpha.auth.kind",
        ),
        (
            "region: r",
            "",
            "providers.alpha.auth.kind",
        ),
        (
            "kind: key, scheme: a b",
            ', api_key: "env:ALPHA_API_KEY"',
            "providers.alpha.auth.scheme",
        ),
    ],
)
def test_contradictions_are_reported(
    problems_in: ProblemsIn, auth: str, more: str, problem: str
) -> None:
    """Each where it stands, with what would be right."""
    problems = [line.partition(": ")[2] for line in problems_in(document(auth, more))]

    assert problem in problems


def test_secret_itself_is_refused_unseen(full_problems_in: ProblemsIn) -> None:
    """A message about it would put it into a log."""
    (problem,) = full_problems_in(
        document("kind: aws, region: r, access_key_id: AKIAIOSFODNN7EXAMPLE")
    )

    assert "AKIA" not in problem
    assert "providers.alpha.auth.access_key_id" in problem


def test_google_file_is_read_when_the_settings_are(
    load: Load, tmp_path: Path, problems_in: ProblemsIn
) -> None:
    """Not when the first request needs it."""
    file = tmp_path / "key.json"
    auth = f"kind: google, credentials_file: {file}"

    file.write_text("{}")
    good = load(document(auth)).endpoints["alpha"].auth
    file.write_text("nothing")
    no_json = problems_in(document(auth))
    file.write_text("[]")
    no_object = problems_in(document(auth))

    assert good == GoogleAuth(credentials_file=file, scope=None)
    assert no_json == no_object == ["2:98: providers.alpha.auth.credentials_file"]


def test_other_credentials_than_the_one_do_not_exist(problems_in: ProblemsIn) -> None:
    """A signature has one set of keys."""
    text = document("kind: aws, region: r").replace("model: large}", "model: large, credential: x}")

    (problem,) = problems_in(text)

    assert problem == "6:60: deployments.alpha-large.credential"
