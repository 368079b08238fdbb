"""S16 against TB-6 of two_box.md, by a plain loop that shares nothing with the package."""

from pathlib import Path
from statistics import NormalDist

import numpy as np
import pytest
from pydantic import ValidationError

from kernels import Variable
from scenarios import ScenarioError
from scenarios.forcing.synthetic_models import Spec

NEEDS = (
    Variable("npp", "Pg C yr-1", "net primary production"),
    Variable("rh", "Pg C yr-1", "heterotrophic respiration"),
    Variable("c_veg_model", "Pg C", "vegetation carbon"),
    Variable("c_soil_model", "Pg C", "soil carbon"),
)


def read(needs=NEEDS, **words):
    return Spec(reader="synthetic_models", **words).read(needs, Path())


def diagnose(forcing):
    """Return NPP, tau_veg, tau_soil as two_box.md section 1 has them."""
    npp, rh, veg, soil = (forcing.drivers[v.name][0] for v in NEEDS)
    litter = npp[1:] - np.diff(veg)
    tau_veg = veg[1:] / litter
    tau_soil = soil[1:] / (litter - np.diff(soil))
    return npp, np.r_[tau_veg[0], tau_veg], np.r_[tau_soil[0], tau_soil], rh


def changes(npp, tau_veg, tau_soil):
    """Return the changes of the stocks 1901-2018, implicit scheme; 1901 is 118 from the end."""
    veg, soil = npp[0] * tau_veg[0], npp[0] * tau_soil[0]
    for t in range(npp.size):
        if t > 0:
            veg = (veg + npp[t]) / (1 + 1 / tau_veg[t])
            soil = (soil + veg / tau_veg[t]) / (1 + 1 / tau_soil[t])
        if t == npp.size - 118:
            veg_1901, soil_1901 = veg, soil
    return veg - veg_1901, soil - soil_1901


def constrained(npp, tau_veg, tau_soil):
    """Return the mean changes over the 100 x 100 design of TB-4."""
    q = np.array([NormalDist().inv_cdf((i + 0.5) / 100) for i in range(100)])
    shift_veg = 10.3 + 1.4 * q - tau_veg[-37:].mean()
    shift_soil = 38.3 + 11.0 * q - tau_soil[-37:].mean()
    veg, soil = changes(
        npp,
        tau_veg[:, None, None] + shift_veg[:, None],
        tau_soil[:, None, None] + shift_soil[None, :],
    )
    return veg.mean(), soil.mean()


def experiment(**words):
    """Return the changes of every model (16, 2), free and constrained."""
    diagnosed = [diagnose(forcing)[:3] for forcing in read(**words)]
    free = np.array([changes(*d) for d in diagnosed])
    return free, np.array([constrained(*d) for d in diagnosed])


def test_tb6_as_printed():
    free, held = experiment(steady_year=True)
    near = {"atol": 2e-6, "rtol": 0}
    np.testing.assert_allclose(free.mean(axis=0), [98.999998, 70.999994], **near)
    np.testing.assert_allclose(held.mean(axis=0), [100.996587, 129.540871], **near)
    np.testing.assert_allclose(free[0], [63.089120, 56.499581], **near)
    np.testing.assert_allclose(held[0], [72.386632, 90.787360], **near)
    np.testing.assert_allclose(free[-1], [150.735225, 80.018910], **near)
    np.testing.assert_allclose(held[-1], [139.430442, 198.393870], **near)


def test_tb6_with_the_first_turnover_time_of_the_text():
    # tau(1901) := tau(1902) moves the start of the soil alone; not what TB-6 prints.
    free, held = experiment()
    near = {"atol": 2e-6, "rtol": 0}
    np.testing.assert_allclose(free.mean(axis=0), [98.999998, 71.330361], **near)
    np.testing.assert_allclose(held.mean(axis=0), [100.996587, 129.857231], **near)


def test_unconstrained_two_box_returns_the_stocks():
    for words in ({}, {"steady_year": True}):
        for forcing in read(**words):
            npp, tau_veg, tau_soil, _ = diagnose(forcing)
            veg, soil = (forcing.drivers[name][0] for name in ("c_veg_model", "c_soil_model"))
            expected = [veg[-1] - veg[-118], soil[-1] - soil[-118]]
            np.testing.assert_allclose(changes(npp, tau_veg, tau_soil), expected, rtol=1e-12)


