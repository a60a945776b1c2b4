"""Work in steps gives its result whether its steps are done at once or apart."""

from __future__ import annotations

import pytest

from routersvc.domain.conversation.steps import Steps, finished


def counting(number: int) -> Steps[int]:
    """Yield so many times, and return how often."""
    for _ in range(number):
        yield
    return number


@pytest.mark.parametrize("number", [0, 1, 5])
def test_all_steps_are_done(number: int) -> None:
    """The result is that of the last step."""
    assert finished(counting(number)) == number
