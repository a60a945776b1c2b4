"""Equal deployments share load by how busy and how fast they are."""

import collections
import heapq
import itertools
import math
import random
import statistics

import pytest
from hypothesis import given
from hypothesis import strategies as st

from routersvc.domain.fleet.load_balancing import (
    DRAWN,
    FAILURE_PENALTY,
    DeploymentLoad,
    LoadBalancer,
    LoadContender,
    costs_of,
)


def loaded(latency: float | None = None, *, in_flight: int = 0, at: float = 0.0) -> DeploymentLoad:
    """Return a load with one latency observed and so many attempts running."""
    made = DeploymentLoad(decay=10.0)
    if latency is not None:
        made.answered(latency, at)
    for _ in range(in_flight):
        made.started()
    return made


def counts(contenders: list[LoadContender], *, now: float = 0.0, picks: int = 3000) -> list[int]:
    """Return how often each is picked."""
    picker = LoadBalancer(random.Random(5))
    counter = collections.Counter(picker.order(contenders, now)[0] for _ in range(picks))
    return [counter[index] for index in range(len(contenders))]


def test_cost_is_latency_times_in_flight_and_one() -> None:
    """The next one waits behind those that are there."""
    assert costs_of([LoadContender(loaded(0.5, in_flight=3))], 0.0) == [2.0]


def test_the_dearest_of_three_is_never_picked() -> None:
    """It loses against every other; the cheapest wins whenever it is drawn."""
    picked = counts(
        [LoadContender(loaded(0.1)), LoadContender(loaded(0.9)), LoadContender(loaded(0.5))]
    )

    assert picked[1] == 0
    assert picked[0] == pytest.approx(2000, abs=120)
    assert sum(picked) == 3000


def test_equals_share_alike() -> None:
    """A tie is settled by the draw, not by the order in the list."""
    for size in (2, 3, 5):
        picked = counts([LoadContender(loaded(0.5)) for _ in range(size)])
        assert all(count == pytest.approx(3000 / size, rel=0.15) for count in picked)


def test_new_deployments_share_alike_by_in_flight() -> None:
    """Without samples only running attempts are compared."""
    assert counts([LoadContender(loaded()), LoadContender(loaded(in_flight=1))]) == [3000, 0]


def test_new_deployment_looks_like_the_best_of_its_group() -> None:
    """It is tried, and not by everybody at once."""
    new = loaded()

    assert counts([LoadContender(new), LoadContender(loaded(0.5, in_flight=1))]) == [3000, 0]
    new.started()
    new.started()
    assert counts([LoadContender(new), LoadContender(loaded(0.5, in_flight=1))]) == [0, 3000]


def test_idle_deployment_does_not_draw_everybody() -> None:
    """Its latency of a minute ago is no reason to send it fifty calls at once."""
    idle = loaded(0.01, at=0.0)
    busy = loaded(0.5, at=60.0)

    costs = costs_of([LoadContender(idle), LoadContender(busy)], 60.0)
    assert costs == pytest.approx([0.5, 0.5], rel=0.01)
    idle.started()
    assert counts([LoadContender(idle), LoadContender(busy)], now=60.0) == [0, 3000]
    assert counts([LoadContender(busy), LoadContender(idle)], now=60.0) == [3000, 0]


def test_idle_group_falls_back_on_what_was_known() -> None:
    """Long ago is better than nothing."""
    fast, slow = loaded(0.1), loaded(5.0, in_flight=0)

    assert counts([LoadContender(fast), LoadContender(slow)], now=20.0) == [3000, 0]
    new = loaded(in_flight=3)
    picked = counts([LoadContender(new), LoadContender(fast), LoadContender(slow)], now=11.0)
    assert picked[0] > 0
    assert picked[2] == 0


def known_latency(load: DeploymentLoad) -> float | None:
    """Return the latency that a deployment is charged at its last observation."""
    known = load.fading(0.0)
    return None if known is None else known[0]


