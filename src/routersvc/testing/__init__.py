"""Test doubles for code that uses the router: scripted deployments and a loop in virtual time.

Nothing here opens a socket or sleeps, and a test takes the same steps in every run. `World` puts a
real `Router` in front of deployments that follow scripts. `run_in_virtual_time` runs a coroutine in
a `VirtualTimeLoop`, whose clock jumps to the next timer.

    >>> from routersvc.testing import Hang, World, answer, run_in_virtual_time, scripted_request
    >>> async def fail_over() -> None:
    ...     world = World({"first": [[Hang()]], "second": [answer("noon", first=0.5)]})
    ...     async with world.router.open(scripted_request(streaming=False)) as call:
    ...         await call.complete()
    ...     for line in world.gateway.log:
    ...         print(line)
    >>> run_in_virtual_time(fail_over())
    (0.0, 'first', 'started')
    (20.0, 'first', 'cancelled')
    (20.0, 'second', 'started')
    (20.5, 'second', 'finished')

`docs/testing.md` describes the package and has examples for pytest.
"""

from routersvc.testing.scripted import (
    Emit,
    Fail,
    Hang,
    Move,
    Script,
    ScriptedGateway,
    ScriptedStream,
    StreamEvent,
    Wait,
    answer,
)
from routersvc.testing.virtual_time import (
    NothingScheduledError,
    VirtualTimeLoop,
    run_in_virtual_time,
)
from routersvc.testing.worlds import (
    RecordedAttempt,
    RecordingObserver,
    World,
    scripted_deployment,
    scripted_policy,
    scripted_request,
)

__all__ = (
    "Emit",
    "Fail",
    "Hang",
    "Move",
    "NothingScheduledError",
    "RecordedAttempt",
    "RecordingObserver",
    "Script",
    "ScriptedGateway",
    "ScriptedStream",
    "StreamEvent",
    "VirtualTimeLoop",
    "Wait",
    "World",
    "answer",
    "run_in_virtual_time",
    "scripted_deployment",
    "scripted_policy",
    "scripted_request",
)
