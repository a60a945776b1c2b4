"""The public keys of a token issuer, kept fresh while they are used.

    no keys yet ─────────────▶ the call waits for them
    older than the interval ─▶ fetched in the background, the old ones go on
    unknown key id ──────────▶ fetched at once, at most every `MIN_PAUSE` seconds

Keys that are in use survive an issuer that cannot be reached. What callers send never causes more
than one fetch per pause, whatever key ids they make up. The algorithm of a token is chosen by the
settings and by the type of the key, never by the token alone (RFC 8725, section 3.1).
"""

from __future__ import annotations

import asyncio
import dataclasses
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, cast

from routersvc.engine.tasks import TaskScope

if TYPE_CHECKING:
    from jwt.algorithms import AllowedPublicKeys

# The library for tokens takes a tenth of a second to load: only routers that accept tokens do.
# ruff: noqa: PLC0415

logger = logging.getLogger(__name__)

MIN_PAUSE = 10.0
"""Seconds between two fetches of the same keys, failed ones included."""

MAX_KEYS = 200
"""Keys of one issuer; issuers have a handful."""

MIN_RSA_BITS = 2048
"""Shorter keys are not accepted (RFC 7518, section 3.3)."""

_ALGORITHMS = {
    "RSA": ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    "P-256": ("ES256",),
    "P-384": ("ES384",),
    "P-521": ("ES512",),
    "Ed25519": ("EdDSA",),
    "Ed448": ("EdDSA",),
}
"""The signature algorithms of a key by its type or curve."""


class UnusableKeysError(Exception):
    """A JWKS could not be fetched, or has no usable key. The message names no key."""


@dataclasses.dataclass(frozen=True, slots=True)
class SigningKey:
    """A public key with the algorithms that it can verify."""

    public: AllowedPublicKeys
    algorithms: frozenset[str]


def read_keys(data: bytes) -> dict[str, SigningKey]:
    """Return the usable keys of a JWKS by key id; the only key without one has the id "".

    Private and symmetric keys, keys for encryption and keys of unknown types are left out.

    Raises:
        UnusableKeysError: no key is usable.
    """
    try:
        content: Any = json.loads(data)
        listed: list[object] = list(content["keys"][:MAX_KEYS])
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        raise UnusableKeysError("is not a JWKS") from error
    found: dict[str, SigningKey] = {}
    for each in listed:
        if not isinstance(each, dict):
            continue
        key = cast("dict[str, Any]", each)
        usable = _usable(key)
        if usable is not None:
            kid = key.get("kid")
            found[kid if isinstance(kid, str) else ""] = usable
    if not found:
        raise UnusableKeysError("has no public key for signatures")
    return found


def _usable(key: Mapping[str, Any]) -> SigningKey | None:
    from jwt import PyJWTError
    from jwt.algorithms import get_default_algorithms

    if key.get("use", "sig") != "sig" or "d" in key:
        return None
    kind = key.get("kty")
    name = kind if kind == "RSA" else key.get("crv")
    algorithms = _ALGORITHMS.get(name, ()) if isinstance(name, str) else ()
    only = key.get("alg")
    if only is not None:
        algorithms = tuple(one for one in algorithms if one == only)
    if not algorithms:
        return None
    try:
        public: Any = get_default_algorithms()[algorithms[0]].from_jwk(dict(key))
    except (PyJWTError, ValueError, TypeError, KeyError):
        return None
    if kind == "RSA" and public.key_size < MIN_RSA_BITS:
        return None
    return SigningKey(public, frozenset(algorithms))


class SigningKeys:
    """The keys of one issuer. Lives in one event loop.

    `fetch` returns the JWKS; `clock` counts seconds. `interval` is after how many seconds keys are
    fetched again. Close it to end a fetch that runs.
    """

    def __init__(
        self,
        fetch: Callable[[], Awaitable[bytes]],
        *,
        name: str,
        interval: float,
        clock: Callable[[], float],
    ) -> None:
        self.version = 0
        """Grows with every change of the keys."""
        self._fetch = fetch
        self._name = name
        self._interval = interval
        self._clock = clock
        self._keys: dict[str, SigningKey] = {}
        self._data = b""
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._scope = TaskScope()

    @classmethod
    def fixed(cls, data: bytes, *, name: str) -> SigningKeys:
        """Return keys that are never fetched.

        Raises:
            UnusableKeysError: no key is usable.
        """

        async def never() -> bytes:
            raise UnusableKeysError("is a file")

        keys = cls(never, name=name, interval=float("inf"), clock=lambda: 0.0)
        keys._keys = read_keys(data)
        keys._fetched_at = keys._tried_at = 0.0
        return keys

    @property
    def is_known(self) -> bool:
        """Whether the keys have been fetched at least once."""
        return self._fetched_at is not None

    def find(self, kid: str | None) -> SigningKey | None:
        """Return the key with this id; without an id, the only key. Does no I/O itself."""
        self.keep_fresh()
        if kid is not None:
            return self._keys.get(kid)
        return next(iter(self._keys.values())) if len(self._keys) == 1 else None

    def keep_fresh(self) -> None:
        """Begin to fetch keys that are older than the interval."""
        fetched_at = self._fetched_at
        is_old = fetched_at is not None and self._clock() - fetched_at >= self._interval
        if is_old and not self._pause():
            self._start()

    async def renew(self) -> bool:
        """Fetch the keys unless that was just tried; return whether they have changed."""
        before = self.version
        if not self._is_fetching and self._pause():
            return False
        # Callers that leave do not end a fetch that others wait for.
        await asyncio.shield(self._start())
        return self.version != before

    def warm_up(self) -> None:
        """Begin to fetch the keys before the first call needs them."""
        if not self.is_known and not self._pause():
            self._start()

    async def aclose(self) -> None:
        """End a fetch that runs. Idempotent."""
        await self._scope.aclose()

    @property
    def _is_fetching(self) -> bool:
        return self._fetching is not None and not self._fetching.done()

    @property
    def retry_after(self) -> float:
        """Seconds after which keys that are missing may have come."""
        return max(1.0, self._pause())

    def _pause(self) -> float:
        """Return the seconds until keys may be fetched again."""
        if self._tried_at is None:
            return 0.0
        return max(0.0, self._tried_at + MIN_PAUSE - self._clock())

    def _start(self) -> asyncio.Task[None]:
        if self._fetching is None or not self._is_fetching:
            self._tried_at = self._clock()
            self._fetching = self._scope.start(self._refresh(), name=f"keys of {self._name}")
        return self._fetching

    async def _refresh(self) -> None:
        fields = {"issuer": self._name}
        try:
            data = await self._fetch()
            if data != self._data:
                # A JWKS of 200 keys takes some 10 ms to read.
                self._keys = await asyncio.to_thread(read_keys, data)
                self._data = data
                self.version += 1
                fields["keys"] = str(len(self._keys))
                logger.info("signing keys of token issuer fetched", extra={"fields": fields})
            self._fetched_at = self._clock()
        except UnusableKeysError as error:
            fields["reason"] = str(error)
            logger.warning("signing keys of token issuer unavailable", extra={"fields": fields})
