"""What a race asks its performer to do."""

from __future__ import annotations

import dataclasses

from routersvc.domain.attempts import Attempt


@dataclasses.dataclass(frozen=True, slots=True)
class Start:
    """Start this attempt now."""

    attempt: Attempt


@dataclasses.dataclass(frozen=True, slots=True)
class Cancel:
    """Cancel this attempt now; its outcome is already settled."""

    attempt: Attempt


Step = Start | Cancel
