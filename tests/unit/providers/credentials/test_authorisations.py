"""What lets requests in: keys in headers, signatures, tokens of the vendors' own libraries."""

# botocore comes without types.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, TypeVar

import botocore.auth
import pytest
from azure.core.credentials import AccessToken
from azure.core.exceptions import ClientAuthenticationError, ServiceRequestError
from azure.identity import CredentialUnavailableError
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials, RefreshableCredentials
from botocore.exceptions import ConnectTimeoutError
from google.auth import exceptions as google_exceptions

from routersvc.domain.catalogue.secrets import Secret
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.credentials.authorisations import (
    CredentialHeader,
    KeyAuthorisation,
    OutgoingRequest,
    TokenAuthorisation,
)
from routersvc.providers.credentials.aws_signatures import AwsKeyChain, AwsKeys, AwsSignature
from routersvc.providers.credentials.azure_ad_tokens import AzureAdTokens
from routersvc.providers.credentials.google_tokens import GoogleTokens, credentials_of_file
from routersvc.providers.credentials.refreshing import Lease, Refreshing

RefreshError: type[Exception] = google_exceptions.RefreshError
TransportError: type[Exception] = google_exceptions.TransportError

NOW = 1_790_000_000.0
REQUEST = OutgoingRequest(
    method="POST",
    url="https://bedrock-runtime.us-east-1.amazonaws.com/model/eu.acme%3A0/converse",
    headers=(
        (b"host", b"bedrock-runtime.us-east-1.amazonaws.com"),
        (b"user-agent", b"routersvc"),
        (b"content-type", b"application/json"),
        (b"traceparent", b"00-ab-cd-01"),
    ),
    body=b'{"messages":[]}',
)
KEYS = AwsKeys(access_key="AKIDEXAMPLE", secret_key="wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")


T = TypeVar("T")


def held(value: T) -> Refreshing[T]:
    """Return a credential without an end, got without a thread."""
    return Refreshing(
        lambda: Lease(value=value, expires_at=None),
        clock=lambda: NOW,
        in_background=lambda work: work(),
    )


def signature(keys: AwsKeys = KEYS, service: str = "bedrock") -> AwsSignature:
    """Return what signs with these keys."""
    return AwsSignature(held(keys), service=service, region="us-east-1")


@pytest.mark.parametrize(
    ("header", "sent"),
    [
        (CredentialHeader(), (b"authorization", b"Bearer sk-1")),
        (CredentialHeader(name="x-api-key", scheme=""), (b"x-api-key", b"sk-1")),
        (CredentialHeader(name="Api-Key", scheme="Token"), (b"api-key", b"Token sk-1")),
    ],
)
async def test_key_goes_where_the_vendor_wants_it(
    header: CredentialHeader, sent: tuple[bytes, bytes]
) -> None:
    """Every second vendor has a header of its own."""
    authorisation = KeyAuthorisation(lambda: Secret("sk-1"), header)

    assert list(await authorisation.headers_for(REQUEST)) == [sent]


async def test_token_is_a_bearers() -> None:
    """RFC 6750."""
    authorisation = TokenAuthorisation(held(Secret("ya29")))

    assert list(await authorisation.headers_for(REQUEST)) == [(b"authorization", b"Bearer ya29")]


def test_request_to_be_authorised_does_not_show_the_prompt() -> None:
    """It stands in tracebacks of whoever signs it."""
    assert "messages" not in repr(REQUEST)


# ---- AWS ------------------------------------------------------------------------


@pytest.fixture
def at_the_vectors_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """The instant of AWS's published test vectors, for botocore."""
    instant = dt.datetime(2015, 8, 30, 12, 36, tzinfo=dt.UTC)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda: instant)


@pytest.mark.usefixtures("at_the_vectors_time")
@pytest.mark.parametrize(
    ("method", "url", "headers", "body", "signed_headers", "expected"),
    [
        (
            "GET",
            "https://example.amazonaws.com/",
            (),
            b"",
            "host;x-amz-date",
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        ),
        (
            "GET",
            "https://example.amazonaws.com/?Param2=value2&Param1=value1",
            (),
            b"",
            "host;x-amz-date",
            "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
        ),
        (
            "POST",
            "https://example.amazonaws.com/",
            (),
            b"",
            "host;x-amz-date",
            "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
        ),
        (
            "POST",
            "https://example.amazonaws.com/",
            ((b"content-type", b"application/x-www-form-urlencoded"),),
            b"Param1=value1",
            "content-type;host;x-amz-date",
            "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
        ),
    ],
    ids=["get-vanilla", "get-vanilla-query-order-key", "post-vanilla", "post-x-www-form"],
)
async def test_signature_is_that_of_the_published_vectors(
    *,
    method: str,
    url: str,
    headers: tuple[tuple[bytes, bytes], ...],
    body: bytes,
    signed_headers: str,
    expected: str,
) -> None:
    """AWS's Signature Version 4 test suite."""
    request = OutgoingRequest(
        method=method,
        url=url,
        headers=((b"host", b"example.amazonaws.com"), *headers),
        body=body,
    )

    added = dict(await signature(service="service").headers_for(request))

    assert added == {
        b"x-amz-date": b"20150830T123600Z",
        b"authorization": (
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, "
            f"SignedHeaders={signed_headers}, Signature={expected}"
        ).encode(),
    }


