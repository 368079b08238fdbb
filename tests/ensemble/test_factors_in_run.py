"""Factors on drivers and on the start of a run, from words of a scenario to shares of variance."""

import re

import numpy as np
import pytest
from anova import shares_of
from support import SMALL, plan, run

import ensemble
from ensemble.members.stages import needed, reads_of
from ensemble.runs.analyze import analyze_store

BY_DEPTH = """
version: 1
name: factors
kernel: {name: mimics_profile, layers: [10, 20, 70]}
forcing: {reader: synthetic_profiles, n: 2}
design:
  cross:
    - {method: grid, parameters: {litter_below_factor: [0.5, 1, 1.5]}}
    - {method: grid, parameters: {x_v: [4, 8]}}
    - {method: grid, parameters: {temperature_offset: [-1, 0, 2]}}
outputs: {soc: all}
responses: {stock: {expression: soc_stock + litter_stock}}
"""

BOXES = re.sub(
    r"  cross:.*?(?=seed)",
    """
  cross:
    - {method: quantiles, n: 10, parameters: {tau_soil_obs: {normal: [38.3, 11]}}}
    - {method: grid, parameters: {initial_carbon_factor: [0.8, 1, 1.3]}}
""".lstrip("\n"),
    SMALL,
    flags=re.DOTALL,
)


def split(tmp_path, name, text):
    """Return the shares of a response at the first location, by term, and its tree."""
    _, outcome = run(tmp_path, "statistics={}", text=text)
    analyze_store(outcome.path)
    tree = ensemble.open_run(outcome.path)
    shares = tree[f"variance/{name}_share"].isel(location=0)
    return {str(t): float(shares.sel(term=t)) for t in shares["term"].values}, tree


def test_litter_and_temperature_are_in_the_variance_split(tmp_path):
    shares, tree = split(tmp_path, "stock", BY_DEPTH)
    values = tree["stock"].values[0, 0].reshape(3, 2, 3)
    expected = list(shares_of(values).values())
    np.testing.assert_allclose(list(shares.values()), expected, atol=1e-12)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-12)
    for name in ("litter_below_factor", "x_v", "temperature_offset"):
        assert shares[name] > 1e-4, shares
    # More litter, more carbon; the warmer, the less.
    assert (np.diff(values, axis=0) > 0).all()
    assert (np.diff(values, axis=2) < 0).all()
    # The control member is that of the forcing as it is.
    np.testing.assert_array_equal(tree["control/soc"].values[0], tree["soc"].values[0, ..., 7])


def test_the_start_is_in_the_variance_split(tmp_path):
    shares, tree = split(tmp_path, "d_soil", BOXES)
    assert sum(shares.values()) == pytest.approx(1, abs=1e-12)
    for name in ("forcing", "tau_soil_obs", "initial_carbon_factor"):
        assert shares[name] > 1e-4, shares
    stock = tree["c_soil"].values[:, 0].reshape(4, -1, 10, 3)
    np.testing.assert_allclose(stock[:, 0, :, 0], 0.8 * stock[:, 0, :, 1], rtol=3e-7)
    # A start that is too small takes carbon up, one that is too large loses some.
    gain = (stock[:, -1] - stock[:, 0]) - (stock[:, -1] - stock[:, 0])[..., 1:2]
    assert (gain[..., 0] > 0).all()
    assert (gain[..., 2] < 0).all()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("[0.5, 1, 1.5]", "[-1, 1]", r"litter_below_factor.*-1.*0"),
        ("litter_below_factor", "litter_factor", "no parameter 'litter_factor'"),
        ("temperature_offset", "temperature_factor", "did you mean 'temperature_offset'"),
    ],
)
def test_what_cannot_be_is_refused(tmp_path, old, new, said):
    with pytest.raises(Exception, match=said):
        plan(tmp_path, text=BY_DEPTH.replace(old, new))


def test_a_design_without_factors_shares_what_it_shared(tmp_path):
    """Distinct rows are of what the design varies; what nobody varies adds none."""
    planned = plan(tmp_path, text=SMALL)
    stages, _ = needed(planned.experiment.kernel, ["c_soil"])
    design, reads = planned.layout.sampler.first, reads_of(stages)
    rows = {
        name: len(design.levels(frozenset(own) & frozenset(design.parameters), 0, 200)[0])
        for name, own in reads.items()
        if frozenset(own) & frozenset(design.parameters)
    }
    assert rows == {"vegetation": 8, "turnover": 25, "soil": 200}
    assert "initial_carbon_factor" in reads["soil"]
