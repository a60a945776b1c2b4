"""The faults of the primary, each with what the simulator is told."""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Mapping


class Strike(enum.Enum):
    """What happens to the primary besides its faults."""

    NOTHING = "nothing"
    KILL = "kill"
    """It is killed before the calls."""
    CUT = "cut"
    """All its running answers are cut in the middle of each round of calls."""


@dataclasses.dataclass(frozen=True, kw_only=True, slots=True)
class FaultCase:
    """One row of the table: the faults of the primary, and those of the backup."""

    name: str
    faults: tuple[Mapping[str, object], ...] = ()
    backup_faults: tuple[Mapping[str, object], ...] = ()
    strike: Strike = Strike.NOTHING


def _case(name: str, kind: str, /, **keys: object) -> FaultCase:
    return FaultCase(name=name, faults=({"kind": kind, **keys},))


def _problem(problem: str, /, **keys: object) -> FaultCase:
    wait = f", retry after {keys['retry_after']:,} s" if "retry_after" in keys else ""
    return _case(f"error `{problem}`{wait}", "status", problem=problem, **keys)


_HALF = {"kind": "status", "problem": "server_error", "period": 6, "active_for": 3}

CASES = (
    FaultCase(name="killed", strike=Strike.KILL),
    FaultCase(name="all running answers cut at once", strike=Strike.CUT),
    FaultCase(
        name="killed, the backup's model list hangs",
        strike=Strike.KILL,
        backup_faults=({"kind": "silence", "operations": "models"},),
    ),
    FaultCase(
        name="killed, the backup's model list fails",
        strike=Strike.KILL,
        backup_faults=({"kind": "status", "problem": "server_error", "operations": "models"},),
    ),
    FaultCase(
        name="primary and backup fail in turn, 3 s each",
        faults=(_HALF,),
        backup_faults=({**_HALF, "offset": 3},),
    ),
    _case("every second call fails", "status", problem="server_error", spared_every=2),
    _case("fails beside another call", "status", problem="overloaded", beside=1),
    _case("connection reset", "reset"),
    _case("connection closed", "close"),
    _case("kept-alive connections are stale", "stale_connection"),
    _case("accepts and never answers", "silence"),
    _problem("server_error"),
    _problem("overloaded"),
    _problem("slow_down"),
    _problem("rate_limit"),
    _problem("rate_limit", retry_after=86_400),
    _problem("rate_limit", retry_after=-3_600),
    _problem("insufficient_quota"),
    _problem("spend_limit"),
    _problem("auth"),
    _problem("forbidden"),
    _problem("model_not_found"),
    _problem("bad_gateway"),
    _problem("unavailable"),
    _problem("gateway_timeout"),
    _problem("payload_too_large"),
    _problem("cdn", status=524),
    _case("page with status 200", "page", status=200),
    _case("page with status 400", "page", status=400),
    _case("page with status 401", "page", status=401),
    _case("page with status 403", "page", status=403),
    _case("line of text with status 404", "page", status=404, plain=True),
    _case("page with status 405", "page", status=405),
    _case("page with status 431", "page", status=431),
    _case("login page instead of JSON", "wrong_content_type"),
    _case("empty body", "empty_body"),
    _case("empty answer", "empty_answer"),
    _case("headers, then only keep-alives", "slow_start", duration=600),
    _case("opening chunk, then only keep-alives", "slow_start", duration=600, role_first=True),
    _case("stalls after 10 tokens", "stall", after_tokens=10),
    _case(
        "stalls after 10 tokens with keep-alives", "stall", after_tokens=10, keep_alive_interval=1
    ),
    _case("drips, a chunk every 3 s", "drip"),
    _case("drips after 10 tokens", "drip", after_tokens=10),
    _case("reset after 10 tokens", "cut", after_tokens=10),
    _case("closed after 10 tokens", "cut", after_tokens=10, ending="close"),
    _case("ends after 10 tokens", "end_early", after_tokens=10),
    _case("error event first", "error_event"),
    _case("error event after 10 tokens", "error_event", after_tokens=10),
    _case("broken JSON after 10 tokens", "malformed_chunk", after_tokens=10),
    _case("broken chunking at the start", "broken_chunking"),
    _case("broken chunking after 10 tokens", "broken_chunking", after_tokens=10),
    _case("announces a wrong content encoding", "wrong_encoding"),
    _case("half a body", "truncated_body"),
    _case("shorter than its content length", "truncated_body", honest_length=False),
    _case("no terminator", "missing_terminator"),
    _case("no terminator, left open", "missing_terminator", left_open=True),
    _case("no finish reason", "missing_terminator", finish_reason=False),
    _case("no finish reason, left open", "missing_terminator", finish_reason=False, left_open=True),
    _case("endless answer", "endless"),
    _case("bytes split inside characters", "split_bytes"),
)
