"""What every call of a router shares."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from routersvc.engine.answer_sizes import DEFAULT_MAX_ANSWER_BYTES
from routersvc.engine.ports import Gateway, Observer
from routersvc.engine.tasks import TaskScope


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class Surroundings:
    """What every call of a router shares. `clock` is the running loop's own time.

    `max_answer_bytes` is the largest message that the server sends to a caller.
    """

    gateway: Gateway
    observer: Observer
    scope: TaskScope
    clock: Callable[[], float]
    max_answer_bytes: int = DEFAULT_MAX_ANSWER_BYTES
