"""Faults: which of them strikes which request, and which make no sense."""

from __future__ import annotations

import dataclasses
import random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.wording import Wording

from routersvc.simulator import (
    Cut,
    Drip,
    Endless,
    ErrorEvent,
    Fault,
    InvalidToolJson,
    MissingTerminator,
    Operations,
    Page,
    Problem,
    RefusedPrefill,
    Reset,
    SchemaViolation,
    Silence,
    SimulatedModel,
    SlowStart,
    SplitBytes,
    StaleConnection,
    Stall,
    Status,
    TruncatedBody,
    UnknownFaultError,
    WrongEncoding,
    WrongModel,
)
from routersvc.simulator.answers.completions import CompletionRequest, Prompt
from routersvc.simulator.answers.tools import ToolMode, ToolOffer
from routersvc.simulator.faults.effects import Effect
from routersvc.simulator.serving.fault_book import Circumstances, FaultBook


def _request(
    *,
    streaming: bool = False,
    model: str = "m",
    tool_mode: ToolMode = ToolMode.NEVER,
    json: bool = False,
) -> CompletionRequest:
    return CompletionRequest(
        model=SimulatedModel(id=model, version=f"{model}-1"),
        streaming=streaming,
        prompt=Prompt(last_user_text="", digest=0, tokens=1),
        tools=(ToolOffer(name="t", parameters={}),),
        tool_mode=tool_mode,
        json_schema={} if json else None,
    )


def _book(*faults: Fault, seed: int = 0) -> FaultBook:
    book = FaultBook(random.Random(seed))
    for fault in faults:
        book.inject(fault)
    return book


def _struck(book: FaultBook, request: CompletionRequest) -> Effect | None:
    active = book.strike_completion(request)
    return None if active is None else active.fault.effect


def test_a_count_is_used_up() -> None:
    """`the next two requests` means two."""
    book = _book(Fault(effect=Reset(), count=2))

    struck = [_struck(book, _request()) for _ in range(3)]

    assert struck == [Reset(), Reset(), None]
    assert book.active == ()


def test_requests_that_do_not_match_do_not_use_up_a_count() -> None:
    """A health check in between must not swallow the drill."""
    book = _book(Fault(effect=Reset(), count=1, streaming=True))

    struck = [_struck(book, _request(streaming=kind)) for kind in (False, False, True, True)]

    assert struck == [None, None, Reset(), None]


def test_the_oldest_fault_that_fits_strikes_alone() -> None:
    """Two faults at once would be a third one that nobody asked for."""
    book = _book(Fault(effect=Reset(), count=1), Fault(effect=Silence(), count=1))

    struck = [_struck(book, _request()) for _ in range(3)]

    assert struck == [Reset(), Silence(), None]


@pytest.mark.parametrize("name", ["m", "m-1"])
def test_a_model_is_matched_by_id_and_by_version(name: str) -> None:
    """Both are names that a client may use."""
    book = _book(Fault(effect=Reset(), model=name))

    assert _struck(book, _request(model="m")) == Reset()
    assert _struck(book, _request(model="n")) is None


def test_probability_strikes_about_as_often_as_it_says_and_follows_the_seed() -> None:
    """A drill at 30 % is a drill at 30 %, and can be repeated."""
    first, second = (
        [
            _struck(book, _request()) is not None
            for book in [_book(Fault(effect=Reset(), probability=0.3), seed=5)]
            for _ in range(1000)
        ]
        for _ in range(2)
    )

    assert 250 < sum(first) < 350
    assert first == second


def test_unmatched_requests_do_not_shift_the_draws() -> None:
    """The same streams are struck, however many unary requests come between."""
    fault = Fault(effect=Reset(), probability=0.5, streaming=True)
    alone, mixed = _book(fault), _book(fault)

    struck_alone = [_struck(alone, _request(streaming=True)) for _ in range(20)]
    struck_mixed: list[Effect | None] = []
    for _ in range(20):
        _struck(mixed, _request(streaming=False))
        struck_mixed.append(_struck(mixed, _request(streaming=True)))

    assert struck_mixed == struck_alone


@pytest.mark.parametrize(
    ("effect", "fits", "does_not_fit"),
    [
        (InvalidToolJson(), _request(tool_mode=ToolMode.AUTO), _request()),
        (SchemaViolation(), _request(json=True), _request()),
        (MissingTerminator(), _request(streaming=True), _request()),
        (TruncatedBody(), _request(), _request(streaming=True)),
    ],
)
def test_effects_wait_for_a_request_in_which_they_can_be_seen(
    effect: Effect, fits: CompletionRequest, does_not_fit: CompletionRequest
) -> None:
    """A count must not be spent on an answer that looks healthy."""
    book = _book(Fault(effect=effect, count=1))

    assert _struck(book, does_not_fit) is None
    assert _struck(book, fits) == effect


def test_operations_choose_between_completions_and_the_model_list() -> None:
    """Health checks ask for the list; a drill may want them well, ill or both."""
    completions = _book(Fault(effect=Reset()))
    models = _book(Fault(effect=Reset(), operations=Operations.MODELS))
    both = _book(Fault(effect=Reset(), operations=Operations.ANY))

    assert [book.strike_models() is not None for book in (completions, models, both)] == [
        False,
        True,
        True,
    ]
    assert [_struck(book, _request()) for book in (completions, models, both)] == [
        Reset(),
        None,
        Reset(),
    ]


def test_faults_are_removed_by_id_and_all_together() -> None:
    """A drill ends when its operator says so."""
    book = _book(Fault(effect=Reset()), Fault(effect=Silence()))

    book.remove("fault-1")

    assert [active.id for active in book.active] == ["fault-2"]
    with pytest.raises(UnknownFaultError) as unknown:
        book.remove("fault-1")
    assert unknown.value.fault_id == "fault-1"
    book.clear()
    assert book.active == ()


