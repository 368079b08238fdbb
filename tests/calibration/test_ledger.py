"""What searches have spent, and the candidates near their best, against plain numpy."""

import numpy as np
import pytest

from ensemble.calibration.searches import Asked, Task, Told
from ensemble.calibration.searches.parts.ledger import Ledger

SIZE, N = 3, 2


def rounds(seed, count, shape="flat"):
    rng = np.random.default_rng(seed)
    for k in range(count):
        search = np.sort(rng.integers(0, SIZE, rng.integers(1, 40)))
        u = rng.random((len(search), N))
        # Places and costs that are equal are met, too.
        u = np.round(u, 2) if k % 3 == 0 else u
        level = 10.0 if shape == "flat" else 100.0 * 0.9**k
        cost = level * (1 + 0.1 * rng.random(len(search)).round(3))
        cost[rng.random(len(search)) < 0.1] = np.nan
        violation = np.where(rng.random(len(search)) < 0.2, rng.random(len(search)), 0.0)
        tallies = rng.integers(0, 2, (len(search), 2))
        yield Asked(search, u, np.full(len(search), np.inf)), Told(cost, violation, None, tallies)


@pytest.mark.parametrize("shape", ["flat", "falling"])
@pytest.mark.parametrize("seed", range(5))
def test_as_plain_sums_and_extremes_of_all_candidates(seed, shape):
    ledger = Ledger(Task(0, ("a",) * SIZE, (0, 1, 2), N, 10**6, tallies=2))
    told = list(rounds(seed, 60, shape))
    search = np.concatenate([a.search for a, _ in told])
    u = np.concatenate([a.u for a, _ in told])
    tallies = np.concatenate([t.tallies for _, t in told])
    cost = np.concatenate(
        [np.where((t.violation > 0) | np.isnan(t.cost), np.inf, t.cost) for _, t in told]
    )
    best = np.full(SIZE, np.inf)
    for k, (asked, answer) in enumerate(told):
        ledger.add(asked, answer)
        counts = np.where((answer.violation > 0) | np.isnan(answer.cost), np.inf, answer.cost)
        np.minimum.at(best, asked.search, counts)
        which = np.flatnonzero([(k + s) % (s + 2) == 0 or k == 59 for s in range(SIZE)])
        ledger.commit(which, best[which])
    for factor in (1.05, 1.01, 1.0):
        limit = factor * best
        low, high, count = ledger.ranges(limit)
        for s in range(SIZE):
            near = u[(search == s) & (cost <= limit[s])]
            assert count[s] == len(near) > 0
            np.testing.assert_array_equal(low[s], near.min(axis=0))
            np.testing.assert_array_equal(high[s], near.max(axis=0))
    assert ledger.evaluations.tolist() == np.bincount(search).tolist()
    for s in range(SIZE):
        assert ledger.tallies[s].tolist() == tallies[search == s].sum(axis=0).tolist()


def test_what_is_told_since_a_boundary_is_not_in_the_state():
    ledger, told = Ledger(Task(0, ("a",) * SIZE, (0, 1, 2), N, 10**6, tallies=2)), rounds(0, 30)
    every, costs = np.arange(SIZE), np.full(SIZE, 10.0)
    for _ in range(15):
        ledger.add(*next(told))
    ledger.commit(every, costs)
    before, ranges = ledger.state(), ledger.ranges(costs * 1.05)
    rest = list(told)
    for one in rest:
        ledger.add(*one)
    assert (ledger.spent() > ledger.evaluations).all()
    for name, array in ledger.state().items():
        np.testing.assert_array_equal(array, before[name], name)
    again = Ledger(Task(0, ("a",) * SIZE, (0, 1, 2), N, 10**6, tallies=2))
    again.restore(before)
    for mine, theirs in zip(again.ranges(costs * 1.05), ranges, strict=True):
        np.testing.assert_array_equal(mine, theirs)
    for one in rest:
        again.add(*one)
    again.commit(every, costs)
    ledger.commit(every, costs)
    for name, array in ledger.state().items():
        np.testing.assert_array_equal(array, again.state()[name], name)


def test_no_candidate_is_near_where_none_has_a_cost():
    ledger = Ledger(Task(0, ("a",), (0,), N, 10, tallies=0))
    asked = Asked(np.zeros(3, np.int64), np.full((3, N), 0.5), np.full(3, np.inf))
    ledger.add(asked, Told(np.array([np.nan, 5.0, np.inf]), np.array([0.0, 1.0, 0.0])))
    ledger.commit(np.array([0]), np.array([np.inf]))
    low, high, count = ledger.ranges(np.array([np.inf]))
    assert np.isnan(low).all()
    assert np.isnan(high).all()
    assert count.tolist() == [0]
    assert ledger.limit.tolist() == [np.inf]
