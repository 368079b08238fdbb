"""The netcdf reader on real files, beside other readers, xarray and CDO."""

import shutil
import subprocess

import nc_files as nc
import numpy as np
import pytest
import xarray as xr
from support import DATA, needs_data

from scenarios import ScenarioError, forcing

pytestmark = needs_data
TESTBED = "testbed/clm45_cruncep"
MEANS = f"{TESTBED}/drivers_mean_2000_2010.nc"
NEEDS = [
    nc.need("soil_temperature", "degC"),
    nc.need("air_temperature", "degC"),
    nc.need("theta_l", "1"),
    nc.need("theta_f", "1"),
    nc.need("gpp", "g C m-2 d-1"),
    nc.need("pft", "1"),
]
VARIABLES = {
    "soil_temperature": "tsoilC",
    "air_temperature": "tairC",
    "theta_l": "thetaLiq",
    "theta_f": "thetaFrzn",
    "gpp": "cgpp",
    "pft": "IGBP_PFT",
}


def paired(found, other):
    """Return where the locations of another forcing stand among those found, by nearest place."""
    lat, lon = (np.asarray(found.locations.columns[n]) for n in ("lat", "lon"))
    at = []
    for here in zip(other.locations.columns["lat"], other.locations.columns["lon"], strict=True):
        off = np.abs(lat - here[0]) + np.abs((lon - here[1] + 180) % 360 - 180)
        at.append(int(off.argmin()))
        assert off.min() < 0.02, here
    return np.array(at)


def test_cells_of_the_testbed_are_those_of_its_own_reader_to_the_bit():
    found = nc.read(DATA, NEEDS, MEANS, variables=VARIABLES, units={"IGBP_PFT": "1"})
    spec = forcing.get("testbed_means").model_validate({
        "reader": "testbed_means", "path": MEANS, "grid": f"{TESTBED}/gridinfo_igbpz.csv.gz",
        "soil": f"{TESTBED}/gridinfo_soil_clm2.csv.gz",
    })  # fmt: skip
    (known,) = spec.read(NEEDS, DATA)
    at = paired(found, known)
    assert at.size == np.unique(at).size == 2843
    for name in VARIABLES:
        np.testing.assert_array_equal(found.drivers[name][at], known.drivers[name], name)
    area = found.locations.columns["area"][at]
    np.testing.assert_allclose(area, known.locations.columns["area"], rtol=1e-7)
    # float32 of the file beside five digits of the table; places without land are counted.
    assert found.provenance["places_left_out"]["no land"] == 1329


def test_a_class_without_a_unit_says_what_to_write():
    with pytest.raises(ScenarioError, match=r"unit '1-18' cannot .* say units: \{IGBP_PFT: 1\}"):
        nc.read(DATA, NEEDS, MEANS, variables=VARIABLES)


def test_carbon_of_the_world_with_a_missing_value_of_another_precision():
    """HWSD: two fill values, one of them no float32; north up; kg m-2."""
    found = nc.read(
        DATA, [nc.need("c", "kg C m-2")], "gridded_0p5deg/HWSD_soilc_0.5x0.5.nc",
        variables={"c": "soilc"}, values={"landfrac": 1},
    )  # fmt: skip
    path = DATA / "gridded_0p5deg/HWSD_soilc_0.5x0.5.nc"
    with xr.open_dataset(path, mask_and_scale=False) as file:
        values = file["soilc"].where(file["soilc"] > -900).sortby("lat").values.astype(float)
    np.testing.assert_array_equal(found.drivers["c"], values[np.isfinite(values)])
    edges = np.sin(np.radians(np.arange(-90, 90.1, 0.5)))
    rows = 2 * np.pi * 6.371e6**2 * np.diff(edges) / 720
    total = (np.nan_to_num(values) * rows[:, np.newaxis]).sum()
    ours = (found.drivers["c"] * found.locations.columns["area"]).sum()
    assert ours == pytest.approx(total, rel=1e-12)


