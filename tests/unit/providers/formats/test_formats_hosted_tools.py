"""Tools that vendors run, in the fields that they document."""

from __future__ import annotations

import dataclasses
import json
from typing import TYPE_CHECKING, Any

import pytest

from routersvc.app.wire_formats import adapter
from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.tools import HostedTool, Location
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.domain.planning.eligibility import Eligibility
from routersvc.domain.planning.exclusion_reasons import Exclusion, ExclusionReason
from routersvc.domain.planning.exclusions import exclusions
from routersvc.domain.planning.planner import Planner
from routersvc.providers.formats.anthropic_messages.dialects import DIALECTS as ANTHROPIC
from routersvc.providers.formats.anthropic_messages.wire import anthropic_messages
from routersvc.providers.formats.gemini.dialects import DIALECTS as GEMINI
from routersvc.providers.formats.gemini.wire import gemini
from routersvc.providers.formats.openai_chat.vendors import DIALECTS as CHAT
from routersvc.providers.formats.openai_chat.wire import openai_chat
from routersvc.providers.formats.openai_responses.dialects import DIALECTS as RESPONSES
from routersvc.providers.formats.openai_responses.wire import openai_responses
from routersvc.testing.worlds import scripted_deployment, scripted_policy, scripted_request

if TYPE_CHECKING:
    from tests.unit.providers.conftest import MakeCall

    from routersvc.providers.wire_format import WireFormat

FORMATS: dict[str, WireFormat] = {
    "anthropic": anthropic_messages(ANTHROPIC["anthropic"]),
    "openai": openai_responses(RESPONSES["openai"]),
    "xai": openai_responses(RESPONSES["xai"]),
    "gemini": gemini(GEMINI["gemini"]),
    "vertex": gemini(GEMINI["vertex"]),
    "chat": openai_chat(CHAT["openai"]),
    "openrouter": openai_chat(CHAT["openrouter"]),
}
HERE = Location(city="Utrecht", country="NL")
WRITTEN_HERE = {"city": "Utrecht", "country": "NL"}
BLOCKED = HostedTool(name="web_search", blocked_domains=("ads.test",))


def written(name: str, make_call: MakeCall, tool: HostedTool) -> dict[str, Any]:
    """Return the body with the tool."""
    body: dict[str, Any] = json.loads(FORMATS[name].encode(make_call(tools=(tool,))).body)
    return body


@pytest.mark.parametrize(
    ("name", "tool", "expected"),
    [
        (
            "anthropic",
            HostedTool(name="web_search", allowed_domains=("a.test",), max_uses=2, location=HERE),
            {
                "type": "web_search_20250305",
                "name": "web_search",
                "allowed_domains": ["a.test"],
                "max_uses": 2,
                "user_location": {"type": "approximate", **WRITTEN_HERE},
            },
        ),
        (
            "openai",
            HostedTool(name="web_search", allowed_domains=("a.test",), location=HERE),
            {
                "type": "web_search",
                "filters": {"allowed_domains": ["a.test"]},
                "user_location": {"type": "approximate", **WRITTEN_HERE},
            },
        ),
        (
            "openai",
            HostedTool(name="code_execution"),
            {"type": "code_interpreter", "container": {"type": "auto"}},
        ),
        (
            "openai",
            HostedTool(name="file_search", settings_json='{"vector_store_ids": ["v"]}'),
            {"type": "file_search", "vector_store_ids": ["v"]},
        ),
        ("xai", BLOCKED, {"type": "web_search", "filters": {"excluded_domains": ["ads.test"]}}),
        ("xai", HostedTool(name="code_execution"), {"type": "code_interpreter"}),
        (
            "openrouter",
            BLOCKED,
            {"type": "openrouter:web_search", "parameters": {"excluded_domains": ["ads.test"]}},
        ),
        (
            "openrouter",
            HostedTool(name="web_fetch", blocked_domains=("ads.test",), max_uses=2),
            {
                "type": "openrouter:web_fetch",
                "parameters": {"blocked_domains": ["ads.test"], "max_uses": 2},
            },
        ),
        (
            "openrouter",
            HostedTool(name="openrouter:datetime", settings_json='{"timezone":"UTC"}'),
            {"type": "openrouter:datetime", "parameters": {"timezone": "UTC"}},
        ),
        ("gemini", HostedTool(name="web_search"), {"googleSearch": {}}),
        ("gemini", HostedTool(name="web_fetch"), {"urlContext": {}}),
        ("gemini", HostedTool(name="code_execution"), {"codeExecution": {}}),
        ("vertex", BLOCKED, {"googleSearch": {"excludeDomains": ["ads.test"]}}),
    ],
)
def test_hosted_tool_is_written_as_the_vendor_names_it(
    name: str, tool: HostedTool, expected: dict[str, Any], make_call: MakeCall
) -> None:
    """One name in the contract, another at each vendor."""
    assert written(name, make_call, tool)["tools"] == [expected]


def test_search_of_the_chat_format_has_a_field_of_its_own(make_call: MakeCall) -> None:
    """OpenAI's `tools` of this format hold functions only."""
    tool = HostedTool(name="web_search", location=HERE)

    body = written("chat", make_call, tool)

    assert "tools" not in body
    assert body["web_search_options"] == {
        "user_location": {"type": "approximate", "approximate": WRITTEN_HERE}
    }


