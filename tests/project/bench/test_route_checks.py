"""In thousands of generated worlds no limit is broken and nothing eligible is refused."""

from __future__ import annotations

import collections
import random

from bench.simulations.generated_routes import draw_route
from bench.simulations.route_checks import check_route
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.outcomes.attempt_reports import AttemptReason
from routersvc.domain.planning.exclusion_reasons import ExclusionReason


@given(source=st.randoms(use_true_random=False), seed=st.integers(0, 100))
def test_no_generated_world_breaks_a_limit(source: random.Random, seed: int) -> None:
    """Promise 3, for the parties together, through everything that starts an attempt."""
    findings = check_route(draw_route(source), seed=seed)

    assert findings.complaints == ()


def test_generated_worlds_meet_every_limit_and_every_kind_of_attempt() -> None:
    """What is never met proves nothing; what is not met here has tests of its own."""
    counts: collections.Counter[str] = collections.Counter()

    for seed in range(300):
        counts += check_route(draw_route(random.Random(seed)), seed=seed).counts

    reasons = {each for each in ExclusionReason if counts[f"excluded for {each.value}"]}
    attempts = {each for each in AttemptReason if counts[f"attempts for {each.value}"]}
    assert set(ExclusionReason) - reasons == {
        ExclusionReason.MODALITY,
        ExclusionReason.TENANT_BUDGET,
        ExclusionReason.CREDENTIAL_DISABLED,
        ExclusionReason.MODEL_DISABLED,
    }
    assert set(AttemptReason) - attempts <= {AttemptReason.RESCUE}
    assert counts["attempts with a prefill"] > 0
