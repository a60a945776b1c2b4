"""What is usual is learned slowly where it gets worse, and a view changes nothing."""

import math

import pytest

from routersvc.domain.measures.latencies import RELATIVE_ERROR
from routersvc.domain.measures.latency_histories import LatencyHistory, UsualLatency


def about(value: float) -> object:
    """Equal up to the error of the window."""
    return pytest.approx(value, rel=RELATIVE_ERROR * 1.0001)


def steady(history: LatencyHistory, value: float, *, start: float, seconds: float) -> float:
    """Record `value` ten times a second; return the time of the last."""
    count = int(seconds * 10)
    for number in range(count):
        history.record(value, start + number / 10)
    return start + (count - 1) / 10


class TestUsualLatency:
    """A slow average on a logarithmic scale."""

    def test_first_observation_is_usual(self) -> None:
        """There is nothing to compare it with."""
        usual = UsualLatency()

        usual.observe(2.0, now=5.0)

        assert usual.value == 2.0

    def test_worse_is_believed_slowly(self) -> None:
        """An outage has to last for minutes before it is the new normal."""
        usual = UsualLatency(rise=600.0, fall=60.0)
        usual.observe(1.0, now=0.0)

        usual.observe(10.0, now=60.0)

        assert usual.value == pytest.approx(10 ** (1 - math.exp(-0.1)))

    def test_better_is_believed_sooner(self) -> None:
        """The end of an outage need not be proved for as long."""
        usual = UsualLatency(rise=600.0, fall=60.0)
        usual.observe(10.0, now=0.0)

        usual.observe(1.0, now=60.0)

        assert usual.value == pytest.approx(10 ** math.exp(-1))

    def test_time_counts_from_the_last_observation(self) -> None:
        """Two at the same moment are believed once."""
        usual = UsualLatency(rise=600.0, fall=60.0)
        usual.observe(10.0, now=0.0)
        usual.observe(1.0, now=60.0)
        before = usual.value

        usual.observe(1.0, now=60.0)

        assert usual.value == before

    def test_constants_may_be_fractions_of_a_second(self) -> None:
        """A drill in fast motion wants them."""
        usual = UsualLatency(rise=0.5, fall=0.5)
        usual.observe(1.0, now=0.0)

        usual.observe(10.0, now=0.5)

        assert usual.value == pytest.approx(10 ** (1 - math.exp(-1)))

    @pytest.mark.parametrize(("rise", "fall"), [(0.0, 1.0), (1.0, 0.0)])
    def test_impossible_constants_are_refused(self, rise: float, fall: float) -> None:
        """They would divide by zero later."""
        with pytest.raises(ValueError, match="above 0"):
            UsualLatency(rise=rise, fall=fall)


