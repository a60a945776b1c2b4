"""Keys of token issuers: what is read of a JWKS, and when it is fetched."""

from __future__ import annotations

import asyncio

import pytest
from tests.tokens import key_set, public_jwk, signing_key

from routersvc.grpc_api.access.signing_keys import SigningKeys, UnusableKeysError, read_keys

FIRST, SECOND = signing_key(), signing_key()


class Issuer:
    """An issuer that answers with what is set, and a clock that stands still."""

    def __init__(self, *answers: bytes | None) -> None:
        self.answers = list(answers)
        self.fetches = 0
        self.now = 0.0
        self.gate = asyncio.Event()
        self.gate.set()
        self.keys = SigningKeys(
            self.fetch, name="corporate", interval=300.0, clock=lambda: self.now
        )

    async def fetch(self) -> bytes:
        """Answer once more; the last answer repeats."""
        self.fetches += 1
        await self.gate.wait()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if answer is None:
            raise UnusableKeysError("cannot be fetched")
        return answer


OLD, NEW = key_set(public_jwk(FIRST)), key_set(public_jwk(FIRST), public_jwk(SECOND, "k2"))


def test_only_public_keys_for_signatures_are_read() -> None:
    """The rest of what issuers publish is for others, or a mistake."""
    private = public_jwk(FIRST, "private") | {"d": "AA"}
    found = read_keys(
        key_set(
            public_jwk(FIRST, "ec"),
            public_jwk(signing_key("OKP"), "okp"),
            public_jwk(signing_key("RSA"), "rsa", alg="RS512"),
            public_jwk(signing_key("RSA", 1024), "short"),
            public_jwk(FIRST, "encryption", use="enc"),
            public_jwk(FIRST, "other", alg="ES512"),
            {"kty": "oct", "k": "c2VjcmV0", "kid": "symmetric"},
            {"kty": "EC", "crv": "P-256", "x": "!", "y": "!", "kid": "broken"},
            private,
        )
    )

    assert {kid: sorted(key.algorithms) for kid, key in found.items()} == {
        "ec": ["ES256"],
        "okp": ["EdDSA"],
        "rsa": ["RS512"],
    }


@pytest.mark.parametrize(
    "data", [b"", b"[]", b"{}", b'{"keys": {}}', b'{"keys": []}', b'{"keys": [1]}', b"\xff"]
)
def test_what_holds_no_key_is_unusable(data: bytes) -> None:
    """A typed error, whatever an address answers."""
    with pytest.raises(UnusableKeysError):
        read_keys(data)


async def test_unknown_key_is_fetched_once_for_all_who_wait() -> None:
    """A rotation: calls with the new key wait for one fetch."""
    issuer = Issuer(OLD, NEW)
    await issuer.keys.renew()
    issuer.now = 60.0
    before = issuer.keys.find("k2")

    changed = await asyncio.gather(*(issuer.keys.renew() for _ in range(20)))

    assert before is None
    assert (set(changed), issuer.fetches) == ({True}, 2)
    assert issuer.keys.find("k2") is not None


async def test_made_up_key_ids_cause_no_flood_of_fetches() -> None:
    """Promise 14: one fetch in ten seconds, whatever callers send."""
    issuer = Issuer(OLD)
    await issuer.keys.renew()

    for at in range(1, 31):
        issuer.now = float(at)
        assert await issuer.keys.renew() is False

    assert issuer.fetches == 1 + 3


async def test_old_keys_serve_while_new_ones_are_fetched() -> None:
    """No call waits for a refresh, and an issuer that is away takes nothing from anyone."""
    issuer = Issuer(OLD, None, NEW)
    await issuer.keys.renew()

    seen: list[tuple[bool, bool]] = []
    for issuer.now in (299.0, 300.0, 305.0, 311.0):
        found = issuer.keys.find("k1") is not None, issuer.keys.find("k2") is not None
        seen.append(found)
        await _settled()

    assert seen == [(True, False)] * 4
    assert issuer.fetches == 3
    assert issuer.keys.find("k2") is not None


async def test_caller_that_leaves_ends_no_fetch_of_others() -> None:
    """The fetch belongs to the keys."""
    issuer = Issuer(OLD)
    issuer.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        leaving = tasks.create_task(issuer.keys.renew())
        staying = tasks.create_task(issuer.keys.renew())
        await asyncio.sleep(0)
        leaving.cancel()
        await asyncio.sleep(0)
        issuer.gate.set()

    assert leaving.cancelled()
    assert (staying.result(), issuer.fetches) == (True, 1)


async def test_close_ends_a_fetch() -> None:
    """Nothing runs after a service has ended."""
    issuer = Issuer(OLD)
    issuer.gate.clear()
    async with asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(issuer.keys.renew())
        await asyncio.sleep(0)
        await issuer.keys.aclose()

    assert waiting.cancelled()


async def _settled() -> None:
    """Let a fetch in the background end, whose keys are read in a thread."""
    while len(asyncio.all_tasks()) > 1:  # noqa: ASYNC110 - the task belongs to the keys
        await asyncio.sleep(0)
