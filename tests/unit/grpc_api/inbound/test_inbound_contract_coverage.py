"""Every field of a request is either converted or refused by name: none is ignored.

Proved by the descriptors of the contract, so that a field added to it cannot be forgotten.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message

from llmrouter.v1 import prompt_pb2 as p
from llmrouter.v1 import router_service_pb2 as service
from llmrouter.v1 import routing_pb2 as r
from routersvc.domain.conversation.request_limits import DEFAULT_LIMITS
from routersvc.domain.conversation.steps import finished
from routersvc.domain.outcomes.errors import FieldNotServedError, InvalidRequestError
from routersvc.grpc_api.inbound.known_routings import KnownRoutings
from routersvc.grpc_api.inbound.not_served import ROUTING
from routersvc.grpc_api.inbound.requests import Arrival, complete_request_of, reading_explanation
from routersvc.grpc_api.inbound.wire_requests import RequestReader

SCHEMA = '{"type": "object"}'
MEANS_THE_DEFAULT = frozenset({"prompt.response_format.text"})
"""Set fields that say what is so without them."""

NOT_SERVED_IN_ROUTING = {
    "caching.mode": r.Routing(caching=r.Caching(mode=r.CACHE_MODE_READ_WRITE)),
    "caching.max_age": r.Routing(caching=r.Caching(max_age=Duration(seconds=1))),
    "caching.allow_semantic": r.Routing(caching=r.Caching(allow_semantic=True)),
    "caching.allow_stale": r.Routing(caching=r.Caching(allow_stale=True)),
}


def messages() -> list[p.Message]:
    """Return a conversation that holds every kind of part with every field set."""
    marker = p.PromptCacheMarker(lifetime=p.PROMPT_CACHE_LIFETIME_LONG)
    return [
        p.Message(
            role=p.ROLE_SYSTEM, name="app", parts=[p.Part(text="Be kind.", cache_marker=marker)]
        ),
        p.Message(
            role=p.ROLE_USER,
            parts=[
                p.Part(
                    image=p.Image(
                        url="https://pictures.test/1.png",
                        media_type="image/png",
                        detail=p.IMAGE_DETAIL_HIGH,
                    )
                ),
                p.Part(image=p.Image(data=b"picture", media_type="image/png")),
                p.Part(audio=p.Audio(data=b"sound", media_type="audio/wav", transcript="Hello")),
                p.Part(file=p.File(url="https://papers.test/1.pdf", name="1.pdf")),
                p.Part(file=p.File(data=b"paper", media_type="application/pdf")),
                p.Part(file=p.File(file_id="file-1")),
            ],
        ),
        p.Message(
            role=p.ROLE_ASSISTANT,
            parts=[
                p.Part(
                    reasoning=p.ReasoningContent(
                        text="Hm", signature=b"proof", encrypted=b"secret", maker="anthropic"
                    )
                ),
                p.Part(
                    tool_call=p.ToolCall(
                        id="call-1",
                        name="look",
                        arguments_json="{}",
                        signature_maker="google",
                        signature=b"proof",
                    )
                ),
                p.Part(refusal="No"),
                p.Part(
                    hosted_activity=p.HostedActivity(
                        id="search-1",
                        tool="web_search",
                        name="search",
                        server="docs",
                        input_json='{"query":"rain"}',
                        queries=["rain"],
                        code="print(1)",
                        status=p.HOSTED_ACTIVITY_STATUS_COMPLETED,
                        output="1",
                        error="none",
                        sources=[
                            p.HostedSource(
                                url="https://weather.test",
                                title="Weather",
                                text="It rains",
                                source_id="file-1",
                            )
                        ],
                        proof=b"{}",
                        maker="anthropic",
                    )
                ),
                p.Part(
                    text="Rain",
                    phase="final_answer",
                    citations=[
                        p.Citation(
                            start_character=0,
                            end_character=4,
                            url="https://weather.test",
                            title="Weather",
                            cited_text="It rains",
                            document_index=0,
                            source_id="file-1",
                        )
                    ],
                ),
            ],
        ),
        p.Message(
            role=p.ROLE_TOOL,
            parts=[
                p.Part(
                    tool_result=p.ToolResult(
                        tool_call_id="call-1", parts=[p.Part(text="Rain")], is_error=True
                    )
                )
            ],
        ),
    ]


def prompt(response_format: p.ResponseFormat) -> p.Prompt:
    """Return a prompt with every served field set."""
    return p.Prompt(
        messages=messages(),
        tools=[
            p.Tool(
                function=p.FunctionTool(
                    name="look",
                    description="Looks out",
                    parameters_json_schema=SCHEMA,
                    strict=False,
                    cache_marker=p.PromptCacheMarker(lifetime=p.PROMPT_CACHE_LIFETIME_LONG),
                    deferred=True,
                )
            ),
            p.Tool(
                hosted=p.HostedTool(
                    name="web_search",
                    settings_json="{}",
                    allowed_domains=["weather.test"],
                    max_uses=1,
                    location=p.HostedToolLocation(
                        city="Utrecht", region="UT", country="NL", timezone="Europe/Amsterdam"
                    ),
                )
            ),
            p.Tool(hosted=p.HostedTool(name="web_fetch", blocked_domains=["ads.test"])),
        ],
        tool_choice=p.ToolChoice(mode=p.TOOL_CHOICE_MODE_FUNCTION, function_name="look"),
        parallel_tool_calls=False,
        response_format=response_format,
        sampling=p.Sampling(
            temperature=0.5,
            top_p=0.9,
            top_k=40,
            min_p=0.1,
            frequency_penalty=-1.0,
            presence_penalty=1.0,
            seed=0,
            stop_sequences=["END"],
            max_output_tokens=100,
            logit_bias={50256: -100.0},
        ),
        reasoning=p.Reasoning(
            effort=p.REASONING_EFFORT_LOW,
            max_tokens=0,
            visibility=p.REASONING_VISIBILITY_SUMMARY,
        ),
        output_modalities=[p.MODALITY_TEXT, p.MODALITY_AUDIO],
        audio_output=p.AudioOutput(voice="alloy", media_type="audio/wav"),
        logprobs=p.Logprobs(top=5),
        verbosity=p.VERBOSITY_LOW,
        predicted_output="Rain",
        end_user_id="user-1",
        prompt_cache_key="key",
        service_tier=p.SERVICE_TIER_FLEX,
        wire_extensions=[
            p.WireExtension(wire_format="openai_chat", fields_json='{"store": false}')
        ],
    )


OBJECTIVES = (
    r.Objectives(
        quality_weight=0.0,
        cost_weight=1.0,
        latency_weight=2.5,
        latency_budget=Duration(nanos=800_000_000),
    ),
    r.Objectives(worth_of_quality_usd=0.0, worth_of_second_usd=0.5),
    r.Objectives(quality_slack=0.0),
)


def routing(objectives: r.Objectives = OBJECTIVES[0]) -> r.Routing:
    """Return routing with every served field set."""
    return r.Routing(
        policy="fast",
        required_models=["m1"],
        preferred_models=["m2"],
        pinned_deployment="d1",
        consistency_mode=r.CONSISTENCY_MODE_PINNED,
        constraints=r.Constraints(
            allowed_regions=["eu"],
            data_classes=["phi"],
            zero_data_retention=True,
            no_training=True,
            allowed_providers=["a"],
            denied_providers=["b"],
            max_cost_usd=0.0,
            context_reserve_tokens=100,
        ),
        objectives=objectives,
        session_id="session",
        deterministic=True,
        allow_degraded=False,
        hints=r.Hints(
            task=r.TASK_CODE,
            complexity=0.0,
            priority=r.PRIORITY_HIGH,
            expected_output_tokens=50,
            labels={"team": "search"},
        ),
        hedging=r.Hedging(mode=r.HEDGING_MODE_DELAYED, delay=Duration(seconds=1)),
        stream_recovery_mode=r.STREAM_RECOVERY_MODE_RESUME,
        max_attempts=2,
        timeouts=r.AttemptTimeouts(
            first_content_timeout=Duration(nanos=500_000_000),
            idle_timeout=Duration(seconds=2),
            attempt_timeout=Duration(seconds=3),
        ),
        has_side_effects=True,
    )


FORMATS = (
    p.ResponseFormat(text=p.TextFormat()),
    p.ResponseFormat(json_object=p.JsonObjectFormat()),
    p.ResponseFormat(
        json_schema=p.JsonSchemaFormat(
            name="weather", json_schema=SCHEMA, description="The weather", strict=True
        )
    ),
)
FULL = tuple(
    service.CompleteRequest(
        prompt=prompt(response_format), routing=routing(objectives), request_id="id-1"
    )
    for response_format, objectives in zip(FORMATS, OBJECTIVES, strict=True)
)


def declared(descriptor: Descriptor, path: str = "", above: tuple[str, ...] = ()) -> Iterator[str]:
    """Yield the path of every field that holds a value; a message within itself is not entered."""
    if descriptor.full_name in above:
        return
    fields = [field for field in descriptor.fields if _is_inner(field)]
    if not descriptor.fields:
        yield path
    for field in descriptor.fields:
        inner = f"{path}.{field.name}" if path else field.name
        if field not in fields:
            yield inner
        elif field.message_type is not None:
            yield from declared(field.message_type, inner, (*above, descriptor.full_name))


def settings(message: Message, path: str = "") -> Iterator[tuple[str, Message, str]]:
    """Yield the path of every set field, with the message that holds it and its name there."""
    for field, value in message.ListFields():
        inner = f"{path}.{field.name}" if path else field.name
        if not _is_inner(field):
            yield inner, message, field.name
            continue
        for item in value if field.is_repeated else [value]:
            if item.DESCRIPTOR.fields:
                yield from settings(item, inner)
            else:
                yield inner, message, field.name


def _is_inner(field: FieldDescriptor) -> bool:
    """Whether a field holds messages of the contract itself: maps and durations are values."""
    inner = field.message_type
    return (
        inner is not None
        and inner.file.package == "llmrouter.v1"
        and not inner.GetOptions().map_entry
    )


def test_every_field_is_converted_or_not_served() -> None:
    """A field that is in neither list would be ignored in silence."""
    converted = {path for request in FULL for path, _, _ in settings(request)}
    refused = {f"routing.{path}" for path in NOT_SERVED_IN_ROUTING}

    fields = set(declared(service.CompleteRequest.DESCRIPTOR))

    assert fields == {path for path in converted if path in fields} | refused


@pytest.mark.parametrize("full", FULL, ids=["text", "json_object", "json_schema"])
def test_full_request_is_served(full: service.CompleteRequest, arrival: Arrival) -> None:
    """What the other tests take a field away from is right as a whole."""
    request = complete_request_of(full, arrival, streaming=True)

    assert request.request_id == "id-1"


@pytest.mark.parametrize("full", FULL, ids=["text", "json_object", "json_schema"])
def test_every_set_field_matters(full: service.CompleteRequest, arrival: Arrival) -> None:
    """Without any one of its fields a request means something else, or is not right any more."""
    meaning = complete_request_of(full, arrival, streaming=True)
    without_effect: set[str] = set()
    for place, (path, _, _) in enumerate(settings(full)):
        lesser = service.CompleteRequest.FromString(full.SerializeToString())
        _, holder, name = list(settings(lesser))[place]
        holder.ClearField(name)
        try:
            if complete_request_of(lesser, arrival, streaming=True) == meaning:
                without_effect.add(path)
        except InvalidRequestError:
            pass

    assert without_effect <= MEANS_THE_DEFAULT


@pytest.mark.parametrize("path", NOT_SERVED_IN_ROUTING)
def test_routing_field_that_is_not_served_is_refused_by_name(
    path: str, hello: service.CompleteRequest, arrival: Arrival
) -> None:
    """An unsupported field is refused, never ignored."""
    hello.routing.CopyFrom(NOT_SERVED_IN_ROUTING[path])

    with pytest.raises(FieldNotServedError) as caught:
        complete_request_of(hello, arrival, streaming=False)

    assert caught.value.field == f"routing.{path}"


def test_table_of_routing_fields_is_tried_whole() -> None:
    """A new row needs a sample here."""
    assert set(ROUTING) == set(NOT_SERVED_IN_ROUTING)


@pytest.mark.parametrize("modality", [p.MODALITY_FILE, p.MODALITY_VIDEO])
def test_output_that_no_capability_stands_for_is_refused_by_name(
    modality: p.Modality.ValueType, hello: service.CompleteRequest, arrival: Arrival
) -> None:
    """No deployment could be held against the wish."""
    hello.prompt.output_modalities.extend([p.MODALITY_TEXT, modality])

    with pytest.raises(FieldNotServedError) as caught:
        complete_request_of(hello, arrival, streaming=False)

    assert caught.value.field == "prompt.output_modalities[1]"


def test_explicit_default_is_no_use_of_a_field(
    hello: service.CompleteRequest, arrival: Arrival
) -> None:
    """A caller may say that it wants nothing special."""
    without = complete_request_of(hello, arrival, streaming=False)
    hello.routing.CopyFrom(
        r.Routing(
            objectives=r.Objectives(),
            hints=r.Hints(task=r.TASK_UNSPECIFIED),
            hedging=r.Hedging(mode=r.HEDGING_MODE_UNSPECIFIED),
            stream_recovery_mode=r.STREAM_RECOVERY_MODE_UNSPECIFIED,
            caching=r.Caching(mode=r.CACHE_MODE_OFF, allow_stale=False),
            deterministic=False,
        )
    )

    request = complete_request_of(hello, arrival, streaming=False)

    assert request == without


def test_explanation_takes_what_a_call_takes(arrival: Arrival) -> None:
    """The same request, so the same route."""
    call = complete_request_of(FULL[1], arrival, streaming=True)
    asked = service.ExplainRouteRequest(
        prompt=FULL[1].prompt, routing=FULL[1].routing, streaming=True
    )

    request = finished(
        reading_explanation(
            RequestReader(service.ExplainRouteRequest),
            asked.SerializeToString(),
            lambda: arrival,
            DEFAULT_LIMITS,
            KnownRoutings(),
        )
    )

    assert not isinstance(request, str)
    assert (request.prompt, request.routing, request.streaming) == (
        call.prompt,
        call.routing,
        True,
    )
