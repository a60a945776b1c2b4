"""Every wire format of the simulator, met by its adapter over real sockets, through the router.

Simulator and adapters were written apart, and each is held to recorded traffic: here they have to
understand each other.
"""

from __future__ import annotations

import dataclasses
import io
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from llmrouter.v1.prompt_pb2 import (
    ROLE_USER,
    TOOL_CHOICE_MODE_REQUIRED,
    FunctionTool,
    Message,
    Part,
    Prompt,
    Tool,
    ToolChoice,
)
from llmrouter.v1.report_pb2 import FailureClass, RouteReport
from llmrouter.v1.router_service_pb2 import CompleteRequest, StreamCompleteRequest
from routersvc.app.application import open_application
from routersvc.app.wire_formats import known_wire_formats
from routersvc.grpc_api.client.client import RouterClient
from routersvc.settings.loading import load_settings
from routersvc.simulator import (
    Behaviour,
    Fault,
    Fixed,
    Problem,
    ProviderCharacter,
    Simulator,
    Status,
)
from routersvc.simulator.formats import WIRE_FORMATS

if TYPE_CHECKING:
    from routersvc.simulator import SimulatedProvider

ANSWER = " ".join(f"word{place}" for place in range(30))
KEY = "AKIASIMULATED0123456"
"""What every simulated provider takes; at Bedrock it is an access key."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Spoken:
    """A format of the simulator, and what the router's settings call it."""

    simulated: str
    wire_format: str
    dialect: str
    path: str
    credentials: str = "api_key: env:KEY"


SPOKEN: Mapping[str, Spoken] = {
    "openai": Spoken(
        simulated="openai_chat", wire_format="openai_chat", dialect="openai", path="/v1"
    ),
    "responses": Spoken(
        simulated="openai_responses", wire_format="openai_responses", dialect="openai", path="/v1"
    ),
    "anthropic": Spoken(
        simulated="anthropic_messages",
        wire_format="anthropic_messages",
        dialect="anthropic",
        path="/v1",
    ),
    "gemini": Spoken(simulated="gemini", wire_format="gemini", dialect="gemini", path="/v1beta"),
    "vertex": Spoken(
        simulated="gemini",
        wire_format="gemini",
        dialect="vertex",
        path="/v1/projects/simulated/locations/europe-west4",
    ),
    "azure": Spoken(
        simulated="azure_openai", wire_format="openai_chat", dialect="azure", path="/openai/v1"
    ),
    "azure-deployments": Spoken(
        simulated="azure_openai", wire_format="openai_chat", dialect="azure_deployments", path=""
    ),
    "bedrock": Spoken(
        simulated="bedrock_converse",
        wire_format="bedrock_converse",
        dialect="plain",
        path="",
        credentials="auth: {kind: aws, region: us-east-1, access_key_id: env:KEY, "
        "secret_access_key: env:SECRET}",
    ),
    "cohere": Spoken(simulated="cohere_chat", wire_format="cohere_chat", dialect="plain", path=""),
    "mistral": Spoken(
        simulated="mistral_chat", wire_format="openai_chat", dialect="mistral", path="/v1"
    ),
}

each_format = pytest.mark.parametrize("name", list(SPOKEN))

PROMPT = Prompt(messages=[Message(role=ROLE_USER, parts=[Part(text="Tell me something.")])])
WITH_TOOL = Prompt(
    messages=PROMPT.messages,
    tools=[
        Tool(
            function=FunctionTool(
                name="weather",
                description="Tells the weather.",
                parameters_json_schema='{"type": "object", "properties": '
                '{"city": {"type": "string"}}, "required": ["city"]}',
            )
        )
    ],
    tool_choice=ToolChoice(mode=TOOL_CHOICE_MODE_REQUIRED),
)


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Rig:
    """A router before a provider of the format and a spare one, and a client of it."""

    client: RouterClient
    provider: SimulatedProvider


