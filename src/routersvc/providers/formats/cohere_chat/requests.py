"""Writes an attempt as the body of a request to Cohere's chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType

from routersvc.domain.conversation.prompts import Prompt, Sampling
from routersvc.domain.conversation.reasoning import Reasoning, ReasoningEffort
from routersvc.domain.conversation.response_formats import JsonObjectFormat, JsonSchemaFormat
from routersvc.domain.conversation.tools import FunctionTool, HostedTool, ToolChoiceMode
from routersvc.engine.ports import AttemptCall
from routersvc.providers.formats.cohere_chat.dialects import DIALECT
from routersvc.providers.formats.cohere_chat.documents import encode_documents
from routersvc.providers.formats.cohere_chat.messages import encode_messages
from routersvc.providers.reading.json_values import JsonObject, object_in
from routersvc.providers.writing.function_tools import encode_function
from routersvc.providers.writing.prompt_fields import PromptField, effort_word, refuse_fields
from routersvc.providers.writing.wire_extensions import add_extensions

CONTRACT_FIELDS = frozenset(
    {
        "frequency_penalty",
        "k",
        "logprobs",
        "max_tokens",
        "messages",
        "model",
        "p",
        "presence_penalty",
        "response_format",
        "seed",
        "stop_sequences",
        "stream",
        "strict_tools",
        "temperature",
        "thinking",
        "tool_choice",
        "tools",
    }
)
"""Fields that a wire extension may not carry: the contract has fields for them."""

MAX_STOP_SEQUENCES = 5

_THINKING: Mapping[ReasoningEffort, str] = MappingProxyType(
    {ReasoningEffort.NONE: "disabled", ReasoningEffort.HIGH: "enabled"}
)
"""Thinking is on or off; Cohere's own endpoint that is compatible with OpenAI's takes these two."""

EFFORTS = frozenset(_THINKING)

_LACKING = (
    PromptField.MODALITIES,
    PromptField.LOGPROBS,
    PromptField.VERBOSITY,
    PromptField.PREDICTED_OUTPUT,
    PromptField.END_USER_ID,
    PromptField.PROMPT_CACHE_KEY,
    PromptField.SERVICE_TIER,
    PromptField.PARALLEL_TOOL_CALLS,
    PromptField.LOGIT_BIAS,
    PromptField.TOOL_CACHE,
    PromptField.DEFERRED_TOOLS,
)


def encode_body(call: AttemptCall) -> JsonObject:
    """Return the body of the request for an attempt.

    Raises:
        AttemptFailedError: the prompt asks for what the format cannot express.
    """
    prompt = call.prompt
    body: JsonObject = {
        "model": call.deployment.wire_model,
        "messages": encode_messages(prompt.messages),
        "stream": call.streaming,
    }
    documents = encode_documents(prompt.messages)
    if documents:
        body["documents"] = documents
    _add_tools(body, prompt)
    body |= _sampling(prompt.sampling)
    match prompt.response_format:
        case JsonObjectFormat():
            body["response_format"] = {"type": "json_object"}
        case JsonSchemaFormat() as wanted:
            schema = object_in(wanted.json_schema, "response_format.json_schema")
            body["response_format"] = {"type": "json_object", "json_schema": schema}
        case None:
            pass
    thinking = _thinking(prompt.reasoning)
    if thinking:
        body["thinking"] = thinking
    refuse_fields(prompt, DIALECT, _LACKING)
    taken = {"documents"} if documents else set[str]()
    add_extensions(body, prompt, DIALECT, CONTRACT_FIELDS | taken)
    return body


def _add_tools(body: JsonObject, prompt: Prompt) -> None:
    tools: Sequence[FunctionTool | HostedTool] = prompt.tools
    choice = prompt.tool_choice
    mode = ToolChoiceMode.AUTO if choice is None else choice.mode
    function_name = "" if choice is None else choice.function_name
    match mode:
        case ToolChoiceMode.AUTO:
            pass
        case ToolChoiceMode.NONE:
            body["tool_choice"] = "NONE"
        case ToolChoiceMode.REQUIRED:
            body["tool_choice"] = "REQUIRED"
        case ToolChoiceMode.FUNCTION:
            # Cohere takes no function name here, so only that function is sent.
            body["tool_choice"] = "REQUIRED"
            tools = [tool for tool in tools if tool.name == function_name]
    if tools:
        body["tools"] = [_tool(tool) for tool in tools]
    if any(isinstance(tool, FunctionTool) and tool.strict for tool in tools):
        body["strict_tools"] = True


def _tool(tool: FunctionTool | HostedTool) -> JsonObject:
    if isinstance(tool, HostedTool):
        raise DIALECT.cannot_express(f"the hosted tool `{tool.name}`")
    return {"type": "function", "function": encode_function(tool)}


def _sampling(sampling: Sampling) -> JsonObject:
    if sampling.min_p is not None:
        raise DIALECT.cannot_express("`min_p`")
    if len(sampling.stop_sequences) > MAX_STOP_SEQUENCES:
        raise DIALECT.cannot_express(f"more than {MAX_STOP_SEQUENCES} stop sequences")
    for name, penalty in (
        ("frequency_penalty", sampling.frequency_penalty),
        ("presence_penalty", sampling.presence_penalty),
    ):
        if penalty is not None and not 0 <= penalty <= 1:
            raise DIALECT.cannot_express(f"a `{name}` outside of 0 to 1")
    fields: JsonObject = {
        "temperature": sampling.temperature,
        "p": sampling.top_p,
        "k": sampling.top_k,
        "frequency_penalty": sampling.frequency_penalty,
        "presence_penalty": sampling.presence_penalty,
        "seed": sampling.seed,
        "max_tokens": sampling.max_output_tokens,
        "stop_sequences": list(sampling.stop_sequences) or None,
    }
    return {name: value for name, value in fields.items() if value is not None}


def _thinking(wanted: Reasoning) -> JsonObject:
    thinking: JsonObject = {}
    word = effort_word(wanted, DIALECT, _THINKING)
    if word is not None:
        thinking["type"] = word
    if wanted.max_tokens is not None:
        if thinking.get("type") == "disabled" or wanted.max_tokens == 0:
            return {"type": "disabled"}
        thinking = {"type": "enabled", "token_budget": wanted.max_tokens}
    return thinking
