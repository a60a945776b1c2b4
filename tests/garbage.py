"""What only the garbage collector could free: its pauses are waits of all callers."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Generator


@contextlib.contextmanager
def without_old_objects() -> Generator[None]:
    """Let the collector look at nothing that is older than this context, so that it is quick."""
    gc.collect()
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


def cyclic_garbage(*packages: str) -> list[str]:
    """Free what hangs in cycles; return the types of these packages that were part of it."""
    debug = gc.get_debug()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        types = {f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.garbage}
    finally:
        gc.set_debug(debug)
        gc.garbage.clear()
    return sorted(name for name in types if name.startswith(packages))
