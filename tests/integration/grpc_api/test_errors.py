"""What a caller hears when a call fails, over a real socket."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from grpc import aio

from llmrouter.v1 import prompt_pb2, report_pb2, routing_pb2
from llmrouter.v1 import router_service_pb2 as service
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import Failure
from routersvc.engine.calls import Call
from routersvc.engine.router import Router
from routersvc.grpc_api import servicers
from routersvc.testing.scripted import Fail, Hang, Script, answer
from routersvc.testing.worlds import scripted_policy

if TYPE_CHECKING:
    from tests.integration.grpc_api.conftest import Edge, Hear, OpenEdge

HELLO = prompt_pb2.Prompt(
    messages=[prompt_pb2.Message(role=prompt_pb2.ROLE_USER, parts=[prompt_pb2.Part(text="Hello")])]
)
METHODS = ("Complete", "StreamComplete", "ExplainRoute", "ProviderHealth")


def failing(failure_class: FailureClass, *, retry_after: float | None = None) -> list[Script]:
    """Return scripts that fail in this way."""
    return [
        [Fail(Failure(failure_class=failure_class, message="it failed", retry_after=retry_after))]
    ]


async def complete(
    edge: Edge, request: service.CompleteRequest, **timeout: float
) -> aio.AioRpcError:
    """Return how a call fails."""
    with pytest.raises(aio.AioRpcError) as caught:
        await edge.stub.Complete(request, timeout=timeout.get("timeout"))
    return caught.value


async def stream(
    edge: Edge, request: service.StreamCompleteRequest, kinds: list[str | None]
) -> None:
    """Note what a stream says."""
    async for message in edge.stub.StreamComplete(request):
        kinds.append(message.WhichOneof("event"))  # noqa: PERF401 - what came before an error counts


async def raw_call(edge: Edge, method: str, raw: bytes) -> aio.AioRpcError:
    """Return how a call with these bytes fails."""
    path = f"/llmrouter.v1.RouterService/{method}"
    call: aio.UnaryUnaryMultiCallable[bytes, bytes] = edge.channel.unary_unary(path)
    with pytest.raises(aio.AioRpcError) as caught:
        await call(raw)
    return caught.value


async def test_bad_request_names_its_fields(open_edge: OpenEdge, hear: Hear) -> None:
    """All of them at once."""
    edge = await open_edge({"a": [answer("never")]})
    request = service.CompleteRequest(
        prompt=prompt_pb2.Prompt(), routing=routing_pb2.Routing(max_attempts=-1)
    )

    heard = hear(await complete(edge, request))

    assert heard.status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert heard.info.reason == "INVALID_REQUEST"
    assert heard.bad_fields == {
        "prompt.messages": "must hold at least one message",
        "routing.max_attempts": "must be at least 1, not -1",
    }


@pytest.mark.parametrize(
    ("routing", "reason", "bad_fields"),
    [
        (
            routing_pb2.Routing(policy="fast"),
            "UNKNOWN_POLICY",
            {"routing.policy": "must be one of: drill"},
        ),
        (
            routing_pb2.Routing(required_models=["modle"]),
            "UNKNOWN_NAME",
            {"routing.required_models": "must be one of: model"},
        ),
    ],
)
async def test_unknown_names_are_refused(
    routing: routing_pb2.Routing,
    reason: str,
    bad_fields: dict[str, str],
    open_edge: OpenEdge,
    hear: Hear,
) -> None:
    """A typo never quietly changes where a request goes."""
    edge = await open_edge({"a": [answer("never")]})

    heard = hear(await complete(edge, service.CompleteRequest(prompt=HELLO, routing=routing)))

    assert heard.status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert (heard.info.reason, heard.bad_fields) == (reason, bad_fields)


async def test_field_that_is_not_served_is_named(open_edge: OpenEdge, hear: Hear) -> None:
    """It is never ignored."""
    edge = await open_edge({"a": [answer("never")]})
    request = service.CompleteRequest(
        prompt=HELLO, routing=routing_pb2.Routing(caching=routing_pb2.Caching(allow_stale=True))
    )

    heard = hear(await complete(edge, request))

    assert heard.status.code == grpc.StatusCode.UNIMPLEMENTED.value[0]
    assert heard.status.message == "`routing.caching.allow_stale` is not served by this version"
    assert dict(heard.info.metadata) == {"field": "routing.caching.allow_stale"}


async def test_exclusions_are_reported(open_edge: OpenEdge, hear: Hear) -> None:
    """Deployment by deployment."""
    edge = await open_edge({"a": [answer("never")], "b": [answer("never")]})
    constraints = routing_pb2.Constraints(allowed_regions=["eu"], no_training=True)
    request = service.CompleteRequest(
        prompt=HELLO, routing=routing_pb2.Routing(constraints=constraints)
    )

    heard = hear(await complete(edge, request))

    assert heard.status.code == grpc.StatusCode.FAILED_PRECONDITION.value[0]
    assert dict(heard.info.metadata) == {"exclusions": "a=REGION,TRAINING; b=REGION,TRAINING"}
    assert edge.scripted.calls == []


async def test_overload_is_refused_at_once(open_edge: OpenEdge, hear: Hear) -> None:
    """With a time to come back, instead of a queue that nobody sees."""
    edge = await open_edge(max_concurrent_calls=1)
    running = edge.stub.Complete(service.CompleteRequest(prompt=HELLO))
    await edge.fed.opened()

    heard = hear(await complete(edge, service.CompleteRequest(prompt=HELLO)))

    running.cancel()
    assert heard.status.code == grpc.StatusCode.RESOURCE_EXHAUSTED.value[0]
    assert (heard.info.reason, heard.pushback) == ("ROUTER_OVERLOADED", "1000")


@pytest.mark.parametrize(
    ("failure_class", "code", "reason"),
    [
        (FailureClass.CONNECT, grpc.StatusCode.UNAVAILABLE, "PROVIDERS_UNAVAILABLE"),
        (FailureClass.RATE_LIMITED, grpc.StatusCode.RESOURCE_EXHAUSTED, "PROVIDERS_RATE_LIMITED"),
        (
            FailureClass.AUTHENTICATION,
            grpc.StatusCode.FAILED_PRECONDITION,
            "PROVIDER_MISCONFIGURED",
        ),
        (FailureClass.INVALID_REQUEST, grpc.StatusCode.INVALID_ARGUMENT, "REJECTED_BY_PROVIDER"),
        (FailureClass.CONTENT_FILTERED, grpc.StatusCode.FAILED_PRECONDITION, "CONTENT_FILTERED"),
    ],
)
async def test_failed_call_is_explained_by_its_report(
    failure_class: FailureClass,
    code: grpc.StatusCode,
    reason: str,
    open_edge: OpenEdge,
    hear: Hear,
) -> None:
    """A provider's status is never copied: its 401 is no fault of the caller."""
    edge = await open_edge({"a": failing(failure_class, retry_after=600.0)})

    heard = hear(await complete(edge, service.CompleteRequest(prompt=HELLO)))

    assert heard.status.code == code.value[0]
    assert heard.info.reason == reason
    assert heard.report is not None
    assert [attempt.deployment.deployment for attempt in heard.report.attempts] == ["a"]
    assert edge.leftovers == (0, 0, 0)


