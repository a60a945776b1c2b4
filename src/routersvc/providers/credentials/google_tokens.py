"""Gets access tokens for Google Cloud through google-auth: files, workload identity, metadata."""

from __future__ import annotations

import datetime as dt
import functools
import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import google.auth
from google.auth.exceptions import GoogleAuthError, TransportError
from google.auth.exceptions import TimeoutError as GoogleTimeoutError
from google.auth.transport.requests import Request

from routersvc.domain.catalogue.secrets import Secret
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.credentials.refreshing import Lease

CLOUD_SCOPE = "https://www.googleapis.com/auth/cloud-platform"
"""The scope of every model API of Google's, Vertex AI and Gemini alike."""

REQUEST_TIMEOUT = 10
"""Seconds for one request to the token endpoint or the metadata server."""

_LIBRARY: Any = google.auth
"""google-auth is typed in part only."""


class GoogleCredentials(Protocol):
    """What google-auth calls credentials; `expiry` is UTC that does not say so."""

    token: str | None
    expiry: dt.datetime | None

    def refresh(self, request: Callable[..., object]) -> None:
        """Get a new token. Blocks."""
        ...


class GoogleTokens:
    """Fetches tokens with the credentials that `load` finds. Blocks."""

    def __init__(self, load: Callable[[], GoogleCredentials]) -> None:
        self._load = load
        self._credentials: GoogleCredentials | None = None

    def __call__(self) -> Lease[Secret]:
        """Return a new token.

        Raises:
            AttemptFailedError: there is none, or the token endpoint cannot be reached.
        """
        request = functools.partial(Request(), timeout=REQUEST_TIMEOUT)
        try:
            credentials = self._credentials or self._load()
            self._credentials = credentials
            credentials.refresh(request)
        except (TransportError, GoogleTimeoutError) as error:
            raise AttemptFailedError(
                Failure(
                    failure_class=FailureClass.CONNECT,
                    message="Google's token endpoint cannot be reached",
                )
            ) from error
        except (GoogleAuthError, OSError, ValueError) as error:
            self._credentials = None
            raise AttemptFailedError(
                Failure(
                    failure_class=FailureClass.AUTHENTICATION,
                    message=f"Google token could not be obtained (`{type(error).__name__}`)",
                )
            ) from error
        expiry = credentials.expiry
        return Lease(
            value=Secret(credentials.token or ""),
            expires_at=None if expiry is None else expiry.replace(tzinfo=dt.UTC).timestamp(),
        )


def credentials_of_file(file: Path, scope: str) -> GoogleCredentials:
    """Read a service account's key, or the description of a workload identity.

    Raises:
        GoogleAuthError: the file holds neither.
        OSError: it cannot be read.
        ValueError: it is not JSON.
    """
    info: object = json.loads(file.read_bytes())
    with warnings.catch_warnings():
        # The warning is of files from strangers; this one the operator has named.
        warnings.simplefilter("ignore", DeprecationWarning)
        credentials: GoogleCredentials
        credentials, _ = _LIBRARY.load_credentials_from_dict(info, scopes=[scope])
    return credentials


def default_credentials(scope: str) -> GoogleCredentials:
    """Find what Google calls application default credentials.

    Raises:
        GoogleAuthError: there are none.
    """
    credentials: GoogleCredentials
    credentials, _ = _LIBRARY.default(scopes=[scope])
    return credentials