@pytest.mark.usefixtures("at_the_vectors_time")
async def test_signature_is_what_botocore_gives_for_the_same_request() -> None:
    """With an encoded path and temporary keys, as Bedrock is called."""
    keys = AwsKeys(access_key="ASIA", secret_key="secret", token="session")
    reference = AWSRequest(
        method="POST",
        url=REQUEST.url,
        data=REQUEST.body,
        headers={
            "Host": "bedrock-runtime.us-east-1.amazonaws.com",
            "Content-Type": "application/json",
        },
    )
    botocore.auth.SigV4Auth(
        Credentials("ASIA", "secret", "session"), "bedrock", "us-east-1"
    ).add_auth(reference)

    added = dict(await signature(keys).headers_for(REQUEST))

    assert added == {
        b"authorization": reference.headers["Authorization"].encode(),
        b"x-amz-date": b"20150830T123600Z",
        b"x-amz-security-token": b"session",
    }


@pytest.mark.usefixtures("at_the_vectors_time")
async def test_signature_covers_the_body_and_not_what_proxies_change() -> None:
    """A changed prompt must not pass; a changed trace header must."""
    plain = dict(await signature().headers_for(REQUEST))
    other_body = OutgoingRequest(
        method="POST", url=REQUEST.url, headers=REQUEST.headers, body=b"{}"
    )
    other_trace = OutgoingRequest(
        method="POST",
        url=REQUEST.url,
        headers=(*REQUEST.headers[:3], (b"traceparent", b"00-ef-gh-01")),
        body=REQUEST.body,
    )

    assert dict(await signature().headers_for(other_trace)) == plain
    assert dict(await signature().headers_for(other_body)) != plain


def test_keys_do_not_show_themselves() -> None:
    """They stand in tracebacks."""
    shown = repr(AwsKeys(access_key="AKID", secret_key="hunter2", token="session"))

    assert shown == "AwsKeys()"


class FakeSession:
    """botocore's session without files and network."""

    found: Any = None
    profiles: list[str | None]

    def __init__(self, profile: str | None = None) -> None:
        FakeSession.profiles.append(profile)

    def set_config_variable(self, name: str, value: str) -> None:
        """Take note of the region."""

    def get_credentials(self) -> object:
        """Return what the chain finds."""
        return FakeSession.found


@pytest.fixture
def session(monkeypatch: pytest.MonkeyPatch) -> type[FakeSession]:
    """The session that the chain searches with."""
    FakeSession.profiles = []
    FakeSession.found = None
    monkeypatch.setattr("routersvc.providers.credentials.aws_signatures.Session", FakeSession)
    return FakeSession


def chain(profile: str | None = None) -> AwsKeyChain:
    """Return a search for keys."""
    return AwsKeyChain(clock=lambda: NOW, region="us-east-1", profile=profile)


def metadata(minutes: float, key: str) -> dict[str, str]:
    """Return temporary keys as AWS gives them out."""
    expiry = dt.datetime.now(tz=dt.UTC) + dt.timedelta(minutes=minutes)
    return {
        "access_key": key,
        "secret_key": "secret",
        "token": "session",
        "expiry_time": expiry.isoformat(),
    }


def test_keys_without_an_end_are_looked_for_anew_when_asked_again(
    session: type[FakeSession],
) -> None:
    """A refused key may have been replaced in its file meanwhile."""
    session.found = Credentials("AKID", "secret")
    search = chain("prod")

    leases = [search(), search()]

    assert (
        leases
        == [Lease(value=AwsKeys(access_key="AKID", secret_key="secret"), expires_at=None)] * 2
    )
    assert session.profiles == ["prod", "prod"]


def test_temporary_keys_are_refreshed_by_the_session_that_found_them(
    session: type[FakeSession],
) -> None:
    """The library itself asks for new ones a quarter of an hour before the old ones end."""
    given = iter([metadata(60, "second")])
    session.found = RefreshableCredentials.create_from_metadata(
        metadata(8, "first"), refresh_using=lambda: next(given), method="test"
    )
    search = chain()

    leases = [search(), search()]

    assert [lease.value.access_key for lease in leases] == ["second", "second"]
    assert {lease.expires_at for lease in leases} == {NOW + 600.0}
    assert session.profiles == [None]


def test_no_keys_anywhere_is_a_matter_of_credentials(session: type[FakeSession]) -> None:
    """The operator has to act."""
    with pytest.raises(AttemptFailedError) as raised:
        chain()()

    assert session.profiles == [None]
    assert raised.value.failure.failure_class is FailureClass.AUTHENTICATION


