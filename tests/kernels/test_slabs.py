"""Days and slabs of years of the testbed's kernels: sums of days are years, and no slab is seen."""

from functools import cache

import casa_cases
import corpse_cases
import numpy as np
import pytest
import testbed_mimics
from laws import assert_same_bits

import kernels
from kernels import BAD_INPUT, NOT_CONVERGED, OK, OUT_OF_RANGE, Batch, Slab

YEARS, CYCLE = 5, 2
COUNT, SAMPLES = 3, 2


@cache
def of_casa():
    """Return drivers of CASA's kernels: weather, and the litter that its vegetation makes of it."""
    given, _ = casa_cases.with_litter(casa_cases.weather(YEARS), YEARS, start="cold")
    return {n: v[:COUNT] for n, v in given.items()}


CASES = {
    "casa_vegetation": (of_casa, {"phenology": "drivers"}, "x_wood_age"),
    "casa_cnp": (of_casa, {}, "tau_slow"),
    "casa_debris": (of_casa, {}, "tau_cwd"),
    "mimics_testbed": (lambda: testbed_mimics.climates(COUNT, YEARS, seed=3), {}, "x_depth"),
    "corpse": (lambda: corpse_cases.seasons(YEARS, COUNT), {}, "Tmic"),
    "corpse-litter": (
        lambda: corpse_cases.seasons(YEARS, COUNT, option=2), {"litter_option": 2}, "Tmic",
    ),
    "corpse-adaptive": (
        lambda: corpse_cases.seasons(YEARS, COUNT),
        {"integrator": "adaptive", "tolerance": 1e-3, "start": "cold"}, "Tmic",
    ),
}  # fmt: skip


def made(case, **more):
    """Return a kernel with tables, its options, drivers and rows."""
    give, chosen, varied = CASES[case]
    plain = kernels.get(case.partition("-")[0])
    options = plain.options(**{"cycle": CYCLE} | chosen | more)
    kernel, given = plain.made(options, None), give()
    rows = {p.name: np.full((1, SAMPLES), p.default) for p in kernel.parameters}
    rows[varied] = rows[varied] * [1.0, 1.25]
    return kernel, options, {d.name: given[d.name] for d in kernel.drivers}, rows


def along(kernel, variable, first, last):
    """Return the places of some years along the first axis of a variable that is a time."""
    dim = kernel.time_of(variable)
    step = {"year": 1, "day": 365}[kernel.steps[dim]] if dim else 0
    where = 1 + variable.dims.index(dim) if dim else 0
    return where, slice(step * first, step * last)


def run(kernel, options, drivers, rows, *, ends=(), outputs=None):
    """Run all years at once, or slabs that end with the years of ``ends``."""
    (stage,) = kernel.stages
    own, names = {n: len(c.values) for n, c in kernel.coords.items()}, outputs
    lengths = {"time": YEARS, "date": 365 * YEARS, **own}
    variables = [v for v in kernel.outputs if names is None or v.name in names]
    count = len(next(iter(drivers.values())))
    out = {v.name: np.full((count, *map(lengths.get, v.dims), SAMPLES), 7e77) for v in variables}
    going, kept, first, entered = stage.open(options), {}, 0, {n: v.copy() for n, v in rows.items()}
    for last in (*ends, YEARS):
        status = np.zeros((count, SAMPLES), np.uint8)
        some, here = {}, {}
        for d in kernel.drivers:
            where, places = along(kernel, d, first, last)
            some[d.name] = np.ascontiguousarray(
                drivers[d.name][:, places] if where else drivers[d.name]
            )
        for v in variables:
            where, places = along(kernel, v, first, last)
            here[v.name] = (
                np.ascontiguousarray(out[v.name][:, places]) if where == 1 else out[v.name]
            )
        coords = {"year": np.arange(2001 + first, 2001 + last)}
        slab = Slab(first == 0, kept) if ends else None
        going(Batch(entered, some, coords, slab=slab), here, status)
        for v in variables:
            where, places = along(kernel, v, first, last)
            if where:
                out[v.name][:, places] = here[v.name]
        first = last
    assert_same_bits(entered, rows)
    return {n: np.where(blank(v, status), np.nan, v) for n, v in out.items()}, status


def blank(values, status):
    return (status != OK)[:, *(np.newaxis,) * (values.ndim - 2), :]


@pytest.mark.parametrize(
    "start", ["steady", "cold", pytest.param("spinup", marks=pytest.mark.slow)]
)
@pytest.mark.parametrize("case", CASES)
def test_slabs_of_any_length_change_no_bit(case, start):
    if case == "corpse-adaptive" and start != "cold":
        pytest.skip("a cycle in continuous time takes minutes")
    kernel, *given = made(case, start=start)
    whole, status = run(kernel, *given)
    assert (status == OK).any()
    (stage,) = kernel.stages
    assert stage.ahead == (1 if start == "cold" else CYCLE)
    for ends in ((CYCLE,), (CYCLE, CYCLE + 1), (4,)):
        found, codes = run(kernel, *given, ends=ends)
        assert_same_bits(found, whole)
        np.testing.assert_array_equal(codes, status)


@pytest.mark.parametrize("case", CASES)
def test_slabs_change_no_bit_where_drivers_and_starts_differ_between_samples(case):
    start = {"start": "cold"} if case == "corpse-adaptive" else {}
    kernel, options, drivers, rows = made(case, **start)
    names = [n for n in rows if n.endswith(("_factor", "_offset"))]
    assert len(names) >= 3
    varied = rows | {n: rows[n] + np.array([[0.0, 0.1]]) for n in names}
    whole, status = run(kernel, options, drivers, varied)
    assert (status == OK).any()
    for ends in ((CYCLE,), (CYCLE, CYCLE + 1)):
        found, codes = run(kernel, options, drivers, varied, ends=ends)
        assert_same_bits(found, whole)
        np.testing.assert_array_equal(codes, status)
    plain, _ = run(kernel, options, drivers, rows)
    assert_same_bits(*({n: v[..., :1] for n, v in out.items()} for out in (whole, plain)))


