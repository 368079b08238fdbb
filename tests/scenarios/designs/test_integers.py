"""Whole numbers in every design that draws: their shares, and seeds from the words of a stream."""

import numpy as np
import pytest
from scipy import stats

from kernels import Parameter
from scenarios.designs.sampling.streams import named, words

SEED = Parameter("seed", "1", 0.0, 0.0, 2.0**32 - 1, "of a forest", "test")
MTRY = Parameter("mtry", "1", 4.0, 1.0, 10.0, "columns tried at a split", "test")
TABLE = {"parameters": {"seed": SEED, "mtry": MTRY}}
EVERY_SEED = {"integers": [0, 4294967295]}


def drawn(opened, method="monte_carlo", context=TABLE, **more):
    design = opened(method, context=context, **more)
    return design, design.rows(0, design.size)


def test_a_seed_is_the_upper_half_of_a_word_of_its_stream(opened):
    """So says the specification; floats hold it to the last bit, and numpy takes it as an int."""
    design, rows = drawn(opened, n=100, parameters={"seed": EVERY_SEED})
    stream = named(0, "design", "", "seed")
    expected = words(stream, 0, 100) >> np.uint64(32)
    np.testing.assert_array_equal(rows["seed"][0].astype(np.uint64), expected)
    assert design.attributes["outside_bounds"] == {"seed": 0.0}
    assert design.attributes["warnings"] == []


def test_both_ends_are_as_probable_as_what_is_between(opened):
    _, rows = drawn(opened, n=4000, parameters={"mtry": {"integers": [2, 5]}})
    values, counts = np.unique(rows["mtry"], return_counts=True)
    assert values.tolist() == [2, 3, 4, 5]
    assert stats.chisquare(counts).pvalue > 0.01


@pytest.mark.parametrize(
    "words", [{"method": "latin_hypercube", "n": 8}, {"method": "quantiles", "n": 8},
              {"method": "sobol", "n": 4}],
    ids=lambda words: words["method"],
)  # fmt: skip
def test_designs_that_fill_evenly_have_each_as_often(opened, words):
    words = dict(words)
    method, varied = words.pop("method"), {"mtry": {"integers": {"low": 2, "high": 5}}}
    if method == "sobol":
        varied["seed"] = EVERY_SEED
    _, rows = drawn(opened, method, parameters=varied, **words)
    counts = np.unique(rows["mtry"], return_counts=True)[1]
    assert (counts == counts[0]).all()


def test_bounds_of_forcings_cut_them_where_they_are_whole(opened):
    """As far as 49 and 3: a product of a share and 49 is not always whole again."""
    context = {**TABLE, "lower": {"mtry": [2.5]}, "upper": {"mtry": [7.9]}}
    _, rows = drawn(opened, context=context, n=500, parameters={"mtry": {"integers": [-20, 28]}})
    assert np.unique(rows["mtry"]).tolist() == [3, 4, 5, 6, 7]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ({"integers": [2.5, 5]}, "low is 2.5; needed a whole number"),
        ({"integers": [5, 5]}, "low is 5.0; needed low < high"),
        ({"integers": [0, 2.0**60]}, "needed at most 2^48 numbers from low"),
    ],
)
def test_what_is_no_range_is_refused(refused, said, text):
    found = refused("monte_carlo", context=TABLE, n=4, parameters={"mtry": said})
    assert text in found[0]


@pytest.mark.parametrize("more", [{"lower": 3}, {"upper": 4}, {"units": "1"}])
def test_they_have_their_ends_alone(opened, more):
    with pytest.raises(ValueError, match="beside integers"):
        opened("monte_carlo", context=TABLE, n=4, parameters={"mtry": {"integers": [2, 5], **more}})
