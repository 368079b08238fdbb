"""Candidates whose carbon alone loses have no 14C made of them, and nothing else is another."""

import numpy as np
import pytest
from calibrated import opened

import ensemble
import kernels
import scenarios
from ensemble.calibration import early, rounds
from kernels.mimics import mimics_profile

SEARCHES = {
    "sceua": "{name: sceua, complexes: 2, mutation: complex, polish: false}",
    "sceua, polished": "{name: sceua, complexes: 2, kstop: 5}",
    "levenberg_marquardt": "{name: levenberg_marquardt, starts: 2}",
}


def found(folder, name, *settings):
    """Return what is found for four invented profiles."""
    words = ["calibration.restarts=1", "calibration.budget=500", *settings]
    scenario = scenarios.load("mimics-calibration", settings=words)
    planned = ensemble.plan_calibration(scenario, store=folder / f"{name}.zarr")
    return opened(ensemble.run_calibration(planned, workers=1).path)


@pytest.fixture
def made(monkeypatch):
    """Return how many members had their 14C made."""
    counts, honest = [0], mimics_profile.traced

    def traced(*given):
        counts[0] += int((given[-1] == kernels.OK).sum())
        return honest(*given)

    monkeypatch.setattr(mimics_profile, "traced", traced)
    return lambda: counts[0]


@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=() if n == "sceua" else pytest.mark.slow) for n in SEARCHES]
)
def test_what_is_found_is_the_same_to_the_bit_and_takes_less_14c(tmp_path, monkeypatch, made, name):
    setting = f"calibration.algorithm={SEARCHES[name]}"
    saving = found(tmp_path, "saving", setting)
    with_saving = made()
    # No candidate is decided, and the whole cost of each is told.
    monkeypatch.setattr(rounds, "decided", lambda own, needed: np.zeros(needed.shape, np.bool_))
    monkeypatch.setattr(early, "decided", lambda own, needed: np.zeros(needed.shape, np.bool_))
    whole = found(tmp_path, "whole", setting)
    without = made() - with_saving
    kind = "rejected without fraction_modern"
    rejected = int(saving.tallies.sel(tally=kind).sum())
    assert rejected > 0.02 * int(saving.evaluations.sum())
    # A round of which each row is one candidate is not asked for its 14C: nothing is saved there.
    assert without - with_saving > 0.8 * rejected
    assert not whole.tallies.sel(tally=kind).any()
    others = [tally for tally in saving.tally.values if tally != kind]
    for array in saving.data_vars:
        one, other = saving[array], whole[array]
        if array == "tallies":
            one, other = one.sel(tally=others), other.sel(tally=others)
        np.testing.assert_array_equal(one.values, other.values, err_msg=array)


def test_with_a_limit_on_14c_all_of_it_is_made(tmp_path, made):
    settings = ["calibration.require={j_14c: {range: [0, 1.0e9]}}", "calibration.budget=400"]
    result = found(tmp_path, "limited", f"calibration.algorithm={SEARCHES['sceua']}", *settings)
    assert not [tally for tally in result.tally.values if "rejected" in tally]
    assert made() >= int(result.evaluations.sum())


def test_a_part_that_rounding_puts_above_the_whole_decides_nothing():
    draw = np.random.default_rng(5)
    residuals = draw.standard_normal((1, 40, 2000)) * 10.0 ** draw.uniform(-3, 3, (1, 40, 2000))
    whole = np.cumsum(residuals**2, axis=1)[:, -1]
    # In another order the sum of the same squares is off by its last digits.
    assert (np.cumsum(residuals[:, ::-1] ** 2, axis=1)[:, -1] > whole).any()
    assert not early.decided(residuals[:, ::-1], np.nextafter(whole, np.inf)).any()
    assert early.decided(residuals, whole * (1 - 1e-11)).all()
    assert not early.decided(np.full((1, 3, 1), np.nan), np.zeros((1, 1))).any()
