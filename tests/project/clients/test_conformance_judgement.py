"""What the conformance of the clients counts as observed: a judge that lets things pass is none."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml
from clients.conformance.runner.cases import CaseError, load_cases
from clients.conformance.runner.expectations import mismatches

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("expected", "observed"),
    [
        ({"status": "UNAVAILABLE"}, {"status": "UNAVAILABLE", "reason": "DRAINING"}),
        ({"finish_reason": "STOP"}, {"finishReason": "STOP"}),
        ({"text": ""}, {}),
        ({"attempts": []}, {}),
        ({"report": None}, {"report": None}),
        ([{"number": 1}, {"number": 2}], [{"number": 1, "x": 0}, {"number": 2}]),
        ({"$matches": "a.c"}, "abc"),
        ({"$at_least": 5}, "5"),
        ({"$at_most": 5}, None),
        ({"$any": True}, [0]),
        ({"$absent": True}, ""),
        ({"$length": 2}, [1, 2]),
    ],
)
def test_what_fits_is_let_pass(expected: object, observed: object) -> None:
    """What a case does not name is its own business; defaults may be left out of JSON."""
    assert list(mismatches(expected, observed, "it")) == []


@pytest.mark.parametrize(
    ("expected", "observed", "sentence"),
    [
        ({"a": {"b": "x"}}, {"a": {"b": "y"}}, "it.a.b: expected 'x', observed 'y'"),
        ({"a": "x"}, {}, "it.a: expected 'x', observed None"),
        ({"a": 1}, "a", "it: an object is expected, not 'a'"),
        ([1], [1, 2], "it: 1 entries are expected, not [1, 2]"),
        ([1, 2], [1, 3], "it[1]: expected 2, observed 3"),
        (None, "x", "it: expected None, observed 'x'"),
        (1, True, "it: expected 1, observed True"),
        ({"$matches": "b"}, "abc", "it: expected $matches 'b', observed 'abc'"),
        ({"$at_least": 5}, 4, "it: expected $at_least 5, observed 4"),
        ({"$at_least": 5}, None, "it: expected $at_least 5, observed None"),
        ({"$at_most": 5}, 6, "it: expected $at_most 5, observed 6"),
        ({"$any": True}, "", "it: expected $any True, observed ''"),
        ({"$absent": True}, "x", "it: expected $absent True, observed 'x'"),
        ({"$length": 2}, [1], "it: expected $length 2, observed [1]"),
        ({"$likes": 2}, 2, "it: the case has an unknown rule `$likes`"),
    ],
)
def test_what_does_not_fit_is_told_with_its_place(
    expected: object, observed: object, sentence: str
) -> None:
    """Whoever mends it has to find it."""
    assert list(mismatches(expected, observed, "it")) == [sentence]


@pytest.mark.parametrize(
    ("case", "sentence"),
    [
        ({"step": []}, "unknown key `step`"),
        ({"steps": [{"wait": 1}]}, "a step is one of complete, stream"),
        ({"steps": [{"complete": {"asks": "x"}, "expect": {}}]}, "unknown key `asks`"),
        ({"steps": [{"complete": {"ask": "x"}, "expect": {"txt": ""}}]}, "unknown key `txt`"),
        ({"steps": [{"complete": {"ask": "x"}}]}, "expect"),
    ],
)
def test_a_case_that_says_something_else_is_refused(
    case: dict[str, object], sentence: str, tmp_path: Path
) -> None:
    """A key with a typo would be a case that tests less than it says."""
    entry: dict[str, object] = {"name": "a/b", "about": "why", "steps": [], **case}
    (tmp_path / "cases.yaml").write_text(yaml.safe_dump({"cases": [entry]}), encoding="utf-8")

    with pytest.raises(CaseError, match=sentence):
        load_cases(tmp_path)


def test_cases_are_told_apart_by_name(tmp_path: Path) -> None:
    """Names choose cases, and stand in the matrix."""
    entry: dict[str, object] = {"name": "a/b", "about": "why", "steps": []}
    (tmp_path / "cases.yaml").write_text(
        yaml.safe_dump({"cases": [entry, entry]}), encoding="utf-8"
    )

    with pytest.raises(CaseError, match="two cases are named a/b"):
        load_cases(tmp_path)


def test_the_cases_that_ship_can_be_read() -> None:
    """Each says why it is there."""
    cases = load_cases(ROOT / "clients/conformance/cases")

    assert len(cases) > 40
    assert [case.name for case in cases if not case.about or not case.steps] == []
