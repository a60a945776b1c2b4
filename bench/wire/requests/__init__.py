"""What recorded requests ask for, in the contract's words.

One module for each API, named as the recordings name it. It has `call_of(body, streaming)`, which
returns the call that says the same, or raises `NotExpressibleError`; and `plain(body, provider)`,
which returns a body without what makes no difference to the vendor, so that two can be compared.
It has `model_at(url)` where the address names the model, and `without_new(encoded, recorded)` where
the router writes ids that the recorded client did not know.
"""

from __future__ import annotations

import base64
import binascii
import dataclasses
import importlib
import json
from collections.abc import Mapping
from types import ModuleType
from typing import Any, cast

from routersvc.domain.catalogue.capabilities import Capability
from routersvc.domain.catalogue.deployments import Deployment
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.providers import Provider
from routersvc.domain.conversation.prompts import Prompt, WireExtension
from routersvc.domain.conversation.tools import HostedTool
from routersvc.engine.ports import AttemptCall

JsonObject = dict[str, Any]


class NotExpressibleError(Exception):
    """The contract has no words for something that a request asks for."""


def module_of(api: str) -> ModuleType | None:
    """Return the module that knows the requests of an API; `None` where there is none."""
    if not api.isidentifier():
        return None
    name = f"{__name__}.{api}"
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return None


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A prompt, and what stands beside it in a call."""

    prompt: Prompt
    streaming: bool
    model: str
    thinks: bool = False
    zero_data_retention: bool = False
    no_training: bool = False

    @property
    def call(self) -> AttemptCall:
        """The call that asks for this."""
        capabilities = frozenset({Capability.REASONING} if self.thinks else set[Capability]())
        return AttemptCall(
            deployment=Deployment(
                name="recorded",
                provider=Provider(name="recorded", wire_format=""),
                model=Model(name="recorded", context_window=1, capabilities=capabilities),
                wire_model=self.model,
                credential="",
            ),
            prompt=self.prompt,
            streaming=self.streaming,
            connect_timeout=1.0,
            timeout=1.0,
            zero_data_retention=self.zero_data_retention,
            no_training=self.no_training,
        )


def said_by(names: Mapping[str, Any], word: str, what: str) -> Any:  # noqa: ANN401 - an enum's member
    """Return what a vendor's word means in the contract.

    Raises:
        NotExpressibleError: the contract does not know it.
    """
    if word not in names:
        raise NotExpressibleError(f"{what} `{word}`")
    return names[word]


def extension(wire_format: str, fields: Mapping[str, object]) -> tuple[WireExtension, ...]:
    """Return the fields that the contract has no words for as an extension of the wire format.

    The adapter refuses those that it does not leave to callers.
    """
    if not fields:
        return ()
    return (WireExtension(wire_format=wire_format, fields_json=json.dumps(fields)),)


def hosted(name: str, settings: Mapping[str, object]) -> HostedTool:
    """Return a tool that the vendor runs."""
    return HostedTool(name=name, settings_json=json.dumps(settings) if settings else "")


def data_of(url: str) -> tuple[str, bytes] | None:
    """Return media type and bytes of a `data:` address; `None` for any other address.

    Raises:
        NotExpressibleError: the recorder left the bytes out.
    """
    if not url.startswith("data:"):
        return None
    head, _, data = url.partition(",")
    try:
        content = base64.b64decode(data, validate=True)
    except binascii.Error:
        raise NotExpressibleError("bytes that the record leaves out") from None
    return head.removeprefix("data:").removesuffix(";base64"), content


def without_nulls(value: object) -> Any:  # noqa: ANN401 - JSON
    """Return a value without the fields that say nothing."""
    if isinstance(value, dict):
        fields = cast("JsonObject", value)
        return {key: without_nulls(one) for key, one in fields.items() if one is not None}
    if isinstance(value, list):
        return [without_nulls(one) for one in cast("list[object]", value)]
    return value
