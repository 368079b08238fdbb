"""Days and slabs of years of the testbed's kernels: sums of days are years, and no slab is seen."""

from functools import cache

import casa_cases
import corpse_cases
import numpy as np
import pytest
import testbed_mimics
from laws import assert_same_bits

import kernels
from kernels import OK, Batch, Slab

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


@pytest.mark.parametrize("start", ["steady", "cold", "spinup"])
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
