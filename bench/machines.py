"""Says in one line what a figure was measured on."""

from __future__ import annotations

import importlib.util
import os
import platform
from importlib.metadata import version


def machine() -> str:
    """Return the machine and the versions that matter."""
    loop = f"uvloop {version('uvloop')}" if importlib.util.find_spec("uvloop") else "asyncio"
    return (
        f"{os.cpu_count()} cores ({platform.machine()}, shared), {platform.system()}, "
        f"{platform.python_implementation()} {platform.python_version()}, {loop}, "
        f"grpcio {version('grpcio')}, aiohttp {version('aiohttp')}"
    )
