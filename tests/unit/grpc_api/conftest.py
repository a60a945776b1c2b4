"""Requests to convert."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from llmrouter.v1 import prompt_pb2, router_service_pb2
from routersvc.domain.outcomes.errors import InvalidRequestError
from routersvc.grpc_api.inbound.requests import Arrival, complete_request_of


@pytest.fixture
def arrival() -> Arrival:
    """A call with nine seconds left."""
    return Arrival(timeout=9.0, make_id=lambda: "made", previous_attempts=2)


@pytest.fixture
def hello() -> router_service_pb2.CompleteRequest:
    """The smallest request that is right."""
    return router_service_pb2.CompleteRequest(
        prompt=prompt_pb2.Prompt(
            messages=[
                prompt_pb2.Message(role=prompt_pb2.ROLE_USER, parts=[prompt_pb2.Part(text="Hello")])
            ]
        )
    )


@pytest.fixture
def violations_of(
    arrival: Arrival,
) -> Callable[[router_service_pb2.CompleteRequest], list[tuple[str, str]]]:
    """Return the paths and descriptions of all that is wrong with a request."""

    def refused(request: router_service_pb2.CompleteRequest) -> list[tuple[str, str]]:
        with pytest.raises(InvalidRequestError) as caught:
            complete_request_of(request, arrival, streaming=False)
        return [(found.field, found.description) for found in caught.value.violations]

    return refused
