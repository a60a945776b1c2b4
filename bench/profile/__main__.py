# ruff: noqa: A005 - imported as `bench.profile` alone
"""`python -m bench.profile`: the cost of the profile of a request, by the size of its prompt."""

from __future__ import annotations

import argparse
import datetime as dt
import json
import os
import pathlib
import platform
import statistics
import time
from collections.abc import Callable

from bench.tables import table
from routersvc.detection.local_detector import LocalDetector
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.messages import Message, Role
from routersvc.domain.conversation.parts import TextPart
from routersvc.domain.conversation.prompts import Prompt
from routersvc.domain.profiling.profiles import Profiler
from routersvc.tokenizer.counter import O200kCounter

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
RESULTS = ROOT / "bench/results/profile.md"
TEXTS = ROOT / "tests/texts/languages.json"
SIZES = (200, 2_000, 20_000, 200_000)
LIMITS = {2_000: 200e-6, 200_000: 5e-3}
"""What a profile may cost, in seconds, by the bytes of the prompt."""

LANGUAGES = ("en", "de", "ru", "ar", "hi", "zh", "ja", "ko")


def main() -> None:
    """Measure, print, and write the tables."""
    parser = argparse.ArgumentParser(prog="python -m bench.profile", description=__doc__)
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--write", action="store_true", help="write bench/results/profile.md")
    options = parser.parse_args()
    counter = O200kCounter()
    began = time.perf_counter()
    counter.load()
    load_time = time.perf_counter() - began
    text = _report(options.rounds, load_time)
    print(text)
    if options.write:
        RESULTS.write_text(f"{text}\n", encoding="utf-8")


def _report(rounds: int, load_time: float) -> str:
    texts: dict[str, str] = json.loads(TEXTS.read_text(encoding="utf-8"))
    material = {
        **{language: texts[language] for language in LANGUAGES},
        "Python": (ROOT / "src/routersvc/domain/planning/planner.py").read_text(encoding="utf-8"),
        "numbers": ", ".join(str(7919 * number % 10_000_019) for number in range(2_000)),
    }
    plain = Profiler()
    looking = Profiler(detector=LocalDetector(("US", "DE", "GB")))
    counting = Profiler(counter=O200kCounter())
    rows = [
        [
            name,
            *(_figure(_cost(plain, _sized(text, size), rounds), size) for size in SIZES),
            _microseconds(_detection(looking, plain, _sized(text, 200_000), rounds)),
            _milliseconds(_settling(counting, _sized(text, 200_000), rounds, near=False)),
            _milliseconds(_settling(counting, _sized(text, 200_000), rounds, near=True)),
        ]
        for name, text in material.items()
    ]
    heads = [
        "text",
        *(f"{size:,} B" for size in SIZES),
        "identifiers, per KB",
        "200 KB sampled",
        "200 KB counted",
    ]
    today = dt.datetime.now(dt.UTC).date().isoformat()
    return "\n".join(
        (
            "# Cost of a profile",
            "",
            (
                f"`python -m bench.profile --write` on {today}: CPython "
                f"{platform.python_version()}, {platform.machine()}, shared cores; CPU time of "
                f"the process, the median of {rounds} rounds; load average "
                f"{os.getloadavg()[0]:.1f} at the end, which raises it because caches are shared."
            ),
            "",
            (
                "A profile is task, complexity, token bounds, modalities and capabilities. The "
                "limits are 200 µs for 2 KB and 5 ms for 200 KB; figures above them are **bold**. "
                "The last three columns are additional costs in some cases: searching for "
                "identifiers if the settings enable it, counting the tokens of a sample if the "
                "bounds do not show whether a prompt fits, and counting all tokens if the sample "
                "does not show it either."
            ),
            "",
            table(heads, rows),
            "",
            (
                f"Loading the vocabulary took {load_time * 1e3:,.0f} ms, once, before the service "
                "takes calls."
            ),
        )
    )


def _sized(text: str, size: int) -> Request:
    """Return a request of about `size` bytes."""
    repeated = text * (size // len(text.encode()) + 1)
    cut = repeated.encode()[:size].decode("utf-8", "ignore")
    message = Message(role=Role.USER, parts=(TextPart(text=f"Summarise this.\n{cut}"),))
    return Request(request_id="bench", prompt=Prompt(messages=(message,)), timeout=1.0)


def _cost(profiler: Profiler, request: Request, rounds: int) -> float:
    return _median(lambda: profiler.profile(request), rounds)


def _detection(looking: Profiler, plain: Profiler, request: Request, rounds: int) -> float:
    """Return the seconds per KB that searching for identifiers adds."""
    rounds = max(3, rounds // 10)
    return (_cost(looking, request, rounds) - _cost(plain, request, rounds)) / 200


def _settling(profiler: Profiler, request: Request, rounds: int, *, near: bool) -> float:
    """Return the seconds to decide whether a prompt fits a far larger window, or a close one."""
    profile = profiler.profile(request)
    exact = profiler.with_refined_tokens(
        request, profile, lambda known: known.low < known.high
    ).input_tokens
    window = exact if near else 3 * exact

    def settle() -> None:
        profiler.with_refined_tokens(
            request, profile, lambda known: known.low <= window < known.high
        )

    return _median(settle, max(3, rounds // 10))


def _median(work: Callable[[], object], rounds: int) -> float:
    work()
    costs: list[float] = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        costs.append(time.process_time() - began)
    return statistics.median(costs)


def _figure(seconds: float, size: int) -> str:
    text = _microseconds(seconds)
    return f"**{text}**" if seconds > LIMITS.get(size, seconds) else text


def _microseconds(seconds: float) -> str:
    return f"{seconds * 1e6:,.0f} µs"


def _milliseconds(seconds: float) -> str:
    return f"{seconds * 1e3:,.2f} ms"


if __name__ == "__main__":
    main()