def test_first_and_last_model_as_documented():
    forcings = read(steady_year=True)
    expected = {
        0: ((35.979738, 44.412473), (25.637647, 23.343753)),
        15: ((69.303829, 85.546882), (18.800941, 17.118752)),
    }
    for m, (npp_ends, soil_ends) in expected.items():
        npp, _, tau_soil, _ = diagnose(forcings[m])
        np.testing.assert_allclose(npp[[1, -1]], npp_ends, atol=5e-7, rtol=0)
        np.testing.assert_allclose(tau_soil[[1, -1]], soil_ends, atol=5e-7, rtol=0)
    np.testing.assert_allclose(diagnose(forcings[0])[1], 8.7, rtol=1e-12)


def test_the_steady_year_is_steady_and_changes_nothing_else():
    for plain, with_1900 in zip(read(), read(steady_year=True), strict=True):
        assert with_1900.coords["year"].tolist() == list(range(1900, 2019))
        for values in with_1900.drivers.values():
            np.testing.assert_allclose(values[0, 0], values[0, 1], rtol=1e-15)
        before, after = diagnose(plain), diagnose(with_1900)
        np.testing.assert_array_equal(before[0], after[0][1:])
        np.testing.assert_allclose(before[2][1:], after[2][2:], rtol=1e-12)


def test_documented_means():
    soil = [diagnose(f)[2][81:].mean() for f in read()]
    npp = np.array([f.drivers["npp"][0, 81:].mean() for f in read()])
    np.testing.assert_allclose(np.mean(soil), 22.925, rtol=1e-12)
    assert (min(soil), max(soil)) == (pytest.approx(13), pytest.approx(36))
    assert npp.mean() == pytest.approx(58.6)
    assert npp.std() == pytest.approx(9.98, abs=0.005)
    assert (npp > 48.8).sum() == 14


def test_diagnosis_returns_the_turnover_times_behind_the_stocks():
    # Shapes of TB-6 again, from the numbers of the document.
    ends = {1901: 296.64, 1950: 311.52, 2000: 368.12, 2018: 404.0}
    g = {y: np.log(c / 296.64) / np.log(404.0 / 296.64) for y, c in ends.items()}
    assert g[1950] == pytest.approx(0.1584491975, abs=1e-10)
    assert g[2000] == pytest.approx(0.6989082806, abs=1e-10)
    for forcing in read():
        npp, tau_veg, tau_soil, rh = diagnose(forcing)
        np.testing.assert_allclose(tau_veg, tau_veg[0], rtol=1e-12)
        ratio = (1 - 0.08947364 * g[2018]) / (1 - 0.08947364 * g[1950])
        np.testing.assert_allclose(tau_soil[117] / tau_soil[49], ratio, rtol=1e-12)
        ratio = (1 + 0.23437453 * g[2000]) / (1 + 0.23437453 * g[1901])
        np.testing.assert_allclose(npp[99] / npp[0], ratio, rtol=1e-12)
        # Both ways to have Rh agree, so the kernel's two diagnoses do.
        np.testing.assert_allclose(forcing.drivers["c_soil_model"][0] / rh, tau_soil, rtol=1e-12)
        assert rh[0] == pytest.approx(npp[0], rel=1e-14)


def test_names_years_label_and_n():
    forcings = read(n=3)
    assert [f.name for f in forcings] == ["S01", "S02", "S03"]
    assert all("not TRENDY" in f.synthetic for f in forcings)
    assert all(f.coords["year"].tolist() == list(range(1901, 2019)) for f in forcings)
    assert all(v.shape == (1, 118) for f in forcings for v in f.drivers.values())
    for first, again in zip(forcings, read(n=16), strict=False):
        np.testing.assert_array_equal(first.drivers["npp"], again.drivers["npp"])


@pytest.mark.parametrize("n", [0, 17])
def test_n_is_at_most_sixteen(n):
    with pytest.raises(ValidationError):
        read(n=n)


def test_units_follow_the_kernel():
    (found,) = read((Variable("npp", "kg C yr-1", ""),), n=1)
    np.testing.assert_allclose(found.drivers["npp"], read(n=1)[0].drivers["npp"] * 1e12)


def test_a_driver_it_has_not_is_refused():
    needs = (*NEEDS, Variable("clay", "1", ""), Variable("npp", "K", ""))
    needs += (Variable("rh", "Pg C yr-1", "", dims=("time", "layer")),)
    with pytest.raises(ScenarioError) as error:
        read(needs)
    message = str(error.value)
    assert "no driver 'clay'; use another reader" in message
    assert "'Pg C yr-1' cannot become 'K'" in message
    assert "dimensions (time, layer)" in message