def test_struck_and_left_are_counted() -> None:
    """The state of a drill is read from these two."""
    book = _book(Fault(effect=Reset(), count=5))

    book.strike_completion(_request())
    book.strike_completion(_request())

    assert [(active.struck, active.left) for active in book.active] == [(2, 3)]


@given(count=st.integers(1, 20), requests=st.integers(0, 40), p=st.sampled_from([0.2, 0.7, 1.0]))
def test_a_fault_never_strikes_more_often_than_its_count(
    count: int, requests: int, p: float
) -> None:
    """Whatever the probability."""
    book = _book(Fault(effect=Reset(), count=count, probability=p))

    struck = sum(_struck(book, _request()) is not None for _ in range(requests))

    assert struck <= count
    if p == 1.0:
        assert struck == min(count, requests)


@pytest.mark.parametrize(
    ("kind", "values"),
    [
        (Status, {}),
        (Status, {"status": 99}),
        (Status, {"problem": Problem.CDN, "status": 502}),
        (Page, {"status": 99}),
        (Status, {"status": 500, "headers": {"x": "a\r\nb"}}),
        (Cut, {"after_tokens": -1}),
        (SlowStart, {"duration": -1}),
        (Stall, {"keep_alive_interval": -1}),
        (SplitBytes, {"pause": -1}),
        (ErrorEvent, {"problem": Problem.CDN}),
        (Fault, {"effect": Reset(), "count": 0}),
        (Fault, {"effect": Reset(), "probability": 0}),
        (Fault, {"effect": Reset(), "delay": -1}),
        (Fault, {"effect": Stall(), "operations": Operations.ANY}),
        (Fault, {"effect": Reset(), "spared_every": 1}),
        (Fault, {"effect": Reset(), "beside": -1}),
        (Fault, {"effect": Reset(), "period": 6.0}),
        (Fault, {"effect": Reset(), "period": 3.0, "active_for": 3.0}),
        (Fault, {"effect": Reset(), "offset": 1.0}),
        (Drip, {"interval": -1}),
        (Endless, {"interval": 0}),
        (WrongEncoding, {"encoding": "a\r\nb"}),
    ],
)
def test_faults_with_invalid_values_are_refused(
    kind: type[object], values: dict[str, Any], wording: Wording
) -> None:
    """The message names the field."""
    with pytest.raises(ValueError, match="`") as refused:
        kind(**values)

    wording(str(refused.value))


def test_a_fault_that_could_not_be_seen_does_not_strike() -> None:
    """It is not used up either: the next that can be seen strikes instead."""
    book = FaultBook(random.Random(0), lambda effect, _request: not isinstance(effect, WrongModel))
    book.inject(Fault(effect=WrongModel(), count=1))
    book.inject(Fault(effect=Reset(), count=1))

    struck = [_struck(book, _request()) for _ in range(2)]

    assert struck == [Reset(), None]
    assert [active.left for active in book.active] == [1]


def test_every_nth_request_can_be_spared() -> None:
    """A deployment that answers every third call."""
    book = _book(Fault(effect=Reset(), spared_every=3))

    struck = [book.strike_completion(_request()) is not None for _ in range(6)]

    assert struck == [True, True, False, True, True, False]


def test_fault_can_need_others_in_flight() -> None:
    """A deployment that accepts one call at a time."""
    book = _book(Fault(effect=Reset(), beside=1))

    assert book.strike_completion(_request(), Circumstances(others=0)) is None
    assert book.strike_completion(_request(), Circumstances(others=1)) is not None


def test_fault_can_come_and_go() -> None:
    """Two deployments that fail in turn have the same period, and one an offset of half of it."""
    early = _book()
    early.inject(Fault(effect=Reset(), period=6, active_for=3), now=100.0)
    late = _book()
    late.inject(Fault(effect=Reset(), period=6, active_for=3, offset=3), now=100.0)

    def struck(book: FaultBook, now: float) -> bool:
        return book.strike_models(Circumstances(now=now)) is not None

    early.inject(
        Fault(effect=Reset(), period=6, active_for=3, operations=Operations.MODELS), now=100.0
    )
    assert [struck(early, 100.0 + at) for at in (0, 2.9, 3, 5.9, 6)] == [
        True,
        True,
        False,
        False,
        True,
    ]
    assert [
        late.strike_completion(_request(), Circumstances(now=100.0 + at)) is not None
        for at in (0, 2.9, 3, 5.9, 6)
    ] == [False, False, True, True, False]


def test_stale_connection_needs_a_kept_one() -> None:
    """The first request on a connection is answered."""
    book = _book(Fault(effect=StaleConnection(), operations=Operations.ANY))

    kept = Circumstances(on_kept_connection=True)

    assert book.strike_models(Circumstances()) is None
    assert book.strike_completion(_request(), Circumstances()) is None
    assert book.strike_models(kept) is not None
    assert book.strike_completion(_request(), kept) is not None


def test_refused_prefill_needs_a_prefill() -> None:
    """Also where the model list is included: a list has no prefill."""
    book = _book(Fault(effect=RefusedPrefill(), operations=Operations.ANY))
    prompt = Prompt(last_user_text="", digest=0, tokens=1, after_answer=True)

    assert book.strike_models() is None
    assert book.strike_completion(_request()) is None
    assert book.strike_completion(dataclasses.replace(_request(), prompt=prompt)) is not None


def test_endless_needs_a_stream() -> None:
    """A unary body has a length."""
    book = _book(Fault(effect=Endless()))

    assert book.strike_completion(_request()) is None
    assert book.strike_completion(_request(streaming=True)) is not None
