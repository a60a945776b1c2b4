"""OpenAI's own client, which is given recorded responses in place of the network."""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Generator

import httpx2
import openai

from bench.wire.readings import Record

JUDGE = f"openai SDK {openai.__version__}"


@contextlib.contextmanager
def unwarned() -> Generator[None]:
    """Let the client put together what its types do not foresee, as it does, but quietly."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def client_for(record: Record) -> openai.OpenAI:
    """Return a client that hears the recorded response to whatever it asks."""
    headers = {
        "content-type": "text/event-stream" if record.streaming else "application/json",
    }

    def respond(request: httpx2.Request) -> httpx2.Response:
        return httpx2.Response(record.status, headers=headers, content=record.body, request=request)

    return openai.OpenAI(
        api_key="none",
        base_url="https://recorded.invalid/v1",
        max_retries=0,
        http_client=httpx2.Client(transport=httpx2.MockTransport(respond)),
    )
