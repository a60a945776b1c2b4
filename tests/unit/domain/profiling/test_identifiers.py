"""Findings tighten: they add classes of data, and constraints hold for them as for stated ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable

import pytest
from tests.wording import Wording

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.constraints import Constraints
from routersvc.domain.catalogue.deployments import Compliance
from routersvc.domain.catalogue.routing import Routing
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import AudioPart, FilePart, TextPart, ToolCall, ToolResult
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.conversation.steps import Steps, finished
from routersvc.domain.conversation.tools import FunctionTool
from routersvc.domain.planning.exclusion_reasons import ExclusionReason
from routersvc.domain.planning.exclusions import exclusions
from routersvc.domain.planning.planner import Planner
from routersvc.domain.profiling.identifiers import (
    DataClassRule,
    IdentifierFinding,
    IdentifierKind,
    data_classes_of,
)
from routersvc.domain.profiling.profiles import Profiler, evidence_of
from routersvc.testing.worlds import scripted_deployment, scripted_policy, scripted_request

EMAIL = IdentifierKind.EMAIL
RULES = (
    DataClassRule(
        data_class="pii", kinds=frozenset({EMAIL, IdentifierKind.PHONE_NUMBER}), min_count=2
    ),
    DataClassRule(data_class="phi", kinds=frozenset({IdentifierKind.MEDICAL_RECORD}), min_count=1),
)


class Words:
    """Takes every `#` for an e-mail address and every `§` for a medical record."""

    def detecting(self, texts: Iterable[str]) -> Steps[tuple[IdentifierFinding, ...]]:
        """Return how many there are."""
        yield
        whole = "".join(texts)
        counts = {EMAIL: whole.count("#"), IdentifierKind.MEDICAL_RECORD: whole.count("§")}
        return tuple(
            IdentifierFinding(kind=kind, count=count) for kind, count in counts.items() if count
        )


PROFILER = Profiler(detector=Words(), data_class_rules=RULES)


@pytest.mark.parametrize(
    ("text", "classes"),
    [("", set[str]()), ("#", set[str]()), ("##", {"pii"}), ("§", {"phi"}), ("##§", {"pii", "phi"})],
)
def test_findings_make_classes_from_their_counts_on(text: str, classes: set[str]) -> None:
    """One address in a letter is no register of persons."""
    findings = finished(Words().detecting([text]))

    assert data_classes_of(findings, RULES) == classes


def test_rule_without_a_count_is_refused() -> None:
    """It would make every prompt regulated."""
    with pytest.raises(ValueError, match="at least 1"):
        DataClassRule(data_class="pii", kinds=frozenset({EMAIL}), min_count=0)


def test_findings_add_to_what_is_stated_and_take_nothing_away() -> None:
    """The union, whatever is found."""
    routing = Routing(constraints=Constraints(data_classes=frozenset({"secret"})))

    plain = PROFILER.profile(scripted_request(text="hello", routing=routing))
    full = PROFILER.profile(scripted_request(text="##", routing=routing))

    assert plain.data_classes == {"secret"}
    assert full.data_classes == {"secret", "pii"}


def test_found_class_excludes_who_is_not_cleared() -> None:
    """Fail-closed, as if the caller had stated it."""
    silent = scripted_deployment("a")
    cleared = dataclasses.replace(
        scripted_deployment("b"), compliance=Compliance(data_classes=frozenset({"phi"}))
    )
    planner = Planner(
        catalogue=Catalogue(deployments={"a": silent, "b": cleared}),
        policies={"drill": scripted_policy(["a", "b"])},
        default_policy="drill",
        profiler=PROFILER,
    )

    limits = planner.limits(scripted_request(text="§"))

    assert [one.reason for one in exclusions(silent, limits)] == [ExclusionReason.DATA_CLASS]
    assert exclusions(cleared, limits) == ()


@pytest.mark.parametrize(
    "prompt",
    [
        Prompt(messages=(Message(role=Role.SYSTEM, parts=(TextPart(text="§"),)),)),
        Prompt(
            messages=(
                Message(role=Role.USER, parts=(TextPart(text="§"),)),
                Message(role=Role.ASSISTANT, parts=(TextPart(text="hm"),)),
                Message(role=Role.USER, parts=(TextPart(text="and?"),)),
            )
        ),
        Prompt(
            messages=(
                Message(
                    role=Role.ASSISTANT,
                    parts=(ToolCall(call_id="c", name="f", arguments_json='{"a": "§"}'),),
                ),
            )
        ),
        Prompt(
            messages=(
                Message(
                    role=Role.TOOL, parts=(ToolResult(call_id="c", parts=(TextPart(text="§"),)),)
                ),
            )
        ),
        Prompt(
            messages=(
                Message(
                    role=Role.USER,
                    parts=(AudioPart(data=b"x", media_type="audio/wav", transcript="§"),),
                ),
            )
        ),
        Prompt(
            messages=(
                Message(
                    role=Role.USER, parts=(FilePart(data="§".encode(), media_type="text/plain"),)
                ),
            )
        ),
        Prompt(
            messages=(Message(role=Role.USER, parts=(TextPart(text="hi"),)),),
            tools=(FunctionTool(name="f", description="§"),),
        ),
        Prompt(
            messages=(Message(role=Role.USER, parts=(TextPart(text="hi"),)),), predicted_output="§"
        ),
        Prompt(messages=(Message(role=Role.USER, parts=(TextPart(text="hi"),)),), end_user_id="§"),
    ],
)
def test_everything_that_is_sent_is_searched(prompt: Prompt) -> None:
    """A provider reads the history and the tools' results too."""
    request = dataclasses.replace(scripted_request(), prompt=prompt)

    assert PROFILER.profile(request).data_classes == {"phi"}


def test_evidence_tells_kind_and_count_never_the_value(wording: Wording) -> None:
    """And what each class of data rests on."""
    routing = Routing(constraints=Constraints(data_classes=frozenset({"secret"})))
    request = scripted_request(text="### found", routing=routing)

    evidence = [
        one
        for one in evidence_of(PROFILER.profile(request), request)
        if one.finding in {"identifier", "data_class"}
    ]

    assert [(one.finding, one.weight) for one in evidence] == [
        ("identifier", 3.0),
        ("data_class", None),
        ("data_class", None),
    ]
    wording("; ".join(one.description for one in evidence))
