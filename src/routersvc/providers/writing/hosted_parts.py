"""Puts what tools of the vendor did back into the conversation, as the vendor gave it.

Formats send opaque blocks as thoughts that only the vendor understands. An activity without a proof
is nothing that a vendor takes.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import HostedPart, Part, ThoughtPart
from routersvc.engine.ports import AttemptCall


def with_opaque_blocks(call: AttemptCall) -> AttemptCall:
    """Return the attempt with hosted activities as the blocks that their vendor gave."""
    prompt = call.prompt
    if not any(map(_has_activities, prompt.messages)):
        return call
    messages = tuple(
        dataclasses.replace(message, parts=tuple(_sent(message)))
        if _has_activities(message)
        else message
        for message in prompt.messages
    )
    return dataclasses.replace(call, prompt=dataclasses.replace(prompt, messages=messages))


def _has_activities(message: Message) -> bool:
    return message.role is Role.ASSISTANT and any(
        isinstance(part, HostedPart) for part in message.parts
    )


def _sent(message: Message) -> Iterator[Part]:
    for part in message.parts:
        if not isinstance(part, HostedPart):
            yield part
        elif part.activity.proof:
            yield ThoughtPart(
                encrypted=part.activity.proof, maker=part.activity.maker, cache=part.cache
            )
