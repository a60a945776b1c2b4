"""What the tests of the settings share: a way from text to settings, without files."""

import itertools
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.wording import Wording

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.conversation.reasoning import ReasoningEffort
from routersvc.settings.loading import settings_of
from routersvc.settings.problems import SettingsError
from routersvc.settings.settings import Settings
from routersvc.settings.source.yaml_source import YamlDocument, parse_yaml
from routersvc.settings.wire_formats import Dialect, WireFormat

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"

WIRE_FORMATS = {
    "openai_chat": WireFormat(
        dialects={
            "openai": Dialect(),
            "groq": Dialect(
                expressible=frozenset({Capability.STREAMING, Capability.TOOLS}),
                cancel_stops_billing=False,
                efforts=lambda _: frozenset({ReasoningEffort.LOW, ReasoningEffort.HIGH}),
            ),
        },
        default_dialect="openai",
    )
}

ENVIRONMENT = {
    "ALPHA_API_KEY": "alpha-secret",
    "BETA_API_KEY": "beta-secret",
    "BETA_BATCH_API_KEY": "beta-batch-secret",
    "GAMMA_API_KEY": "gamma-secret",
    "SEARCH_API_KEY": "search-secret",
}


@pytest.fixture(scope="session")
def wire_formats() -> Mapping[str, WireFormat]:
    """The wire formats that the tests know."""
    return WIRE_FORMATS


@pytest.fixture(scope="session")
def environment() -> Mapping[str, str]:
    """The secrets of the examples."""
    return ENVIRONMENT


@pytest.fixture(scope="session")
def load() -> Callable[[str], Settings]:
    """Make settings of a text, with the secrets of the examples."""

    def load(text: str) -> Settings:
        return settings_of(
            parse_yaml(text, "settings.yaml"),
            folder=Path("/nowhere"),
            environment=ENVIRONMENT,
            known_wire_formats=WIRE_FORMATS,
        )

    return load


@pytest.fixture(scope="session")
def outcome(load: Callable[[str], Settings]) -> Callable[[str], Settings | SettingsError]:
    """Make settings of a text, or the one error that it may raise."""

    def outcome(text: str) -> Settings | SettingsError:
        try:
            return load(text)
        except SettingsError as error:
            return error

    return outcome


@pytest.fixture(scope="session")
def full_problems_in(
    outcome: Callable[[str], Settings | SettingsError],
) -> Callable[[str], list[str]]:
    """List the problems of a text as an operator sees them."""

    def full_problems_in(text: str) -> list[str]:
        found = outcome(text)
        return (
            [str(problem) for problem in found.problems] if isinstance(found, SettingsError) else []
        )

    return full_problems_in


@pytest.fixture
def problems_in(
    outcome: Callable[[str], Settings | SettingsError], wording: Wording
) -> Callable[[str], list[str]]:
    """List the problems of a text as `line:column: key`; their sentences are in the golden file."""
    calls = itertools.count(1)

    def problems_in(text: str) -> list[str]:
        found = outcome(text)
        problems = found.problems if isinstance(found, SettingsError) else ()
        if problems:
            wording("\n".join(str(problem) for problem in problems), f"problems {next(calls)}")
        return [f"{problem.line}:{problem.column}: {problem.key_path}" for problem in problems]

    return problems_in


@pytest.fixture(scope="session")
def examples() -> Path:
    """The folder of the examples."""
    return EXAMPLES


@pytest.fixture(scope="session")
def minimal() -> str:
    """The smallest example, without its comments: 15 lines, `policies` last."""
    lines = (EXAMPLES / "minimal.yaml").read_text(encoding="utf-8").splitlines()
    return "".join(f"{line}\n" for line in lines if line and not line.startswith("#"))


@pytest.fixture(scope="session")
def full() -> str:
    """The example with every key."""
    return (EXAMPLES / "full.yaml").read_text(encoding="utf-8")


@pytest.fixture(scope="session")
def full_source(full: str) -> YamlDocument:
    """The example with every key, parsed."""
    return parse_yaml(full, "settings.yaml")
