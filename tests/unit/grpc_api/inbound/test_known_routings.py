"""What is remembered of a message is what its conversion would give, and nothing of other calls."""

from __future__ import annotations

import pytest

from llmrouter.v1 import router_service_pb2 as service
from llmrouter.v1 import routing_pb2 as r
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.request_limits import DEFAULT_LIMITS
from routersvc.domain.conversation.steps import finished
from routersvc.domain.outcomes.errors import FieldNotServedError, InvalidRequestError
from routersvc.grpc_api.inbound.known_routings import MAX_REMEMBERED, KnownRoutings
from routersvc.grpc_api.inbound.requests import Arrival, complete_request_of, reading_completion
from routersvc.grpc_api.inbound.wire_requests import RequestReader

READER = RequestReader(service.CompleteRequest)
ROUTINGS = [
    r.Routing(),
    r.Routing(policy="fast"),
    r.Routing(policy="fast", session_id="first"),
    r.Routing(policy="fast", session_id="second"),
    r.Routing(constraints=r.Constraints(zero_data_retention=True)),
    r.Routing(constraints=r.Constraints(allowed_regions=["eu"]), session_id="first"),
    r.Routing(constraints=r.Constraints(allowed_regions=["us"]), session_id="first"),
    r.Routing(hints=r.Hints(labels={"a": "b", "c": "d"})),
    r.Routing(hints=r.Hints(labels={f"long {place}": "x" * 200 for place in range(9)})),
]


def read(
    known: KnownRoutings,
    hello: service.CompleteRequest,
    arrival: Arrival,
    routing: r.Routing,
) -> Request:
    """Return a request with these routing options, read from its bytes."""
    asked = service.CompleteRequest(prompt=hello.prompt, routing=routing)
    raw = asked.SerializeToString()
    reading = reading_completion(
        READER, raw, lambda: arrival, DEFAULT_LIMITS, known, streaming=False
    )
    return finished(reading)


def test_options_are_the_same_whether_they_are_known_or_not(
    hello: service.CompleteRequest, arrival: Arrival
) -> None:
    """Also beside others that differ in one constraint or in the session alone."""
    known = KnownRoutings()

    for _ in range(3):
        for routing in ROUTINGS:
            asked = service.CompleteRequest(prompt=hello.prompt, routing=routing)
            expected = complete_request_of(asked, arrival, streaming=False)

            assert read(known, hello, arrival, routing) == expected


@pytest.mark.parametrize(
    ("routing", "error"),
    [
        (r.Routing(max_attempts=0), InvalidRequestError),
        (r.Routing(policy="fast", session_id="a" * 257), InvalidRequestError),
        (r.Routing(caching=r.Caching(mode=r.CACHE_MODE_READ_WRITE)), FieldNotServedError),
    ],
    ids=["invalid", "session", "not served"],
)
def test_refused_options_are_refused_each_time(
    hello: service.CompleteRequest,
    arrival: Arrival,
    routing: r.Routing,
    error: type[Exception],
) -> None:
    """Options that are known are valid, and every one of their fields is served."""
    known = KnownRoutings()
    read(known, hello, arrival, r.Routing(policy="fast"))

    for _ in range(2):
        with pytest.raises(error):
            read(known, hello, arrival, routing)


def test_other_options_beside_an_invalid_prompt_are_not_remembered(
    hello: service.CompleteRequest, arrival: Arrival
) -> None:
    """An error says everything at once, and nothing of a refused request is kept."""
    known = KnownRoutings()
    routing = r.Routing(policy="fast")
    del hello.prompt.messages[:]

    with pytest.raises(InvalidRequestError):
        read(known, hello, arrival, routing)

    assert known.find(routing) is None


def test_a_message_is_left_as_it_was() -> None:
    """The session is taken out for a moment only."""
    known = KnownRoutings()
    routing = r.Routing(policy="fast", session_id="s")

    known.keep(routing, Routing(policy="fast", session_id="s"))

    assert known.find(routing) == Routing(policy="fast", session_id="s")
    assert routing == r.Routing(policy="fast", session_id="s")


def test_what_is_remembered_is_bounded() -> None:
    """Callers invent labels; the options of the others are then converted once more."""
    known = KnownRoutings()
    for place in range(MAX_REMEMBERED + 1):
        known.keep(r.Routing(policy=f"p{place}"), Routing(policy=f"p{place}"))

    found = [known.find(r.Routing(policy=f"p{place}")) for place in range(MAX_REMEMBERED + 1)]

    assert found == [*[None] * MAX_REMEMBERED, Routing(policy=f"p{MAX_REMEMBERED}")]
