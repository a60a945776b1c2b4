"""Tokens are counted only where a bound cannot decide, and windows are judged by what is known."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.catalogue.catalogue import Catalogue
from routersvc.domain.catalogue.models import Model
from routersvc.domain.catalogue.requests import Request
from routersvc.domain.catalogue.token_ratios import UNKNOWN_RATIO, conservative_ratio
from routersvc.domain.conversation.prompts import Sampling
from routersvc.domain.conversation.steps import finished
from routersvc.domain.planning.exclusion_reasons import ExclusionReason
from routersvc.domain.planning.exclusions import exclusions
from routersvc.domain.planning.planner import Planner
from routersvc.domain.profiling.profiles import Profile, Profiler
from routersvc.domain.profiling.token_counting import (
    COUNTED_UP_TO,
    PIECE,
    SAMPLED_FROM,
    refining,
)
from routersvc.domain.profiling.token_estimates import TokenEstimate, estimate_of, windows
from routersvc.testing.worlds import scripted_deployment, scripted_policy, scripted_request


@dataclasses.dataclass(slots=True)
class Counter:
    """Takes every character for so many tokens, and notes what it was asked to count."""

    rate: float = 1.0
    asked: list[int] = dataclasses.field(default_factory=list[int])

    def count(self, text: str) -> int:
        """Return the tokens of a text."""
        self.asked.append(len(text))
        return round(self.rate * len(text))


def window(size: int) -> Model:
    """Return a model with a window of `size` tokens."""
    return dataclasses.replace(scripted_deployment("a").model, context_window=size)


def profile(request: Request, counter: Counter, *models: Model) -> Profile:
    """Return the profile by which a planner judges deployments of these models."""
    deployments = {
        f"d{place}": scripted_deployment(f"d{place}", model=model)
        for place, model in enumerate(models)
    }
    planner = Planner(
        catalogue=Catalogue(deployments=deployments),
        policies={"drill": scripted_policy(list(deployments))},
        default_policy="drill",
        profiler=Profiler(counter=counter),
    )
    return planner.limits(request).profile


def asking(text: str) -> Request:
    """Return a request whose answer takes 1,000 tokens."""
    request = scripted_request(text=text)
    prompt = dataclasses.replace(request.prompt, sampling=Sampling(max_output_tokens=1000))
    return dataclasses.replace(request, prompt=prompt)


@pytest.mark.parametrize("size", [1_000, 1_005, 20_000])
def test_bound_that_decides_spares_the_count(size: int) -> None:
    """10,000 bytes are at most 10,000 tokens and at least 79: far from these windows."""
    counter = Counter()

    found = profile(asking("x" * 10_000), counter, window(size))

    assert counter.asked == []
    assert not found.input_tokens_exact


def test_window_between_the_bounds_is_decided_by_a_count() -> None:
    """The count is the truth, and stands in the profile."""
    counter = Counter(rate=0.5)

    found = profile(asking("x" * 10_000), counter, window(20_000), window(8_000))

    assert counter.asked == [10_000]
    assert found.input_tokens_exact
    assert found.input_tokens == 5_000 + 4
    assert found.input_bounds == TokenEstimate.exactly(5_004)


@pytest.mark.parametrize(("size", "fits"), [(6_003, False), (6_004, True)])
def test_counted_prompt_fits_to_the_token(size: int, fits: bool) -> None:  # noqa: FBT001
    """5,000 tokens, 4 of the frame, 1,000 of the answer."""
    deployment = scripted_deployment("a", model=window(size))
    planner = Planner(
        catalogue=Catalogue(deployments={"a": deployment}),
        policies={"drill": scripted_policy(["a"])},
        default_policy="drill",
        profiler=Profiler(counter=Counter(rate=0.5)),
    )

    found = exclusions(deployment, planner.limits(asking("x" * 10_000)))

    reasons = [one.reason for one in found]
    assert reasons == ([] if fits else [ExclusionReason.CONTEXT_WINDOW])


def test_other_tokenizers_take_more_of_their_windows() -> None:
    """5,004 tokens of o200k are 6,756 at a ratio of 1.35."""
    model = dataclasses.replace(window(7_755), token_ratio=1.35)
    larger = dataclasses.replace(model, context_window=7_756)
    deployments = {
        "a": scripted_deployment("a", model=model),
        "b": scripted_deployment("b", model=larger),
    }
    planner = Planner(
        catalogue=Catalogue(deployments=deployments),
        policies={"drill": scripted_policy(["a", "b"])},
        default_policy="drill",
        profiler=Profiler(counter=Counter(rate=0.5)),
    )

    limits = planner.limits(asking("x" * 10_000))

    assert [one.reason for one in exclusions(deployments["a"], limits)] == [
        ExclusionReason.CONTEXT_WINDOW
    ]
    assert exclusions(deployments["b"], limits) == ()


def test_sample_of_a_long_prompt_spares_the_count_where_it_decides() -> None:
    """Sixteen windows of 1 KB tell that 100,000 characters are nowhere near."""
    counter = Counter(rate=0.25)

    found = profile(asking("x" * 100_000), counter, window(80_000))

    assert counter.asked == [1024] * 16
    assert not found.input_tokens_exact
    assert found.input_tokens == 25_000 + 4


def test_long_prompt_near_a_window_is_counted_whole() -> None:
    """The sample leaves open whether 25,000 tokens fit into 26,500; no piece holds up others."""
    counter = Counter(rate=0.25)

    found = profile(asking("x" * 100_000), counter, window(26_500))

    assert counter.asked[:16] == [1024] * 16
    assert max(counter.asked) == PIECE
    assert found.input_tokens == 25_000 + 4
    assert not found.input_tokens_exact


def test_prose_is_counted_exactly_in_pieces() -> None:
    """Cut between two words, no token is lost or doubled."""
    counter = Counter(rate=0.25)

    found = profile(asking("four wo " * 12_500), counter, window(26_500))

    assert max(counter.asked) <= PIECE
    assert found.input_tokens_exact


def test_huge_prompt_is_never_counted_whole() -> None:
    """No call may hold up all others; the sample is the best there is."""
    counter = Counter(rate=0.25)
    size = COUNTED_UP_TO + 4

    found = profile(asking("x" * size), counter, window(size // 4 + 1_000))

    assert max(counter.asked) == 1024
    assert found.input_tokens == size // 4 + 4
    assert not found.input_tokens_exact


def test_uneven_text_widens_the_bounds_of_its_sample() -> None:
    """Half prose, half noise: the densest and the sparsest window bound the whole."""

    class Uneven:
        def count(self, text: str) -> int:
            return text.count("x")

    text = "x " * (SAMPLED_FROM // 2) + "y " * (SAMPLED_FROM // 2)

    found, exact = finished(
        refining(
            [text],
            estimate_of(text),
            counter=Uneven(),
            is_too_vague=lambda known: (
                known.low < known.high and known.high - known.low > len(text) // 4
            ),
        )
    )

    assert exact
    assert found.low == SAMPLED_FROM // 2


@given(text=st.text(max_size=500), more=st.text(max_size=200))
def test_longer_texts_never_have_lower_bounds(text: str, more: str) -> None:
    """A prompt does not get smaller by what is added to it."""
    before, after = estimate_of(text), estimate_of(text + more)

    assert after.low >= before.low
    assert after.high >= before.high


@given(text=st.text(min_size=20, max_size=200), count=st.integers(min_value=1, max_value=8))
def test_windows_cover_both_ends(text: str, count: int) -> None:
    """The first stands at the start, the last at the end, all have the size."""
    pieces = list(windows(text, count=count, size=10))

    assert len(pieces) == count
    assert {len(piece) for piece in pieces} == {10}
    assert pieces[0] == text[:10]
    assert count == 1 or pieces[-1] == text[-10:]


def test_bounds_out_of_order_are_refused() -> None:
    """They would make every decision wrong."""
    with pytest.raises(ValueError, match="stand in this order"):
        TokenEstimate(low=2, likely=1, high=3)


@pytest.mark.parametrize(
    ("names", "ratio"),
    [
        (("claude-sonnet-5",), 1.35),
        (("writer", "Gemini-3-Pro"), 1.23),
        (("mistral-large",), 1.16),
        (("command-a",), 1.17),
        (("gpt-5.1-mini",), 1.09),
        (("gpt-4o",), 1.0),
        (("house-model",), UNKNOWN_RATIO),
    ],
)
def test_ratio_is_known_by_the_names_of_a_model(names: tuple[str, ...], ratio: float) -> None:
    """The worst ratio is assumed where none was measured."""
    assert conservative_ratio(names) == ratio
