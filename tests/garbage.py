"""Finds reference cycles: the pauses of the garbage collector delay every call."""

from __future__ import annotations

import contextlib
import gc
from collections.abc import Generator


@contextlib.contextmanager
def without_old_objects() -> Generator[None]:
    """Exempt the objects that already exist from collection, so that collections are quick.

    They stay exempt, as what was imported and collected before the first test.
    """
    gc.collect()
    gc.freeze()
    yield


def cyclic_garbage(*packages: str) -> list[str]:
    """Collect reference cycles; return the names of the types in them that are from `packages`."""
    debug = gc.get_debug()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        gc.collect()
        types = {f"{type(one).__module__}.{type(one).__qualname__}" for one in gc.garbage}
    finally:
        gc.set_debug(debug)
        gc.garbage.clear()
    return sorted(name for name in types if name.startswith(packages))
