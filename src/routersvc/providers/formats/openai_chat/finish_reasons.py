"""The finish reasons of the chat completions format, as its vendors spell them."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure

FINISH_REASONS: Mapping[str, FinishReason] = MappingProxyType(
    {
        "stop": FinishReason.STOP,
        "eos": FinishReason.STOP,
        # Text Generation Inference
        "eos_token": FinishReason.STOP,
        "end_turn": FinishReason.STOP,
        "stop_sequence": FinishReason.STOP,
        # Cohere's words, passed on by gateways
        "complete": FinishReason.STOP,
        "completed": FinishReason.STOP,
        "length": FinishReason.LENGTH,
        "max_tokens": FinishReason.LENGTH,
        "max_output_tokens": FinishReason.LENGTH,
        # Mistral: the model's own limit
        "model_length": FinishReason.LENGTH,
        # Z.ai, and Anthropic's word passed on by gateways
        "model_context_window_exceeded": FinishReason.LENGTH,
        "token_limit": FinishReason.LENGTH,
        "tool_calls": FinishReason.TOOL_CALLS,
        "tool_call": FinishReason.TOOL_CALLS,
        "function_call": FinishReason.TOOL_CALLS,
        # Anthropic's word, passed on by gateways to Claude
        "tool_use": FinishReason.TOOL_CALLS,
        "content_filter": FinishReason.CONTENT_FILTER,
        # Z.ai and Tencent: stopped by their reviews
        "sensitive": FinishReason.CONTENT_FILTER,
        # AWS's and Google's words, passed on by gateways
        "content_filtered": FinishReason.CONTENT_FILTER,
        "guardrail_intervened": FinishReason.CONTENT_FILTER,
        "safety": FinishReason.CONTENT_FILTER,
        "recitation": FinishReason.CONTENT_FILTER,
        "blocklist": FinishReason.CONTENT_FILTER,
        "prohibited_content": FinishReason.CONTENT_FILTER,
        "spii": FinishReason.CONTENT_FILTER,
        "error_toxic": FinishReason.CONTENT_FILTER,
        "refusal": FinishReason.REFUSAL,
    }
)
"""The vendors' finish reasons, in lower case. Any other means `FinishReason.OTHER`."""

FAILED_REASONS: Mapping[str, FailureClass] = MappingProxyType(
    {
        # OpenRouter, Mistral and watsonx.ai
        "error": FailureClass.SERVER_ERROR,
        # DeepSeek: inference resources ran out
        "insufficient_system_resource": FailureClass.OVERLOADED,
        # Z.ai: inference ended abnormally
        "network_error": FailureClass.SERVER_ERROR,
        # vLLM and SGLang: the scheduler or the server's end aborted the request
        "abort": FailureClass.SERVER_ERROR,
        # watsonx.ai
        "cancelled": FailureClass.SERVER_ERROR,
        "time_limit": FailureClass.TRUNCATED,
        # Cohere's and Hugging Face's words, passed on by gateways
        "timeout": FailureClass.TRUNCATED,
        # Google's and AWS's words, passed on by gateways
        "malformed_function_call": FailureClass.BAD_ANSWER,
        "malformed_response": FailureClass.BAD_ANSWER,
        "malformed_tool_use": FailureClass.BAD_ANSWER,
        "malformed_model_output": FailureClass.BAD_ANSWER,
    }
)
"""Finish reasons that mean a broken answer, by the failure class that they mean."""

NO_REASON_YET = "null"
"""Alibaba sends this word where others send null."""

_SENTENCES: Mapping[FailureClass, str] = MappingProxyType(
    {
        FailureClass.SERVER_ERROR: "the provider aborted the answer",
        FailureClass.OVERLOADED: "the provider aborted the answer because it is overloaded",
        FailureClass.TRUNCATED: "the provider ended the answer because its time limit passed",
        FailureClass.BAD_ANSWER: "the provider could not parse the model's output",
    }
)


def finish_reason(word: str) -> FinishReason:
    """Return the finish reason that a vendor's word means; gateways change its case."""
    return FINISH_REASONS.get(word) or FINISH_REASONS.get(word.lower(), FinishReason.OTHER)


def failed_reason(reason: object, native: object) -> str:
    """Return the reason that means a broken answer, empty where neither does.

    OpenRouter names its upstream's own reason as `native_finish_reason`, beside a `finish_reason`
    that may be `stop` all the same.
    """
    for value in (reason, native):
        word = value.lower() if isinstance(value, str) else ""
        if word in FAILED_REASONS:
            return word
    return ""


def failure_of_reason(word: str) -> Failure:
    """Return the failure that one of `FAILED_REASONS` means."""
    failure_class = FAILED_REASONS[word]
    return Failure(
        failure_class=failure_class,
        message=f"{_SENTENCES[failure_class]} (finish reason `{word}`)",
    )
