"""Maps: grids, gaps of every kind, land, and the totals of published ones."""

import netCDF4
import numpy as np
import pytest
from support import DATA, needs_data

from scenarios import ScenarioError
from scenarios.observations import get

LAT, LON = np.array([45.0, -45.0]), np.array([45.0, 135.0, 225.0, 315.0])


def write(path, values, lat=LAT, lon=LON, name="rh", **attributes):
    """Write a variable on a grid, from the north; with more variables where they are given."""
    with netCDF4.Dataset(path, "w") as file:
        for dim, middles, unit in (("lat", lat, "degrees_north"), ("lon", lon, "degrees_east")):
            file.createDimension(dim, len(middles))
            made = file.createVariable(dim, "f8", (dim,))
            made.units = unit
            made[:] = middles
        fill = attributes.pop("_FillValue", None)
        made = file.createVariable(name, "f4", ("lat", "lon"), fill_value=fill)
        made.setncatts(attributes)
        made[:] = values


def read(reader, folder, **words):
    return get(reader).model_validate({"reader": reader, **words}).read(folder)


VALUES = np.arange(1.0, 9.0).reshape(2, 4)


def test_both_fill_values_infinity_and_zeros_that_mean_no_data_are_gaps(tmp_path):
    values = VALUES.copy()
    values[0] = [-999, -1, np.inf, 0]
    write(
        tmp_path / "a.nc", values, units="kg m-2", _FillValue=-999.0, missing_value=np.float32(-1)
    )
    found = read("netcdf_map", tmp_path, path="a.nc", no_data=[0], land_fraction=1)
    np.testing.assert_array_equal(found.values, [[np.nan] * 4, [5, 6, 7, 8]])
    assert found.left_out == {
        "no value (ocean?)": 2, "not finite": 1, "0 means no data": 1
    }  # fmt: skip
    assert found.land_source == "1 everywhere"
    assert found.land_area.sum() == pytest.approx(5.10064472e14)


def test_zeros_that_may_mean_no_data_are_told(tmp_path):
    write(tmp_path / "a.nc", np.where(VALUES > 3, 0.0, VALUES), units="kg m-2")
    found = read("netcdf_map", tmp_path, path="a.nc", land_fraction=1)
    assert found.notes == ("5 of 8 values are 0; if that means no data, say no_data: [0]",)


@pytest.mark.parametrize("unit", ["kg CO2 m-2 s-1", "kgCO2 m-2 s-1"])
def test_a_mass_of_carbon_dioxide_becomes_one_of_carbon(tmp_path, unit):
    """Trap 30: times 12/44, and told."""
    write(tmp_path / "a.nc", 44 * VALUES, units=unit)
    found = read("netcdf_map", tmp_path, path="a.nc", land_fraction=1)
    np.testing.assert_allclose(found.values, 12 * VALUES)
    assert "CO2" not in found.units
    assert "times 12/44" in found.notes[0]


def test_land_area_in_km2_is_land_already_and_a_fraction_is_not_taken_twice(tmp_path):
    """Trap 3: and without any fraction there is no land."""
    write(tmp_path / "a.nc", VALUES, units="g m-2")
    bare = read("netcdf_map", tmp_path, path="a.nc")
    assert bare.land_area is None
    assert "nothing says what part is land" in bare.notes[0]
    write(tmp_path / "land.nc", 1e6 * VALUES, name="landarea", units="km2")
    write(tmp_path / "part.nc", 0.5 + 0 * VALUES, name="sftlf", units="1")
    files = ["a.nc", "land.nc", "part.nc"]
    found = read("netcdf_map", tmp_path, path=files, variable="rh")
    np.testing.assert_allclose(found.land_area, 1e12 * VALUES)
    assert found.land_source == "landarea"
    half = read("netcdf_map", tmp_path, path=files[::2], variable="rh")
    np.testing.assert_allclose(half.land_area, half.grid.areas / 2)


def test_a_mask_on_another_grid_is_averaged_by_area(tmp_path):
    write(tmp_path / "a.nc", VALUES, units="g m-2")
    fine = np.zeros((4, 8))
    fine[:2, :4] = np.nan
    fine[2:] = 1
    lat, lon = np.array([67.5, 22.5, -22.5, -67.5]), 22.5 + 45.0 * np.arange(8)
    write(tmp_path / "mask.nc", fine, lat, lon, name="mask")
    found = read("netcdf_map", tmp_path, path="a.nc", land_fraction="mask.nc")
    np.testing.assert_allclose(found.land, [[0] * 4, [1] * 4], atol=1e-12)
    assert found.land_source == "estimated from mask.nc"
    write(tmp_path / "mask.nc", 100 * fine, lat, lon, name="mask")
    with pytest.raises(ScenarioError, match="found 0 to 100; needed fractions"):
        read("netcdf_map", tmp_path, path="a.nc", land_fraction="mask.nc")


def test_variables_are_added_in_one_unit(tmp_path):
    write(tmp_path / "a.nc", VALUES, name="litter", units="g m-2")
    write(tmp_path / "b.nc", VALUES, name="soil", units="kg m-2")
    words = {"path": ["a.nc", "b.nc"], "variable": ["litter", "soil"], "land_fraction": 1}
    found = read("netcdf_map", tmp_path, **words)
    assert found.units == "g m-2"
    np.testing.assert_allclose(found.values, 1001 * VALUES)
    with pytest.raises(ScenarioError, match="say variable: NAME"):
        read("netcdf_map", tmp_path, **{**words, "variable": ""})


def save(folder, values, mask=None):
    np.save(folder / "a.npy", values)
    if mask is not None:
        np.save(folder / "m.npy", mask)


