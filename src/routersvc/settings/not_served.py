"""What the schema knows and this version does not serve yet.

A value that asks for it is refused by name, never taken and ignored.
"""

from __future__ import annotations

from routersvc.domain.policies import HedgingMode, StreamRecoveryMode
from routersvc.settings.policies import PolicyDefaultsSection
from routersvc.settings.problem_list import ProblemList
from routersvc.settings.problems import KeyPath, listing
from routersvc.settings.sections import Sections

SERVED_HEDGING_MODES = (HedgingMode.OFF,)
SERVED_STREAM_RECOVERY_MODES = (StreamRecoveryMode.FAIL,)


def check_served(sections: Sections, problems: ProblemList) -> None:
    """Report every value that this version does not serve."""
    rules: dict[KeyPath, PolicyDefaultsSection | None] = {
        ("policies", name): policy for name, policy in sections.policies.items()
    }
    rules[("policy_defaults",)] = sections.policy_defaults
    for path, section in rules.items():
        if section is None:
            continue
        if section.hedging.mode not in SERVED_HEDGING_MODES:
            problems.at_value(
                (*path, "hedging", "mode"),
                f"`{section.hedging.mode.value}` is not served by this version",
                listing([mode.value for mode in SERVED_HEDGING_MODES]),
            )
        if section.stream_recovery not in SERVED_STREAM_RECOVERY_MODES:
            problems.at_value(
                (*path, "stream_recovery"),
                f"`{section.stream_recovery.value}` is not served by this version",
                listing([mode.value for mode in SERVED_STREAM_RECOVERY_MODES]),
            )
