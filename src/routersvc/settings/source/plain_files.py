"""Opens the files that settings refer to: plain files only.

Opening a pipe waits until somebody writes to it, and a device may never end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path


def require_plain_file(path: Path) -> None:
    """Do nothing for a file or a folder, which has an error of its own when it is read.

    Raises:
        OSError: it does not exist, or is a pipe, a socket or a device.
        ValueError: the path is invalid.
    """
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "not a regular file", os.fspath(path))
