"""Lanes of the testbed's MIMICS: every row has one name, and what is stored is what is loaded."""

import numpy as np

from kernels.contract.build import equation
from kernels.mimics.daily import lanes
from kernels.mimics.daily.equations import Day, Lasting, Pools, Slopes
from kernels.numerics.lanes import Rows
from kernels.numerics.lanes import load as load_record
from kernels.numerics.lanes import store as store_record

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
    its = load_record(z, lanes.POOL, at)
    store_record(z, lanes.MORTALITY, at, (its.m, its.r, its.k))
    store_record(z, lanes.POOL, at, Pools(its.s, its.m, its.r, its.k, its.p, its.c, 2.0 * its.a))


def test_records_are_loaded_and_stored_alike_compiled_or_not():
    found, expected = numbered(), numbered()
    doubled(found, np.uint64(LANE))
    doubled.py_func(expected, LANE)
    np.testing.assert_array_equal(found, expected)
    before = numbered()
    of = {f: before[int(p) + LANE] for f, p in zip(Pools._fields, lanes.POOL, strict=True)}
    assert load_record(found, lanes.POOL, LANE) == Pools(
        of["s"], of["m"], of["r"], of["k"], of["p"], of["c"], 2 * of["a"]
    )
    assert found[int(lanes.MORTALITY.r) + LANE] == of["r"]
    assert (found != before).sum() == 3 + 3


def test_records_are_loaded_from_the_rows_of_their_names():
    z = numbered()
    expected = {f: z[int(p) + LANE] for f, p in zip(Day._fields, lanes.DAY, strict=True)}
    expected |= {"mu_r": z[int(lanes.MORTALITY.r) + LANE], "mu_k": z[int(lanes.MORTALITY.k) + LANE]}
    assert lanes.load_day(z, LANE)._asdict() == expected
    for load, record, places in (
        (lanes.load_lasting, Lasting, lanes.LASTING),
        (lanes.load_slopes, Slopes, lanes.SLOPE),
    ):
        assert load(z, LANE) == record(*(z[int(place) + LANE] for place in places))


def test_what_is_stored_is_loaded_and_nothing_else_moves():
    for store, load, record in (
        (lanes.store_slopes, lanes.load_slopes, Slopes),
        (
            lambda z, lane, y: lanes.store_pools(z, lanes.POOL.m, lane, y),
            lambda z, lane: lanes.load_pools(z, lanes.POOL.m, lane),
            Pools,
        ),
    ):
        z, before = numbered(), numbered()
        given = record(*(-1.0 - i for i in range(len(record._fields))))
        store(z, LANE, given)
        assert load(z, LANE) == given
        assert (z != before).sum() == len(given)
