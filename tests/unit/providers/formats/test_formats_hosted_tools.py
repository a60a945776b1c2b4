"""Tools that vendors run, in the fields that they document."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from routersvc.domain.conversation.tools import HostedTool, Location
from routersvc.domain.outcomes.failure_rules import FailureClass
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.providers.formats.anthropic_messages.dialects import DIALECTS as ANTHROPIC
from routersvc.providers.formats.anthropic_messages.wire import anthropic_messages
from routersvc.providers.formats.gemini.dialects import DIALECTS as GEMINI
from routersvc.providers.formats.gemini.wire import gemini
from routersvc.providers.formats.openai_chat.vendors import DIALECTS as CHAT
from routersvc.providers.formats.openai_chat.wire import openai_chat
from routersvc.providers.formats.openai_responses.dialects import DIALECTS as RESPONSES
from routersvc.providers.formats.openai_responses.wire import openai_responses

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