async def test_retry_that_can_help_is_advised(open_edge: OpenEdge, hear: Hear) -> None:
    """By the detail and by the trailer, which agree."""
    edge = await open_edge({"a": failing(FailureClass.RATE_LIMITED, retry_after=600.0)})

    heard = hear(await complete(edge, service.CompleteRequest(prompt=HELLO)))

    assert heard.retry is not None
    assert heard.pushback is not None
    delay = heard.retry.retry_delay
    assert delay.seconds * 1000 + delay.nanos // 1_000_000 == int(heard.pushback)
    assert 0 < int(heard.pushback) <= 600_000


async def test_caller_hears_our_status_within_its_deadline(
    open_edge: OpenEdge, hear: Hear, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own library would only say that the time is up, without the report.

    The margin is far longer than in production, so that a busy machine answers within it too.
    """
    monkeypatch.setattr(servicers, "ANSWERING_MARGIN", 30.0)
    monkeypatch.setattr(servicers, "MAX_MARGIN_SHARE", 0.99)
    edge = await open_edge({"a": [[Hang()]]})

    heard = hear(await complete(edge, service.CompleteRequest(prompt=HELLO), timeout=30.0))

    assert heard.status.code == grpc.StatusCode.DEADLINE_EXCEEDED.value[0]
    assert heard.report is not None
    assert [attempt.outcome for attempt in heard.report.attempts] == [
        report_pb2.ATTEMPT_OUTCOME_CANCELLED
    ]
    assert edge.leftovers == (0, 0, 0)


async def test_broken_stream_is_no_success(open_edge: OpenEdge, hear: Hear) -> None:
    """What was sent is followed by an error, with the partial usage."""
    broken = [*answer("It is ")[:3], *failing(FailureClass.TRUNCATED)[0]]
    edge = await open_edge({"a": [broken]}, policy=scripted_policy(["a"], max_attempts=1))

    kinds: list[str | None] = []
    with pytest.raises(aio.AioRpcError) as caught:
        await stream(edge, service.StreamCompleteRequest(prompt=HELLO), kinds)

    heard = hear(caught.value)
    assert kinds == ["route_selected", "content_delta"]
    assert heard.status.code == grpc.StatusCode.UNAVAILABLE.value[0]
    assert heard.info.reason == "STREAM_BROKEN"
    assert heard.report is not None
    assert heard.report.attempts[0].outcome == report_pb2.ATTEMPT_OUTCOME_BROKEN
    assert heard.report.total_usage.output_tokens > 0


async def test_defect_is_told_by_its_reference_and_logged_once(
    open_edge: OpenEdge,
    hear: Hear,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The exception's own words may hold a prompt."""
    edge = await open_edge({"a": [answer("never")]})

    async def broken(router: Router, request: Request) -> Call:
        del router
        raise KeyError(request.prompt.messages)

    monkeypatch.setattr(Router, "opened", broken)

    heard = hear(await complete(edge, service.CompleteRequest(prompt=HELLO)))

    assert heard.status.code == grpc.StatusCode.INTERNAL.value[0]
    assert "reference `made-id`" in heard.status.message
    assert "KeyError" not in str(heard)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("routersvc.grpc_api.errors.error_exit", logging.ERROR)
    assert record.exc_info is not None
    assert record.exc_info[0] is KeyError


@pytest.mark.parametrize("method", METHODS)
async def test_bytes_that_are_no_request_are_refused(
    method: str, open_edge: OpenEdge, hear: Hear, caplog: pytest.LogCaptureFixture
) -> None:
    """As the caller's mistake, without a traceback anywhere."""
    edge = await open_edge({"a": [answer("never")]})

    heard = hear(await raw_call(edge, method, b"\xff"))

    assert heard.status.code == grpc.StatusCode.INVALID_ARGUMENT.value[0]
    assert heard.bad_fields == {
        f"{method}Request": f"is not a valid `llmrouter.v1.{method}Request` message"
    }
    assert caplog.records == []


@pytest.mark.parametrize("method", METHODS[:3])
async def test_text_that_is_not_utf8_is_refused_by_its_path(
    method: str, open_edge: OpenEdge, hear: Hear
) -> None:
    """A raw client can send what no library would."""
    edge = await open_edge({"a": [answer("never")]})
    types: dict[str, type[Message]] = {
        "Complete": service.CompleteRequest,
        "StreamComplete": service.StreamCompleteRequest,
        "ExplainRoute": service.ExplainRouteRequest,
    }
    make: Callable[..., Message] = types[method]
    raw = make(prompt=HELLO).SerializeToString().replace(b"Hello", b"Hell\xff")

    heard = hear(await raw_call(edge, method, raw))

    assert heard.bad_fields == {"prompt.messages[0].parts[0].text": "must be valid UTF-8"}


async def test_field_of_a_newer_contract_is_refused(open_edge: OpenEdge, hear: Hear) -> None:
    """It may be a limit that this version would break without knowing it."""
    edge = await open_edge({"a": [answer("never")]})
    raw = service.CompleteRequest(prompt=HELLO).SerializeToString()

    heard = hear(await raw_call(edge, "Complete", raw + b"\xfa\x01\x01x"))

    assert heard.status.code == grpc.StatusCode.UNIMPLEMENTED.value[0]
    assert dict(heard.info.metadata) == {"field": "[field 31]"}


async def test_oversize_message_is_refused(open_edge: OpenEdge) -> None:
    """Before it is read whole, with both sizes."""
    edge = await open_edge({"a": [answer("never")]}, max_message_bytes=1_000)
    request = service.CompleteRequest(prompt=HELLO, request_id="a" * 2_000)

    error = await complete(edge, request)

    assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
    assert "larger than max" in (error.details() or "")
    assert "1000" in (error.details() or "")


async def test_unknown_method_is_refused(open_edge: OpenEdge) -> None:
    """As every gRPC server does."""
    edge = await open_edge({"a": [answer("never")]})

    error = await raw_call(edge, "Destroy", b"")

    assert error.code() is grpc.StatusCode.UNIMPLEMENTED


async def test_health_filter_with_a_typo_is_refused(open_edge: OpenEdge, hear: Hear) -> None:
    """An empty answer would look like good news."""
    edge = await open_edge({"a": [answer("never")]})
    with pytest.raises(aio.AioRpcError) as caught:
        await edge.stub.ProviderHealth(service.ProviderHealthRequest(deployments=["A"]))

    assert hear(caught.value).bad_fields == {"deployments": "must be one of: a"}


async def test_long_report_reaches_a_client_of_default_limits(
    open_edge: OpenEdge, hear: Hear
) -> None:
    """A header block that is too large would cost the caller the whole status."""
    names = [f"deployment-{number:02}" for number in range(60)]
    edge = await open_edge(
        {name: failing(FailureClass.CONNECT) for name in names},
        policy=scripted_policy(names, max_attempts=60),
    )

    heard = hear(await complete(edge, service.CompleteRequest(prompt=HELLO)))

    assert heard.report is not None
    assert heard.report.attempts[0].deployment.deployment == names[0]
    assert heard.info.reason == "PROVIDERS_UNAVAILABLE"


async def test_attempt_timeout_of_the_request_is_kept(open_edge: OpenEdge, hear: Hear) -> None:
    """A caller can have its attempts given up sooner than its policy would."""
    edge = await open_edge({"a": [[Hang()]]}, policy=scripted_policy(["a"], max_attempts=1))
    timeouts = routing_pb2.AttemptTimeouts(attempt_timeout=Duration(nanos=100_000_000))
    request = service.CompleteRequest(prompt=HELLO, routing=routing_pb2.Routing(timeouts=timeouts))

    heard = hear(await complete(edge, request))

    assert heard.report is not None
    assert heard.report.attempts[0].failure_class == report_pb2.FAILURE_CLASS_ATTEMPT_TIMEOUT