def test_slow_deployment_is_asked_again_after_a_while() -> None:
    """Otherwise its recovery would never be noticed."""
    slow, fast = loaded(10.0, at=0.0), loaded(0.5, at=0.0)
    contenders = [LoadContender(slow), LoadContender(fast)]
    picked: list[int] = []

    for now in (1.0, 20.0, 40.0, 60.0):
        fast.answered(0.5, now)
        fast.started()
        picked.append(counts(contenders, now=now)[0])
        fast.ended()

    assert picked == [0, 0, 3000, 3000]


def test_failures_are_charged_as_latency() -> None:
    """A deployment that refuses within a millisecond would look like the fastest of all."""
    failing = loaded(0.2)

    failing.failed(0.001, now=0.0)

    assert known_latency(failing) == FAILURE_PENALTY
    assert counts([LoadContender(failing), LoadContender(loaded(2.0))]) == [0, 3000]


def test_recovered_deployment_is_charged_nothing() -> None:
    """It looks like the best of its group again."""
    load = DeploymentLoad()
    load.failed(0.1, now=0.0)

    load.recovered()

    assert known_latency(load) is None
    assert costs_of([LoadContender(load), LoadContender(loaded(0.7))], 0.0) == [0.7, 0.7]


def test_slow_failure_is_charged_in_full() -> None:
    """It took longer than the penalty."""
    failing = loaded(0.2)

    failing.failed(30.0, now=0.0)

    assert known_latency(failing) == 30.0


def test_given_up_attempt_is_charged_what_it_waited() -> None:
    """A deployment that hangs never answers, and is avoided nevertheless."""
    hanging = loaded(0.2)

    hanging.given_up(3.0, now=0.0)
    hanging.given_up(1.0, now=0.0)

    assert known_latency(hanging) == 3.0


def test_in_flight_counts_back() -> None:
    """And never below zero."""
    tested = loaded(in_flight=2)
    tested.ended()
    tested.ended()

    assert tested.in_flight == 0
    with pytest.raises(AssertionError, match="ends once"):
        tested.ended()


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_slow_start_gives_at_most_its_share(share: float) -> None:
    """However idle it is."""
    starting = LoadContender(loaded(0.1), share)
    others = [LoadContender(loaded(0.5, in_flight=20)), LoadContender(loaded(0.5, in_flight=20))]

    picked = counts([starting, *others])[0]

    # It takes part as often as its share says, and is then one of two out of three.
    assert picked == pytest.approx(3000 * share * 2 / 3, rel=0.15)


def test_open_breakers_get_nothing_while_others_are_closed() -> None:
    """A share of nothing is nothing."""
    closed = LoadContender(loaded(9.0, in_flight=9))

    assert counts([LoadContender(loaded(0.1), 0.0), closed]) == [0, 3000]


def test_where_none_has_a_share_all_compete() -> None:
    """Something has to be called."""
    picked = counts([LoadContender(loaded(0.1), 0.0), LoadContender(loaded(0.5), 0.0)])

    assert picked == [3000, 0]


def test_the_only_one_is_picked_whatever_it_costs() -> None:
    """Without a draw, which leaves the random source where it was."""
    source = random.Random(1)

    assert LoadBalancer(source).order([LoadContender(loaded(99.0), 0.0)], 0.0) == [0]
    assert source.random() == random.Random(1).random()


def test_order_of_no_deployments_is_empty() -> None:
    """Without a draw."""
    assert LoadBalancer(random.Random(1)).order([], 0.0) == []


@given(
    latencies=st.lists(st.floats(0.01, 10.0), min_size=1, max_size=6),
    seed=st.integers(0, 1000),
)
def test_order_names_everyone_once_and_is_settled_by_the_seed(
    latencies: list[float], seed: int
) -> None:
    """The same snapshot and seed give the same plan."""
    contenders = [LoadContender(loaded(latency)) for latency in latencies]

    orders = [LoadBalancer(random.Random(seed)).order(contenders, 1.0) for _ in range(2)]

    assert orders[0] == orders[1]
    assert sorted(orders[0]) == list(range(len(latencies)))


def test_order_is_that_of_repeated_picks() -> None:
    """The dearest is always last: it wins only when no other is left."""
    contenders = [
        LoadContender(loaded(0.9)),
        LoadContender(loaded(0.1)),
        LoadContender(loaded(0.5)),
    ]
    picker = LoadBalancer(random.Random(2))

    orders = {tuple(picker.order(contenders, 0.0)) for _ in range(100)}

    assert orders == {(1, 2, 0), (2, 1, 0)}


