"""Which models there are, for people."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from rich.console import Console

from routersvc.cli.actions.model_listing import ModelFilters
from routersvc.cli.exit_codes import UsageProblemError
from routersvc.cli.views.model_views import known_models_table, models_table
from routersvc.cli.views.terminal import Terminal
from routersvc.grpc_api.client.messages import ListModelsResponse, read_message, to_json
from routersvc.settings.known_models.known_models import completed
from routersvc.settings.sections.models import ModelSection

MakeTerminal = Callable[..., Terminal]
Written = Callable[[Console], str]

RESPONSE = read_message(
    ListModelsResponse,
    {
        "models": [
            {
                "name": "large",
                "aliases": ["big"],
                "context_window": "128000",
                "max_output_tokens": "16384",
                "capabilities": ["CAPABILITY_STREAMING", "CAPABILITY_TOOLS"],
                "prices": {"input": 2.5, "output": 10.0},
                "deprecated": True,
                "retirement_date": "2027-01-31",
                "deployments": [
                    {
                        "deployment": {
                            "deployment": "alpha-large",
                            "provider": "alpha",
                            "region": "eu",
                        },
                        "enabled": True,
                    },
                    {"deployment": {"deployment": "beta-large", "provider": "beta"}},
                ],
            },
            {"name": "small", "context_window": "1000"},
        ]
    },
)


def words(written: str) -> list[list[str]]:
    """Return the cells of each row."""
    return [re.split(r"\s{2,}", line.strip()) for line in written.splitlines()]


def test_a_model_is_one_row(make_terminal: MakeTerminal, written: Written) -> None:
    """With what matters for choosing it; what is not known is a dash."""
    out = make_terminal().out
    out.width = 200

    out.print(models_table(RESPONSE, 200))

    assert words(written(out)) == [
        ["model", "window", "answer", "$ in / out", "can do", "deployments"],
        [
            "large (big) deprecated until 2027-01-31",
            "128,000",
            "16,384",
            "2.5 / 10",
            "tools",
            "alpha-large (at alpha in eu), beta-large (at beta, out of service)",
        ],
        ["small", "1,000", "–", "–"],
    ]


def test_known_models_show_what_settings_would_take(
    make_terminal: MakeTerminal, written: Written
) -> None:
    """By the name that stands behind `from`."""
    out = make_terminal().out
    out.width = 300
    name = "google/gemini-2.0-flash"
    model = completed(name, ModelSection())
    assert model is not None

    out.print(known_models_table({name: model}))

    (_, row) = words(written(out))
    assert row[:4] == [f"{name} deprecated", "1,048,576", "8,192", "0.1 / 0.4"]
    assert "tools, top k" in row[4]


def test_filters_are_those_of_the_contract() -> None:
    """A capability by its word, as settings and explanations write it."""
    request = ModelFilters(
        models=("a",), providers=("b",), capabilities=("json_schema",), policy="c"
    ).request()

    assert to_json(request) == {
        "models": ["a"],
        "providers": ["b"],
        "capabilities": ["CAPABILITY_JSON_SCHEMA"],
        "policy": "c",
    }


def test_capability_that_does_not_exist_is_a_mistake_of_usage() -> None:
    """With the one that was meant."""
    with pytest.raises(UsageProblemError, match="did you mean `tools`"):
        ModelFilters(capabilities=("tool",)).request()
