"""Converts plain text to a prompt, and an answer to plain text."""

from llmrouter.v1.prompt_pb2 import ROLE_SYSTEM, ROLE_USER, Message, Part, Prompt
from llmrouter.v1.router_service_pb2 import CompleteResponse


def text_prompt(text: str, *, system: str = "") -> Prompt:
    """Return a prompt of one user message, with `system` as a system message before it."""
    messages = [Message(role=ROLE_USER, parts=[Part(text=text)])]
    if system:
        messages.insert(0, Message(role=ROLE_SYSTEM, parts=[Part(text=system)]))
    return Prompt(messages=messages)


def text_of(response: CompleteResponse) -> str:
    """Return the text of a whole answer, without tool calls, reasoning and media."""
    return "".join(part.text for part in response.message.parts)
