"""The pytest plugin that makes properties quick to fail.

A mutant's counterexample needs no shrinking. It stands alone because pytest has to be the first to
import hypothesis.
"""

from __future__ import annotations

from collections.abc import Sequence

import hypothesis
import pytest

_EXAMPLES = 25
_SETTINGS = "_hypothesis_internal_use_settings"

hypothesis.settings.register_profile(
    "mutations",
    deadline=None,
    derandomize=True,
    database=None,
    max_examples=_EXAMPLES,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
)


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    """Cut the properties that ask for more examples than a mutant is worth."""
    for item in items:
        test = getattr(item, "obj", None)
        test = getattr(test, "__func__", test)
        asked = getattr(test, _SETTINGS, None)
        if isinstance(asked, hypothesis.settings) and asked.max_examples > _EXAMPLES:
            setattr(test, _SETTINGS, hypothesis.settings(asked, max_examples=_EXAMPLES))
