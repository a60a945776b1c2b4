"""A stream folded by the client is the answer that the server gives to a call without a stream."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from llmrouter import StreamedAnswer
from routersvc.domain.conversation.answers import Finished
from routersvc.domain.conversation.assembly import collect
from routersvc.domain.conversation.citations import Citation
from routersvc.domain.conversation.deltas import (
    CitationDelta,
    ContentDelta,
    HostedDelta,
    MediaDelta,
    RefusalDelta,
    TextDelta,
    ThoughtDelta,
    ToolCallDelta,
)
from routersvc.domain.conversation.finish_reasons import FinishReason
from routersvc.domain.conversation.hosted_activities import HostedActivity
from routersvc.domain.conversation.parts import Modality
from routersvc.domain.conversation.usage import Usage
from routersvc.domain.outcomes.reports import RouteReport
from routersvc.engine.call_events import Completion
from routersvc.grpc_api.outbound.answers import completion_of, stream_responses

REPORT = RouteReport(
    decision_id="d", policy="p", tenant="t", received_at=0.0, planning_duration=0.0
)


def _citation(start: int | None, size: int) -> Citation:
    return Citation(start=start, end=None if start is None else start + size, url="u")


TEXTS = st.sampled_from(["a", "漢字", " 🧑‍🚀"])
PROOFS = st.sampled_from([b"", b"proof"])
EVENTS: st.SearchStrategy[ContentDelta] = st.one_of(
    st.builds(TextDelta, text=TEXTS, phase=st.sampled_from(["", "final_answer"])),
    st.builds(RefusalDelta, text=TEXTS),
    st.builds(ThoughtDelta, text=TEXTS, signature=PROOFS, encrypted=PROOFS, maker=st.just("m")),
    st.builds(
        HostedDelta,
        activity=st.builds(HostedActivity, tool=st.just("web_search"), proof=PROOFS),
    ),
    st.builds(
        ToolCallDelta,
        index=st.integers(0, 1),
        call_id=st.just("c"),
        name=st.just("f"),
        arguments_json=TEXTS,
        signature=PROOFS,
        maker=st.just("m"),
    ),
    st.builds(
        MediaDelta,
        modality=st.sampled_from([Modality.IMAGE, Modality.AUDIO]),
        media_type=st.just("any"),
        index=st.integers(0, 1),
        data=st.just(b"x"),
        transcript=st.just(""),
    ),
    st.builds(
        CitationDelta,
        citation=st.builds(
            _citation,
            start=st.none() | st.integers(0, 8),
            size=st.integers(0, 4),
        ),
    ),
)


@given(st.lists(EVENTS, max_size=12))
def test_folded_stream_is_the_whole_answer(events: list[ContentDelta]) -> None:
    """Parts and their order, citations, phases, proofs: nothing differs."""
    finish = Finished(reason=FinishReason.STOP)
    answer = collect([*events, finish])
    whole = completion_of(
        Completion(parts=answer.parts, finish=finish, usage=Usage(), logprobs=(), report=REPORT)
    )
    streamed = StreamedAnswer()
    for event in stream_responses([*events, finish], REPORT):
        streamed.add(event)

    assert streamed.response.message == whole.message
    assert streamed.response.finish_reason == whole.finish_reason
    assert streamed.response.report == whole.report