@asynccontextmanager
async def rig(name: str, folder: Path) -> AsyncGenerator[Rig]:
    """Run a service whose first provider speaks the format, and whose second is OpenAI's."""
    spoken = SPOKEN[name]
    behaviour = Behaviour(answer=Fixed(text=ANSWER))
    characters = [
        ProviderCharacter(
            name=provider, behaviour=behaviour, api_keys=(KEY,), wire_format=wire_format
        )
        for provider, wire_format in (("first", spoken.simulated), ("spare", "openai_chat"))
    ]
    async with Simulator.start(characters) as simulator:
        first, spare = (simulator.provider(one) for one in ("first", "spare"))
        file = folder / "settings.yaml"
        file.write_text(
            f"""
server: {{listen: ["127.0.0.1:0"]}}
providers:
  first:
    wire_format: {spoken.wire_format}
    dialect: {spoken.dialect}
    base_url: {first.origin}{spoken.path}
    {spoken.credentials}
  spare: {{wire_format: openai_chat, dialect: openai, base_url: {spare.base_url}, api_key: env:KEY}}
models:
  sim-large: {{context_window: 128000, capabilities: [streaming, tools, tool_choice]}}
  sim-small: {{context_window: 16384, capabilities: [streaming, tools, tool_choice]}}
deployments:
  first-large: {{provider: first, model: sim-large}}
  spare-small: {{provider: spare, model: sim-small}}
policies: {{default: {{deployments: [first-large, spare-small]}}}}
"""
        )
        settings = load_settings(
            file,
            environment={"KEY": KEY, "SECRET": "a secret of the test"},
            known_wire_formats=known_wire_formats(),
        )
        async with (
            open_application(
                settings, stream=io.StringIO(), wall_clock=lambda: 1_800_000_000.0
            ) as application,
            RouterClient(application.addresses[0], timeout=30.0) as client,
        ):
            yield Rig(client=client, provider=first)


def told(report: RouteReport) -> list[tuple[str, str]]:
    """Return who was asked, and how each failed."""
    return [
        (
            attempt.deployment.provider,
            FailureClass.Name(attempt.failure_class).removeprefix("FAILURE_CLASS_").lower(),
        )
        for attempt in report.attempts
    ]


def test_every_format_of_the_simulator_is_met() -> None:
    """A format that nobody calls would show nothing."""
    assert {spoken.simulated for spoken in SPOKEN.values()} == WIRE_FORMATS.keys()


@each_format
async def test_whole_answer_arrives(name: str, tmp_path: Path) -> None:
    """Text, usage and version of a unary call are those of the provider that was asked first."""
    async with rig(name, tmp_path) as service:
        answer = await service.client.complete(CompleteRequest(prompt=PROMPT))

    assert "".join(part.text for part in answer.message.parts) == ANSWER
    assert told(answer.report) == [("first", "unspecified")]
    assert answer.report.total_usage.output_tokens > 0


@each_format
async def test_stream_arrives_in_pieces(name: str, tmp_path: Path) -> None:
    """Each token is passed on as it comes."""
    texts: list[str] = []
    report = RouteReport()
    async with rig(name, tmp_path) as service:
        async for event in service.client.stream(StreamCompleteRequest(prompt=PROMPT)):
            if event.content_delta.text:
                texts.append(event.content_delta.text)
            report = event.finished.report

    assert "".join(texts) == ANSWER
    assert told(report) == [("first", "unspecified")]
    assert report.total_usage.output_tokens > 0


@each_format
@pytest.mark.parametrize("streaming", [False, True], ids=["unary", "stream"])
async def test_tool_is_called(name: str, tmp_path: Path, *, streaming: bool) -> None:
    """The schema goes out and the arguments come back, in whatever pieces."""
    names, arguments, report = "", "", RouteReport()
    async with rig(name, tmp_path) as service:
        if streaming:
            async for event in service.client.stream(StreamCompleteRequest(prompt=WITH_TOOL)):
                names += event.tool_call_delta.name
                arguments += event.tool_call_delta.arguments_json
                report = event.finished.report
        else:
            answer = await service.client.complete(CompleteRequest(prompt=WITH_TOOL))
            (call,) = [part.tool_call for part in answer.message.parts if part.tool_call.name]
            names, arguments, report = call.name, call.arguments_json, answer.report

    assert names == "weather"
    assert json.loads(arguments).keys() == {"city"}
    assert told(report) == [("first", "unspecified")]


@each_format
@pytest.mark.parametrize("streaming", [False, True], ids=["unary", "stream"])
async def test_overload_is_understood_and_failed_over(
    name: str, tmp_path: Path, *, streaming: bool
) -> None:
    """The error in the vendor's words has the router's class, and the spare one answers."""
    async with rig(name, tmp_path) as service:
        service.provider.inject(Fault(effect=Status(problem=Problem.OVERLOADED)))
        if streaming:
            text, report = "", RouteReport()
            async for event in service.client.stream(StreamCompleteRequest(prompt=PROMPT)):
                text += event.content_delta.text
                report = event.finished.report
        else:
            answer = await service.client.complete(CompleteRequest(prompt=PROMPT))
            text = "".join(part.text for part in answer.message.parts)
            report = answer.report

    assert text == ANSWER
    assert told(report) == [("first", "overloaded"), ("spare", "unspecified")]
