"""What arrived together leaves together, and nothing of an answer is lost or mixed."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from llmrouter.v1 import prompt_pb2, report_pb2, stream_pb2
from llmrouter.v1.router_service_pb2 import CompleteResponse, StreamCompleteResponse
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.assembly import collect
from routersvc.domain.conversation.citations import Citation
from routersvc.domain.conversation.deltas import (
    CitationDelta,
    ContentDelta,
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.logprobs import AlternativeLogprob, TokenLogprob
from routersvc.domain.conversation.parts import (
    AudioPart,
    FilePart,
    ImagePart,
    Modality,
    RefusalPart,
    TextPart,
    ThoughtPart,
    ToolCall,
    ToolResult,
)
from routersvc.domain.conversation.usage import Usage, UsageCounted
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.engine.call_events import (
    CallEvent,
    Completion,
    Recovered,
    RecoveryKind,
    RouteSelected,
)
from routersvc.grpc_api.outbound.answers import completion_of, stream_responses
from routersvc.grpc_api.outbound.reports import report_of

REPORT = RouteReport(
    decision_id="decision", policy="drill", tenant="", received_at=0.0, planning_duration=0.0
)
SENT_REPORT = report_of(REPORT)
LOGPROB = TokenLogprob(
    token="a",
    logprob=-0.5,
    token_bytes=b"a",
    alternatives=(AlternativeLogprob(token="b", logprob=-1.5, token_bytes=b"b"),),
)
SENT_LOGPROB = stream_pb2.TokenLogprob(
    token="a",
    logprob=-0.5,
    token_bytes=b"a",
    alternatives=[stream_pb2.TokenLogprob.Alternative(token="b", logprob=-1.5, token_bytes=b"b")],
)


def sent(*events: CallEvent) -> list[StreamCompleteResponse]:
    """Return the messages for events that arrived together."""
    return list(stream_responses(events, REPORT))


@pytest.mark.parametrize(
    ("event", "message"),
    [
        (
            RouteSelected(report=REPORT),
            StreamCompleteResponse(route_selected=stream_pb2.RouteSelected(report=SENT_REPORT)),
        ),
        (
            TextDelta(text="a", logprobs=(LOGPROB,)),
            StreamCompleteResponse(
                content_delta=stream_pb2.ContentDelta(text="a", logprobs=[SENT_LOGPROB])
            ),
        ),
        (
            ToolCallDelta(index=1, call_id="c", name="look", arguments_json="{", signature=b"s"),
            StreamCompleteResponse(
                tool_call_delta=stream_pb2.ToolCallDelta(
                    index=1, id="c", name="look", arguments_json="{", signature=b"s"
                )
            ),
        ),
        (
            ThoughtDelta(text="Hm", signature=b"s", encrypted=b"e"),
            StreamCompleteResponse(
                reasoning_delta=stream_pb2.ReasoningDelta(text="Hm", signature=b"s", encrypted=b"e")
            ),
        ),
        (
            CitationDelta(citation=Citation(start=0, end=1, url="https://a.test", document=2)),
            StreamCompleteResponse(
                citation_delta=stream_pb2.CitationDelta(
                    citation=prompt_pb2.Citation(
                        start_character=0,
                        end_character=1,
                        url="https://a.test",
                        document_index=2,
                    )
                )
            ),
        ),
        (
            RefusalDelta(text="No"),
            StreamCompleteResponse(refusal_delta=stream_pb2.RefusalDelta(text="No")),
        ),
        (
            MediaDelta(modality=Modality.AUDIO, media_type="audio/wav", data=b"d", transcript="Hi"),
            StreamCompleteResponse(
                media_delta=stream_pb2.MediaDelta(
                    modality=prompt_pb2.MODALITY_AUDIO,
                    media_type="audio/wav",
                    data=b"d",
                    transcript="Hi",
                )
            ),
        ),
        (
            MediaDelta(
                modality=Modality.IMAGE, media_type="image/png", url="https://a.example/b", index=1
            ),
            StreamCompleteResponse(
                media_delta=stream_pb2.MediaDelta(
                    modality=prompt_pb2.MODALITY_IMAGE,
                    media_type="image/png",
                    url="https://a.example/b",
                    index=1,
                )
            ),
        ),
        (
            Recovered(kind=RecoveryKind.RESUMED, kept_characters=7, report=REPORT),
            StreamCompleteResponse(
                recovered=stream_pb2.Recovered(
                    kind=stream_pb2.RECOVERY_KIND_RESUMED, kept_characters=7, report=SENT_REPORT
                )
            ),
        ),
        (
            UsageCounted(usage=Usage(input_tokens=1)),
            StreamCompleteResponse(usage=report_pb2.Usage(input_tokens=1)),
        ),
        (
            Finished(reason=FinishReason.STOP, stop_sequence="END"),
            StreamCompleteResponse(
                finished=stream_pb2.Finished(
                    finish_reason=stream_pb2.FINISH_REASON_STOP,
                    stop_sequence="END",
                    report=SENT_REPORT,
                )
            ),
        ),
    ],
    ids=lambda it: type(it).__name__,
)
def test_event_is_converted(event: CallEvent, message: StreamCompleteResponse) -> None:
    """Each by its own kind of message."""
    assert sent(event) == [message]


def test_texts_of_two_phases_do_not_share_a_message() -> None:
    """A client could not tell where the answer begins."""
    messages = sent(
        TextDelta(text="Let me ", phase="commentary"),
        TextDelta(text="see.", phase="commentary"),
        TextDelta(text="Noon", phase="final_answer"),
        TextDelta(text="!"),
    )

    assert [(one.content_delta.text, one.content_delta.phase) for one in messages] == [
        ("Let me see.", "commentary"),
        ("Noon", "final_answer"),
        ("!", ""),
    ]


def test_event_without_content_still_says_what_it_is() -> None:
    """A message whose oneof is unset would tell a client nothing."""
    assert [message.WhichOneof("event") for message in sent(TextDelta(text=""))] == [
        "content_delta"
    ]


def test_tokens_that_arrived_together_share_a_message() -> None:
    """A message costs far more than a token."""
    messages = sent(
        RouteSelected(report=REPORT),
        TextDelta(text="It "),
        TextDelta(text="is "),
        TextDelta(text="noon", logprobs=(LOGPROB,)),
        UsageCounted(usage=Usage()),
        Finished(reason=FinishReason.STOP),
    )

    assert [message.WhichOneof("event") for message in messages] == [
        "route_selected",
        "content_delta",
        "usage",
        "finished",
    ]
    assert messages[1].content_delta.text == "It is noon"


def test_pieces_of_a_tool_call_share_a_message() -> None:
    """As long as no other call begins."""
    messages = sent(
        ToolCallDelta(index=0, call_id="c0", name="look", arguments_json='{"a"'),
        ToolCallDelta(index=0, arguments_json=": 1}", signature=b"s"),
        ToolCallDelta(index=1, call_id="c1", name="look"),
    )

    assert [message.tool_call_delta for message in messages] == [
        stream_pb2.ToolCallDelta(
            index=0, id="c0", name="look", arguments_json='{"a": 1}', signature=b"s"
        ),
        stream_pb2.ToolCallDelta(index=1, id="c1", name="look"),
    ]


def test_pieces_that_would_spoil_each_other_stay_apart() -> None:
    """An id would be doubled, a proof overwritten."""
    messages = sent(
        ToolCallDelta(index=0, call_id="c0", name="look", arguments_json="{"),
        ToolCallDelta(index=0, call_id="c0", name="look", arguments_json="}", signature=b"s"),
        ToolCallDelta(index=0, arguments_json=" "),
    )

    assert [message.tool_call_delta for message in messages] == [
        stream_pb2.ToolCallDelta(index=0, id="c0", name="look", arguments_json="{"),
        stream_pb2.ToolCallDelta(index=0, id="c0", name="look", arguments_json="}", signature=b"s"),
        stream_pb2.ToolCallDelta(index=0, arguments_json=" "),
    ]


def test_end_of_a_block_of_thought_ends_its_message() -> None:
    """The proof is for the thoughts before it."""
    messages = sent(
        ThoughtDelta(text="One "),
        ThoughtDelta(text="two", signature=b"s"),
        ThoughtDelta(text="three"),
    )

    assert [message.reasoning_delta for message in messages] == [
        stream_pb2.ReasoningDelta(text="One two", signature=b"s"),
        stream_pb2.ReasoningDelta(text="three"),
    ]


def test_recovery_keeps_the_tokens_of_two_attempts_apart() -> None:
    """A client that joined them would show an answer that no model gave."""
    messages = sent(
        TextDelta(text="It is"),
        Recovered(kind=RecoveryKind.RESTARTED, kept_characters=0, report=REPORT),
        TextDelta(text="Noon"),
    )

    assert [message.WhichOneof("event") for message in messages] == [
        "content_delta",
        "recovered",
        "content_delta",
    ]


TEXTS = st.text(max_size=3)
DELTAS = st.lists(
    st.one_of(
        st.builds(TextDelta, text=TEXTS),
        st.builds(RefusalDelta, text=TEXTS),
        st.builds(ThoughtDelta, text=TEXTS, signature=st.sampled_from([b"", b"s"])),
        st.builds(
            ToolCallDelta,
            index=st.integers(0, 1),
            arguments_json=TEXTS,
            call_id=st.just(""),
            name=st.just(""),
        ),
    )
)


def delta_of(message: StreamCompleteResponse) -> ContentDelta:
    """Return what a client reads."""
    if message.WhichOneof("event") == "content_delta":
        return TextDelta(text=message.content_delta.text)
    if message.WhichOneof("event") == "refusal_delta":
        return RefusalDelta(text=message.refusal_delta.text)
    if message.WhichOneof("event") == "reasoning_delta":
        thought = message.reasoning_delta
        return ThoughtDelta(text=thought.text, signature=thought.signature)
    call = message.tool_call_delta
    return ToolCallDelta(index=call.index, arguments_json=call.arguments_json)


@given(DELTAS)
def test_sharing_messages_changes_no_answer(deltas: list[ContentDelta]) -> None:
    """A client puts the same answer together from fewer pieces."""
    finished = Finished(reason=FinishReason.STOP)
    received = [delta_of(message) for message in stream_responses(deltas)]

    assert collect([*received, finished]) == collect([*deltas, finished])
    assert len(received) <= len(deltas)


def completion(*parts: object) -> Completion:
    """Return a complete answer of these parts."""
    return Completion(
        parts=parts,  # type: ignore[arg-type] # each case gives parts
        finish=Finished(reason=FinishReason.TOOL_CALLS, stop_sequence="END"),
        usage=Usage(input_tokens=1),
        logprobs=(LOGPROB,),
        report=REPORT,
    )


def test_complete_answer_is_told_whole() -> None:
    """Ready to be appended to the conversation."""
    response = completion_of(
        completion(
            ThoughtPart(text="Hm", signature=b"s", encrypted=b"e"),
            TextPart(text="Noon"),
            RefusalPart(text="No"),
            ImagePart(data=b"i", media_type="image/png"),
            ImagePart(url="https://pictures.test/1.png"),
            AudioPart(data=b"a", media_type="audio/wav", transcript="Noon"),
            ToolCall(call_id="c", name="look", arguments_json="{}", signature=b"s"),
        )
    )

    assert response == CompleteResponse(
        message=prompt_pb2.Message(
            role=prompt_pb2.ROLE_ASSISTANT,
            parts=[
                prompt_pb2.Part(
                    reasoning=prompt_pb2.ReasoningContent(text="Hm", signature=b"s", encrypted=b"e")
                ),
                prompt_pb2.Part(text="Noon"),
                prompt_pb2.Part(refusal="No"),
                prompt_pb2.Part(image=prompt_pb2.Image(data=b"i", media_type="image/png")),
                prompt_pb2.Part(image=prompt_pb2.Image(url="https://pictures.test/1.png")),
                prompt_pb2.Part(
                    audio=prompt_pb2.Audio(data=b"a", media_type="audio/wav", transcript="Noon")
                ),
                prompt_pb2.Part(
                    tool_call=prompt_pb2.ToolCall(
                        id="c", name="look", arguments_json="{}", signature=b"s"
                    )
                ),
            ],
        ),
        finish_reason=stream_pb2.FINISH_REASON_TOOL_CALLS,
        stop_sequence="END",
        usage=report_pb2.Usage(input_tokens=1),
        logprobs=[SENT_LOGPROB],
        report=SENT_REPORT,
    )


@pytest.mark.parametrize("part", [FilePart(file_id="f"), ToolResult(call_id="c", parts=())])
def test_part_that_no_model_says_is_a_defect(part: FilePart | ToolResult) -> None:
    """It is never left out in silence."""
    with pytest.raises(ValueError, match="no model answers"):
        completion_of(completion(part))


def test_final_report_belongs_to_the_end_alone() -> None:
    """What is known while the answer runs is told by its own events."""
    unfinished = dataclasses.replace(REPORT, decision_id="another")

    messages = list(stream_responses([RouteSelected(report=unfinished)], REPORT))

    assert messages[0].route_selected.report.decision_id == "another"