class TestLatencyHistory:
    """The window and what is usual, together."""

    def test_nothing_is_known_without_samples(self) -> None:
        """Nor made up."""
        history = LatencyHistory()

        assert history.view(0.95, now=0.0) is None

    def test_view_tells_the_percentile_that_is_asked_for(self) -> None:
        """Policies differ in it."""
        history = LatencyHistory(min_samples=1000)
        for number in range(100):
            history.record((number + 1) / 100, now=0.0)

        views = [history.view(percentile, now=0.0) for percentile in (0.9, 0.95)]

        assert [view.percentile if view else None for view in views] == [about(0.9), about(0.95)]
        assert views[0] is not None
        assert (views[0].samples, views[0].median, views[0].surge) == (100, about(0.5), None)

    def test_given_up_attempts_are_part_of_it(self) -> None:
        """A deployment that hangs has a history, too."""
        history = LatencyHistory()
        history.record_censored(4.0, now=0.0)

        view = history.view(0.95, now=0.0)

        assert view is not None
        assert (view.samples, view.percentile) == (1, about(4.0))

    def test_usual_needs_enough_samples(self) -> None:
        """A few of them say little of a p95, usual or not."""
        surges: list[float | None] = []
        for count in (99, 100):
            history = LatencyHistory(min_samples=100)
            for number in range(count):
                history.record(1.0, number / 2)
            view = history.view(0.95, now=50.0)
            surges.append(None if view is None else view.surge)

        assert surges == [None, 1.0]

    def test_what_is_usual_is_not_learned_before_its_time(self) -> None:
        """A hundred samples within a moment are one moment."""
        history = LatencyHistory(min_samples=100)
        for _ in range(100):
            history.record(1.0, now=0.0)

        view = history.view(0.95, now=0.0)

        assert view is not None
        assert (view.samples, view.surge) == (100, None)

    def test_few_samples_are_not_compared_with_what_was_usual(self) -> None:
        """After a quiet hour the first slow answer is no surge."""
        history = LatencyHistory(span=60.0, min_samples=100)
        steady(history, 0.5, start=0.0, seconds=120)
        history.record(9.0, now=3600.0)

        view = history.view(0.95, now=3600.0)

        assert view is not None
        assert (view.samples, view.surge) == (1, None)

    def test_an_endless_outage_becomes_usual_without_a_single_answer(self) -> None:
        """What was given up teaches as well as what ended."""
        history = LatencyHistory(span=60.0)
        now = steady(history, 0.5, start=0.0, seconds=120)
        for number in range(6000):
            history.record_censored(5.0, now + number / 2)

        view = history.view(0.95, now + 3000)

        assert view is not None
        assert view.surge == pytest.approx(1.0, abs=0.1)

    def test_surge_stands_out_for_minutes_and_then_is_usual(self) -> None:
        """Long enough to act on; not for ever, or a slower model would never be hedged again."""
        history = LatencyHistory(span=60.0)
        now = steady(history, 0.5, start=0.0, seconds=120)
        surges: list[float] = []
        for seconds in (70, 300, 1800):
            now = steady(history, 5.0, start=now + 0.1, seconds=seconds)
            view = history.view(0.95, now)
            assert view is not None
            assert view.surge is not None
            surges.append(view.surge)

        assert surges == [
            pytest.approx(10 ** math.exp(-seconds / 600), rel=0.05) for seconds in (70, 370, 2170)
        ]

    def test_surge_is_that_of_the_p95_whatever_is_asked_for(self) -> None:
        """One measure for all policies."""
        history = LatencyHistory(span=60.0)
        now = steady(history, 0.5, start=0.0, seconds=120)
        now = steady(history, 4.0, start=now + 0.1, seconds=10)

        median, tail = history.view(0.5, now), history.view(0.95, now)

        assert median is not None
        assert tail is not None
        assert median.percentile == about(0.5)
        assert tail.percentile == about(4.0)
        assert median.surge == tail.surge
        assert median.surge is not None
        assert median.surge > 6.0

    def test_outage_is_noticed_by_what_was_given_up_alone(self) -> None:
        """Every attempt on a hanging deployment is a loser."""
        history = LatencyHistory(span=60.0)
        now = steady(history, 0.5, start=0.0, seconds=120)
        for number in range(200):
            history.record_censored(5.0, now + number / 10)

        view = history.view(0.95, now + 20)

        assert view is not None
        assert view.surge is not None
        assert view.surge > 8.0

    def test_refreshed_view_is_kept_for_a_quarter_of_a_second(self) -> None:
        """A window of minutes says the same, and every call reads it."""
        history = LatencyHistory()
        history.record(1.0, now=0.0)
        history.refresh(0.95, now=0.0)
        first = history.view(0.95, now=0.0)
        history.record(9.0, now=0.1)

        history.refresh(0.95, now=0.24)

        assert history.view(0.95, now=0.24) is first
        later = history.view(0.95, now=0.25)
        assert later is not None
        assert later.percentile == about(9.0)

    def test_percentiles_are_kept_for_the_same_quarter_of_a_second(self) -> None:
        """They expire together; one that was not refreshed is read from the window."""
        history = LatencyHistory()
        history.record(1.0, now=0.0)
        history.refresh(0.95, now=0.0)
        history.record(9.0, now=0.1)

        history.refresh(0.5, now=0.2)

        views = [history.view(percentile, now=0.2) for percentile in (0.95, 0.5, 0.9)]
        assert [view.samples if view else None for view in views] == [1, 2, 2]
        expired = history.view(0.5, now=0.25)
        assert expired is not history.view(0.5, now=0.25)

    def test_unknown_is_not_kept(self) -> None:
        """The first sample counts at once."""
        history = LatencyHistory()
        history.refresh(0.95, now=0.0)

        history.record(1.0, now=0.0)

        assert history.view(0.95, now=0.0) is not None

    def test_reading_changes_nothing(self) -> None:
        """An explanation must not alter what the next call sees."""
        history = LatencyHistory()
        history.record(1.0, now=0.0)
        history.view(0.95, now=0.0)

        history.record(9.0, now=0.1)

        view = history.view(0.95, now=0.1)
        assert view is not None
        assert view.samples == 2
