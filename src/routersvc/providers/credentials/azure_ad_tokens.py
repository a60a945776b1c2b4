"""Gets access tokens from Azure AD (Microsoft Entra ID) through azure-identity."""

from __future__ import annotations

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ServiceRequestError, ServiceResponseError
from azure.identity import ClientSecretCredential, DefaultAzureCredential

from routersvc.domain.catalogue.secrets import Secret
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.credentials.refreshing import Lease

COGNITIVE_SERVICES_SCOPE = "https://cognitiveservices.azure.com/.default"
"""The scope of Azure OpenAI."""


class AzureAdTokens:
    """Fetches tokens for `scope`. Blocks."""

    def __init__(self, credential: TokenCredential, *, scope: str) -> None:
        self._credential = credential
        self._scope = scope

    def __call__(self) -> Lease[Secret]:
        """Return a token; azure-identity itself gives a new one in the last five minutes.

        Raises:
            AttemptFailedError: there is none, or Azure AD cannot be reached.
        """
        try:
            token = self._credential.get_token(self._scope)
        except (ServiceRequestError, ServiceResponseError) as error:
            raise AttemptFailedError(
                Failure(failure_class=FailureClass.CONNECT, message="Azure AD cannot be reached")
            ) from error
        except (AzureError, ValueError) as error:
            raise AttemptFailedError(
                Failure(
                    failure_class=FailureClass.AUTHENTICATION,
                    message=f"Azure AD token could not be obtained (`{type(error).__name__}`)",
                )
            ) from error
        return Lease(value=Secret(token.token), expires_at=float(token.expires_on))


def client_secret(tenant_id: str, client_id: str, secret: Secret) -> TokenCredential:
    """Return the identity of an application with a client secret."""
    return ClientSecretCredential(tenant_id, client_id, secret.reveal())


def default_identity(client_id: str | None) -> TokenCredential:
    """Return whatever identity the machine has: environment, workload, managed identity, tools.

    `client_id` picks one of several managed identities.
    """
    if client_id is None:
        return DefaultAzureCredential()
    return DefaultAzureCredential(managed_identity_client_id=client_id)
