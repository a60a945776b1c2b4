"""The shipped vocabulary is OpenAI's, and the estimates hold against its exact counts."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.profiling.token_estimates import estimate_of
from routersvc.tokenizer import vocabulary
from routersvc.tokenizer.counter import O200kCounter

ROOT = Path(__file__).resolve().parents[3]
COUNTER = O200kCounter()
RANDOM = random.Random(1)
LANGUAGES: dict[str, str] = json.loads((ROOT / "tests/texts/languages.json").read_text("utf-8"))
RECORDS = [{"id": place, "name": f"item {place}", "price": place / 7} for place in range(60)]
MATERIAL = {
    "python": Path(vocabulary.__file__).read_text("utf-8"),
    "markdown": (ROOT / "docs/design.md").read_text("utf-8"),
    "proto": (ROOT / "protos/llmrouter/v1/prompt.proto").read_text("utf-8"),
    "yaml": (ROOT / "examples/full.yaml").read_text("utf-8"),
    "json": json.dumps(RECORDS),
    "indented json": json.dumps(RECORDS, indent=4),
    "base64": base64.b64encode(RANDOM.randbytes(3_000)).decode(),
    "hex": RANDOM.randbytes(2_000).hex(),
    "numbers": ",".join(str(RANDOM.randrange(10**6)) for _ in range(500)),
    "latex": r"\[\frac{d}{dx}\left(\int_0^x f(t)\,dt\right) = f(x)\]" * 20,
    "emoji": "😀🎉🚀👍🏽🇩🇪❤️" * 50,
    "spaces": " " * 5_000,
    "lines": "\n" * 5_000,
    "dashes": "-" * 5_000,
    "slashes": "/ // /\n/" * 500,
    "letters": "a" * 5_000,
    "noise": "".join(RANDOM.choices("abcdefghijklmnopqrstuvwxyz", k=5_000)),
    "planes": "".join(chr(RANDOM.randrange(0x10000, 0x1FFFF)) for _ in range(1_000)),
    "controls": "a\x1cb!\x1d!\x00 \x7f" * 300,
}


def test_vocabulary_is_the_one_that_tiktoken_expects() -> None:
    """The checksum is tiktoken's own for `o200k_base.tiktoken`."""
    listing = "".join(
        f"{base64.b64encode(token).decode()} {rank}\n" for token, rank in vocabulary.ranks().items()
    )

    digest = hashlib.sha256(listing.encode()).hexdigest()

    assert digest == "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d"


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", 0),
        ("hello world", 2),
        ("The quick brown fox jumps over the lazy dog.", 10),
        ("<|endoftext|>", 7),
        ("\ud800", 1),
    ],
)
def test_known_counts(text: str, tokens: int) -> None:
    """What looks like a special token is plain text, and a lone surrogate is no reason to fail."""
    assert COUNTER.count(text) == tokens


@pytest.mark.parametrize("name", [*LANGUAGES, *MATERIAL])
def test_bounds_hold_for_every_script_and_kind(name: str) -> None:
    """A wrong bound would exclude deployments that fit, or call some that do not."""
    text = LANGUAGES.get(name) or MATERIAL[name]

    estimate = estimate_of(text)

    assert estimate.low <= COUNTER.count(text) <= estimate.high


@pytest.mark.parametrize("name", LANGUAGES)
def test_prose_is_estimated_within_a_quarter(name: str) -> None:
    """Four bytes a token are wrong by half for Chinese, and by two for Hindi."""
    exact = COUNTER.count(LANGUAGES[name])

    assert abs(estimate_of(LANGUAGES[name]).likely - exact) <= exact / 4


@pytest.mark.parametrize("name", ["en", "zh", "hi", "ru"])
def test_long_text_is_estimated_by_samples(name: str) -> None:
    """200 KB are no further off than a paragraph."""
    text = f"{LANGUAGES[name]}\n" * (200_000 // len(LANGUAGES[name].encode()))

    estimate, exact = estimate_of(text), COUNTER.count(text)

    assert estimate.low <= exact <= estimate.high
    assert abs(estimate.likely - exact) <= exact / 4


@given(text=st.text(max_size=2_000))
def test_bounds_hold_for_any_text(text: str) -> None:
    """Of any characters at all."""
    estimate = estimate_of(text)

    assert estimate.low <= COUNTER.count(text) <= estimate.high


@given(
    text=st.text(alphabet=st.sampled_from("abZ09 .,'’!/-_\n\t\x1c\x00éßжあ漢한🎉"), max_size=2_000)
)
def test_bounds_hold_where_classes_of_characters_meet(text: str) -> None:
    """No token reaches over the end of an ASCII word, whatever stands there."""
    estimate = estimate_of(text)

    assert estimate.low <= COUNTER.count(text) <= estimate.high
