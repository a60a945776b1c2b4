"""Engine tests run in virtual time."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from routersvc.testing.virtual_time import VirtualTimeLoop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """Make every loop of these tests a virtual one."""
    del config, item
    return {"virtual time": VirtualTimeLoop}


@pytest.fixture(autouse=True)
def no_callback_fails(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """An exception in a callback of the loop fails the test."""
    unhandled: list[object] = []

    def note(_: VirtualTimeLoop, context: dict[str, Any]) -> None:
        unhandled.append(context)

    monkeypatch.setattr(VirtualTimeLoop, "call_exception_handler", note, raising=False)
    yield
    assert unhandled == []
