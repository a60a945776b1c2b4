"""The commands that call a router, against one whose answers are written down beforehand."""

from __future__ import annotations

import concurrent.futures
import dataclasses
import json
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, RetryInfo
from google.rpc.status_pb2 import Status
from grpc_health.v1.health import HealthServicer
from grpc_health.v1.health_pb2 import HealthCheckResponse
from grpc_health.v1.health_pb2_grpc import add_HealthServicer_to_server

from llmrouter.v1.report_pb2 import RouteReport
from llmrouter.v1.router_service_pb2 import (
    CompleteRequest,
    CompleteResponse,
    ExplainRouteRequest,
    ExplainRouteResponse,
    ProviderHealthRequest,
    ProviderHealthResponse,
    StreamCompleteRequest,
    StreamCompleteResponse,
)
from llmrouter.v1.router_service_pb2_grpc import (
    RouterServiceServicer,
    add_RouterServiceServicer_to_server,
)
from routersvc.grpc_api.client.messages import read_message

Start = Callable[..., "subprocess.Popen[str]"]
Command = Callable[..., "subprocess.CompletedProcess[str]"]

_Response = TypeVar("_Response", bound=Message)

PATIENCE = 120.0

ALPHA = {"deployment": "alpha-large", "provider": "alpha", "model": "sim-large"}
BETA = {"deployment": "beta-large", "provider": "beta", "model": "sim-large"}
SERVED: dict[str, object] = {
    "served_by": {"deployment": ALPHA},
    "attempts": [{"number": 1, "deployment": ALPHA, "outcome": "ATTEMPT_OUTCOME_SERVED"}],
    "duration": "0.5s",
    "time_to_first_content": "0.2s",
}
REPORT_LINE = "sim-large at alpha · 500 ms, first words after 200 ms · 3 + 2 tokens · 1 attempt\n"


class Hang:
    """Stands in a script for: say nothing more until the caller goes away."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Fail:
    """Stands in a script for the end of a call with an error."""

    code: grpc.StatusCode
    message: str
    details: tuple[Message, ...] = ()


class ScriptedRouter(RouterServiceServicer):
    """Answers every call with the script; remembers what was asked, and who went away."""

    def __init__(self) -> None:
        self.script: list[Message | Hang | Fail] = []
        self.requests: list[Message] = []
        self.time_left: list[float] = []
        self.caller_left = threading.Event()
        self.address = ""

    def Complete(  # noqa: N802 - the contract's name
        self, request: CompleteRequest, context: grpc.ServicerContext
    ) -> CompleteResponse:
        """Answer with the first message of the script."""
        return self._answer(CompleteResponse, request, context)

    def StreamComplete(  # noqa: N802 - the contract's name
        self, request: StreamCompleteRequest, context: grpc.ServicerContext
    ) -> Iterator[StreamCompleteResponse]:
        """Answer with all messages of the script."""
        for message in self._play(request, context):
            assert isinstance(message, StreamCompleteResponse)
            yield message

    def ExplainRoute(  # noqa: N802 - the contract's name
        self, request: ExplainRouteRequest, context: grpc.ServicerContext
    ) -> ExplainRouteResponse:
        """Answer with the first message of the script."""
        return self._answer(ExplainRouteResponse, request, context)

    def ProviderHealth(  # noqa: N802 - the contract's name
        self, request: ProviderHealthRequest, context: grpc.ServicerContext
    ) -> ProviderHealthResponse:
        """Answer with the first message of the script."""
        return self._answer(ProviderHealthResponse, request, context)

    def _answer(
        self, kind: type[_Response], request: Message, context: grpc.ServicerContext
    ) -> _Response:
        for message in self._play(request, context):
            assert isinstance(message, kind)
            return message
        return kind()

    def _play(self, request: Message, context: grpc.ServicerContext) -> Iterator[Message]:
        self.requests.append(request)
        self.time_left.append(context.time_remaining())
        for step in tuple(self.script):
            match step:
                case Hang():
                    context.add_callback(self.caller_left.set)
                    self.caller_left.wait(PATIENCE)
                case Fail():
                    _fail(step, context)
                case _:
                    yield step


def _fail(step: Fail, context: grpc.ServicerContext) -> None:
    if step.details:
        status = Status(code=step.code.value[0], message=step.message)
        for detail in step.details:
            status.details.add().Pack(detail)
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    context.abort(step.code, step.message)


@pytest.fixture
def router() -> Iterator[ScriptedRouter]:
    """Return a router that answers as it is told."""
    scripted = ScriptedRouter()
    with concurrent.futures.ThreadPoolExecutor(max_workers=4) as threads:
        server = grpc.server(threads)
        add_RouterServiceServicer_to_server(scripted, server)
        scripted.address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()
        yield scripted
        scripted.caller_left.set()
        server.stop(0).wait()


def event(**fields: object) -> StreamCompleteResponse:
    """Return an event of a stream."""
    return read_message(StreamCompleteResponse, fields)


STREAM = (
    event(route_selected={"report": SERVED}),
    event(content_delta={"text": "Hello "}),
    event(content_delta={"text": "world"}),
    event(usage={"input_tokens": "3", "output_tokens": "2"}),
    event(finished={"finish_reason": "FINISH_REASON_STOP", "report": SERVED}),
)
ANSWER = read_message(
    CompleteResponse,
    {
        "message": {"role": "ROLE_ASSISTANT", "parts": [{"text": "Hello world"}]},
        "finish_reason": "FINISH_REASON_STOP",
        "usage": {"input_tokens": "3", "output_tokens": "2"},
        "report": SERVED,
    },
)


def test_an_answer_goes_to_standard_output(router: ScriptedRouter, command: Command) -> None:
    """And what there is to know of it to standard error, so that both can be used."""
    router.script = [ANSWER]

    ended = command("complete", "hi", "--address", router.address)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "Hello world\n", REPORT_LINE)


def test_the_answer_alone_is_to_be_had(router: ScriptedRouter, command: Command) -> None:
    """`--quiet` leaves out the line, and nothing that went wrong."""
    router.script = [ANSWER]

    ended = command("complete", "hi", "--quiet", "--address", router.address)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "Hello world\n", "")


def test_a_prompt_from_a_pipe_reaches_the_router(router: ScriptedRouter, command: Command) -> None:
    """With the time limit as the call's deadline."""
    router.script = [ANSWER]

    ended = command("complete", "-", "--timeout", "50", "-a", router.address, text="from a pipe")

    assert ended.returncode == 0
    assert router.requests == [
        read_message(
            CompleteRequest,
            {"prompt": {"messages": [{"role": "ROLE_USER", "parts": [{"text": "from a pipe"}]}]}},
        )
    ]
    assert 0 < router.time_left[0] <= 50


