"""Replayed exchanges as JSON objects. Every key is always present."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable
from typing import TypeVar

import orjson

from routersvc.app.replays.replaying import Replay
from routersvc.domain.conversation.hosted_activities import HostedActivity
from routersvc.domain.conversation.parts import (
    AudioPart,
    HostedPart,
    ImagePart,
    Part,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
)
from routersvc.domain.outcomes.failure_rules import (
    BreakerEffect,
    Disables,
    FailoverRule,
    SameDeploymentRule,
)
from routersvc.domain.outcomes.failures import Failure

Entries = dict[str, object]
_P = TypeVar("_P", bound=Part)

_RETRIES = {
    SameDeploymentRule.NEVER: "do not retry the same deployment",
    SameDeploymentRule.AT_ONCE_IF_CONNECTION_WAS_IDLE: (
        "retry the same deployment at once if the connection was idle"
    ),
    SameDeploymentRule.ONCE_WITHOUT_ALTERNATIVE: (
        "retry the same deployment once if nothing else is left"
    ),
    SameDeploymentRule.ONCE_IF_DELAY_FITS: (
        "retry the same deployment once if the wait fits the deadline"
    ),
}
_FAILOVERS = {
    FailoverRule.ANY: "fail over to any other deployment",
    FailoverRule.ONCE: "fail over once",
    FailoverRule.OTHER_CREDENTIAL: "fail over to another credential or provider",
    FailoverRule.OTHER_MODEL: "fail over to another model",
    FailoverRule.LARGER_CONTEXT: "fail over to a model with a larger context window",
    FailoverRule.IF_POLICY_ALLOWS: "fail over only if the policy allows it",
    FailoverRule.NONE: "do not fail over",
}
_BREAKERS = {
    BreakerEffect.NOTHING: "the breaker is not affected",
    BreakerEffect.FAILURE: "the breaker counts a failure",
    BreakerEffect.RATE_ONLY: "the success rate of the breaker decreases",
    BreakerEffect.SLOW_CALL: "the breaker counts a slow call",
}
_DISABLED = {
    Disables.NOTHING: "nothing is disabled",
    Disables.CREDENTIAL: "the credential is disabled until it is checked",
    Disables.MODEL: "the model is disabled until it is checked",
}


def replay_entries(file: str, replay: Replay) -> Entries:
    """Return the result of an exchange; for a failure, with the content before it."""
    answer = replay.answer
    failed = replay.failure is not None
    thoughts = _of_type(answer.parts, ThoughtPart)
    activities = _of_type(answer.parts, HostedPart)
    return {
        "file": file,
        "provider": replay.recording.provider,
        "api": replay.recording.api,
        "adapter": replay.adapter,
        "http_status": replay.recording.head.status,
        "outcome": "failed" if failed else "answered",
        "content": "".join(part.text for part in _of_type(answer.parts, TextPart)),
        "refusal": "".join(part.text for part in _of_type(answer.parts, RefusalPart)),
        "reasoning": "".join(part.text for part in thoughts),
        "reasoning_signed": any(part.signature or part.encrypted for part in thoughts)
        or any(part.activity.proof for part in activities),
        "tool_calls": [_call_entries(part) for part in _of_type(answer.parts, ToolCall)],
        "hosted": [_hosted_entries(part.activity) for part in activities],
        "media": [
            {"media_type": part.media_type, "bytes": len(part.data or b"")}
            for part in answer.parts
            if isinstance(part, ImagePart | AudioPart)
        ],
        "usage": None if answer.usage is None else dataclasses.asdict(answer.usage),
        "finish_reason": None if failed else answer.finish.reason.value,
        "stop_sequence": answer.finish.stop_sequence,
        "model": answer.finish.model_version,
        "response_id": answer.finish.response_id,
        "failure": None if replay.failure is None else _failure_entries(replay.failure, replay),
        "error": None,
    }


def unread_entries(file: str, sentence: str) -> Entries:
    """Return the entries of a file that could not be replayed."""
    return {
        "file": file,
        "provider": None,
        "api": None,
        "adapter": None,
        "http_status": None,
        "outcome": "not_replayed",
        "content": "",
        "refusal": "",
        "reasoning": "",
        "reasoning_signed": False,
        "tool_calls": [],
        "hosted": [],
        "media": [],
        "usage": None,
        "finish_reason": None,
        "stop_sequence": "",
        "model": "",
        "response_id": "",
        "failure": None,
        "error": sentence,
    }


def _hosted_entries(activity: HostedActivity) -> Entries:
    """Return what a tool of the provider did; of its proof, whether there is one."""
    return {
        "id": activity.activity_id,
        "tool": activity.tool,
        "name": activity.name,
        "server": activity.server,
        "input": activity.input_json,
        "queries": list(activity.queries),
        "code": activity.code,
        "status": None if activity.status is None else activity.status.value,
        "output": activity.output,
        "error": activity.error,
        "sources": [dataclasses.asdict(source) for source in activity.sources],
        "proven": bool(activity.proof),
    }


def _call_entries(call: ToolCall) -> Entries:
    """Return a tool call; arguments that are not JSON stay text."""
    try:
        arguments: object = orjson.loads(call.arguments_json)
    except orjson.JSONDecodeError:
        arguments = call.arguments_json
    return {"id": call.call_id, "name": call.name, "arguments": arguments}


def _failure_entries(failure: Failure, replay: Replay) -> Entries:
    """Return a failure with the next step, by the table of failure classes."""
    rule = failure.rule
    return {
        "class": failure.failure_class.value,
        "message": failure.message,
        "after_content": replay.has_content,
        "retry_after_seconds": failure.retry_after,
        "headroom": None if failure.headroom is None else dataclasses.asdict(failure.headroom),
        "next_step": {
            "same_deployment": rule.same_deployment.value,
            "failover": rule.failover.value,
            "breaker": rule.breaker.value,
            "disables": rule.disables.value,
            "last_word": rule.caller_outcome.value,
            "sentence": "; ".join(
                (
                    _RETRIES[rule.same_deployment],
                    _FAILOVERS[rule.failover],
                    _BREAKERS[rule.breaker],
                    _DISABLED[rule.disables],
                )
            ),
        },
    }


def _of_type(parts: Iterable[Part], kind: type[_P]) -> list[_P]:
    return [part for part in parts if isinstance(part, kind)]
