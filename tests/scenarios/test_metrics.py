"""The law of metrics, and each of ours against formulas of others, written out.

One test for every metric that is found: it is a function of sums over pairs, right where the
model is, has a unit, and says which observations it cannot be of.
"""

from functools import reduce

import numpy as np
import pytest
from covered import covered
from hypothesis import given
from hypothesis import strategies as st

from scenarios.metrics import METRICS, Sums, metric, seen
from scenarios.units import readable

NAMES = covered(METRICS)


def sums_of(observed, modelled):
    """Return the sums of one place (n,) and members (n, s)."""
    observed = np.asarray(observed, dtype=np.float64)
    modelled = np.asarray(modelled, dtype=np.float64).reshape(len(observed), -1)
    what = seen(observed[None], np.ones((1, len(observed)), bool))
    apart = modelled - observed[:, None]
    beside = (observed - what.mean[0])[:, None]
    # One after the other, as a run adds: numpy's own order depends on the number of members.
    first, second, cross = (reduce(np.add, each) for each in (apart, apart**2, apart * beside))
    return Sums(what, first[None], second[None], cross[None])


def value_of(name, observed, modelled):
    with np.errstate(all="ignore"):
        found = metric(name).value(sums_of(observed, modelled))
    assert found.shape == (1, np.asarray(modelled).reshape(len(observed), -1).shape[1])
    return found[0]


def hydroeval_kge(o, m):
    """As hydroeval 0.1.0: `kge`."""
    r = np.sum((m - m.mean()) * (o - o.mean())) / np.sqrt(
        np.sum((m - m.mean()) ** 2) * np.sum((o - o.mean()) ** 2)
    )
    alpha, beta = np.std(m) / np.std(o), np.sum(m) / np.sum(o)
    return 1 - np.sqrt((r - 1) ** 2 + (alpha - 1) ** 2 + (beta - 1) ** 2)


BY_HAND = {
    "rmse": lambda o, m: np.sqrt(np.mean((o - m) ** 2)),
    "bias": lambda o, m: np.mean(m) - np.mean(o),
    "r2": lambda o, m: np.corrcoef(o, m)[0, 1] ** 2,
    # scikit-learn calls it r2_score, hydroeval nse.
    "nse": lambda o, m: 1 - np.sum((o - m) ** 2) / np.sum((o - np.mean(o)) ** 2),
    "kge": hydroeval_kge,
}


def test_every_metric_of_ours_is_checked_by_hand():
    assert BY_HAND.keys() <= set(NAMES)


def pairs(draw):
    n = draw(st.integers(3, 12))
    values = st.lists(st.floats(1.0, 100.0), min_size=n, max_size=n)
    return np.array(draw(values)), np.array(draw(values))


@pytest.mark.parametrize("name", BY_HAND)
@given(st.data())
def test_a_metric_is_what_others_compute(name, data):
    o, m = pairs(data.draw)
    # Where values hardly vary, rounding of either formula is all there is.
    if min(np.std(o), np.std(m)) < 1e-2:
        return
    found, expected = value_of(name, o, m)[0], BY_HAND[name](o, m)
    scale = max(1.0, np.abs(expected), (np.std(m) / np.std(o)) ** 2)
    assert found == pytest.approx(expected, rel=1e-9, abs=1e-9 * scale)


WEIGHTED = ([1, 2, 2, 4, 3, 3, 3, 5], [1.5, 1.5, 1.5, 5, 4, 4, 4, 4.5])
PUBLISHED = {
    "bias": 0.375, "rmse": 0.7905694150, "r2": 0.8665069303**2, "nse": 0.5402298851,
    "kge": 0.7309033580,
}  # fmt: skip


@pytest.mark.parametrize(("name", "value"), PUBLISHED.items())
def test_hand_checked_pairs(name, value):
    assert value_of(name, *WEIGHTED)[0] == pytest.approx(value, abs=5e-11)


@pytest.mark.parametrize("name", NAMES)
def test_a_metric_has_words_and_a_unit(name):
    one = metric(name)
    assert one.MEANING
    assert readable(one.units("mg C cm-3"))


@pytest.mark.parametrize("name", NAMES)
def test_members_and_places_do_not_know_each_other(name):
    rng = np.random.default_rng(7)
    observed, modelled = rng.uniform(1, 9, 20), rng.uniform(1, 9, (20, 6))
    together = value_of(name, observed, modelled)
    alone = [value_of(name, observed, modelled[:, [s]])[0] for s in range(6)]
    np.testing.assert_array_equal(together, alone)


@pytest.mark.parametrize("name", NAMES)
def test_what_a_metric_cannot_be_of_is_said_in_words(name):
    one = metric(name)
    there = np.array([[True, True, True], [False] * 3, [True, False, False], [True] * 3])
    values = np.array([[1.0, 2.0, 4.0], [0.0] * 3, [5.0, 0.0, 0.0], [3.0] * 3])
    why = one.unfit(seen(values, there))
    assert why.shape == (4,)
    assert why[0] == ""
    assert why[1] != ""
    # A value of a place that has one, when it is right, is finite.
    right = value_of(name, values[0], values[0])
    assert np.isfinite(right).all()


@pytest.mark.parametrize("name", ["nse", "kge", "r2"])
def test_what_does_not_vary_has_no_efficiency(name):
    same = seen(np.full((1, 5), 3.3), np.ones((1, 5), bool))
    assert "the same" in metric(name).unfit(same)[0]
    one = seen(np.array([[3.3]]), np.ones((1, 1), bool))
    assert "2 values or more" in metric(name).unfit(one)[0]


def test_kge_needs_a_mean():
    around = seen(np.array([[-1.0, 0.0, 1.0]]), np.ones((1, 3), bool))
    assert "mean is 0" in metric("kge").unfit(around)[0]
    assert metric("nse").unfit(around)[0] == ""


@pytest.mark.parametrize("name", ["kge", "r2"])
def test_a_model_that_does_not_vary_has_no_correlation(name):
    assert np.isnan(value_of(name, [1.0, 2.0, 4.0], [2.5, 2.5, 2.5]))[0]


def test_names_that_are_near_are_told():
    with pytest.raises(LookupError, match="unknown metric 'rsme'; did you mean 'rmse'"):
        metric("rsme")
