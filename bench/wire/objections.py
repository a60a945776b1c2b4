"""The failure classes of error labels, and documented objections to labels."""

from __future__ import annotations

from collections.abc import Mapping

from bench.wire.readings import Expected
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.outcomes.failure_rules import FailureClass

Meaning = frozenset[FailureClass | FinishReason]

MEANINGS: Mapping[str, Meaning] = {
    "auth": frozenset({FailureClass.AUTHENTICATION}),
    # A filter that strikes within an answer is how that answer ends.
    "content_filter": frozenset({FailureClass.CONTENT_FILTERED, FinishReason.CONTENT_FILTER}),
    "context_length": frozenset({FailureClass.CONTEXT_LENGTH}),
    "invalid_request": frozenset({FailureClass.INVALID_REQUEST}),
    "model_not_found": frozenset({FailureClass.MODEL_NOT_FOUND}),
    "none": frozenset({FinishReason.STOP}),
    "overloaded": frozenset({FailureClass.OVERLOADED}),
    "permission": frozenset({FailureClass.PERMISSION}),
    "quota_exhausted": frozenset({FailureClass.QUOTA_EXHAUSTED}),
    "rate_limit": frozenset({FailureClass.RATE_LIMITED}),
    "request_too_large": frozenset({FailureClass.CONTEXT_LENGTH}),
    "server_error": frozenset({FailureClass.SERVER_ERROR}),
    # The error's own type decides; these have none that says more.
    "stream_error": frozenset({FailureClass.SERVER_ERROR, FailureClass.TRUNCATED}),
    "timeout": frozenset({FailureClass.SERVER_ERROR}),
}
"""What the labels are called here."""

_MODEL_CANNOT = Expected(
    failure_class=FailureClass.CAPABILITY_MISMATCH,
    reason="another model may well do what this one says it cannot",
)
_FIELD_UNKNOWN = Expected(
    failure_class=FailureClass.CAPABILITY_MISMATCH,
    reason="this server does not know a field that others do",
)
_MODEL_BUNGLED = Expected(
    failure_class=FailureClass.BAD_ANSWER,
    reason="the model wrote a tool call that breaks its schema: the request is sound",
)

_ANOTHER_MAY = Expected(
    failure_class=FailureClass.CAPABILITY_MISMATCH,
    reason="a limit of this vendor about schemas, media or proofs: another one may serve it",
)

OBJECTIONS: Mapping[str, Expected] = {
    "openai/error_400/"
    "chat_completions.unary.handles-optional-properties-in-strict-mode.07647a9a.json": _ANOTHER_MAY,
    "openai/error_400/chat_completions.unary.test-vision-base64.eb3b291d.json": _ANOTHER_MAY,
    "openai/error_400/"
    "chat_completions.unary.testinputvalueimagehiding-test-input-value-hides.ce4f735d.json": (
        _ANOTHER_MAY
    ),
    "openai/error_400/"
    "responses.unary.test-openai-responses-thinking-with-modified-his.c6c9c6fc.json": _ANOTHER_MAY,
    "errors/bedrock/invalid_request.400.unary.validation.json": Expected(
        failure_class=FailureClass.MODEL_NOT_FOUND,
        reason="the model is served through an inference profile only: this name never works",
    ),
    "anthropic/error_400/"
    "messages.unary.test-anthropic-explicit-effort-xhigh-unsupported.5533b231.json": _MODEL_CANNOT,
    "bedrock/error_400/"
    "converse.unary.test-multimodal-tool-return-matrix-direct-binary.5011cd50.json": _MODEL_CANNOT,
    "bedrock/error_400/"
    "converse.unary.test-multimodal-tool-return-matrix-direct-upload.8a5736a1.json": _MODEL_CANNOT,
    "bedrock/error_400/"
    "count_tokens.unary.test-anthropic-bedrock-count-tokens-error.820879d3.json": _MODEL_CANNOT,
    "errors/anthropic/context_length.200.unary.context-window-stop.json": Expected(
        failure_class=FinishReason.LENGTH,
        reason="no error: an answer that ends where the window does",
    ),
    "errors/gemini/server_error.200.stream.malformed-function-call.json": Expected(
        failure_class=FailureClass.BAD_ANSWER,
        reason="the model bungled a call: the provider is well, and its breaker must not learn "
        "otherwise",
    ),
    "errors/azure/quota_exhausted.429.unary.day-quota-86400.json": Expected(
        failure_class=FailureClass.RATE_LIMITED,
        reason="its limit is one deployment's, however long the wait: the key serves others",
    ),
    "errors/gemini/quota_exhausted.429.unary.quota-per-day.json": Expected(
        failure_class=FailureClass.RATE_LIMITED,
        reason="its limit per day is one model's (`PerModel`): the key serves its other models",
    ),
    "errors/generic/request_too_large.413.unary.html-413.json": Expected(
        failure_class=FailureClass.SERVER_ERROR,
        reason="a gateway's page about its limit in bytes says nothing about the model's window",
    ),
    "errors/mistral/invalid_request.400.unary.glossary-shape.json": Expected(
        failure_class=FailureClass.MODEL_NOT_FOUND, reason="its code says `unknown_model`"
    ),
    "errors/mistral/invalid_request.422.unary.extra-forbidden.json": _FIELD_UNKNOWN,
    "errors/ollama/invalid_request.400.unary.no-tools.json": _MODEL_CANNOT,
    "errors/openrouter/invalid_request.400.unary.provider-400-nested.json": _MODEL_CANNOT,
    "errors/vllm/invalid_request.400.unary.extra-forbidden.json": _FIELD_UNKNOWN,
    "groq/error_400/chat_completions.unary.test-tool-use-failed-error-with-text.e680aae4.json": (
        _MODEL_BUNGLED
    ),
    "groq/error_400/chat_completions.unary.test-tool-use-failed-error.84c782c4.json": (
        _MODEL_BUNGLED
    ),
    "groq/error_in_200/chat_completions.stream."
    "test-tool-use-failed-error-streaming-with-text.ff58fc5c.json": _MODEL_BUNGLED,
    "openai/error_400/chat_completions.unary.chat-bad-request.cfbd2ada.json": _MODEL_CANNOT,
    "openai/error_400/chat_completions.unary.openai-gpt-5-mini-completions.b68b581c.json": (
        _MODEL_CANNOT
    ),
    "openai/error_400/chat_completions.unary."
    "reasoning-model-legacy-parameter-error.4043d7dc.json": _MODEL_CANNOT,
    "openai/error_400/chat_completions.unary."
    "test-openai-o1-mini-system-role-system.4ec4bd4a.json": _MODEL_CANNOT,
    "openai/error_400/responses.unary."
    "encodes-thoughts-as-text-for-model-consumption.d475f104.json": _MODEL_CANNOT,
}
"""Where a label is not followed: what is said instead, and why."""