GRID = {"rows": 2, "columns": 4, "first_longitude": 45}
ARRAY = {"path": "a.npy", "units": "g m-2", "grid": GRID}


def test_masks_fill_values_and_infinity_are_counted_apart(tmp_path):
    values = VALUES.copy()
    values[1] = [-999, 1e20, np.inf, 8]
    save(tmp_path, values, values == 1)
    found = read("array_map", tmp_path, **ARRAY, mask="m.npy")
    np.testing.assert_array_equal(found.values, [[np.nan, 2, 3, 4], [np.nan] * 3 + [8]])
    assert found.left_out == {
        "masked": 1, "no number or not finite": 1, "a fill value that the mask leaves": 2
    }  # fmt: skip
    assert found.grid.lat.tolist() == [-45, 45]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"grid": {"rows": 2, "columns": 4}}, "first_longitude"),
        ({"grid": {**GRID, "rows": 160}}, "160 rows may be even, with_poles or gaussian"),
        ({"grid": {**GRID, "rows": 3, "latitudes": "even"}}, "is 2 x 4; needed 3 x 4"),
        ({"mask": "a.npy"}, "needed true or false"),
        ({"units": "carrots"}, "no unit that is known"),
    ],
)
def test_an_array_says_nothing_of_where_its_numbers_are(tmp_path, change, said):
    save(tmp_path, VALUES)
    with pytest.raises(ValueError, match=said):
        read("array_map", tmp_path, **{**ARRAY, **change})


def test_a_layout_that_begins_half_the_earth_away_shows_on_a_mask(tmp_path):
    """Trap 4."""
    land = np.where(np.arange(4) < 2, 1.0, 0.0) * np.ones((2, 4))
    write(tmp_path / "mask.nc", land, name="mask")
    save(tmp_path, np.where(land > 0, 1.0, np.nan))
    words = {**ARRAY, "land_fraction": "mask.nc"}
    assert "4 of 4 values are on land" in read("array_map", tmp_path, **words).notes[0]
    words["grid"] = {**GRID, "first_longitude": 225}
    assert read("array_map", tmp_path, **words).notes[0].endswith("check first_longitude")


def total(found, area):
    return np.nansum(found.values * area) * {"g": 1e-15, "k": 1e-12}[found.units[0].lower()]


CASA = "testbed/clm45_cruncep/casa_cnp_output_mean_2000_2010.nc"


@needs_data
def test_totals_of_the_testbed_are_those_of_the_specification():
    """Table T1a: rates are per day, of a year of 365."""
    found = read("netcdf_map", DATA, path=CASA, variable="cresp")
    land = found.land_area
    assert total(found, land) * 365 == pytest.approx(54.273067, rel=1e-8)
    assert int((land > 0).sum()) == 2970
    assert int(((land > 0) & (found.values > 0)).sum()) == 2922
    assert land.sum() == pytest.approx(122.62884e12, rel=1e-7)
    # Trap 3: full cells.
    assert total(found, found.area * (land > 0)) * 365 == pytest.approx(56.862515, rel=1e-7)
    soil = read("netcdf_map", DATA, path=CASA, variable=["csoilmic", "csoilslow", "csoilpass"])
    assert total(soil, land) == pytest.approx(1247.4112, rel=1e-7)


@needs_data
def test_totals_of_soil_carbon_are_those_of_the_specification():
    """Table T6a: trap 8, zeros of NCSCD."""
    folder = "gridded_0p5deg"
    hwsd = read("netcdf_map", DATA, path=f"{folder}/HWSD_soilc_0.5x0.5.nc", land_fraction=1)
    assert total(hwsd, hwsd.area) == pytest.approx(1375.865410, rel=1e-8)
    words = {"path": f"{folder}/NCSCDV22_soilc_0.5x0.5.nc", "land_fraction": 1, "no_data": [0]}
    ncscd = read("netcdf_map", DATA, **words)
    assert total(ncscd, ncscd.area) == pytest.approx(475.350968, rel=1e-8)
    assert ncscd.left_out["0 means no data"] == 164_068


ESM = {
    "observational_rh": (360, 720, -179.75, "even", 62166, 53.877676, 51.800430),
    "BCC-CSM2-MR": (160, 320, 0, "gaussian", 19598, 57.956366, 52.481174),
    "CNRM-ESM2-1": (128, 256, 0, "gaussian", 13639, 58.469363, 43.254153),
    "IPSL-CM6A-LR": (143, 144, 0, "with_poles", 5638, 52.822921, 44.906194),
}


@needs_data
@pytest.mark.parametrize("name", ESM)
def test_totals_of_arrays_are_those_of_the_specification(name):
    """Table T1b: cells, full cells and land."""
    rows, columns, first, latitudes, cells, full, land = ESM[name]
    data, mask = (
        f"esm_grids/observational_rh_{part}.npy" if name == "observational_rh"
        else f"esm_grids/historical_rh_{part}_{name}.npy"
        for part in ("data", "mask")
    )  # fmt: skip
    grid = {"rows": rows, "columns": columns, "first_longitude": first, "latitudes": latitudes}
    words = {"path": data, "mask": mask, "units": "kg C m-2 yr-1", "grid": grid}
    found = read("array_map", DATA, **words, land_fraction="esm_grids/luc4c_landmask.nc")
    assert int(np.isfinite(found.values).sum()) == cells
    assert total(found, found.area) == pytest.approx(full, abs=6e-7)
    assert total(found, found.land_area) == pytest.approx(land, abs=6e-7)
    if name == "observational_rh":
        assert "54,592 of 62,166 values are on land" in found.notes[0]
        assert "28,154 would be" in found.notes[0]
