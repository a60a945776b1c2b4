"""What totals of decision logs can be grouped by; imports nothing, so that `--help` is fast."""

from __future__ import annotations

import enum


class Dimension(enum.StrEnum):
    """What totals can be grouped by."""

    TENANT = "tenant"
    POLICY = "policy"
    DAY = "day"
    MODEL = "model"
    PROVIDER = "provider"
    DEPLOYMENT = "deployment"
