"""Reads a chat completions request and refuses what OpenAI would refuse.

Supported are the features that the simulator implements: one choice, functions as tools, text,
image, file and (for models that hear) audio parts. What OpenAI knows beyond that and
that does not change an answer is accepted and not looked at.
"""

from __future__ import annotations

from typing import cast

import orjson

from routersvc.simulator.answers.completions import CompletionRequest, Prompt
from routersvc.simulator.answers.models import ReasoningEffort, SimulatedModel
from routersvc.simulator.formats.offers import Offer
from routersvc.simulator.formats.openai.checks import (
    Json,
    array,
    integer,
    mapping,
    number,
    one_of,
    switch,
    text,
    unsupported,
    unsupported_value,
    wrong_type,
)
from routersvc.simulator.formats.openai.errors import ERRORS, refusal
from routersvc.simulator.formats.openai.messages import read_messages
from routersvc.simulator.formats.openai.schemas import read_response_format, read_tools

_MOST_STOPS = 4
_KNOWN = frozenset(
    {
        "audio",
        "frequency_penalty",
        "function_call",
        "functions",
        "logit_bias",
        "logprobs",
        "max_completion_tokens",
        "max_tokens",
        "messages",
        "metadata",
        "modalities",
        "model",
        "moderation",
        "n",
        "parallel_tool_calls",
        "prediction",
        "presence_penalty",
        "prompt_cache_key",
        "prompt_cache_options",
        "prompt_cache_retention",
        "reasoning_effort",
        "response_format",
        "safety_identifier",
        "seed",
        "service_tier",
        "stop",
        "store",
        "stream",
        "stream_options",
        "temperature",
        "tool_choice",
        "tools",
        "top_logprobs",
        "top_p",
        "user",
        "verbosity",
        "web_search_options",
    }
)
# These would change the answer, and the simulated models cannot do them.
_UNSERVED = ("audio", "function_call", "functions")
_NOT_JSON = (
    "We could not parse the JSON body of your request. (HINT: This likely means you aren't using "
    "your HTTP library correctly. The OpenAI API expects a JSON payload, but what was sent was "
    "not valid JSON. If you have trouble figuring out how to fix this, please contact us through "
    "our help center at help.openai.com.)"
)


def read_request(
    raw: bytes, offer: Offer, deployed: SimulatedModel | None = None
) -> CompletionRequest:
    """Return what a request body asks for; of a deployed model, whatever the body names.

    Raises:
        RefusedError: OpenAI would not accept it.
    """
    try:
        parsed: object = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise refusal(400, _NOT_JSON) from error
    if not isinstance(parsed, dict):
        raise refusal(400, _NOT_JSON)
    body = cast("Json", parsed)
    model = _read_model(body, offer) if deployed is None else deployed
    unknown = body.keys() - _KNOWN
    if unknown:
        raise refusal(400, f"Unrecognized request argument supplied: {min(unknown)}")
    for name in _UNSERVED:
        if body.get(name) is not None:
            raise unsupported(name)
    search = body.get("web_search_options")
    if search is not None:
        mapping(search, "web_search_options")
        if deployed is not None:
            raise unsupported("web_search_options")
    streaming = switch(body, "stream", default=False)
    max_tokens = _read_max_tokens(body, model)
    _check_sampling(body, model)
    prompt = read_messages(body.get("messages"), model)
    _check_context(prompt, max_tokens, model)
    tools, mode = read_tools(body)
    usage_in_stream, obfuscated = _read_stream_options(body, streaming=streaming)
    return CompletionRequest(
        model=model,
        streaming=streaming,
        prompt=prompt,
        tools=tools,
        tool_mode=mode,
        parallel_tool_calls=switch(body, "parallel_tool_calls", default=True),
        json_schema=read_response_format(
            body.get("response_format"), mentions_json=prompt.mentions_json
        ),
        stop=_read_stop(body, model),
        max_tokens=max_tokens,
        seed=integer(body, "seed"),
        top_logprobs=_read_logprobs(body, model),
        reasoning_effort=_read_effort(body, model),
        usage_in_stream=usage_in_stream,
        web_search=search is not None,
        obfuscated=obfuscated,
    )


def _read_model(body: Json, offer: Offer) -> SimulatedModel:
    name = body.get("model")
    if name is None or name == "":
        raise refusal(400, "you must provide a model parameter")
    if not isinstance(name, str):
        raise wrong_type("model", "a string", name)
    return offer.model(name, ERRORS.unknown_model)


