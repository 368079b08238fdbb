"""The synthetic pair of forcings: RF-1 to the last bit, an invented world, means, labels."""

import numpy as np
import pytest
import reference_forcing

from kernels import Variable
from scenarios import ScenarioError
from scenarios.forcing.common.served import FLUX, LASTING, UNITS
from scenarios.forcing.synthetic_testbed import DAILY, LABEL, Spec

STATIC = [Variable(name, UNITS[name], name, ()) for name in LASTING]
NEEDS = [
    *STATIC,
    *(Variable(name, UNITS.get(name, FLUX), name, ("date",)) for name in DAILY),
    Variable("annual_npp", "g C m-2 yr-1", "NPP"),
]
MEAN = [Variable(v.name, v.units, v.meaning, ()) for v in NEEDS]


def read(folder, needs=NEEDS, **words):
    return Spec(reader="synthetic_testbed", **words).read(needs, folder)


def test_the_first_is_rf1_and_the_second_a_labelled_change(tmp_path):
    first, second = read(tmp_path)
    assert (first.name, second.name) == ("clm45_cruncep", "clm50_gswp3")
    assert first.synthetic == second.synthetic == LABEL
    assert "synthetic" in LABEL
    for name, needed in reference_forcing.drivers().items():
        if name in first.drivers:
            np.testing.assert_array_equal(first.drivers[name], needed, err_msg=name)
    np.testing.assert_array_equal(first.coords["date"], np.arange(365))
    np.testing.assert_allclose(second.drivers["gpp"], 0.82 * first.drivers["gpp"], rtol=1e-6)
    assert first.locations.names == tuple("ABCDEFG")


def test_years_vary_and_are_the_same_again(tmp_path):
    one, _ = read(tmp_path, years=[1901, 1904])
    again, _ = read(tmp_path, years=[1901, 1904])
    still, _ = read(tmp_path, years=4, variation=0)
    np.testing.assert_array_equal(one.coords["year"], [1901, 1902, 1903, 1904])
    for name in DAILY:
        np.testing.assert_array_equal(one.drivers[name], again.drivers[name])
        by_year = still.drivers[name].reshape(7, 4, 365)
        np.testing.assert_array_equal(by_year, by_year[:, :1].repeat(4, axis=1))
    assert one.drivers["gpp"].shape == (7, 1460)
    assert one.drivers["annual_npp"].shape == (7, 4)
    assert 0.01 < np.ptp(one.drivers["annual_npp"] / one.drivers["annual_npp"][:, :1]) < 0.2


def test_a_trend_is_so_much_in_a_hundred_years(tmp_path):
    words = {"years": [1901, 1911], "variation": 0}
    still, _ = read(tmp_path, **words)
    grown, other = read(tmp_path, **words, trend={"gpp": 0.2, "warmer": 1.5})
    by_year = grown.drivers["annual_npp"] / still.drivers["annual_npp"]
    np.testing.assert_allclose(by_year, np.tile(1 + 0.002 * np.arange(11), (7, 1)), rtol=1e-6)
    for name in ("air_temperature", "soil_temperature"):
        warmer = (grown.drivers[name] - still.drivers[name]).reshape(7, 11, 365)
        expected = 0.015 * np.arange(11)[None, :, None]
        # Air goes through float32, in K.
        np.testing.assert_allclose(warmer, np.broadcast_to(expected, warmer.shape), atol=6e-5)
    np.testing.assert_allclose(
        other.drivers["annual_npp"], 0.82 * grown.drivers["annual_npp"], rtol=1e-6
    )
    assert grown.provenance["trend"] == {"gpp": 0.2, "warmer": 1.5}


def test_without_a_trend_words_and_recipe_are_those_of_before():
    assert "trend" not in Spec(reader="synthetic_testbed").model_dump(mode="json")
    dumped = Spec(reader="synthetic_testbed", trend={"gpp": 0.2}).model_dump(mode="json")
    assert dumped["trend"] == {"gpp": 0.2, "warmer": 0.0}


def test_litter_adds_up(tmp_path):
    first, _ = read(tmp_path)
    has = first.drivers
    shed = has["litter_met"] + has["litter_str"] + has["litter_cwd"]
    np.testing.assert_allclose(shed.sum(axis=1), has["annual_npp"][:, 0], rtol=1e-12)
    whole = has["mimics_litter_met"] + has["mimics_litter_str"]
    np.testing.assert_allclose(whole, has["litter_leaf"] + has["litter_froot"], rtol=1e-12)
    np.testing.assert_allclose(has["cwd_to_litter"] + has["cwd_respiration"], has["litter_cwd"])
    assert min(values.min() for name, values in has.items() if "litter" in name) >= 0


def test_means_are_those_of_the_days(tmp_path):
    days, mean = read(tmp_path)[0], read(tmp_path, MEAN)[0]
    assert mean.coords == {}
    for name in DAILY:
        np.testing.assert_allclose(mean.drivers[name], days.drivers[name].mean(axis=1))
    assert mean.drivers["annual_npp"].shape == (7,)


@pytest.mark.parametrize("n", [1, 40, 400])
def test_a_world_has_land_and_every_driver_in_range(tmp_path, n):
    one, two = read(tmp_path, MEAN, cells=n)
    assert one.locations.columns["area"].sum() == pytest.approx(1.2e14)
    assert one.locations.names == two.locations.names
    assert len(set(one.locations.names)) == n
    has = one.drivers
    assert set(has["pft"]) <= {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 14, 16, 18}
    if n == 400:
        assert len(set(has["pft"])) == 14
    for name in ("sand", "clay", "silt", "theta_l", "theta_f", "porosity"):
        assert has[name].min() >= 0, name
        assert has[name].max() <= 1, name
    np.testing.assert_allclose(has["sand"] + has["clay"] + has["silt"], 1)


def test_what_it_does_not_have(tmp_path):
    with pytest.raises(ScenarioError, match=r"'clay' has dimensions \(date\) and synthetic"):
        read(tmp_path, [Variable("clay", "1", "", ("date",)), *NEEDS])
