"""Keeps proofs from vendors that did not make them.

A proof is what a vendor gives with a thought or a call and wants back unchanged: a signature, an
encrypted thought, a block of its own tools. Its maker's name travels with it. Another vendor would
refuse it, so it is left out there; the text of the thought stays where thoughts are taken without
proof. A proof of an unknown maker is sent on: the wire format sends it where it has its shape.
What a tool of a vendor did is sent as its proof, to its maker, and to nobody else.
"""

from __future__ import annotations

import dataclasses
import enum
from collections import Counter

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import HostedPart, Part, ThoughtPart, ToolCall
from routersvc.domain.conversation.prompts import Prompt


class LeftOutKind(enum.Enum):
    """What was left out of a conversation."""

    SIGNATURE = "signature"
    ENCRYPTED = "encrypted"
    REASONING = "reasoning"
    HOSTED_ACTIVITY = "hosted_activity"


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class LeftOut:
    """What one attempt did not send, by kind and maker; `maker` is empty where it is unknown."""

    kind: LeftOutKind
    maker: str
    count: int


def prompt_for(
    prompt: Prompt, *, maker: str, plain_thoughts: bool
) -> tuple[Prompt, tuple[LeftOut, ...]]:
    """Return the prompt without the proofs of others, and what was left out.

    `maker` is the name under which the deployment's own proofs are known, empty where it is not
    known: then all proofs are sent. `plain_thoughts`: thoughts are taken without proof.
    """
    return _written(prompt, own=maker, plain_thoughts=plain_thoughts)


def prompt_without_proofs(
    prompt: Prompt, *, plain_thoughts: bool
) -> tuple[Prompt, tuple[LeftOut, ...]]:
    """Return the prompt without any proof, for a vendor that did not recognise one."""
    return _written(prompt, own=None, plain_thoughts=plain_thoughts)


def _written(
    prompt: Prompt, *, own: str | None, plain_thoughts: bool
) -> tuple[Prompt, tuple[LeftOut, ...]]:
    said = [
        (place, message)
        for place, message in enumerate(prompt.messages)
        if message.role is Role.ASSISTANT
    ]
    if not said:
        return prompt, ()
    left_out: Counter[tuple[LeftOutKind, str]] = Counter()
    messages: list[Message] | None = None
    for place, message in said:
        parts = _parts(message.parts, own, left_out, plain_thoughts=plain_thoughts)
        if parts is not None:
            if messages is None:
                messages = list(prompt.messages)
            messages[place] = dataclasses.replace(message, parts=parts)
    if messages is None:
        return prompt, ()
    return dataclasses.replace(prompt, messages=tuple(messages)), tuple(
        LeftOut(kind=kind, maker=maker, count=count) for (kind, maker), count in left_out.items()
    )


def _parts(
    parts: tuple[Part, ...],
    own: str | None,
    left_out: Counter[tuple[LeftOutKind, str]],
    *,
    plain_thoughts: bool,
) -> tuple[Part, ...] | None:
    """Return the parts that may be sent; `None` where that is all of them, as they are."""
    kept: list[Part] = []
    changed = False
    for part in parts:
        sent: Part | None = part
        match part:
            case HostedPart():
                sent = _hosted(part, own, left_out)
            case ThoughtPart() if own != "":
                sent = _thought(part, own, left_out, plain_thoughts=plain_thoughts)
            case ToolCall(signature=signature) if signature and _is_foreign(part.maker, own):
                left_out[LeftOutKind.SIGNATURE, part.maker] += 1
                sent = dataclasses.replace(part, signature=b"", maker="")
            case _:
                pass
        changed = changed or sent is not part
        if sent is not None:
            kept.append(sent)
    return tuple(kept) if changed else None


def _thought(
    thought: ThoughtPart,
    own: str | None,
    left_out: Counter[tuple[LeftOutKind, str]],
    *,
    plain_thoughts: bool,
) -> ThoughtPart | None:
    proven = bool(thought.signature or thought.encrypted)
    if proven:
        if not _is_foreign(thought.maker, own):
            return thought
        kind = LeftOutKind.ENCRYPTED if thought.encrypted else LeftOutKind.SIGNATURE
        left_out[kind, thought.maker] += 1
    if not thought.text:
        return None if proven else thought
    if not plain_thoughts:
        left_out[LeftOutKind.REASONING, thought.maker] += 1
        return None
    return ThoughtPart(text=thought.text, cache=thought.cache) if proven else thought


def _hosted(
    part: HostedPart, own: str | None, left_out: Counter[tuple[LeftOutKind, str]]
) -> HostedPart | None:
    """Return what a tool did where it is sent: to its maker, if that needs it back."""
    activity = part.activity
    if not activity.proof:
        left_out[LeftOutKind.HOSTED_ACTIVITY, activity.maker] += 1
        return None
    if _is_foreign(activity.maker, own):
        left_out[LeftOutKind.ENCRYPTED, activity.maker] += 1
        return None
    return part


def _is_foreign(maker: str, own: str | None) -> bool:
    """Whether a proof of this maker is left out.

    `own` is `None` where every proof is, empty where none is.
    """
    return own is None or bool(own and maker and maker != own)
