"""Keys of token issuers are fetched over real HTTP and HTTPS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator
from pathlib import Path

import pytest
from aiohttp import web
from tests.certificates import Authority
from tests.tokens import key_set, public_jwk, signing_key

from routersvc.grpc_api.access import key_fetching
from routersvc.grpc_api.access.key_fetching import MAX_KEY_SET_BYTES, fetch_keys
from routersvc.grpc_api.access.signing_keys import UnusableKeysError

KEYS = key_set(public_jwk(signing_key()))


@contextlib.asynccontextmanager
async def issuer(context: ssl.SSLContext | None = None) -> AsyncGenerator[str]:
    """Run an issuer and yield its address."""
    closing = asyncio.Event()

    async def keys(request: web.Request) -> web.StreamResponse:
        match request.path:
            case "/keys":
                return web.Response(body=KEYS)
            case "/moved":
                return web.Response(status=302, headers={"location": "/keys"})
            case "/huge":
                return web.Response(body=b" " * (MAX_KEY_SET_BYTES + 1))
            case "/endless":
                response = web.StreamResponse()
                await response.prepare(request)
                await response.write(b"{")
                await closing.wait()
                return response
            case _:
                return web.Response(status=503)

    application = web.Application()
    application.router.add_get("/{path:.*}", keys)
    runner = web.AppRunner(application)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0, ssl_context=context)
    await site.start()
    try:
        port = runner.addresses[0][1]
        scheme = "http" if context is None else "https"
        yield f"{scheme}://{'127.0.0.1' if context is None else 'localhost'}:{port}"
    finally:
        closing.set()
        await runner.cleanup()


async def test_keys_are_fetched() -> None:
    """As the issuer sends them."""
    async with issuer() as address:
        assert await fetch_keys(f"{address}/keys", None) == KEYS


@pytest.mark.parametrize("path", ["moved", "huge", "gone"])
async def test_other_answers_are_unusable(path: str) -> None:
    """A redirect could lead anywhere, and nobody has half a megabyte of keys."""
    async with issuer() as address:
        with pytest.raises(UnusableKeysError):
            await fetch_keys(f"{address}/{path}", None)


async def test_fetch_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """An issuer that never ends its answer holds nothing."""
    monkeypatch.setattr(key_fetching, "FETCH_TIMEOUT", 0.05)
    async with issuer() as address:
        with pytest.raises(UnusableKeysError, match="did not answer"):
            await fetch_keys(f"{address}/endless", None)
    with pytest.raises(UnusableKeysError):
        await fetch_keys(f"{address}/keys", None)


async def test_issuer_has_to_prove_who_it_is(tmp_path: Path) -> None:
    """Its certificate is verified by the configured authorities, or by those of the system."""
    authority = Authority()
    issued = authority.issue("issuer", hosts=["localhost"])
    (tmp_path / "crt.pem").write_bytes(issued.chain)
    (tmp_path / "key.pem").write_bytes(issued.private_key)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(tmp_path / "crt.pem", tmp_path / "key.pem")

    async with issuer(context) as address:
        keys = await fetch_keys(f"{address}/keys", authority.pem.decode())
        with pytest.raises(UnusableKeysError):
            await fetch_keys(f"{address}/keys", None)

    assert keys == KEYS
