"""Builds the authorisations of a provider from the settings."""

from __future__ import annotations

from collections.abc import Callable
from typing import assert_never

from routersvc.domain.catalogue.secrets import Secret
from routersvc.providers.credentials.authorisations import (
    Authorisation,
    CredentialHeader,
    KeyAuthorisation,
    TokenAuthorisation,
)
from routersvc.providers.credentials.refreshing import Lease, Refreshing
from routersvc.settings.endpoints import AwsAuth, AzureAdAuth, Endpoint, GoogleAuth, KeyAuth
from routersvc.settings.sections.providers import DEFAULT_CREDENTIAL

# The vendors' libraries take a third of a second to load: only those that are needed are.
# ruff: noqa: PLC0415


def authorisations(
    endpoint: Endpoint, usual: CredentialHeader, *, clock: Callable[[], float]
) -> dict[str, Authorisation]:
    """Return the authorisations of a provider by credential name. Fetches nothing yet.

    `usual` carries keys unless the settings name another header. `clock` is Unix time.
    """
    auth = endpoint.auth
    match auth:
        case KeyAuth():
            header = _header(auth, usual)
            return {
                name: KeyAuthorisation(_source(secret), header)
                for name, secret in endpoint.credentials.items()
            }
        case AwsAuth():
            return {DEFAULT_CREDENTIAL: _aws(auth, clock)}
        case GoogleAuth():
            return {DEFAULT_CREDENTIAL: _google(auth, clock)}
        case AzureAdAuth():
            return {DEFAULT_CREDENTIAL: _azure_ad(auth, clock)}
        case _:
            assert_never(auth)


def _header(auth: KeyAuth, usual: CredentialHeader) -> CredentialHeader:
    name = auth.header or usual.name
    usual_scheme = usual.scheme if name.lower() == usual.name.lower() else ""
    return CredentialHeader(name=name, scheme=usual_scheme if auth.scheme is None else auth.scheme)


def _source(secret: Secret) -> Callable[[], Secret]:
    return lambda: secret


def _aws(auth: AwsAuth, clock: Callable[[], float]) -> Authorisation:
    from routersvc.providers.credentials.aws_signatures import AwsKeyChain, AwsKeys, AwsSignature

    key = auth.key
    if key is None:
        chain = AwsKeyChain(clock=clock, region=auth.region, profile=auth.profile)
        keys = Refreshing(chain, clock=clock)
    else:
        token = key.session_token
        own = AwsKeys(
            access_key=key.access_key_id.reveal(),
            secret_key=key.secret_access_key.reveal(),
            token=None if token is None else token.reveal(),
        )
        keys = Refreshing(lambda: Lease(value=own, expires_at=None), clock=clock)
    return AwsSignature(keys, service=auth.service, region=auth.region)


def _google(auth: GoogleAuth, clock: Callable[[], float]) -> Authorisation:
    from routersvc.providers.credentials.google_tokens import (
        CLOUD_SCOPE,
        GoogleTokens,
        credentials_of_file,
        default_credentials,
    )

    scope = auth.scope or CLOUD_SCOPE
    file = auth.credentials_file
    tokens = GoogleTokens(
        lambda: default_credentials(scope) if file is None else credentials_of_file(file, scope)
    )
    return TokenAuthorisation(Refreshing(tokens, clock=clock))


def _azure_ad(auth: AzureAdAuth, clock: Callable[[], float]) -> Authorisation:
    from routersvc.providers.credentials.azure_ad_tokens import (
        COGNITIVE_SERVICES_SCOPE,
        AzureAdTokens,
        client_secret,
        default_identity,
    )

    if auth.client_secret is not None and auth.tenant_id and auth.client_id:
        credential = client_secret(auth.tenant_id, auth.client_id, auth.client_secret)
    else:
        credential = default_identity(auth.client_id)
    tokens = AzureAdTokens(credential, scope=auth.scope or COGNITIVE_SERVICES_SCOPE)
    return TokenAuthorisation(Refreshing(tokens, clock=clock))