@pytest.mark.parametrize(
    ("name", "tool"),
    [
        ("openai", HostedTool(name="web_search", max_uses=1)),
        ("openai", HostedTool(name="web_fetch")),
        ("anthropic", HostedTool(name="code_execution", max_uses=1)),
        ("anthropic", HostedTool(name="file_search")),
        ("gemini", BLOCKED),
        ("gemini", HostedTool(name="mcp")),
        ("chat", HostedTool(name="code_execution")),
        ("openrouter", HostedTool(name="code_execution")),
        ("openrouter", HostedTool(name="web_fetch", location=HERE)),
        ("chat", BLOCKED),
    ],
)
def test_option_that_a_vendor_lacks_is_never_dropped(
    name: str, tool: HostedTool, make_call: MakeCall
) -> None:
    """A search outside the allowed domains is worse than none: another vendor may serve it."""
    with pytest.raises(AttemptFailedError) as failed:
        written(name, make_call, tool)

    assert failed.value.failure.failure_class is FailureClass.CAPABILITY_MISMATCH


TOOLS = {
    "search": HostedTool(name="web_search"),
    "allowed": HostedTool(name="web_search", allowed_domains=("weather.test",)),
    "blocked": BLOCKED,
    "uses": HostedTool(name="web_search", max_uses=1),
    "location": HostedTool(name="web_search", location=HERE),
    "fetch": HostedTool(name="web_fetch"),
    "code": HostedTool(name="code_execution"),
    "files": HostedTool(name="file_search", settings_json='{"vector_store_ids": ["v"]}'),
    "mcp": HostedTool(name="mcp", settings_json='{"server_label": "docs"}'),
}
"""Kinds of tools and their options."""

ABLE = {
    ("openai_chat", "openai"): {"search", "location"},
    ("openai_chat", "openrouter"): {"search", "allowed", "blocked", "uses", "location", "fetch"},
    ("openai_chat", "mistral"): set[str](),
    ("openai_responses", "openai"): {
        "search", "allowed", "blocked", "location", "code", "files", "mcp",
    },
    ("anthropic_messages", "anthropic"): {
        "search", "allowed", "blocked", "uses", "location", "fetch", "code",
    },
    ("gemini", "gemini"): {"search", "fetch", "code", "files"},
    ("gemini", "vertex"): {"search", "blocked", "fetch", "code", "files"},
    ("bedrock_converse", "plain"): {"search", "code"},
    ("cohere_chat", "plain"): set[str](),
    ("ollama_chat", "plain"): set[str](),
}  # fmt: skip
"""By wire format and dialect: what of it can be asked for."""


def deployment_of(wire_format: str, dialect: str, model: str = "m") -> Deployment:
    """Return a deployment as the settings make it, of a model that can do everything."""
    rules = adapter(wire_format, dialect)
    name = f"{wire_format}/{dialect}/{model}"
    return dataclasses.replace(
        scripted_deployment(name),
        provider=Provider(
            name=name,
            wire_format=wire_format,
            expressible=rules.expressible,
            wire_rules=rules,
        ),
        model=Model(name="m", context_window=128_000, capabilities=frozenset(Capability)),
        wire_model=model,
    )


def plan_for(
    tool: HostedTool, *deployments: Deployment
) -> tuple[set[str], dict[str, tuple[Exclusion, ...]]]:
    """Return the names of the deployments that are planned, and why the others are excluded."""
    catalogue = Catalogue(deployments={one.name: one for one in deployments}, aliases={})
    planner = Planner(
        catalogue=catalogue,
        policies={"drill": scripted_policy([one.name for one in deployments])},
        default_policy="drill",
    )
    asked = Message(role=Role.USER, parts=(TextPart(text="Weather?"),))
    request = dataclasses.replace(
        scripted_request(), prompt=Prompt(messages=(asked,), tools=(tool,)), streaming=False
    )
    limits = planner.limits(request)
    excluded = {one.name: found for one in deployments if (found := exclusions(one, limits))}
    left = {one.name for one in Eligibility(catalogue).find(limits)}
    return left, excluded


@pytest.mark.parametrize("kind", TOOLS)
def test_planning_asks_the_formats_for_each_tool_and_option(kind: str) -> None:
    """Who cannot express it costs no attempt; the explanation names the tool."""
    tool = TOOLS[kind]
    deployments = {names: deployment_of(*names) for names in ABLE}

    planned, excluded = plan_for(tool, *deployments.values())

    assert planned == {deployments[names].name for names, kinds in ABLE.items() if kind in kinds}
    assert planned.isdisjoint(excluded)
    for exclusions_of_one in excluded.values():
        told = {one.reason: one.description for one in exclusions_of_one}
        assert tool.name in told.get(ExclusionReason.WIRE_FORMAT, tool.name)
        assert told.keys() & {ExclusionReason.WIRE_FORMAT, ExclusionReason.CAPABILITY}


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("us.amazon.nova-2-lite-v1:0", True),
        ("arn:aws:bedrock:eu-west-1:1:application-inference-profile/abc", True),
        ("us.anthropic.claude-sonnet-4-6", False),
        ("openai.gpt-oss-120b-1:0", False),
    ],
)
def test_amazon_runs_tools_for_its_own_models(model: str, *, expected: bool) -> None:
    """A model of another vendor is excluded; an ARN may hide any model."""
    deployment = deployment_of("bedrock_converse", "plain", model)

    planned, _ = plan_for(TOOLS["search"], deployment)

    assert bool(planned) is expected
