"""Invented seasons on real means: labels, means, ranges."""

import numpy as np
import pytest
import small_testbed as small
from support import DATA, needs_data

from kernels import Variable
from scenarios import ScenarioError
from scenarios.forcing.common.served import FLUX, LASTING, UNITS
from scenarios.forcing.testbed_files.plants import quality
from scenarios.forcing.testbed_seasons import DAILY, Spec

NEEDS = [
    *(Variable(name, UNITS[name], name, ()) for name in LASTING),
    *(Variable(name, UNITS.get(name, FLUX), name, ("date",)) for name in DAILY),
]
FILES = {"path": "means.nc", "grid": "grid.csv", "soil": "soil.csv"}


def read(folder, **words):
    (found,) = Spec(reader="testbed_seasons", **{**FILES, **words}).read(NEEDS, folder)
    return found


@pytest.fixture
def folder(tmp_path):
    small.tables(tmp_path)
    small.means(tmp_path, quality(small.rf1_sites().pft.astype(int)))
    return tmp_path


def test_means_are_kept_and_nothing_is_out_of_range(folder):
    found = read(folder, years=[1901, 1903])
    has = found.drivers
    assert found.coords["date"].size == 1095
    for name, variable in (
        ("gpp", "cgpp"),
        ("air_temperature", "tairC"),
        ("soil_temperature", "tsoilC"),
    ):
        means = has[name][:, :365].mean(axis=1)
        np.testing.assert_allclose(means, small.MEANS[variable][1][:6], rtol=1e-6, err_msg=name)
    for name in ("theta_l", "theta_f"):
        assert has[name].min() >= 0
        assert has[name].max() <= 1
    assert has["gpp"].min() >= 0
    assert has["btran"].max() <= 1 + 1e-12
    assert np.ptp(has["gpp"].reshape(6, 3, 365).sum(axis=2), axis=1).min() > 0
    assert (has["theta_f"] > 0).any(axis=1).tolist() == [False, True, False, True, False, False]


def test_labels_and_precision(folder):
    found = read(folder, precision="float32")
    assert found.synthetic == "synthetic seasons (invented) on the annual means of means.nc"
    assert {found.drivers[name].dtype for name in DAILY} == {np.dtype(np.float32)}
    exact = read(folder)
    np.testing.assert_array_equal(found.drivers["gpp"], exact.drivers["gpp"].astype(np.float32))
    other = read(folder, perturb={"label": "drier", "multiply": {"theta_l": 0.9}})
    assert "synthetic seasons" in other.synthetic
    assert "drier (a perturbation of means.nc: theta_l x 0.9; not data)" in other.synthetic


def test_a_change_of_nothing_that_is_used_is_refused(folder):
    with pytest.raises(ScenarioError) as error:
        read(folder, perturb={"label": "x", "multiply": {"litter": 0.8, "npp": 0.8, "gpp": 0.8}})
    said = str(error.value)
    for name in ("litter", "npp"):
        where = f"forcing.perturb.multiply.{name}: "
        assert f"{where}no driver of this reader is made of {name}" in said
    assert "gpp" not in said


@needs_data
def test_real_cells():
    folder = "testbed/clm45_cruncep"
    found = read(
        DATA,
        path=f"{folder}/drivers_mean_2000_2010.nc",
        grid=f"{folder}/gridinfo_igbpz.csv.gz",
        soil=f"{folder}/gridinfo_soil_clm2.csv.gz",
        precision="float32",
    )
    assert found.drivers["gpp"].shape == (2843, 365)
    area = found.locations.columns["area"]
    whole = (np.asarray(found.drivers["gpp"]).sum(axis=1, dtype=np.float64) * area).sum() * 1e-15
    assert whole == pytest.approx(136.02, abs=5e-3)
