"""What drivers may be: every driver says it, and kernels refuse what they say they refuse."""

from itertools import permutations

import numpy as np
import pytest
import stages

import kernels
from kernels import BAD_INPUT, OK, Range, Unfit, Variable
from kernels.chains.parts.joining import _of_both
from kernels.contract.ranges import _SEEN, accepted

SCENARIO_S_OWN = {"executable", "chain", "side_by_side"}
"""Their drivers are those of a scenario, or of other kernels."""

SOUND = {
    "pft": 1.0, "latitude": 40.0, "greenup": 100.0, "fall": 280.0, "gpp": 5.0, "btran": 0.7,
    "air_temperature": 10.0, "soil_temperature": 10.0, "theta_l": 0.4, "theta_f": 0.05,
    "clay": 0.2, "silt": 0.3, "porosity": 0.45, "depth": 30.0, "annual_npp": 500.0,
    "lignin_n": 20.0, "lignin_n_above": 20.0, "lignin_n_below": 20.0, "litter_input": 400.0,
    "litter_above": 200.0, "litter_below": 200.0, "sampling_year": 2000.0, "atmosphere": 1.1,
    "litter_cwd": 0.3, "cwd_to_litter": 0.2, "cwd_respiration": 0.1,
}  # fmt: skip
"""Of kernels whose options make their drivers; litter of leaves and roots by the day is 1."""


def sound(kernel, name):
    """Return a value of a driver that its kernel takes: from its example, if it has one."""
    if kernel.name in stages.names():
        return float(np.median(stages.example(kernel.name).drivers[name]))
    return SOUND.get(name, 1.0)


RUN = {
    "casa_vegetation": {"start": "cold"},
    "casa_debris": {"drivers": "mean"},
    "casa_cnp": {"drivers": "mean"},
    "mimics_testbed": {"drivers": "mean"},
    "corpse": {"drivers": "mean"},
    "mimics": {"moisture": "corpse", "form": "reverse", "set": "testbed"},
    "mimics_profile": {"carbon14": "tracer", "layers": (20.0, 80.0)},
}
"""Choices under which a kernel has most drivers and runs quickly."""


YEARS = (1982, 1983)
"""Those that the turnover times of the two boxes are of."""


def every_made():
    """Return every kernel with every table that its options make."""
    for name, kernel in stages.known().items():
        for options in stages.choices(kernel) if name not in SCENARIO_S_OWN else ():
            try:
                yield options, kernel.made(options, None)
            except Unfit:
                continue


@pytest.fixture(scope="module")
def drivers():
    """Return every distinct driver of every kernel, as (kernel, driver) by their names."""
    found = {}
    for _, kernel in every_made():
        found |= {(kernel.name, driver.name): (kernel, driver) for driver in kernel.drivers}
    return found


def test_every_kernel_is_looked_at(drivers):
    assert {kernel for kernel, _ in drivers} == set(stages.known()) - SCENARIO_S_OWN
    # Others declare a range of their own.
    assert set(_SEEN) <= {name for _, name in drivers}


def test_every_driver_says_what_it_may_be(drivers):
    silent = [place for place, (_, driver) in drivers.items() if driver.expected_range is None]
    assert not silent, f"{silent}: declare expected_range=kernels.Range(...), what is seen of it"


def test_one_driver_has_one_range_of_what_is_seen(drivers):
    seen = {}
    for (kernel, name), (_, driver) in drivers.items():
        range_ = driver.expected_range
        if name not in _SEEN and range_ is not None:
            words = (range_.low, range_.high, range_.peak)
            first, known = seen.setdefault(name, (kernel, words))
            assert words == known, f"{name!r}: {first} and {kernel} declare other ranges"


def test_what_is_sound_is_within(drivers):
    for place, (kernel, driver) in drivers.items():
        if range_ := driver.expected_range:
            value = sound(kernel, driver.name)
            assert range_.low <= value <= range_.high, place
            assert value >= range_.peak, place