def test_closed_loop_callers_do_not_herd() -> None:
    """Twelve callers on three deployments that each serve four at once hardly ever wait.

    A deployment with more than four at once is slowed in proportion.
    """
    loads = [DeploymentLoad() for _ in range(3)]
    contenders = [LoadContender(each) for each in loads]
    picker = LoadBalancer(random.Random(8))
    jitter = random.Random(9)
    order = itertools.count()
    events: list[tuple[float, int, int, float]] = []
    latencies: list[float] = []

    def call(now: float) -> None:
        place = picker.order(contenders, now)[0]
        loads[place].started()
        service = jitter.uniform(0.95, 1.05) * max(1.0, loads[place].in_flight / 4)
        heapq.heappush(events, (now + service, next(order), place, service))

    for _ in range(12):
        call(0.0)
    while len(latencies) < 5000:
        now, _, place, service = heapq.heappop(events)
        loads[place].ended()
        loads[place].answered(service, now)
        latencies.append(service)
        call(now)

    assert statistics.median(latencies) <= 1.15
    assert max(each.in_flight for each in loads) <= 7


def test_hanging_deployment_loses_its_traffic() -> None:
    """Calls pile up on it, and that alone keeps others away within a second or two."""
    loads = [DeploymentLoad() for _ in range(3)]
    contenders = [LoadContender(each) for each in loads]
    picker = LoadBalancer(random.Random(8))
    running: list[tuple[float, int]] = []
    picked: list[list[int]] = [[0, 0, 0] for _ in range(4)]

    for number in range(800):
        now = number / 200
        while running and running[0][0] <= now:
            _, place = heapq.heappop(running)
            loads[place].ended()
            loads[place].answered(0.3, now)
        place = picker.order(contenders, now)[0]
        loads[place].started()
        picked[int(now)][place] += 1
        heapq.heappush(running, (math.inf if place == 0 and now >= 1 else now + 0.3, place))

    assert picked[0][0] == pytest.approx(67, abs=10)
    assert picked[2][0] + picked[3][0] < 0.1 * 400


@pytest.mark.parametrize("best", range(5))
def test_everybody_is_drawn_alike(best: int) -> None:
    """Of five the idle one wins whenever it is one of the two that are drawn."""
    contenders = [LoadContender(loaded(0.5, in_flight=index != best)) for index in range(5)]

    assert counts(contenders)[best] == pytest.approx(3000 * 2 / 5, rel=0.1)


def test_beyond_the_draw_load_alone_decides() -> None:
    """Those that get nothing are last there, however idle."""
    loads = [10, 7, 5, 3, 1, 8, 6, 4, 2, 9]
    closed = [LoadContender(loaded(1.0, in_flight=count)) for count in loads]
    nothing = LoadContender(loaded(0.1), 0.0)

    for seed in range(20):
        order = LoadBalancer(random.Random(seed)).order([nothing, *closed], 0.0)

        tail = order[DRAWN:]
        assert tail[-1] == 0
        in_flight = [loads[index - 1] for index in tail[:-1]]
        assert in_flight == sorted(in_flight)
        of_two = LoadBalancer(random.Random(seed)).order(closed[: DRAWN + 2], 0.0)[DRAWN:]
        assert loads[of_two[0]] < loads[of_two[1]]


def test_slow_start_gives_its_share_of_first_places() -> None:
    """As often as its share says, it takes part in the draw at all."""
    starting = LoadContender(loaded(0.1), 0.1)
    others = [LoadContender(loaded(0.5)) for _ in range(3)]

    assert counts([starting, *others])[0] == pytest.approx(3000 * 0.1 / 2, rel=0.3)


def test_turns_go_around() -> None:
    """Each is as likely."""
    picker = LoadBalancer(random.Random(3))

    turns = collections.Counter(picker.turn(4) for _ in range(4000))

    assert sorted(turns) == [0, 1, 2, 3]
    assert all(count == pytest.approx(1000, rel=0.15) for count in turns.values())
