"""The README's tour works as it is written."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
_BLOCK = re.compile(r"^```bash\n(.*?)^```$", re.DOTALL | re.MULTILINE)


def test_tour_works_as_written(grpcurl: Path, grpc_health_probe: Path) -> None:
    """All blocks in one shell, in their order, and every command succeeds."""
    assert grpcurl.parent == grpc_health_probe.parent == ROOT / ".tools/bin"
    blocks = _BLOCK.findall((ROOT / "README.md").read_text())
    tour = "\n".join(blocks).replace("make tools\n", "")
    script = f"set -euo pipefail; trap 'kill $(jobs -p) 2> /dev/null || true' EXIT\n{tour}"

    done = subprocess.run(
        [shutil.which("bash") or "bash", "-c", script],
        cwd=ROOT,
        env={**os.environ, "NO_COLOR": "1"},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert len(blocks) == 6
    assert "llmrouter.v1.RouterService" in done.stdout
    assert '"route_selected"' in done.stdout
    assert '"EXCLUSION_REASON_TRAINING"' in done.stdout
    assert "beta" in done.stderr, "the report of the call after the kill names who served it"
