"""Signs requests for AWS: Signature Version 4 over the whole request, with botocore's own code.

Keys come from AWS's standard sources (environment, profile, web identity, container, instance), or
from the settings. Left out: regional sets (SigV4a) and presigned URLs, which no model service
needs.
"""

# botocore comes without types; nothing of it leaves this module.
# pyright: reportMissingTypeStubs=false, reportUnknownMemberType=false
# pyright: reportUnknownVariableType=false, reportUnknownArgumentType=false

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import RefreshableCredentials
from botocore.exceptions import BotoCoreError, ClientError, HTTPClientError, MetadataRetrievalError
from botocore.exceptions import ConnectionError as BotoConnectionError
from botocore.session import Session

from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError, Failure
from routersvc.providers.credentials.authorisations import Headers, OutgoingRequest
from routersvc.providers.credentials.refreshing import Lease, Refreshing

CHECK_INTERVAL = 600.0
"""Seconds. botocore refreshes keys that have less left (its mandatory refresh), or raises."""

_SIGNED_HEADERS = frozenset({b"host", b"content-type"})
"""Headers that are signed in addition to the signature's own: proxies may change the others."""

_ADDED_HEADERS = frozenset({"authorization", "x-amz-date", "x-amz-security-token"})


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class AwsKeys:
    """An access key with its secret, and a session token where the keys are temporary."""

    access_key: str = dataclasses.field(repr=False)
    secret_key: str = dataclasses.field(repr=False)
    token: str | None = dataclasses.field(default=None, repr=False)


class AwsSignature:
    """Signs each request with the keys that are valid now, for one service in one region."""

    def __init__(self, keys: Refreshing[AwsKeys], *, service: str, region: str) -> None:
        self._keys = keys
        self._service = service
        self._region = region

    async def headers_for(self, request: OutgoingRequest) -> Headers:
        """Return the signature and what belongs to it.

        Raises:
            AttemptFailedError: no keys can be obtained.
        """
        keys = await self._keys.current()
        signed = AWSRequest(
            method=request.method,
            url=request.url,
            data=request.body,
            headers={
                name.decode("ascii"): value.decode("latin-1")
                for name, value in request.headers
                if name in _SIGNED_HEADERS
            },
        )
        SigV4Auth(keys, self._service, self._region).add_auth(signed)
        return tuple(
            (name.lower().encode("ascii"), value.encode("latin-1"))
            for name, value in signed.headers.items()
            if name.lower() in _ADDED_HEADERS
        )

    def refused(self) -> None:
        """Search for keys again for later requests."""
        self._keys.discard()


class AwsKeyChain:
    """Finds keys in AWS's standard sources. Blocks: files, web identity, metadata.

    `clock` is Unix time. Keys without an expiry are looked up again each time, because a file may
    have been rewritten.
    """

    def __init__(self, *, clock: Callable[[], float], region: str, profile: str | None) -> None:
        self._clock = clock
        self._region = region
        self._profile = profile
        self._refreshable: RefreshableCredentials | None = None

    def __call__(self) -> Lease[AwsKeys]:
        """Return the keys that are valid now.

        Raises:
            AttemptFailedError: there are none, or their source cannot be reached.
        """
        try:
            return self._look()
        except (BotoConnectionError, HTTPClientError, MetadataRetrievalError) as error:
            raise _failed(
                FailureClass.CONNECT, "the source of AWS keys cannot be reached"
            ) from error
        except (BotoCoreError, ClientError) as error:
            raise _failed(
                FailureClass.AUTHENTICATION,
                f"AWS keys could not be obtained (`{type(error).__name__}`)",
            ) from error

    def _look(self) -> Lease[AwsKeys]:
        found = self._refreshable
        if found is None:
            session = Session(profile=self._profile)
            session.set_config_variable("region", self._region)
            found = session.get_credentials()
        if found is None:
            raise _failed(FailureClass.AUTHENTICATION, "no AWS keys were found")
        expires_at = None
        if isinstance(found, RefreshableCredentials):
            self._refreshable = found
            expires_at = self._clock() + CHECK_INTERVAL
        keys = found.get_frozen_credentials()
        return Lease(
            value=AwsKeys(access_key=keys.access_key, secret_key=keys.secret_key, token=keys.token),
            expires_at=expires_at,
        )


def _failed(failure_class: FailureClass, message: str) -> AttemptFailedError:
    return AttemptFailedError(Failure(failure_class=failure_class, message=message))
