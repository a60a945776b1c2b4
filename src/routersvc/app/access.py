"""Builds who may call from the settings: identities of callers, and the certificate of the server.

Token issuers keep their fetched keys over reloads.
"""

from __future__ import annotations

import functools
import logging
from collections.abc import Callable, Iterable

from routersvc.grpc_api.access.api_keys import ApiKeys
from routersvc.grpc_api.access.authentication import AccessRules
from routersvc.grpc_api.access.identities import Identities
from routersvc.grpc_api.access.key_fetching import fetch_keys
from routersvc.grpc_api.access.signing_keys import SigningKeys, UnusableKeysError
from routersvc.grpc_api.access.tokens import TokenRule, Tokens
from routersvc.grpc_api.certificates import TlsFiles
from routersvc.settings.access_files import TokenIssuer
from routersvc.settings.settings import Settings

logger = logging.getLogger(__name__)


class IssuerKeys:
    """The signing keys of all token issuers. `clock` counts seconds, as the loop does."""

    def __init__(self, *, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._fetched: dict[tuple[str, str | None, float], SigningKeys] = {}

    def of(self, issuer: TokenIssuer) -> SigningKeys:
        """Return the keys of an issuer: those of its file, or those that are fetched."""
        if issuer.keys is not None:
            try:
                return SigningKeys.fixed(issuer.keys, name=issuer.name)
            except UnusableKeysError as error:
                logger.warning(
                    "signing keys of token issuer unavailable",
                    extra={"fields": {"issuer": issuer.name, "reason": str(error)}},
                )
        source = (issuer.keys_url, issuer.authorities, issuer.refresh_interval)
        known = self._fetched.get(source)
        if known is None:
            known = self._fetched[source] = SigningKeys(
                functools.partial(fetch_keys, issuer.keys_url, issuer.authorities),
                name=issuer.name,
                interval=issuer.refresh_interval,
                clock=self._clock,
            )
        return known

    def warm_up(self) -> None:
        """Begin to fetch the keys that are not known yet."""
        for keys in self._fetched.values():
            keys.warm_up()

    async def keep(self, issuers: Iterable[TokenIssuer]) -> None:
        """Forget the keys of issuers that are not configured any more."""
        kept = {(it.keys_url, it.authorities, it.refresh_interval) for it in issuers}
        for source in self._fetched.keys() - kept:
            await self._fetched.pop(source).aclose()

    async def aclose(self) -> None:
        """End every fetch. Idempotent."""
        await self.keep(())


def access_rules(
    settings: Settings, keys: IssuerKeys, *, wall_clock: Callable[[], float]
) -> AccessRules:
    """Return who calls, and what each tenant may call."""
    tenants = settings.document.tenants
    certificate = settings.certificate
    if not tenants:
        return AccessRules()
    return AccessRules(
        authenticator=Identities(
            keys=ApiKeys(
                (
                    (tenant, secret.reveal())
                    for tenant, secrets_of in settings.api_keys.items()
                    for secret in secrets_of
                ),
                hashes=(
                    (name, key_hash)
                    for name, tenant in tenants.items()
                    for key_hash in tenant.api_key_hashes
                ),
                anonymous=settings.anonymous_tenant(),
            ),
            tokens=_tokens(settings, keys, wall_clock) if settings.token_issuers else None,
            certificates=(
                (name, identity)
                for name, tenant in tenants.items()
                for identity in tenant.certificates
            ),
        ),
        methods={
            name: frozenset(method.value for method in tenant.allowed_methods)
            for name, tenant in tenants.items()
            if tenant.allowed_methods is not None
        },
        by_certificate=certificate is not None and certificate.client_authorities is not None,
    )


def tls_files(settings: Settings) -> TlsFiles | None:
    """Return the certificate of the server, `None` without TLS."""
    certificate = settings.certificate
    if certificate is None:
        return None
    return TlsFiles(
        chain=certificate.chain,
        private_key=certificate.private_key,
        client_authorities=certificate.client_authorities,
    )


def _tokens(settings: Settings, keys: IssuerKeys, wall_clock: Callable[[], float]) -> Tokens:
    tenants = settings.document.tenants
    return Tokens(
        (
            (
                TokenRule(
                    issuer=issuer.issuer,
                    audiences=issuer.audiences,
                    algorithms=issuer.algorithms,
                    tenant_claim=issuer.tenant_claim,
                    clock_skew=issuer.clock_skew,
                    tenants={
                        value: name
                        for name, tenant in tenants.items()
                        for value in tenant.tokens.get(issuer.name, ())
                    },
                ),
                keys.of(issuer),
            )
            for issuer in settings.token_issuers.values()
        ),
        wall_clock=wall_clock,
    )