def _check_sampling(body: Json, model: SimulatedModel) -> None:
    choices = integer(body, "n", low=1, high=128)
    if choices not in (None, 1):
        raise unsupported_value("n", choices, 1)
    temperature = number(body, "temperature", low=0, high=2)
    top_p = number(body, "top_p", low=0, high=1)
    number(body, "frequency_penalty", low=-2, high=2)
    number(body, "presence_penalty", low=-2, high=2)
    if model.reasoning:
        if temperature not in (None, 1):
            raise unsupported_value("temperature", temperature, 1)
        if top_p not in (None, 1):
            raise unsupported_value("top_p", top_p, 1)


def _read_max_tokens(body: Json, model: SimulatedModel) -> int | None:
    legacy, current = body.get("max_tokens"), body.get("max_completion_tokens")
    if legacy is not None and model.reasoning:
        raise unsupported("max_tokens")
    if legacy is not None and current is not None:
        raise refusal(
            400,
            "Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.",
            param="max_tokens",
            code="invalid_parameter_combination",
        )
    name = "max_completion_tokens" if legacy is None else "max_tokens"
    limit = integer(body, name, low=1)
    if limit is not None and limit > model.max_output_tokens:
        raise refusal(
            400,
            f"max_tokens is too large: {limit}. This model supports at most "
            f"{model.max_output_tokens} completion tokens, whereas you provided {limit}.",
            param=name,
            code="invalid_value",
        )
    return limit


def _check_context(prompt: Prompt, max_tokens: int | None, model: SimulatedModel) -> None:
    window = model.context_window
    wanted = prompt.tokens + (max_tokens or 0)
    if prompt.tokens >= window:
        message = (
            f"This model's maximum context length is {window} tokens. However, your messages "
            f"resulted in {prompt.tokens} tokens. Please reduce the length of the messages."
        )
    elif wanted > window:
        message = (
            f"This model's maximum context length is {window} tokens. However, you requested "
            f"{wanted} tokens ({prompt.tokens} in the messages, {max_tokens} in the completion). "
            "Please reduce the length of the messages or completion."
        )
    else:
        return
    raise refusal(400, message, param="messages", code="context_length_exceeded")


def _read_stream_options(body: Json, *, streaming: bool) -> tuple[bool, bool]:
    """Return whether usage, and whether obfuscation, is wanted in the stream."""
    value = body.get("stream_options")
    if value is None:
        return False, True
    if not streaming:
        raise refusal(
            400,
            "The 'stream_options' parameter is only allowed when 'stream' is enabled.",
            param="stream_options",
        )
    options = mapping(value, "stream_options")
    return (
        switch(options, "include_usage", default=False),
        switch(options, "include_obfuscation", default=True),
    )


def _read_stop(body: Json, model: SimulatedModel) -> tuple[str, ...]:
    value = body.get("stop")
    if value is None:
        return ()
    if model.reasoning:
        raise unsupported("stop")
    if isinstance(value, str):
        return (value,)
    sequences = array(value, "stop", "strings")
    if len(sequences) > _MOST_STOPS:
        raise refusal(
            400,
            "Invalid 'stop': array too long. Expected an array with maximum length "
            f"{_MOST_STOPS}, but got an array with length {len(sequences)} instead.",
            param="stop",
            code="array_above_max_length",
        )
    return tuple(text(entry, f"stop[{at}]") for at, entry in enumerate(sequences))


def _read_logprobs(body: Json, model: SimulatedModel) -> int | None:
    wanted = switch(body, "logprobs", default=False)
    most = integer(body, "top_logprobs", low=0, high=20)
    if most is not None and not wanted:
        raise refusal(
            400,
            "The 'top_logprobs' parameter is only allowed when 'logprobs' is enabled.",
            param="top_logprobs",
        )
    if not wanted:
        return None
    if model.reasoning:
        raise unsupported("logprobs")
    return most or 0


def _read_effort(body: Json, model: SimulatedModel) -> ReasoningEffort | None:
    value = body.get("reasoning_effort")
    if value is None:
        return None
    if not model.reasoning:
        raise refusal(400, "Unrecognized request argument supplied: reasoning_effort")
    allowed = tuple(effort.value for effort in ReasoningEffort)
    return ReasoningEffort(one_of(value, "reasoning_effort", allowed))