def run(kernel, options, values, years=(1901,)):
    """Return statuses (L,) of control members; ``values`` are (L,) by driver."""
    coords = {"year": np.array(years), "date": np.arange(365 * len(years))}
    coords |= {dim: own.values for dim, own in kernel.coords.items()}
    coords["atmosphere_year"] = np.arange(1940, 2020)
    given = {}
    for driver in kernel.drivers:
        sizes = [len(coords["year" if d == "time" else d]) for d in driver.dims]
        shaped = values[driver.name].reshape(-1, *(1,) * len(sizes))
        given[driver.name] = np.broadcast_to(shaped, (len(shaped), *sizes)).copy()
    rows = {p.name: np.array([p.default]) for p in kernel.parameters}
    return stages.run(kernel, options, given, coords, rows).status[:, 0]


@pytest.mark.parametrize("name", [*RUN, *stages.names()])
def test_beyond_what_is_accepted_members_fail_and_only_they(name):
    options = kernels.get(name).options(**RUN.get(name, {}))
    kernel = kernels.get(name).made(options, None)
    bad = []
    for driver in kernel.drivers:
        range_ = driver.expected_range
        beyond = [(range_.lower, -1.0), (range_.upper, 1.0), (np.nan, 0.0)]
        # 19 is no type either; a millionth above 18 is none as well.
        bad += [
            (driver.name, end + side * 1e-6 * max(1.0, abs(end)))
            for end, side in beyond
            if not np.isinf(end)
        ]
    values = {
        driver.name: np.full(1 + len(bad), sound(kernel, driver.name)) for driver in kernel.drivers
    }
    for k, (driver, value) in enumerate(bad):
        values[driver][1 + k] = value
    status = run(kernel, options, values, years=YEARS if name in stages.names() else (1901,))
    assert status[0] == OK
    assert [place for place, code in zip(bad, status[1:], strict=True) if code == OK] == []


NEEDS_RECORDS = {"random_forest", "forest_importance", "forest_validation"}
"""Fitted to a file of records; what is no number is tried in its own tests."""


def tables_of_drivers():
    """Return (kernel, options) for every table of drivers that a kernel may have."""
    tables = {}
    for options, kernel in every_made():
        if kernel.name in NEEDS_RECORDS:
            continue
        tables.setdefault((kernel.name, kernel.drivers), (kernel, options))
    return [pytest.param(*made, id=f"{made[0].name}-{k}") for k, made in enumerate(tables.values())]


@pytest.mark.parametrize(("kernel", "options"), tables_of_drivers())
def test_what_is_no_number_is_bad_input_whatever_else_is_out_of_range(kernel, options):
    names = [driver.name for driver in kernel.drivers]
    beyond = {
        driver.name: end + side * max(1.0, abs(end))
        for driver in kernel.drivers
        for end, side in (
            (driver.expected_range.lower, -1.0), (driver.expected_range.upper, 1.0)
        )
        if np.isfinite(end)
    }  # fmt: skip
    pairs = [(gap, other) for gap, other in permutations(names, 2) if other in beyond]
    values = {n: np.full(max(1, len(pairs)), sound(kernel, n)) for n in names}
    for k, (gap, other) in enumerate(pairs):
        values[gap][k], values[other][k] = np.nan, beyond[other]
    status = run(kernel, options, values, years=YEARS)
    wrong = [pair for pair, code in zip(pairs, status, strict=False) if code != BAD_INPUT]
    assert wrong == []
    assert pairs or not beyond or len(names) == 1


def test_of_a_driver_of_two_links_both_ranges_hold():
    one = Variable("x", "1", "x", expected_range=Range(-80.0, 80.0, -60.0, 60.0, 1.0))
    other = Variable("x", "1", "x", expected_range=Range(-100.0, 70.0, -50.0, 65.0))
    assert _of_both(one, other).expected_range == Range(-80.0, 70.0, -50.0, 60.0, 1.0)
    assert _of_both(one, Variable("x", "1", "x")) is one


def test_a_driver_without_a_range_names_the_table():
    with pytest.raises(ValueError, match="'moss' in '1' has no range; add it to kernels/contract/"):
        accepted("moss", "1")
    with pytest.raises(ValueError, match="'clay' in 'g' has no range"):
        accepted("clay", "g")


def test_a_range_in_another_order_is_none():
    with pytest.raises(ValueError, match="needed lower <= low < high <= upper"):
        Range(0.0, 1.0, 0.5, 2.0)
