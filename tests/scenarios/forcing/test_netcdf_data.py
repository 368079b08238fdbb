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


def gaussian(n):
    """Return middles and edges of Gaussian rows, degrees, south to north."""
    nodes, weights = np.polynomial.legendre.leggauss(n)
    edges = np.degrees(
        np.arcsin(np.clip(np.concatenate([[-1.0], np.cumsum(weights) - 1.0]), -1, 1))
    )
    return np.degrees(np.arcsin(nodes)), np.stack([edges[:-1], edges[1:]], axis=1)


def with_poles(n):
    """Return middles and edges of even rows of which the first and last are at the poles."""
    middles = np.linspace(-90.0, 90.0, n)
    edges = np.clip(np.concatenate([middles - 90 / (n - 1), [90.0]]), -90, 90)
    return middles, np.stack([edges[:-1], edges[1:]], axis=1)


def world(folder, name, rows, west=0.0):
    """Write a map of heterotrophic respiration of a model that has no coordinates; its drivers."""
    values, mask = (np.load(DATA / f"esm_grids/{name.format(n)}.npy") for n in ("data", "mask"))
    lat, edges = rows(values.shape[0])
    step = 360.0 / values.shape[1]
    made = nc.grid(np.where(mask, np.nan, values.astype(float)), "kg C m-2 yr-1", lat=lat,
                   lon=west + step * np.arange(values.shape[1])).to_dataset(name="rh")  # fmt: skip
    made["lat"].attrs["bounds"] = "lat_bnds"
    made["lat_bnds"] = (("lat", "nv"), edges)
    made["lon"].attrs["bounds"] = "lon_bnds"
    sides = np.stack([made["lon"].values - step / 2, made["lon"].values + step / 2], axis=1)
    made["lon_bnds"] = (("lon", "nv"), sides)
    made.to_netcdf(folder / "rh.nc")
    return [nc.need("rh", "kg C m-2 yr-1")]


@pytest.mark.parametrize(
    ("model", "rows", "total", "cells"),
    [
        ("BCC-CSM2-MR", gaussian, 57.956366, 19_598),
        ("CNRM-ESM2-1", gaussian, 58.469363, 13_639),
        ("IPSL-CM6A-LR", with_poles, 52.822921, 5_638),
    ],
)
def test_totals_of_models_on_their_own_grids(model, rows, total, cells, tmp_path):
    """Of whole cells, Pg C yr-1, as exact areas of their rows have it (worked out apart)."""
    needs = world(tmp_path, f"historical_rh_{{}}_{model}", rows)
    found = nc.read(tmp_path, needs, "rh.nc", values={"landfrac": 1})
    assert len(found.locations.names) == cells
    ours = (found.drivers["rh"] * found.locations.columns["area"]).sum() / 1e12
    assert ours == pytest.approx(total, abs=5e-7)
    amount = nc.read(tmp_path, [nc.need("rh", "Pg C yr-1")], "rh.nc", values={"landfrac": 1})
    assert amount.drivers["rh"].sum() == pytest.approx(total, abs=5e-7)


def test_a_product_on_land_alone(tmp_path):
    """Land fractions of another file, which lacks places that the product has; both from 180 W."""

    def even(n):
        edges = np.linspace(-90, 90, n + 1)
        return (edges[:-1] + edges[1:]) / 2, np.stack([edges[:-1], edges[1:]], axis=1)

    needs = world(tmp_path, "observational_rh_{}", even, west=-179.75)
    words = {
        "path": [str(tmp_path / "rh.nc"), "esm_grids/luc4c_landmask.nc"],
        "variables": {"landfrac": "mask"}, "units": {"mask": "1"},
    }  # fmt: skip
    with pytest.raises(ScenarioError, match="'mask': is missing at 7,574 of the 62,166 places"):
        nc.read(DATA, needs, **words)
    found = nc.read(DATA, needs, **words, incomplete="drop")
    area = found.locations.columns["area"]
    assert (found.drivers["rh"] * area).sum() / 1e12 == pytest.approx(51.800430, abs=5e-7)
    assert area.sum() / 1e12 == pytest.approx(121.2732, abs=5e-5)
