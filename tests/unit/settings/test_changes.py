"""What a reload would change."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from routersvc.settings.changes import changes_between, waiting_for_restart
from routersvc.settings.settings import Settings

Load = Callable[[str], Settings]
KEY = "tenants: {t: {api_keys: [env:ALPHA_API_KEY]}}\n"


@pytest.mark.parametrize(
    ("before", "after", "changes", "restart"),
    [
        ("", "", [], []),
        ("", KEY, ["tenants.t: added"], []),
        (KEY, "", ["tenants.t: removed"], []),
        (
            "server: {max_concurrent_calls: 7}\n",
            "server: {max_concurrent_calls: 8}\n",
            ["server.max_concurrent_calls: `7` → `8`"],
            [],
        ),
        (
            "",
            "server: {listen: ['127.0.0.1:1'], keepalive: {time: 9s}}\n",
            [
                "server.listen: [`127.0.0.1:50051`] → [`127.0.0.1:1`]",
                "server.keepalive.time: `30.0` → `9.0`",
            ],
            ["server.listen", "server.keepalive"],
        ),
        (
            KEY,
            KEY.replace("ALPHA", "BETA"),
            ["tenants.t.api_keys: [`env:ALPHA_API_KEY`] → [`env:BETA_API_KEY`]"],
            [],
        ),
    ],
)
def test_changes_are_named(
    load: Load, minimal: str, before: str, after: str, changes: list[str], restart: list[str]
) -> None:
    """Key by key, secrets by reference, and what waits for a restart."""
    old, new = load(minimal + before), load(minimal + after)

    assert [str(change) for change in changes_between(old, new)] == changes
    assert list(waiting_for_restart(old, new)) == restart
