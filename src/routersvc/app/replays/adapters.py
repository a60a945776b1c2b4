"""Chooses the adapter for a recorded exchange by the API that was called.

`APIS` is the table: each API with its wire format and the dialects of the providers that have one
of their own. Any other provider speaks the format's default dialect. `NOT_CALLED` lists the APIs
that the router does not call, and why.
"""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from types import MappingProxyType

from routersvc.app import wire_formats
from routersvc.app.replays.framing import Framing
from routersvc.providers.wire_format import WireFormat

_FIRST_ERROR = 300


class NoAdapterError(Exception):
    """No adapter reads the exchange; the message lists the adapters that exist."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Api:
    """An API: its wire format, the dialect of each provider, and the framing of its streams.

    `default_dialect` applies to providers that `dialects` does not name; empty means the default of
    the wire format. `address` is matched against the end of the URL's path.
    """

    wire_format: str
    address: str
    framing: Framing
    dialects: Mapping[str, str] = dataclasses.field(default_factory=dict[str, str])
    default_dialect: str = ""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class NamedAdapter:
    """An adapter with its name on the command line, `format/dialect`."""

    name: str
    wire_format: WireFormat
    framing: Framing


APIS: Mapping[str, Api] = MappingProxyType(
    {
        "chat_completions": Api(
            wire_format="openai_chat",
            address=r"/chat/completions",
            framing=Framing.SSE,
            dialects={
                name: name
                for name in (
                    "alibaba",
                    "azure",
                    "bedrock",
                    "cerebras",
                    "databricks",
                    "deepseek",
                    "fireworks",
                    "gpustack",
                    "groq",
                    "huggingface",
                    "llama_cpp",
                    "lm_studio",
                    "meta",
                    "minimax",
                    "mistral",
                    "moonshot",
                    "nvidia_nim",
                    "ollama",
                    "openai",
                    "openrouter",
                    "perplexity",
                    "sambanova",
                    "sglang",
                    "snowflake",
                    "together",
                    "vllm",
                    "volcengine",
                    "watsonx",
                    "xai",
                    "zai",
                )
            }
            | {
                "bedrock-mantle": "bedrock",
                "crusoe": "cerebras",
                "lmstudio": "lm_studio",
                "vercel-gateway": "vercel_gateway",
            },
        ),
        "responses": Api(
            wire_format="openai_responses",
            address=r"/responses",
            framing=Framing.SSE,
            dialects={name: name for name in ("azure", "deepseek", "openai", "xai")}
            | {"bedrock-mantle": "openai", "pydantic-gateway": "openai"},
        ),
        "messages": Api(
            wire_format="anthropic_messages",
            address=r"/messages",
            framing=Framing.SSE,
            dialects={"ollama": "ollama", "vertex": "vertex"},
        ),
        "vertex_raw_predict": Api(
            wire_format="anthropic_messages",
            address=r":(?:streamRawPredict|rawPredict)",
            framing=Framing.SSE,
            default_dialect="vertex",
        ),
        "converse": Api(
            wire_format="bedrock_converse",
            address=r"/(?:converse|converse-stream)",
            framing=Framing.EVENT_STREAM,
        ),
        "generate_content": Api(
            wire_format="gemini",
            address=r":(?:streamGenerateContent|generateContent)",
            framing=Framing.SSE,
            dialects={"gemini": "gemini", "vertex": "vertex"},
        ),
        "chat_v2": Api(wire_format="cohere_chat", address=r"/v2/chat", framing=Framing.SSE),
        "ollama_chat": Api(wire_format="ollama_chat", address=r"/api/chat", framing=Framing.LINES),
    }
)
"""The APIs that the router calls, by the names that recordings use."""

NOT_CALLED: Mapping[str, str] = MappingProxyType(
    {
        "chat_v1": "the vendor has replaced it by `chat_v2`",
        "completions": "text completions are no conversation; no vendor offers new models there",
        "conversations": "the router keeps no conversation at a vendor",
        "count_tokens": "the router counts tokens itself",
        "embeddings": "the router routes answers, not embeddings",
        "interactions": "the vendor offers the same models by `generate_content`",
        "invoke_model": "the vendor offers the same models by `converse`",
        "models": "only used for health checks; its answer is not read",
        "ollama_generate": "the vendor offers the same models by `ollama_chat`",
    }
)
"""APIs in recordings that the router does not call. Their failures are classified all the same."""

_OWN_APIS: Mapping[str, str] = MappingProxyType(
    {
        "anthropic": "messages",
        "bedrock": "converse",
        "cohere": "chat_v2",
        "gemini": "generate_content",
        "vertex": "generate_content",
    }
)
"""The API by which a provider is called, where it is not `chat_completions`."""


def adapter_for(provider: str, api: str, *, url: str, status: int) -> NamedAdapter:
    """Return the adapter for an exchange, by its API or else by its URL.

    The meaning of a failure does not depend on the API: failures of APIs that are not called are
    read by the adapter that the router uses for this provider.

    Raises:
        NoAdapterError: the router does not call this API.
    """
    found = APIS.get(api) or (_api_at(url) if api not in NOT_CALLED else None)
    if found is None and (status >= _FIRST_ERROR or api not in NOT_CALLED):
        found = APIS.get(_OWN_APIS.get(provider, "chat_completions"))
    if found is None:
        raise NoAdapterError(_sentence(api))
    known = wire_formats.known_wire_formats()[found.wire_format]
    dialect = found.dialects.get(provider) or found.default_dialect or known.default_dialect
    return _named(found.wire_format, dialect)


def adapter_named(name: str) -> NamedAdapter:
    """Return the adapter that `format` or `format/dialect` means.

    Raises:
        NoAdapterError: no adapter has this name.
    """
    wire_format, _, dialect = name.partition("/")
    known = wire_formats.known_wire_formats().get(wire_format)
    if known is None:
        there = ", ".join(sorted(wire_formats.known_wire_formats()))
        raise NoAdapterError(f"no wire format is named `{wire_format}`; known: {there}")
    dialect = dialect or known.default_dialect
    if dialect not in known.dialects:
        there = ", ".join(sorted(known.dialects))
        raise NoAdapterError(f"`{wire_format}` has no dialect `{dialect}`; known: {there}")
    return _named(wire_format, dialect)


def _named(wire_format: str, dialect: str) -> NamedAdapter:
    framings = {api.wire_format: api.framing for api in APIS.values()}
    return NamedAdapter(
        name=f"{wire_format}/{dialect}",
        wire_format=wire_formats.adapter(wire_format, dialect),
        framing=framings.get(wire_format, Framing.SSE),
    )


def _api_at(url: str) -> Api | None:
    path = url.partition("?")[0]
    return next((api for api in APIS.values() if re.search(rf"{api.address}$", path)), None)


def _sentence(api: str) -> str:
    why = NOT_CALLED.get(api)
    return f"the router does not call the API `{api}`" + (f": {why}" if why else "")
