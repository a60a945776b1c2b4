"""Which identifiers make which classes of data, and how models count tokens, from the settings."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.wording import Wording

from routersvc.domain.profiling.identifiers import DataClassRule, IdentifierKind
from routersvc.settings.problems import SettingsError
from routersvc.settings.settings import Settings

Load = Callable[[str], Settings]

SECTION = """
detection:
  data_classes:
    pii: {kinds: [email, phone_number], min_count: 3}
    phi: {kinds: [medical_record]}
  phone_regions: [DE]
"""


def test_nothing_is_looked_for_by_default(load: Load, minimal: str) -> None:
    """Looking costs time and takes deployments away: who wants it says so."""
    assert load(minimal).data_class_rules() == ()


def test_rules_are_those_of_the_file(load: Load, minimal: str) -> None:
    """One finding is enough where no count is stated."""
    settings = load(minimal + SECTION)

    assert settings.data_class_rules() == (
        DataClassRule(
            data_class="pii",
            kinds=frozenset({IdentifierKind.EMAIL, IdentifierKind.PHONE_NUMBER}),
            min_count=3,
        ),
        DataClassRule(
            data_class="phi", kinds=frozenset({IdentifierKind.MEDICAL_RECORD}), min_count=1
        ),
    )
    assert settings.document.detection.phone_regions == ("DE",)


@pytest.mark.parametrize(
    ("before", "after", "key"),
    [
        ("[medical_record]", "[mrn]", "detection.data_classes.phi.kinds[0]"),
        ("[medical_record]", "[]", "detection.data_classes.phi.kinds"),
        ("min_count: 3", "min_count: 0", "detection.data_classes.pii.min_count"),
        ("min_count: 3", "min_count: 101", "detection.data_classes.pii.min_count"),
        ("[DE]", "[Germany]", "detection.phone_regions[0]"),
        ("phone_regions", "phone_region", "detection.phone_region"),
    ],
)
def test_wrong_rule_is_reported(
    before: str, after: str, key: str, load: Load, minimal: str, wording: Wording
) -> None:
    """A class that is never found would let regulated data through in silence."""
    with pytest.raises(SettingsError) as caught:
        load(minimal + SECTION.replace(before, after))

    assert caught.value.problems[0].key_path == key
    wording(str(caught.value.problems[0]))
