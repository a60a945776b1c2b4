"""Requests for Claude at Vertex AI: Anthropic's Messages, with the model in the address."""

from __future__ import annotations

from urllib.parse import urlsplit

from bench.wire.requests.messages import call_of, plain

__all__ = ["call_of", "model_at", "plain"]


def model_at(url: str) -> str:
    """Return the model that an address names."""
    return urlsplit(url).path.rpartition("/")[2].partition(":")[0]