def test_the_environment_may_name_the_router(router: ScriptedRouter) -> None:
    """Whoever works with one router all day types its address once."""
    router.script = [ANSWER]

    ended = subprocess.run(
        ["/usr/bin/env", f"ROUTERSVC_ADDRESS={router.address}", *_python("complete", "hi", "-q")],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (ended.returncode, ended.stdout) == (0, "Hello world\n")


def test_a_response_for_programs_has_every_field(router: ScriptedRouter, command: Command) -> None:
    """The contract's own JSON, with the names of its fields."""
    router.script = [ANSWER]

    ended = command("complete", "hi", "--json", "--address", router.address)

    response = json.loads(ended.stdout)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert response["message"]["parts"][0]["text"] == "Hello world"
    assert response["finish_reason"] == "FINISH_REASON_STOP"
    assert response["usage"]["output_tokens"] == "2"
    assert response["report"]["served_by"]["deployment"]["model"] == "sim-large"
    assert response["report"]["hedged"] is False


def test_a_stream_is_printed_like_an_answer(router: ScriptedRouter, command: Command) -> None:
    """Only sooner."""
    router.script = [*STREAM]

    ended = command("stream", "hi", "--address", router.address)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "Hello world\n", REPORT_LINE)


def test_words_appear_while_more_are_awaited(router: ScriptedRouter, start: Start) -> None:
    """A person reads along; nothing waits in a buffer."""
    router.script = [*STREAM[:2], Hang()]

    process = start("stream", "hi", "--address", router.address)

    assert process.stdout is not None
    assert process.stdout.read(6) == "Hello "
    process.send_signal(signal.SIGINT)
    assert process.wait(PATIENCE) == 130


def test_events_for_programs_are_one_per_line(router: ScriptedRouter, command: Command) -> None:
    """Every event of the contract, in order."""
    router.script = [*STREAM]

    ended = command("stream", "hi", "--json", "--address", router.address)

    events = [json.loads(line) for line in ended.stdout.splitlines()]
    assert [next(iter(one)) for one in events] == [
        "route_selected",
        "content_delta",
        "content_delta",
        "usage",
        "finished",
    ]
    assert events[1] == {"content_delta": {"text": "Hello ", "logprobs": [], "phase": ""}}


