"""A client of the router: `RouterClient` blocks, `AsyncRouterClient` is for asyncio.

The messages of the contract are in `llmrouter.v1`.
"""

from llmrouter.answer_texts import AnswerText
from llmrouter.async_client import AsyncRouterClient
from llmrouter.blocking_client import AnswerStream, RouterClient
from llmrouter.channels import SERVICE_CONFIG
from llmrouter.errors import CallError, IncompleteStreamError, NotConnectedError, Reason, Violation
from llmrouter.prompts import text_of, text_prompt
from llmrouter.streamed_answers import StreamedAnswer

__all__ = (
    "SERVICE_CONFIG",
    "AnswerStream",
    "AnswerText",
    "AsyncRouterClient",
    "CallError",
    "IncompleteStreamError",
    "NotConnectedError",
    "Reason",
    "RouterClient",
    "StreamedAnswer",
    "Violation",
    "text_of",
    "text_prompt",
)
