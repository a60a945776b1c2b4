"""All tests of the nghttp2 edge run in virtual time."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping

import pytest

from routersvc.testing.virtual_time import VirtualTimeLoop


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """Make every loop of these tests a virtual one."""
    del config, item
    return {"virtual time": VirtualTimeLoop}
