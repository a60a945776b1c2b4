"""Writes the reasoning settings of a chat completions request.

Most vendors take `reasoning_effort`. Vendors whose models can also answer without thinking have a
switch of their own for that, which `ThinkingSwitch` describes.
"""

from __future__ import annotations

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningEffort, ReasoningVisibility
from routersvc.providers.formats.openai_chat.dialects import OpenAiDialect, ReasoningForm
from routersvc.providers.reading.json_values import JsonObject
from routersvc.providers.writing.prompt_fields import effort_word


def add_reasoning(body: JsonObject, prompt: Prompt, dialect: OpenAiDialect) -> None:
    """Add the reasoning settings. Hidden thoughts are removed when the answer is read.

    Raises:
        AttemptFailedError: the vendor cannot express one of them.
    """
    wanted = prompt.reasoning
    if wanted.effort is not None:
        dialect.require(Capability.REASONING, "a reasoning effort")
    if dialect.reasoning_form is ReasoningForm.OBJECT:
        _add_object(body, wanted, dialect)
        return
    if wanted.visibility is ReasoningVisibility.SUMMARY:
        raise dialect.cannot_express("a summary of the thoughts")
    switch = dialect.thinking
    fields = switch.fields_for(wanted.effort)
    if fields is not None:
        body.update(fields)
    else:
        word = effort_word(wanted, dialect, dialect.efforts)
        if word is not None:
            body.update(switch.beside_effort)
            body["reasoning_effort"] = word
    if wanted.max_tokens is not None:
        if switch.budget_field is None or wanted.effort is ReasoningEffort.NONE:
            raise dialect.cannot_express("a limit to the tokens spent on thinking")
        body.update(switch.beside_effort)
        body[switch.budget_field] = wanted.max_tokens


def _add_object(body: JsonObject, wanted: Reasoning, dialect: OpenAiDialect) -> None:
    settings: JsonObject = {}
    fields = dialect.thinking.fields_for(wanted.effort)
    if fields is not None:
        settings.update(fields)
    else:
        effort = effort_word(wanted, dialect, dialect.efforts)
        if effort is not None:
            settings["effort"] = effort
    if wanted.max_tokens is not None:
        settings["max_tokens"] = wanted.max_tokens
    if wanted.visibility is ReasoningVisibility.HIDDEN:
        settings["exclude"] = True
    elif wanted.visibility is ReasoningVisibility.SUMMARY:
        settings["summary"] = "auto"
    if settings:
        body["reasoning"] = settings
