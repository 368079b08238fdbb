from statistics import NormalDist

import numpy as np
import pytest

VEG = {"tau_veg": {"normal": [10.3, 1.4]}}
SOIL = {"tau_soil": {"normal": [38.3, 11.0]}}


def quantiles_of(mean, sd, n=100):
    """TB-4 of science/two_box.md: mu + sd q_i, q_i the quantile of (i + 0.5) / n."""
    return np.array([mean + sd * NormalDist().inv_cdf((i + 0.5) / n) for i in range(n)])


def test_tb_4_samples(opened):
    design = opened(
        "cross",
        cross=[
            {"method": "quantiles", "n": 100, "parameters": VEG},
            {"method": "quantiles", "n": 100, "parameters": SOIL},
        ],
    )
    assert design.size == 10_000
    rows = design.rows(0, 10_000)
    veg, soil = quantiles_of(10.3, 1.4), quantiles_of(38.3, 11.0)
    np.testing.assert_allclose(rows["tau_veg"][0], np.repeat(veg, 100), rtol=1e-15)
    np.testing.assert_allclose(rows["tau_soil"][0], np.tile(soil, 100), rtol=1e-15)


def test_several_parameters_are_crossed(opened):
    one = opened("quantiles", n=7, parameters={**VEG, **SOIL})
    factors = [{"method": "quantiles", "n": 7, "parameters": p} for p in (VEG, SOIL)]
    two = opened("cross", cross=factors)
    assert one.size == two.size == 49
    for name in one.parameters:
        assert np.array_equal(one.rows(3, 30)[name], two.rows(3, 30)[name])
    assert one.attributes["shape"] == two.attributes["shape"] == [7, 7]
    assert one.attributes["factors"] == two.attributes["factors"] == ["tau_veg", "tau_soil"]


def test_no_seed_changes_them(opened):
    drawn = [opened("quantiles", n=9, parameters=VEG, context={"seed": s}) for s in (0, 1)]
    assert np.array_equal(*(design.rows(0, 9)["tau_veg"] for design in drawn))


def test_a_cut_distribution_has_cut_quantiles(opened):
    design = opened("quantiles", n=1000, parameters={"tau_soil": {**SOIL["tau_soil"], "lower": 30}})
    values = design.rows(0, 1000)["tau_soil"][0]
    assert values[0] > 30
    share = 1 - NormalDist(38.3, 11).cdf(30)
    assert design.attributes["truncated_share"]["tau_soil"] == pytest.approx(1 - share)
    assert values[500] == pytest.approx(NormalDist(38.3, 11).inv_cdf(1 - share * 0.4995), rel=1e-12)


def test_values_differ_by_location(opened):
    context = {"columns": {"tau": [20.0, 30.0]}}
    parameters = {"tau_soil": {"normal": {"column": "tau", "sd": 3.0}}}
    rows = opened("quantiles", n=5, parameters=parameters, context=context).rows(1, 4)
    assert rows["tau_soil"].shape == (2, 3)
    np.testing.assert_allclose(rows["tau_soil"][1] - rows["tau_soil"][0], 10.0)


def test_values_outside_are_refused(refused):
    context = {"lower": {"tau_soil": [3.0, 12.5]}}
    found = refused("quantiles", n=100, parameters=SOIL, context=context)
    assert found == [
        "design.parameters.tau_soil: quantile 0: tau_soil is 9.965877660962096 yr at location 1, "
        "below the bound that the forcings admit, 12.5 yr; add 'lower: 12.5'"
    ]
    found = refused("quantiles", n=100, parameters={"q10": {"normal": [2.0, 1.0]}})
    assert [text.split("; ")[1] for text in found] == ["add 'lower: 1.0'", "add 'upper: 4.0'"]
    assert "the kernel's bound" in found[0]


def test_a_factorial_of_10_to_12_rows(opened):
    design = opened("quantiles", n=10**6, parameters=["tau_veg", "tau_soil"])
    rows = design.rows(10**12 - 10, 10**12)
    assert np.ptp(rows["tau_veg"]) == 0
    assert (np.diff(rows["tau_soil"][0]) > 0).all()
