"""Continues a broken answer with another model, by prefilling its turn."""

from __future__ import annotations

import dataclasses

from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt


def resumable(text: str) -> str:
    """Return the part of a broken answer that another model can continue.

    Trailing white space is removed: some providers refuse a prefill that ends in it, and a model
    continues better after a word.
    """
    return text.rstrip()


def with_prefill(prompt: Prompt, text: str) -> Prompt:
    """Return the prompt with `text` as the beginning of the model's turn."""
    begun = TextPart(text=text)
    last = prompt.messages[-1]
    if last.role is Role.ASSISTANT:
        longer = dataclasses.replace(last, parts=(*last.parts, begun))
        return dataclasses.replace(prompt, messages=(*prompt.messages[:-1], longer))
    turn = Message(role=Role.ASSISTANT, parts=(begun,))
    return dataclasses.replace(prompt, messages=(*prompt.messages, turn))


def is_continuation(prompt: Prompt) -> bool:
    """Whether the answer goes on with a turn of the model, and so may have nothing to add.

    The prompt ends in that turn, or in the results of the tools that it called.
    """
    return bool(prompt.messages) and prompt.messages[-1].role in {Role.ASSISTANT, Role.TOOL}


def begun_text(prompt: Prompt) -> str:
    """Return the text with which the prompt begins the model's turn; empty if it does not."""
    last = prompt.messages[-1] if prompt.messages else None
    if last is None or last.role is not Role.ASSISTANT:
        return ""
    return "".join(part.text for part in last.parts if isinstance(part, TextPart))