def test_packed_months_of_a_smaller_window_of_the_grid():
    """WorldClim, packed, north up, 300 rows, beside litterfall on 360."""
    paths = [
        f"gridded_0p5deg/{n}.nc" for n in ("litterfall_li2019_0p5deg", "worldclim_monthly_0p5deg")
    ]
    needs = [nc.need("litter", "g C m-2 yr-1"), nc.need("t", "degC")]
    found = nc.read(DATA, needs, paths, variables={"litter": "litterfall", "t": "tmean"},
                    incomplete="drop")  # fmt: skip
    with xr.open_dataset(DATA / paths[0]) as a, xr.open_dataset(DATA / paths[1]) as b:
        days = xr.DataArray([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], dims="month")
        mean = (b["tmean"] * days).sum("month", skipna=False) / 365
        both = xr.merge([a["litterfall"], mean.rename("t")], join="inner").sortby("lat")
        kept = np.isfinite(both["litterfall"] + both["t"]).values
        np.testing.assert_array_equal(found.drivers["litter"], both["litterfall"].values[kept])
        np.testing.assert_allclose(
            found.drivers["t"], both["t"].values[kept], rtol=1e-12, atol=1e-12
        )


def test_a_point_of_clm_by_year_and_by_day():
    needs = [
        nc.need("npp", "g C m-2 yr-1", "time"),
        nc.need("t", "degC", "date"),
        nc.need("mean", "g C m-2 d-1"),
    ]
    path = "clm_point_hurdal/hurdal_clm5bgc_monthly_1850_1901.nc"
    words = {"variables": {"npp": "NPP", "mean": "NPP", "t": {"variable": "TSOI"}}}
    with pytest.raises(ScenarioError) as error:
        nc.read(DATA, needs, path, **words, interpolate="linear")
    assert "where: {levgrnd: " in str(error.value)
    words["variables"]["t"] = {"variable": "TSOI", "where": {"levgrnd": 0.09}}
    found = nc.read(DATA, needs, path, **words, interpolate="linear", calendar="noleap",
                    years=[1860, 1899])  # fmt: skip
    with xr.open_dataset(DATA / path, decode_times=False) as file:
        of = (file["year"] >= 1860) & (file["year"] <= 1899)
        npp = file["NPP"].astype(float).values[of].reshape(40, 12)
    days = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])
    years = (npp * days * 86400).sum(axis=1)
    np.testing.assert_allclose(found.drivers["npp"][0], years, rtol=1e-12)
    assert found.drivers["mean"][0] == pytest.approx(years.mean() / 365, rel=1e-12)
    assert found.drivers["t"].shape == (1, 14600)


@pytest.mark.skipif(shutil.which("cdo") is None, reason="CDO is not installed")
@pytest.mark.parametrize("calendar", ["noleap", "360_day", "standard"])
def test_years_and_areas_are_those_of_cdo(calendar, tmp_path):
    lat, lon = np.arange(-87.5, 90, 5.0), np.arange(2.5, 360, 5.0)
    made = nc.with_time({"f": nc.changing("kg C m-2 s-1", lat=lat, lon=lon)}, calendar)
    for place in ("lat", "lon"):
        made[place].attrs |= {"standard_name": {"lat": "latitude", "lon": "longitude"}[place]}
    made.to_netcdf(tmp_path / "f.nc")

    def cdo(*words):
        out = tmp_path / "out.nc"
        subprocess.run(["cdo", "-s", "-O", "-b", "F64", *words, tmp_path / "f.nc", out], check=True,
                       capture_output=True)  # fmt: skip
        with xr.open_dataset(out, decode_times=False) as file:
            return file.load()

    needs = [nc.need("f", "kg C m-2 s-1", "time"), nc.need("total", "g C m-2 yr-1")]
    found = nc.read(tmp_path, needs, variables={"total": "f"}, values={"landfrac": 1})
    years = cdo("yearmonmean")["f"].values
    np.testing.assert_allclose(
        found.drivers["f"], years.reshape(4, -1).T[np.argsort(_order(lat, lon))], rtol=1e-12
    )
    areas = cdo("gridarea")["cell_area"].values.reshape(-1)
    ours = found.locations.columns["area"]
    # CDO's cells have great circles for sides, which the largest are 1e-3 from.
    np.testing.assert_allclose(ours, areas[np.argsort(_order(lat, lon))], rtol=2e-3)
    assert ours.sum() == pytest.approx(areas.sum(), rel=1e-5)


def _order(lat, lon):
    """Return the number of each cell of a file in the order of locations."""
    every_lat, every_lon = np.meshgrid(lat, np.where(lon > 180, lon - 360, lon), indexing="ij")
    return np.argsort(np.lexsort((every_lon.reshape(-1), every_lat.reshape(-1))))
