"""Lanes of the testbed's MIMICS: every row has one name, and what is stored is what is loaded."""

import numpy as np

from kernels.contract.build import equation
from kernels.mimics.daily import lanes
from kernels.mimics.daily.equations import Day, Lasting, Slopes
from kernels.mimics.one_layer.matrices import Pools
from kernels.numerics.lanes import Rows, load, store

RECORDS = (
    lanes.DAY,
    lanes.MORTALITY,
    lanes.POOL,
    lanes.EATEN,
    lanes.LASTING,
    lanes.COURSE,
    lanes.SLOPE,
)
LANE = 5


def numbered():
    """Return a group in which every number is another."""
    z = lanes.group()
    z[:] = np.arange(z.size)
    return z


def test_rows_are_given_out_one_after_the_other():
    rows = Rows(4)
    first, second = rows.of(Pools), rows.of(Slopes)
    assert first == Pools(0, 4, 8, 12, 16, 20, 24)
    assert second.rm_s == 28
    assert rows.count == len(Pools._fields) + len(Slopes._fields)


def test_places_are_unsigned():
    # A signed place may count from the end, and a loop over lanes would not vectorise.
    assert {type(place) for record in RECORDS for place in record} == {np.uint64}
    assert isinstance(lanes.TANGENT, np.uint64)


def test_every_row_of_a_group_has_one_name():
    places = [int(place) for record in RECORDS for place in record]
    rest = len(Pools._fields) ** 2
    assert sorted(places) == list(range(0, int(lanes.TANGENT), lanes.LANES))
    assert lanes.group().size == int(lanes.TANGENT) + rest * lanes.LANES


@equation
def doubled(z, at):
    its = load(z, lanes.POOL, at)
    store(z, lanes.MORTALITY, at, (its.m, its.r, its.k))
    store(z, lanes.POOL, at, Pools(its.s, its.m, its.r, its.k, its.p, its.c, 2.0 * its.a))


def test_records_are_loaded_and_stored_alike_compiled_or_not():
    found, expected = numbered(), numbered()
    doubled(found, np.uint64(LANE))
    doubled.py_func(expected, LANE)
    np.testing.assert_array_equal(found, expected)
    before = numbered()
    of = {f: before[int(p) + LANE] for f, p in zip(Pools._fields, lanes.POOL, strict=True)}
    assert load(found, lanes.POOL, LANE) == Pools(
        of["s"], of["m"], of["r"], of["k"], of["p"], of["c"], 2 * of["a"]
    )
    assert found[int(lanes.MORTALITY.r) + LANE] == of["r"]
    assert (found != before).sum() == 3 + 3


def test_records_are_loaded_from_the_rows_of_their_names():
    z = numbered()
    expected = {f: z[int(p) + LANE] for f, p in zip(Day._fields, lanes.DAY, strict=True)}
    expected |= {"mu_r": z[int(lanes.MORTALITY.r) + LANE], "mu_k": z[int(lanes.MORTALITY.k) + LANE]}
    assert load(z, lanes.NOW, LANE)._asdict() == expected
    for record, places in ((Lasting, lanes.LASTING), (Slopes, lanes.SLOPE)):
        assert load(z, places, LANE) == record(*(z[int(place) + LANE] for place in places))
    column = int(lanes.TANGENT) + 14 * lanes.LANES + LANE
    places = (column + k * lanes.LANES for k in range(7))
    assert load(z, lanes.COLUMN, column) == Pools(*(z[place] for place in places))


def test_what_is_stored_is_loaded_and_nothing_else_moves():
    for places, record in ((lanes.SLOPE, Slopes), (lanes.POOL, Pools)):
        z, before = numbered(), numbered()
        given = record(*(-1.0 - i for i in range(len(record._fields))))
        store(z, places, LANE, given)
        assert load(z, places, LANE) == given
        assert (z != before).sum() == len(given)