def test_a_restarted_stream_is_told_to_whoever_reads_a_pipe(
    router: ScriptedRouter, command: Command
) -> None:
    """What went out cannot be called back: the command fails rather than to mix two answers."""
    router.script = [
        *STREAM[:2],
        event(recovered={"kind": "RECOVERY_KIND_RESTARTED", "report": SERVED}),
        *STREAM[2:],
    ]

    ended = command("stream", "hi", "--address", router.address)

    assert (ended.returncode, ended.stdout) == (1, "Hello \n")
    assert "cannot be withdrawn" in ended.stderr


def test_a_restarted_stream_rewinds_a_file(router: ScriptedRouter, tmp_path: Path) -> None:
    """The file holds the whole answer and nothing of the half one."""
    router.script = [
        *STREAM[:2],
        event(recovered={"kind": "RECOVERY_KIND_RESTARTED", "report": SERVED}),
        *STREAM[2:],
    ]
    path = tmp_path / "answer.txt"

    with path.open("w") as file:
        ended = subprocess.run(
            _python("stream", "hi", "--address", router.address),
            stdout=file,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=120,
        )

    assert (ended.returncode, path.read_text()) == (0, "world\n")


FAILURE = Fail(
    code=grpc.StatusCode.UNAVAILABLE,
    message="all 2 attempts failed; the connection was refused",
    details=(
        ErrorInfo(reason="PROVIDERS_UNAVAILABLE", domain="llmrouter.v1"),
        RetryInfo(retry_delay=Duration(seconds=2)),
        read_message(
            RouteReport,
            {
                "decision_id": "d-1",
                "attempts": [
                    {
                        "deployment": name,
                        "outcome": "ATTEMPT_OUTCOME_FAILED",
                        "failure_class": "FAILURE_CLASS_CONNECT",
                    }
                    for name in (ALPHA, BETA)
                ],
            },
        ),
    ),
)


@pytest.mark.parametrize("name", ["complete", "stream", "explain"])
def test_a_failed_call_is_one_sentence(router: ScriptedRouter, command: Command, name: str) -> None:
    """What failed, what was tried, when to come back."""
    router.script = [FAILURE]

    ended = command(name, "hi", "--address", router.address)

    assert (ended.returncode, ended.stdout) == (6, "")
    assert ended.stderr == (
        "error: all 2 attempts failed; the connection was refused; 2 attempts: alpha-large failed "
        "(connect), beta-large failed (connect); try again in 2 s\n"
    )


def test_a_failed_call_for_programs_is_json_too(router: ScriptedRouter, command: Command) -> None:
    """The sentence stays on standard error."""
    router.script = [FAILURE]

    ended = command("complete", "hi", "--json", "--address", router.address)

    error = json.loads(ended.stdout)["error"]
    assert ended.returncode == 6
    assert (error["status"], error["reason"]) == ("UNAVAILABLE", "PROVIDERS_UNAVAILABLE")
    assert error["retry_delay_seconds"] == 2.0
    assert error["report"]["decision_id"] == "d-1"
    assert ended.stderr.startswith("error: all 2 attempts failed")


def test_a_stream_that_breaks_keeps_its_words_and_fails(
    router: ScriptedRouter, command: Command
) -> None:
    """Half an answer is never taken for a whole one."""
    router.script = [
        *STREAM[:2],
        Fail(
            code=grpc.StatusCode.UNAVAILABLE,
            message="the answer broke off; it stalled",
            details=(ErrorInfo(reason="STREAM_BROKEN", domain="llmrouter.v1"),),
        ),
    ]

    ended = command("stream", "hi", "--address", router.address)

    assert (ended.returncode, ended.stdout) == (6, "Hello \n")
    assert ended.stderr == "error: the answer broke off; it stalled\n"


def test_a_stream_without_its_end_is_no_success(router: ScriptedRouter, command: Command) -> None:
    """Something in between may cut a stream and call it complete."""
    router.script = [*STREAM[:-1]]

    ended = command("stream", "hi", "--address", router.address)

    assert (ended.returncode, ended.stdout) == (1, "Hello world\n")
    assert ended.stderr == "error: the stream ended before the answer was complete\n"


def test_a_refused_field_is_named(router: ScriptedRouter, command: Command) -> None:
    """The caller has to change the request, and hears where."""
    bad_request = BadRequest()
    bad_request.field_violations.add(field="prompt.sampling.temperature", description="too high")
    router.script = [
        Fail(
            code=grpc.StatusCode.INVALID_ARGUMENT,
            message="the request is invalid",
            details=(
                ErrorInfo(reason="INVALID_REQUEST", domain="llmrouter.v1"),
                bad_request,
            ),
        )
    ]

    ended = command("complete", "hi", "--address", router.address)

    assert ended.returncode == 5
    assert ended.stderr == (
        "error: the request is invalid; `prompt.sampling.temperature`: too high\n"
    )


