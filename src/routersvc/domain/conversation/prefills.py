"""Asking a model to go on where another one broke off."""

from __future__ import annotations

import dataclasses

from routersvc.domain.conversation.messages import (
    Message,
    Role,
)
from routersvc.domain.conversation.parts import (
    TextPart,
)
from routersvc.domain.conversation.prompts import (
    Prompt,
)


def resumable(text: str) -> str:
    """Return how much of a broken answer another model can go on from.

    Without white space at the end: some providers refuse a prefill that ends in it, and a model
    continues a word better than a gap.
    """
    return text.rstrip()


def with_prefill(prompt: Prompt, text: str) -> Prompt:
    """Return the prompt whose last turn is the model's own, begun with `text`."""
    begun = TextPart(text=text)
    last = prompt.messages[-1]
    if last.role is Role.ASSISTANT:
        longer = dataclasses.replace(last, parts=(*last.parts, begun))
        return dataclasses.replace(prompt, messages=(*prompt.messages[:-1], longer))
    turn = Message(role=Role.ASSISTANT, parts=(begun,))
    return dataclasses.replace(prompt, messages=(*prompt.messages, turn))