@pytest.mark.parametrize("case", CASES)
def test_years_are_what_days_add_up_to(case):
    kernel, *given = made(case)
    out, _ = run(kernel, *given)
    by_name, tried = {v.name: v for v in kernel.outputs}, 0
    for name, values in out.items():
        if f"{name}_daily" not in out:
            continue
        tried += 1
        annual, daily = by_name[name], by_name[f"{name}_daily"]
        assert (annual.dims[0], daily.dims) == ("time", ("date", *annual.dims[1:]))
        days = out[daily.name].reshape(len(values), YEARS, 365, *values.shape[2:])
        if annual.units.endswith(" yr-1"):
            assert daily.units == annual.units.replace("yr-1", "d-1")
            np.testing.assert_allclose(days.sum(axis=2), values, rtol=1e-10, err_msg=name)
        else:
            assert daily.units == annual.units
            np.testing.assert_allclose(days[:, :, -1], values, rtol=1e-14, err_msg=name)
    assert tried > 0


@pytest.mark.parametrize("case", CASES)
def test_asking_for_days_changes_no_bit_of_years(case):
    kernel, *given = made(case)
    yearly = [v.name for v in kernel.outputs if v.dims[:1] == ("time",)]
    every, _ = run(kernel, *given)
    assert_same_bits(run(kernel, *given, outputs=yearly)[0], {n: every[n] for n in yearly})


BAD = {"no number": np.nan, "no soil": 1e7}
TIMES = (((3, "no number"),), ((4, "no soil"),), ((2, "no soil"), (4, "no number")),
         ((2, "no number"), (4, "no soil")))  # fmt: skip
"""Years in which drivers go bad, and how: in the first slab, in a later one, in two of them."""


def spoilt(kernel, drivers, times, at=1):
    """Return drivers of which one by days goes bad at a location, and the next by turns."""
    found = {n: v.copy() for n, v in drivers.items()}
    daily = [d.name for d in kernel.drivers if "date" in d.dims]
    for k, (year, how) in enumerate(times):
        found[daily[k % len(daily)]][at, 365 * year + 17] = BAD[how]
    return found


def assert_slabs_are_not_seen(kernel, options, drivers, rows):
    whole, status = run(kernel, options, drivers, rows)
    for ends in ((CYCLE,), (CYCLE, CYCLE + 1), (4,)):
        found, codes = run(kernel, options, drivers, rows, ends=ends)
        np.testing.assert_array_equal(codes, status, err_msg=str(ends))
        assert_same_bits(found, whole)
    return whole, status


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("case", CASES)
def test_drivers_that_go_bad_in_a_later_year_fail_the_member_of_all_years(case, times):
    kernel, options, drivers, rows = made(case, start="cold")
    bad = spoilt(kernel, drivers, times)
    whole, status = assert_slabs_are_not_seen(kernel, options, bad, rows)
    # What is no number is said before what is out of range, whichever year it is in.
    worst = BAD_INPUT if "no number" in dict(map(reversed, times)) else OUT_OF_RANGE
    assert (status[1] == worst).all()
    assert (status[[0, 2]] == OK).all()
    assert all(np.isnan(values[1]).all() for values in whole.values())
    sound, _ = run(kernel, options, drivers, rows)
    assert_same_bits(*({n: v[[0, 2]] for n, v in some.items()} for some in (whole, sound)))


@pytest.mark.parametrize("case", [case for case in CASES if case != "corpse-adaptive"])
def test_the_first_reason_is_told_of_starts_parameters_and_drivers_that_fail(case):
    # One round of the cycle brings no member to rest.
    kernel, options, drivers, rows = made(case, start="spinup", spinup_years=1)
    _, status = assert_slabs_are_not_seen(kernel, options, drivers, rows)
    assert (status == NOT_CONVERGED).any()
    _, later = assert_slabs_are_not_seen(kernel, options, spoilt(kernel, drivers, TIMES[1]), rows)
    assert (later[1] == OUT_OF_RANGE).all()
    varied = CASES[case][2]
    rows = {**rows, varied: np.array([[np.nan, rows[varied][0, 1]]])}
    for given in (drivers, spoilt(kernel, drivers, TIMES[0]), spoilt(kernel, drivers, TIMES[1])):
        _, status = assert_slabs_are_not_seen(kernel, options, given, rows)
        assert (status[:, 0] != OK).all()


@pytest.mark.parametrize("start", ["steady", "cold"])
@pytest.mark.parametrize("case", ["casa_cnp", "casa_debris"])
def test_a_year_too_hot_for_days_fails_the_member_of_all_years(case, start):
    kernel, options, drivers, rows = made(case, start=start)
    hot, rows = ({n: v.copy() for n, v in some.items()} for some in (drivers, rows))
    # More than all of a fast pool would decompose in a day of the warm year, and of that alone.
    hot["soil_temperature"][1, 3 * 365 : 4 * 365] = 60.0
    hot["theta_l"][1, 3 * 365 : 4 * 365] = 0.6
    for p in kernel.parameters:
        if p.name == "q10" or p.name.startswith("tau"):
            rows[p.name][0, 1] = p.upper if p.name == "q10" else p.lower
    _, status = assert_slabs_are_not_seen(kernel, options, hot, rows)
    np.testing.assert_array_equal(status, [[OK, OK], [OK, OUT_OF_RANGE], [OK, OK]])
