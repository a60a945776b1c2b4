"""Parses requests and renders answers, with a cache for repeated requests.

Parsing, composing and encoding depend only on the body, the behaviour and the fault; only the
signature differs each time. The cache keeps the cost of the simulator out of benchmarks that
repeat their prompts.
"""

from __future__ import annotations

import collections
import dataclasses

from routersvc.simulator.answers.author import Author
from routersvc.simulator.answers.completions import CompletionRequest
from routersvc.simulator.behaviours.behaviours import Behaviour
from routersvc.simulator.errors import SchemaError
from routersvc.simulator.faults.effects import Effect, InDelivery, SplitBytes
from routersvc.simulator.formats.operations import Completion
from routersvc.simulator.formats.replies import RefusedError, StreamScript
from routersvc.simulator.formats.wire_format import WireFormat

_REMEMBERED = 512
_LARGEST_REMEMBERED_BODY = 32 * 1024


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Rendering:
    """An encoded answer, not yet signed: a `body`, or a `script` and its `joined` frames."""

    tokens: int
    body: bytes = b""
    script: StreamScript | None = None
    joined: bytes = b""


@dataclasses.dataclass(kw_only=True, slots=True)
class Reading:
    """A parsed request, with the cached answer and the behaviour that produced it."""

    request: CompletionRequest
    rendering: Rendering | None = None
    behaviour: Behaviour | None = None


class Renderer:
    """Parses and renders in one wire format for one provider."""

    def __init__(self, wire_format: WireFormat, author: Author) -> None:
        self._wire_format = wire_format
        self._author = author
        self._readings: collections.OrderedDict[tuple[Completion, bytes], Reading]
        self._readings = collections.OrderedDict()

    def read(self, completion: Completion, body: bytes) -> Reading:
        """Return the parsed request.

        Raises:
            RefusedError: the vendor would not accept it.
        """
        key = (completion, body)
        known = self._readings.get(key)
        if known is not None:
            self._readings.move_to_end(key)
            return known
        reading = Reading(request=self._wire_format.read(completion, body))
        if len(body) <= _LARGEST_REMEMBERED_BODY:
            self._readings[key] = reading
            if len(self._readings) > _REMEMBERED:
                self._readings.popitem(last=False)
        return reading

    def render(self, reading: Reading, behaviour: Behaviour, effect: Effect | None) -> Rendering:
        """Return the answer for this behaviour and, if one applies, this fault.

        Raises:
            RefusedError: no value can be made for the JSON schema of the request.
        """
        if reading.rendering is not None and reading.behaviour is behaviour and _plain(effect):
            return reading.rendering
        request = reading.request
        try:
            answer = self._author.compose(request, behaviour, effect)
        except SchemaError as error:
            refused = self._wire_format.refuse_schema(request, str(error))
            raise RefusedError(refused) from error
        if request.streaming:
            script = self._wire_format.stream(answer, request, behaviour.tokens_per_chunk)
            frames = (script.opening, *(frame for frame, _ in script.contents), script.closing)
            rendering = Rendering(
                tokens=answer.tokens,
                script=script,
                joined=b"".join((*frames, script.terminator)),
            )
        else:
            body = self._wire_format.unary(answer, request)
            rendering = Rendering(tokens=answer.tokens, body=body)
        if _plain(effect):
            reading.rendering, reading.behaviour = rendering, behaviour
        return rendering


def _plain(effect: Effect | None) -> bool:
    """Return whether a fault leaves the content of the answer unchanged."""
    return effect is None or (isinstance(effect, InDelivery) and not isinstance(effect, SplitBytes))