@pytest.mark.parametrize("name", ["complete", "stream", "explain", "health"])
def test_no_router_is_told_apart_from_no_answer(command: Command, name: str) -> None:
    """Nothing listens on port 1 of this machine."""
    words = [] if name == "health" else ["hi"]

    ended = command(name, *words, "--address", "127.0.0.1:1")

    assert (ended.returncode, ended.stdout) == (4, "")
    assert ended.stderr == "error: no router at 127.0.0.1:1: Connection refused\n"


def test_a_router_that_starts_later_is_waited_for(start: Start) -> None:
    """`--wait` makes a script that starts both work without a pause of its own."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        address = f"127.0.0.1:{probe.getsockname()[1]}"
    called = start("health", "--address", address, "--wait", "60s", "--json")
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as threads:
        server = grpc.server(threads)
        add_RouterServiceServicer_to_server(ScriptedRouter(), server)
        server.add_insecure_port(address)
        with pytest.raises(subprocess.TimeoutExpired):
            called.wait(timeout=2)
        server.start()

        printed, _ = called.communicate(timeout=PATIENCE)

        server.stop(0).wait()
    assert called.returncode == 0
    assert json.loads(printed)["deployments"] == []


@pytest.mark.parametrize(
    ("status", "code", "sentence"),
    [
        ("SERVING", 0, ""),
        ("NOT_SERVING", 6, "error: the router at ADDRESS is not serving\n"),
    ],
)
def test_probe_of_a_container_asks_the_health_service(
    command: Command, status: str, code: int, sentence: str
) -> None:
    """`health --serving` calls nothing else: the server has no router service at all."""
    servicer = HealthServicer()
    servicer.set("", HealthCheckResponse.ServingStatus.Value(status))
    with concurrent.futures.ThreadPoolExecutor(max_workers=1) as threads:
        server = grpc.server(threads)
        add_HealthServicer_to_server(servicer, server)
        address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
        server.start()

        ended = command("health", "--serving", "--address", address)

        server.stop(0).wait()
    assert (ended.returncode, ended.stdout) == (code, "")
    assert ended.stderr == sentence.replace("ADDRESS", address)


def test_probe_finds_no_router(command: Command) -> None:
    """Nothing listens on port 1 of this machine."""
    ended = command("health", "--serving", "--address", "127.0.0.1:1", "--json")

    assert ended.returncode == 4
    assert json.loads(ended.stdout)["error"]["status"] == "UNAVAILABLE"


def test_waiting_ends_without_a_router(command: Command) -> None:
    """With the exit code of a router that cannot be reached."""
    ended = command("health", "--address", "127.0.0.1:1", "--wait", "300ms", "--json")

    assert ended.returncode == 4
    assert json.loads(ended.stdout)["error"]["status"] == "UNAVAILABLE"


def test_a_call_that_takes_too_long_is_ended(router: ScriptedRouter, command: Command) -> None:
    """The router hears that nobody waits any more."""
    router.script = [Hang()]

    ended = command("complete", "hi", "--timeout", "3s", "--address", router.address)

    assert (ended.returncode, ended.stderr) == (
        7,
        "error: the deadline passed before the router answered\n",
    )
    assert router.caller_left.wait(PATIENCE)


@pytest.mark.parametrize(
    "words", [("complete", "hi"), ("stream", "hi", "--json"), ("health", "--watch", "--json")]
)
def test_ctrl_c_ends_the_call_and_says_nothing(
    router: ScriptedRouter, start: Start, words: tuple[str, ...]
) -> None:
    """The router hears of it, so that no tokens are paid for that nobody reads."""
    if words[0] == "stream":
        router.script = [STREAM[0], Hang()]
    else:
        router.script = [Hang()]
    process = start(*words, "--timeout", "60", "--address", router.address)
    _wait_until(lambda: bool(router.requests))

    process.send_signal(signal.SIGINT)

    assert process.wait(PATIENCE) == 130
    assert process.stderr is not None
    assert process.stderr.read() == ""
    assert router.caller_left.wait(PATIENCE)


def test_a_reader_who_leaves_ends_the_command(router: ScriptedRouter) -> None:
    """As `… | head -1` does; the shell counts it as 141, and nothing is said."""
    router.script = [event(content_delta={"text": "line\n" * 20}) for _ in range(5000)]

    ended = subprocess.run(
        [
            "/bin/bash",
            "-c",
            '"$@" | head -n 1; echo "${PIPESTATUS[0]}"',
            "-",
            *_python("stream", "hi", "--address", router.address),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )

    assert (ended.stdout, ended.stderr) == ("line\n141\n", "")


def test_an_explanation_is_a_table_or_json(router: ScriptedRouter, command: Command) -> None:
    """The same facts for people and for programs."""
    router.script = [
        read_message(
            ExplainRouteResponse,
            {
                "explanation": {
                    "policy_choice": {"policy": "default", "description": "by default"},
                    "candidates": [{"deployment": ALPHA, "eligible": True, "rank": 1}],
                    "plan": {"steps": [{"deployment": ALPHA, "condition": "first"}]},
                }
            },
        )
    ]

    for_people = command("explain", "hi", "--stream", "--address", router.address)
    for_programs = command("explain", "hi", "--json", "--address", router.address)

    assert [for_people.returncode, for_programs.returncode] == [0, 0]
    assert "1  alpha-large  sim-large at alpha" in for_people.stdout
    explanation = json.loads(for_programs.stdout)["explanation"]
    assert explanation["candidates"][0]["deployment"] == {**ALPHA, "region": ""}
    assert [getattr(request, "streaming", None) for request in router.requests] == [True, False]


def test_a_past_decision_is_asked_for_by_its_id(router: ScriptedRouter, command: Command) -> None:
    """And nothing else: what was asked then is not sent again."""
    router.script = [
        read_message(
            ExplainRouteResponse,
            {
                "explanation": {
                    "plan": {"steps": [{"deployment": ALPHA, "condition": "first"}]},
                    "report": {"decision_id": "d-1", **SERVED},
                }
            },
        )
    ]

    by_option = command("explain", "--decision", "d-1", "--address", router.address)
    by_file = command(
        "explain", "--request", "-", "--address", router.address, text='{"decision_id": "d-1"}'
    )

    assert [by_option.returncode, by_file.returncode] == [0, 0]
    assert by_option.stdout == by_file.stdout
    assert by_option.stdout.splitlines()[0].rstrip() == "Decision  d-1"
    assert router.requests == [ExplainRouteRequest(decision_id="d-1")] * 2


def test_a_past_decision_stands_alone(command: Command) -> None:
    """A prompt beside it would be another request."""
    ended = command("explain", "hi", "--decision", "d-1", "--address", "127.0.0.1:1")

    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == (
        "error: `--decision` explains a past request: it cannot be combined with request options\n"
    )


def test_health_is_filtered_by_the_router(router: ScriptedRouter, command: Command) -> None:
    """An unknown name is its to refuse."""
    router.script = [
        read_message(
            ProviderHealthResponse,
            {"deployments": [{"deployment": ALPHA, "state": "HEALTH_STATE_HEALTHY"}]},
        )
    ]

    ended = command(
        "health",
        "--provider",
        "alpha",
        "--state",
        "healthy",
        "--state",
        "degraded",
        "--address",
        router.address,
    )

    assert ended.returncode == 0
    assert "alpha-large" in ended.stdout
    assert router.requests == [
        read_message(
            ProviderHealthRequest,
            {
                "providers": ["alpha"],
                "states": ["HEALTH_STATE_HEALTHY", "HEALTH_STATE_DEGRADED"],
            },
        )
    ]


def test_health_is_watched_line_by_line(router: ScriptedRouter, start: Start) -> None:
    """A program that reads along gets one object per look."""
    router.script = [read_message(ProviderHealthResponse, {"deployments": []})]

    process = start("health", "-w", "--interval", "10ms", "--json", "--address", router.address)

    assert process.stdout is not None
    lines = [process.stdout.readline() for _ in range(3)]
    process.send_signal(signal.SIGINT)
    assert [json.loads(line) for line in lines] == [{"deployments": []}] * 3
    assert process.wait(PATIENCE) == 130


def test_a_request_is_printed_instead_of_sent(command: Command) -> None:
    """For `--request`, and for grpcurl."""
    ended = command("explain", "hi", "--stream", "--print-request", "--address", "127.0.0.1:1")

    assert ended.returncode == 0
    assert json.loads(ended.stdout) == {
        "prompt": {"messages": [{"role": "ROLE_USER", "parts": [{"text": "hi"}]}]},
        "streaming": True,
    }


def _python(*words: str) -> list[str]:
    return [sys.executable, "-m", "routersvc", *words]


def _wait_until(condition: Callable[[], bool]) -> None:
    """Wait for something that a process does."""
    waiting = threading.Event()
    for _ in range(int(PATIENCE / 0.01)):
        if condition():
            return
        waiting.wait(0.01)
    pytest.fail("what was waited for did not happen")
