"""`python -m bench.hostile.fuzz --seeds N`: generated inputs through every part that reads them.

Requests pass scan, parse, conversion, profile, detection, token counting and the encoders of all
wire formats; answers, whole and in pieces, pass their decoders; settings pass the loader.
A run fails if anything but a typed error is raised, if one input costs more CPU time than
`MAX_CPU`, if one step costs more than `MAX_STEP`, or if twice the input costs more than
`MAX_GROWTH` times as much.
"""

from __future__ import annotations

import argparse
import dataclasses
import functools
import itertools
import pathlib
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from bench.hostile.inputs import KINDS, asking
from llmrouter import text_prompt
from llmrouter.v1.router_service_pb2 import CompleteRequest
from routersvc.app.wire_formats import adapter, known_wire_formats
from routersvc.detection.local_detector import LocalDetector
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.conversation.request_limits import DEFAULT_LIMITS
from routersvc.domain.conversation.steps import Steps
from routersvc.domain.outcomes.errors import RouterError
from routersvc.domain.outcomes.failures import AttemptFailedError
from routersvc.domain.profiling.profiles import Profiler
from routersvc.engine.ports import AttemptCall
from routersvc.grpc_api.inbound.requests import Arrival, reading_completion
from routersvc.grpc_api.inbound.wire_requests import RequestReader
from routersvc.providers.wire_format import AnswerDecoder, ResponseHead
from routersvc.settings.loading import load_settings
from routersvc.settings.problems import SettingsError
from routersvc.testing.worlds import scripted_deployment, scripted_request
from routersvc.tokenizer.counter import O200kCounter

T = TypeVar("T")

MAX_STEP = 0.05
"""CPU seconds of one step; most take a few milliseconds, the copy of 16 MB a little longer."""

MAX_CPU = 8.0
"""CPU seconds of one request of 16 MB at most, in all its steps."""

MAX_GROWTH = 3.5
"""How much more CPU time twice the input may take: n log n, and the noise of the measurement."""

_MEASURED_FROM = 0.02
"""CPU seconds below which a ratio says nothing."""

_UNITS = (
    *("1", "123 456 789 ", "+49301234567 ", "a@b.de ", "DE89370400440532013000 ", "id no 1, "),
    *("word ", "a", " ", "A1", "passport ", "\\frac", "$x", "- ", "(", "[{", '"', "é", "中"),
)
_EXAMPLES = (
    (
        '{"choices":[{"index":0,"message":{"role":"assistant","content":"x","tool_calls":[{"id":"c",'
        '"type":"function","function":{"name":"f","arguments":"{}"}}]},"finish_reason":"stop"}],'
        '"usage":{"prompt_tokens":5,"completion_tokens":1}}'
    ),
    (
        '{"type":"message","role":"assistant","content":[{"type":"text","text":"x"}],"stop_reason":'
        '"end_turn","usage":{"input_tokens":5,"output_tokens":1}}'
    ),
    (
        '{"candidates":[{"content":{"parts":[{"text":"x"}],"role":"model"},"finishReason":"STOP"}],'
        '"usageMetadata":{"promptTokenCount":5}}'
    ),
    '{"output":{"message":{"role":"assistant","content":[{"text":"x"}]}},"stopReason":"end_turn"}',
    'data: {"choices":[{"index":0,"delta":{"content":"x"}}]}\n\n',
    (
        'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":{"type":'
        '"text_delta","text":"x"}}\n\n'
    ),
    'data: {"type":"response.output_text.delta","output_index":0,"delta":"x"}\n\n',
    '{"message":{"role":"assistant","content":"x"},"done":true}\n',
)
_SETTINGS = tuple(
    (pathlib.Path(__file__).resolve().parents[2] / "examples" / name).read_text(encoding="utf-8")
    for name in ("minimal.yaml", "full.yaml")
)
_VALUES = ("null", "[]", "{}", "-1", "1e999", '""', "true", str(2**64), '"\\ud800"', '[[["x"]]]')


@dataclasses.dataclass(kw_only=True, slots=True)
class Findings:
    """What was found: a line each."""

    lines: list[str] = dataclasses.field(default_factory=list[str])

    def check(self, name: str, run: Callable[[], object], *typed: type[Exception]) -> None:
        """Run something, and note an exception that is not typed."""
        try:
            run()
        except typed:
            pass
        except Exception as error:  # noqa: BLE001 - this is what is looked for
            place = traceback.extract_tb(error.__traceback__)[-1]
            self.lines.append(f"{name}: {error!r:.200} at {place.filename}:{place.lineno}")


