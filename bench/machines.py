"""Describes the machine of a measurement in one line."""

from __future__ import annotations

import importlib.util
import os
import platform
from importlib.metadata import version


def machine() -> str:
    """Return the machine and the versions of what affects figures."""
    loop = f"uvloop {version('uvloop')}" if importlib.util.find_spec("uvloop") else "asyncio"
    return (
        f"{os.cpu_count()} cores ({platform.machine()}, shared), {platform.system()}, "
        f"{platform.python_implementation()} {platform.python_version()}, {loop}, "
        f"grpcio {version('grpcio')}, aiohttp {version('aiohttp')}"
    )
