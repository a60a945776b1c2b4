"""Secrets do not show themselves."""

from __future__ import annotations

import copy
import pickle

import pytest
from tests.wording import Wording

from routersvc.domain.catalogue.secrets import Secret


def test_secret_has_no_readable_form() -> None:
    """Log lines, tracebacks and error messages are made with `repr`, `str` and `format`."""
    secret = Secret("sk-very-secret")

    shown = f"{secret} {secret!r} {[secret]} {secret!s:>40}"

    assert "very-secret" not in shown
    assert "***" in shown


def test_secret_is_not_written_down(wording: Wording) -> None:
    """A pickle in a cache or a crash report would hold it."""
    with pytest.raises(TypeError) as caught:
        pickle.dumps(Secret("sk-very-secret"))
    with pytest.raises(TypeError):
        copy.deepcopy(Secret("sk-very-secret"))

    wording(str(caught.value))


def test_secret_gives_itself_away_on_demand_only() -> None:
    """The wire needs it."""
    assert Secret("sk-1").reveal() == "sk-1"


def test_equal_secrets_are_equal() -> None:
    """A reload can tell whether a credential has changed without looking at it."""
    assert Secret("sk-1") == Secret("sk-1")
    assert hash(Secret("sk-1")) == hash(Secret("sk-1"))
    assert Secret("sk-1") != Secret("sk-2")
    assert Secret("sk-1") != "sk-1"