def test_token_service_that_is_away_is_a_matter_of_connections(
    session: type[FakeSession],
) -> None:
    """It may come back by itself."""

    def away() -> dict[str, str]:
        raise ConnectTimeoutError(endpoint_url="https://sts.amazonaws.com", error="timed out")

    session.found = RefreshableCredentials.create_from_metadata(
        metadata(5, "first"), refresh_using=away, method="test"
    )

    with pytest.raises(AttemptFailedError) as raised:
        chain()()

    assert raised.value.failure.failure_class is FailureClass.CONNECT


# ---- Google ---------------------------------------------------------------------


class FakeGoogleCredentials:
    """google-auth's credentials without network."""

    def __init__(self, error: Exception | None = None) -> None:
        self.token: str | None = None
        self.expiry: dt.datetime | None = None
        self.error = error
        self.refreshes = 0

    def refresh(self, request: object) -> None:
        """Get the next token."""
        assert callable(request)
        self.refreshes += 1
        if self.error is not None:
            raise self.error
        self.token = f"ya29.{self.refreshes}"
        self.expiry = dt.datetime(2026, 11, 25, 12, 0, self.refreshes)  # noqa: DTZ001 - as google-auth keeps it


def test_google_token_expires_when_google_says() -> None:
    """google-auth keeps UTC without saying so; taken for local time it would be hours off."""
    credentials = FakeGoogleCredentials()
    tokens = GoogleTokens(lambda: credentials)

    leases = [tokens(), tokens()]

    assert leases == [
        Lease(value=Secret("ya29.1"), expires_at=1_795_608_001.0),
        Lease(value=Secret("ya29.2"), expires_at=1_795_608_002.0),
    ]


@pytest.mark.parametrize(
    ("error", "failure_class"),
    [
        (TransportError("no route"), FailureClass.CONNECT),
        (RefreshError("invalid_grant: hunter2"), FailureClass.AUTHENTICATION),
    ],
)
def test_google_errors_are_distinguished(error: Exception, failure_class: FailureClass) -> None:
    """A revoked key is the operator's, a token endpoint that is away is nobody's."""
    tokens = GoogleTokens(lambda: FakeGoogleCredentials(error))

    with pytest.raises(AttemptFailedError) as raised:
        tokens()

    assert raised.value.failure.failure_class is failure_class
    assert "hunter2" not in raised.value.failure.message


def test_google_credentials_are_read_anew_after_a_refusal() -> None:
    """The file may have been replaced."""
    read: list[FakeGoogleCredentials] = [
        FakeGoogleCredentials(RefreshError("invalid_grant")),
        FakeGoogleCredentials(),
    ]
    tokens = GoogleTokens(iter(read).__next__)

    with pytest.raises(AttemptFailedError):
        tokens()

    assert tokens().value == Secret("ya29.1")


def test_key_file_of_a_user_is_read(tmp_path: Path) -> None:
    """google-auth reads every kind of file that Google gives out."""
    file = tmp_path / "key.json"
    file.write_text(
        json.dumps(
            {
                "type": "authorized_user",
                "client_id": "c",
                "client_secret": "s",
                "refresh_token": "r",
            }
        )
    )

    credentials = credentials_of_file(file, "https://www.googleapis.com/auth/cloud-platform")

    assert getattr(credentials, "refresh_token", None) == "r"


def test_file_that_is_no_key_is_a_matter_of_credentials(tmp_path: Path) -> None:
    """It was one when the settings were loaded."""
    file = tmp_path / "key.json"
    file.write_text("{}")

    with pytest.raises(AttemptFailedError) as raised:
        GoogleTokens(lambda: credentials_of_file(file, "scope"))()

    assert raised.value.failure.failure_class is FailureClass.AUTHENTICATION


# ---- Azure AD -------------------------------------------------------------------


def azure(outcome: AccessToken | Exception) -> AzureAdTokens:
    """Return a source whose library gives or raises `outcome`."""

    def get_token(*scopes: str, **_: object) -> AccessToken:
        assert scopes == ("https://cognitiveservices.azure.com/.default",)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    credential: Any = SimpleNamespace(get_token=get_token)
    return AzureAdTokens(credential, scope="https://cognitiveservices.azure.com/.default")


def test_azure_token_expires_when_azure_says() -> None:
    """azure-identity tells Unix time."""
    assert azure(AccessToken("eyJ", 1_790_003_600))() == Lease(
        value=Secret("eyJ"), expires_at=1_790_003_600.0
    )


@pytest.mark.parametrize(
    ("error", "failure_class"),
    [
        (ServiceRequestError("no route"), FailureClass.CONNECT),
        (ClientAuthenticationError("AADSTS7000215: hunter2"), FailureClass.AUTHENTICATION),
        (CredentialUnavailableError("no identity"), FailureClass.AUTHENTICATION),
    ],
)
def test_azure_errors_are_distinguished(error: Exception, failure_class: FailureClass) -> None:
    """A wrong secret is the operator's, a directory that is away is nobody's."""
    with pytest.raises(AttemptFailedError) as raised:
        azure(error)()

    assert raised.value.failure.failure_class is failure_class
    assert "hunter2" not in raised.value.failure.message
