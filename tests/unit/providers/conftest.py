"""Values and recordings that the tests of providers share."""

from __future__ import annotations

from asyncio import AbstractEventLoop
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.engine.ports import AttemptCall
from routersvc.testing.virtual_time import VirtualTimeLoop

MakeCall = Callable[..., AttemptCall]
JsonObject = dict[str, Any]


def make_call_(
    *,
    streaming: bool = False,
    zero_data_retention: bool = False,
    no_training: bool = False,
    headers: Mapping[str, str] | None = None,
    timeout: float = 30.0,
    connect_timeout: float = 2.0,
    wire_model: str = "large-2026-01",
    **prompt: Any,  # noqa: ANN401 - the fields of a prompt
) -> AttemptCall:
    """Return a call of which only what matters has to be said."""
    prompt.setdefault("messages", (Message(role=Role.USER, parts=(TextPart(text="Hello"),)),))
    return AttemptCall(
        deployment=Deployment(
            name="acme-large",
            provider=Provider(name="acme", wire_format="openai_chat"),
            model=Model(name="large", context_window=8192),
            wire_model=wire_model,
            credential="acme-key",
        ),
        prompt=Prompt(**prompt),
        streaming=streaming,
        connect_timeout=connect_timeout,
        timeout=timeout,
        headers=headers or {},
        zero_data_retention=zero_data_retention,
        no_training=no_training,
    )


def pytest_asyncio_loop_factories(
    config: pytest.Config, item: pytest.Item
) -> Mapping[str, Callable[[], AbstractEventLoop]]:
    """Make every loop of these tests a virtual one: they wait without waiting."""
    del config, item
    return {"virtual time": VirtualTimeLoop}


@pytest.fixture(scope="session")
def make_call() -> MakeCall:
    """Return a maker of calls."""
    return make_call_
