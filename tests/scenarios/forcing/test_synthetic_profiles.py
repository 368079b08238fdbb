"""The invented profiles: their numbers, their label, and what they do not have."""

import numpy as np
import pytest

from kernels import Variable
from kernels.mimics import mimics_profile
from scenarios import ScenarioError
from scenarios.forcing import synthetic_profiles
from scenarios.forcing.synthetic_profiles import Spec

NEEDS = mimics_profile.KERNEL.made(mimics_profile.Options(carbon14="tracer"), None).drivers


def read(needs=NEEDS, **words):
    (found,) = Spec(reader="synthetic_profiles", **words).read(needs, None)
    return found


def test_every_driver_of_the_profile_kernel_is_there():
    found = read()
    assert set(found.drivers) == {need.name for need in NEEDS}
    assert found.locations.names == ("ENF", "EBF", "DBF", "BNF")
    assert found.synthetic == synthetic_profiles.LABEL
    litter = found.drivers["litter_above"] + found.drivers["litter_below"]
    np.testing.assert_array_equal(found.drivers["annual_npp"], litter)
    air = found.drivers["atmosphere"]
    assert air.shape == (4, len(found.coords["atmosphere_year"]))
    at = {year: air[0, i] for i, year in enumerate(found.coords["atmosphere_year"])}
    assert at[1955] == 0.975
    assert at[1956] == pytest.approx(1.066667, abs=1e-6)
    assert at[1964] == pytest.approx(1.80)
    assert at[1980] == pytest.approx(1.05 + 0.75 / np.e)


def test_fitted_values_are_those_of_table_3():
    columns = read().locations.columns
    assert [columns[f"fit_{x}"][2] for x in ("x_v", "x_k", "x_d", "x_D", "alpha_r", "alpha_v",
                                             "beta")] == [8.91, 15.49, 4.19, 0.63, 10.51, 1.56,
                                                          1.40]  # fmt: skip


def test_observations_are_means_of_their_curves():
    soc = read().observations["soc"]
    surface, deep, scale = 42.0, 5.0, 22.0
    z = np.linspace(10, 20, 20_001)
    mean = (deep + (surface - deep) * np.exp(-z / scale)).mean()
    assert soc.values[0, 1] == pytest.approx(mean, rel=1e-6)
    assert (soc.top[0, 1], soc.bottom[0, 1]) == (10, 20)
    assert (np.diff(soc.values) < 0).all()


def test_fewer_sites_and_fewer_drivers():
    found = read([n for n in NEEDS if n.name in ("clay", "soil_temperature")], n=2)
    assert set(found.drivers) == {"clay", "soil_temperature"}
    assert found.coords == {}
    assert found.observations["soc"].values.shape == (2, 5)


def test_types_are_those_that_are_named():
    every, some = read(NEEDS), read(NEEDS, types=["BNF", "EBF"])
    assert some.locations.names == ("BNF", "EBF")
    for name in ("clay", "litter_below", "annual_npp"):
        np.testing.assert_array_equal(some.drivers[name], every.drivers[name][[3, 1]])
    fitted = every.locations.columns["fit_beta"][[3, 1]]
    np.testing.assert_array_equal(some.locations.columns["fit_beta"], fitted)
    for name in ("soc", "fraction_modern"):
        whole = every.observations[name].values[[3, 1]]
        np.testing.assert_array_equal(some.observations[name].values, whole)
    with pytest.raises(ValueError, match="needed each type once"):
        read(NEEDS, types=["EBF", "EBF"])


def test_all_that_is_not_there_is_said_at_once():
    needs = [Variable("rain", "mm", "rain", ()), Variable("clay", "1", "clay", ("time",))]
    with pytest.raises(ScenarioError) as caught:
        read(needs)
    assert "no driver 'rain'" in str(caught.value)
    assert "'clay' has dimensions" in str(caught.value)
