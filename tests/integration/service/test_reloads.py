"""Settings are reloaded under load, half of them broken."""

from __future__ import annotations

from pathlib import Path

from bench.reloads.trial import Trial, run


async def test_no_call_fails_while_settings_are_reloaded(tmp_path: Path) -> None:
    """Breakers keep their state, and nothing of an earlier configuration is left at the end."""
    findings = await run(tmp_path, Trial(reloads=12, callers=6))

    assert findings.failed == {}
    assert (findings.applied, findings.refused) == (6, 6)
    assert not findings.forgot_breaker
    assert findings.left == {}
    assert findings.served >= 12 * 4
