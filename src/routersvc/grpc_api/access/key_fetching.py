"""Fetches the public keys of token issuers over HTTPS, bounded in time and size."""

from __future__ import annotations

import asyncio
import ssl

from routersvc.grpc_api.access.signing_keys import UnusableKeysError

FETCH_TIMEOUT = 5.0
"""Seconds from the first packet to the last byte."""

MAX_KEY_SET_BYTES = 512 * 1024
"""The largest JWKS; issuers send some kilobytes."""


async def fetch_keys(url: str, authorities: str | None) -> bytes:
    """Return the JWKS at `url`. Follows no redirect and sends no cookie.

    `authorities` are certificates as PEM that replace those of the system.

    Raises:
        UnusableKeysError: it cannot be fetched, or is too large.
    """
    # Takes a tenth of a second to load: only routers that fetch keys do.
    import aiohttp  # noqa: PLC0415

    context = await asyncio.to_thread(ssl.create_default_context, cadata=authorities)
    try:
        async with (
            asyncio.timeout(FETCH_TIMEOUT),
            aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
            session.get(
                url,
                ssl=context,
                allow_redirects=False,
                headers={"accept": "application/jwk-set+json, application/json"},
            ) as response,
        ):
            if response.status != 200:  # noqa: PLR2004 - HTTP's OK
                raise UnusableKeysError(f"answered with HTTP status {response.status}")
            data = bytearray()
            async for piece in response.content.iter_any():
                data += piece
                if len(data) > MAX_KEY_SET_BYTES:
                    raise UnusableKeysError(f"is larger than {MAX_KEY_SET_BYTES} bytes")
            return bytes(data)
    except TimeoutError as error:
        raise UnusableKeysError(f"did not answer within {FETCH_TIMEOUT:g} s") from error
    except (aiohttp.ClientError, OSError, ValueError) as error:
        raise UnusableKeysError(f"cannot be fetched: {type(error).__name__}") from error
