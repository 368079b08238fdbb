import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

VEG = {"method": "monte_carlo", "n": 5, "parameters": {"tau_veg": {"normal": [10.3, 1.4]}}}
SOIL = {"method": "monte_carlo", "n": 7, "parameters": {"tau_soil": {"normal": [38.3, 11]}}}
Q10 = {"method": "grid", "parameters": {"q10": [1.5, 2.0, 2.5]}}


def test_rows_are_all_combinations(opened):
    design = opened("cross", cross=[VEG, Q10, SOIL])
    factors = [f.rows(0, f.size) for f in design.factors]
    values = [next(iter(rows.values()))[0].tolist() for rows in factors]
    rows = design.rows(0, design.size)
    found = list(zip(*(rows[n][0].tolist() for n in design.parameters), strict=True))
    assert found == list(itertools.product(*values))


def test_two_equal_factors_have_their_own_draws(opened):
    """The same distribution twice: the path keeps the streams apart."""
    twin = {"method": "monte_carlo", "n": 5, "parameters": {"tau_soil": {"normal": [10.3, 1.4]}}}
    rows = opened("cross", cross=[VEG, twin]).rows(0, 25)
    assert np.intersect1d(rows["tau_veg"], rows["tau_soil"]).size == 0


@given(data=st.data())
def test_levels_of_any_names_and_range(opened, data):
    design = opened("cross", cross=[VEG, Q10, SOIL])
    start = data.draw(st.integers(0, design.size - 1))
    stop = data.draw(st.integers(start + 1, design.size))
    names = data.draw(st.sets(st.sampled_from(design.parameters), min_size=1))
    first, level = design.levels(names, start, stop)
    rows = np.stack([design.rows(start, stop)[name][0] for name in sorted(names)])
    # As few as there are: sharing is complete, not only correct.
    assert len(first) == len(np.unique(rows, axis=1).T)
    assert np.array_equal(rows[:, first][:, level], rows)


def test_levels_of_a_block_of_the_tau_job(opened):
    factors = [{**VEG, "n": 100}, {**SOIL, "n": 100}]
    design = opened("cross", cross=factors)
    first, level = design.levels({"tau_veg"}, 0, 10_000)
    assert np.array_equal(first, np.arange(0, 10_000, 100))
    assert np.array_equal(level, np.repeat(np.arange(100), 100))
    first, level = design.levels({"tau_soil"}, 0, 10_000)
    assert np.array_equal(first, np.arange(100))
    assert np.array_equal(level, np.tile(np.arange(100), 100))
    first, level = design.levels({"tau_veg", "tau_soil"}, 0, 10_000)
    assert np.array_equal(first, np.arange(10_000))


def test_the_fastest_factor_keeps_its_unit_the_slowest_extends(opened):
    morris = {"method": "morris", "trajectories": 3, "parameters": ["q10", "t_ref"]}
    quantiles = {**SOIL, "method": "quantiles"}
    last = opened("cross", cross=[VEG, morris])
    assert (last.rows_together, last.extendable) == (3, True)
    first = opened("cross", cross=[morris, quantiles])
    assert (first.rows_together, first.extendable) == (1, True)
    assert not opened("cross", cross=[quantiles, VEG]).extendable


def test_a_cross_of_10_to_15_rows(opened):
    design = opened("cross", cross=[{**VEG, "n": 10**8}, {**SOIL, "n": 10**7}])
    rows = design.rows(10**15 - 5, 10**15)
    assert np.ptp(rows["tau_veg"]) == 0
    assert np.array_equal(rows["tau_soil"], design.factors[1].rows(10**7 - 5, 10**7)["tau_soil"])
    first, _ = design.levels({"tau_veg"}, 10**15 - 10_000, 10**15)
    assert first.tolist() == [0]


def test_attributes_gather_those_of_the_factors(opened):
    attributes = opened("cross", cross=[VEG, SOIL]).attributes
    assert attributes["method"] == "cross"
    assert attributes["shape"] == [5, 7]
    assert attributes["factors"] == ["tau_veg", "tau_soil"]
    assert attributes["truncated_share"] == {"tau_veg": 0.0, "tau_soil": 0.0}
    assert [part["path"] for part in attributes["cross"]] == ["design.cross[0]", "design.cross[1]"]


def test_problems_of_all_factors_are_told(refused):
    found = refused("cross", cross=[{**VEG, "parameters": ["tau"]}, {**SOIL, "parameters": ["q1"]}])
    assert [text.split(":")[0] for text in found] == [
        "design.cross[0].parameters.tau",
        "design.cross[1].parameters.q1",
    ]


def test_a_parameter_belongs_to_one_factor(refused):
    found = refused("cross", cross=[VEG, Q10, {**SOIL, "parameters": ["tau_veg"]}])
    assert found == [
        "design.cross[2]: 'tau_veg' is varied by design.cross[0] too; remove it from one of them"
    ]


def test_one_factor_is_no_cross(opened):
    with pytest.raises(ValueError, match="needed at least 2, or no cross"):
        opened("cross", cross=[VEG])