class Pipeline:
    """Takes bytes of a request through everything that reads them."""

    def __init__(self, findings: Findings) -> None:
        counter = O200kCounter()
        counter.load()
        self._findings = findings
        self._profiler = Profiler(detector=LocalDetector(("US", "DE")), counter=counter)
        self._reader = RequestReader(CompleteRequest)

    def run(self, name: str, raw: bytes) -> float:
        """Read a request; return the CPU seconds that it took."""
        began = time.thread_time()
        self._findings.check(name, lambda: self._read(name, raw), RouterError)
        took = time.thread_time() - began
        if took > MAX_CPU:
            self._findings.lines.append(f"{name}: {took:.1f} CPU s")
        return took

    def _read(self, name: str, raw: bytes) -> None:
        arrival = Arrival(timeout=60.0, make_id=lambda: "fuzz")
        request: Request = self._all_steps(
            f"{name}, conversion",
            reading_completion(self._reader, raw, lambda: arrival, DEFAULT_LIMITS, streaming=False),
        )
        profile = self._all_steps(f"{name}, profile", self._profiler.profiling(request))
        self._all_steps(
            f"{name}, tokens", self._profiler.refining_tokens(request, profile, lambda _: True)
        )
        for wire_format, dialect in _dialects():
            self._findings.check(
                f"{name}, {wire_format}",
                functools.partial(adapter(wire_format, dialect).encode, _call(request)),
                AttemptFailedError,
            )

    def _all_steps(self, name: str, work: Steps[T]) -> T:
        while True:
            began = time.thread_time()
            try:
                # The vocabulary is loaded: no work blocks.
                next(work)
            except StopIteration as end:
                result: T = end.value
                return result
            finally:
                took = time.thread_time() - began
                if took > MAX_STEP:
                    self._findings.lines.append(f"{name}: a step of {took * 1000:.0f} CPU ms")


def _dialects() -> Iterator[tuple[str, str]]:
    for name, known in known_wire_formats().items():
        yield name, known.default_dialect


def _call(request: Request, *, streaming: bool = False) -> AttemptCall:
    return AttemptCall(
        deployment=scripted_deployment("d"),
        prompt=request.prompt,
        streaming=streaming,
        connect_timeout=1.0,
        timeout=10.0,
        headers={},
        zero_data_retention=False,
        no_training=False,
    )


def fuzz_answers(draw: random.Random, findings: Findings) -> None:
    """Give each decoder an answer with changed, cut and doubled parts."""
    text = draw.choice(_EXAMPLES) * draw.choice([1, 1, 3])
    for _ in range(draw.randrange(4)):
        place = draw.randrange(len(text))
        end = place + draw.randrange(12)
        text = text[:place] + draw.choice([*_VALUES, "", '"', "}", "\n"]) + text[end:]
    body = text.encode("utf-8", "surrogatepass")
    request = scripted_request()
    for (wire_format, dialect), streaming in itertools.product(_dialects(), (False, True)):
        one = adapter(wire_format, dialect)
        head = ResponseHead(status=200, headers={}, received_at=0.0)
        call = _call(request, streaming=streaming)
        cut = draw.randrange(len(body) + 1)

        findings.check(
            f"answer {wire_format} {text!r:.120}",
            functools.partial(_decode, one.decoder(call, head), (body[:cut], body[cut:])),
            AttemptFailedError,
        )
        failed = ResponseHead(
            status=draw.choice([400, 401, 404, 429, 500]), headers={}, received_at=0.0
        )
        findings.check(
            f"error {wire_format} {text!r:.120}",
            functools.partial(one.decode_failure, failed, body),
        )


def _decode(decoder: AnswerDecoder, pieces: Sequence[bytes]) -> None:
    for piece in pieces:
        decoder.feed(piece)
    decoder.end()


def fuzz_settings(draw: random.Random, findings: Findings, file: pathlib.Path) -> None:
    """Load settings with changed lines and values."""
    lines = draw.choice(_SETTINGS).splitlines()
    for _ in range(draw.randrange(1, 6)):
        place = draw.randrange(len(lines))
        line = lines[place]
        key = line.partition(":")[0]
        lines[place] = draw.choice(
            [f"{key}: {draw.choice(_VALUES)}", line[:-1], line + line, f" {line}", "\t", "<<: *a"]
        )
    file.write_text("\n".join(lines), encoding="utf-8", errors="replace")
    findings.check(
        f"settings {lines!r:.200}",
        lambda: load_settings(
            file, environment={"KEY": "k"}, known_wire_formats=known_wire_formats()
        ),
        SettingsError,
    )


def check_growth(pipeline: Pipeline, findings: Findings) -> None:
    """Compare the CPU time of texts with that of texts twice as long."""
    for unit in _UNITS:
        sizes = [
            asking(text_prompt(unit * (size // len(unit.encode())))) for size in (1 << 19, 1 << 20)
        ]
        small, large = (
            min(pipeline.run(f"text of {unit!r}", raw) for _ in range(3)) for raw in sizes
        )
        if large > _MEASURED_FROM and large > MAX_GROWTH * small:
            findings.lines.append(f"text of {unit!r}: twice the input takes {large / small:.1f} ×")


def main() -> int:
    """Run as the arguments say; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.hostile.fuzz", description=__doc__)
    parser.add_argument("--seeds", type=int, default=200, help="inputs of each kind (default 200)")
    options = parser.parse_args()
    findings = Findings()
    pipeline = Pipeline(findings)
    with tempfile.TemporaryDirectory() as folder:
        for seed in range(options.seeds):
            draw = random.Random(seed)
            fuzz_answers(draw, findings)
            fuzz_settings(draw, findings, pathlib.Path(folder) / "settings.yaml")
            # Requests cost more: every tenth seed has one of each kind.
            for kind, make in KINDS.items() if seed % 10 == 0 else ():
                pipeline.run(f"{kind}, seed {seed}", make(draw))
    check_growth(pipeline, findings)
    for line in findings.lines:
        print(line)
    print(f"{options.seeds} seeds: {len(findings.lines)} findings")
    return int(bool(findings.lines))


if __name__ == "__main__":
    sys.exit(main())
