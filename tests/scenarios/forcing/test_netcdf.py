"""The netcdf reader in space: what dimensions are, places and areas, gaps, units, masks."""

import nc_files as nc
import netCDF4
import numpy as np
import pytest
import xarray as xr

from scenarios import ScenarioError

T = nc.need("t", "degC")
EARTH = 4 * np.pi * 6.371e6**2


def write(folder, name="f.nc", **variables):
    """Write variables of a file."""
    xr.Dataset(variables).to_netcdf(folder / name)


def refusal(folder, needs=(T,), **words):
    """Return what is said where files are refused."""
    with pytest.raises(ScenarioError) as error:
        nc.read(folder, list(needs), **words)
    return str(error.value)


class TestDimensions:
    def test_order_of_rows_and_dimensions_means_nothing(self, tmp_path):
        values = nc.grid(nc.cells())
        turned = values.isel(lat=[2, 1, 0]).transpose("lon", "lat")
        shifted = nc.grid(nc.cells(), lon=np.array([4.0, 6.0, 8.0, 10.0]) + 360 - 10)
        write(tmp_path, t=values)
        write(tmp_path, "turned.nc", t=turned)
        one, other = (nc.read(tmp_path, [T], path) for path in ("f.nc", "turned.nc"))
        assert one.locations.names == other.locations.names
        assert one.locations.names[:5] == ("50N_4E", "50N_6E", "50N_8E", "50N_10E", "52N_4E")
        np.testing.assert_array_equal(one.drivers["t"], other.drivers["t"])
        np.testing.assert_array_equal(one.drivers["t"], values.values.reshape(-1))
        write(tmp_path, "shifted.nc", t=shifted)
        west = nc.read(tmp_path, [T], "shifted.nc")
        assert west.locations.names[:4] == ("50N_6W", "50N_4W", "50N_2W", "50N_0E")
        assert west.locations.columns["lon"].tolist()[:4] == [-6.0, -4.0, -2.0, 0.0]

    @pytest.mark.parametrize("said", ["standard_name", "units", "axis", "name"])
    def test_attributes_settle_what_a_coordinate_is(self, said, tmp_path):
        """Called by the other's name, too, where an attribute says otherwise."""
        values = nc.grid(nc.cells())
        names = {"lat": "lat", "lon": "lon"} if said == "name" else {"lat": "u", "lon": "v"}
        if said in ("standard_name", "units"):
            names = {"lat": "lon", "lon": "lat"}
        attrs = {
            "standard_name": {"lat": {"standard_name": "latitude"},
                              "lon": {"standard_name": "longitude"}},
            "units": {"lat": {"units": "degrees_north"}, "lon": {"units": "degree_east"}},
            "axis": {"lat": {"axis": "Y"}, "lon": {"axis": "X"}},
            "name": {"lat": {}, "lon": {}},
        }[said]  # fmt: skip
        for place in ("lat", "lon"):
            values[place].attrs = attrs[place]
        write(tmp_path, t=values.rename(names))
        found = nc.read(tmp_path, [T])
        assert found.locations.names[1] == "50N_6E"
        np.testing.assert_array_equal(found.drivers["t"], values.values.reshape(-1))

    def test_attributes_that_disagree_are_refused(self, tmp_path):
        values = nc.grid(nc.cells())
        values["lat"].attrs = {"standard_name": "latitude", "units": "degrees_east"}
        write(tmp_path, t=values)
        assert "standard_name 'latitude' and units of the other" in refusal(tmp_path)

    def test_a_projection_is_no_latitude(self, tmp_path):
        values = xr.DataArray(nc.cells(), dims=("y", "x"), attrs={"units": "degC"})
        values = values.assign_coords(y=("y", np.arange(3.0), {"axis": "Y", "units": "m"}))
        write(tmp_path, t=values)
        said = refusal(tmp_path)
        assert "variable 't' has dimensions (y: 3, x: 4)" in said
        assert "needed latitudes and longitudes" in said

    def test_coordinates_of_two_dimensions_make_cells(self, tmp_path):
        lat, lon = np.meshgrid(nc.LAT, nc.LON, indexing="ij")
        values = xr.DataArray(nc.cells(), dims=("y", "x"), attrs={"units": "degC"})
        values = values.assign_coords(
            nav_lat=(("y", "x"), lat + 0.1 * lon), nav_lon=(("y", "x"), lon)
        )
        write(tmp_path, t=values)
        found = nc.read(tmp_path, [T])
        assert found.locations.names[0] == "50.4N_4E"
        assert "area" not in found.locations.columns
        np.testing.assert_array_equal(found.drivers["t"], values.values.reshape(-1))

    def test_two_that_may_be_latitudes_are_asked_about(self, tmp_path):
        values = nc.grid(nc.cells()).rename(lat="y")
        values = values.assign_coords(lat=("y", nc.LAT), nav_lat=("y", nc.LAT + 1))
        values = values.drop_vars("y")
        write(tmp_path, t=values)
        with netCDF4.Dataset(tmp_path / "f.nc", "a") as file:
            file["t"].delncattr("coordinates")
        said = refusal(tmp_path)
        assert "may both be lat" in said
        assert nc.read(tmp_path, [T], variables={"lat": "nav_lat"}).locations.names[0] == "51N_4E"

    def test_another_dimension_is_refused_with_what_to_do(self, tmp_path):
        values = nc.grid(nc.cells(0, (2, 3, 4)), depth=[0.1, 0.5])
        write(tmp_path, t=values)
        said = refusal(tmp_path)
        assert "(depth: 2, lat: 3, lon: 4), and 'depth' is neither time nor a place" in said
        assert "where: {depth: 0.1}" in said
        write(tmp_path, "one.nc", t=values.isel(depth=[0]))
        assert nc.read(tmp_path, [T], "one.nc").drivers["t"].shape == (12,)

    def test_one_of_another_dimension_is_chosen_by_its_coordinate(self, tmp_path):
        values = nc.grid(nc.cells(0, (2, 3, 4)), depth=[0.1, 0.5])
        write(tmp_path, t=values)
        found = nc.read(tmp_path, [T], variables={"t": {"variable": "t", "where": {"depth": 0.5}}})
        np.testing.assert_array_equal(found.drivers["t"], values.values[1].reshape(-1))
        words = {"variables": {"t": {"where": {"depth": 0.4}}}}
        assert "has depth 0.1 and 0.5; needed one of them, not 0.4" in refusal(tmp_path, **words)
        words = {"variables": {"t": {"where": {"level": 1}}}}
        assert "no dimension 'level'" in refusal(tmp_path, **words)

    def test_a_column_that_is_there_again(self, tmp_path):
        write(tmp_path, t=nc.grid(nc.cells(), lon=np.array([0.0, 120.0, 240.0, 360.0])))
        assert "leave the column out that is there again" in refusal(tmp_path)


class TestSites:
    def site(self, values=(1.0, 2.0, 3.0), **coords):
        return xr.DataArray(
            np.array(values), dims=("site",), coords=coords, attrs={"units": "degC"}
        )

    def test_names_of_words(self, tmp_path):
        for words in (np.array(["a", "b", "c"], dtype=object), np.array([b"a", b"b", b"c"])):
            places = {"lat": ("site", [1.0, 2, 3]), "lon": ("site", [350.0, 5, 6])}
            write(tmp_path, t=self.site(site_name=("site", words), **places))
            found = nc.read(tmp_path, [T])
            assert found.locations.names == ("a", "b", "c")
            assert found.locations.columns["lon"].tolist() == [-10.0, 5.0, 6.0]

    def test_names_of_places_and_of_numbers(self, tmp_path):
        write(tmp_path, t=self.site(lat=("site", [1.0, 2, 3]), lon=("site", [4.0, 5, 6])))
        assert nc.read(tmp_path, [T]).locations.names == ("1N_4E", "2N_5E", "3N_6E")
        write(tmp_path, t=self.site(site=[7, 9, 8]))
        assert nc.read(tmp_path, [T]).locations.names == ("7", "9", "8")
        write(tmp_path, t=self.site())
        assert nc.read(tmp_path, [T]).locations.names == ("1", "2", "3")

    def test_latitudes_that_nothing_says_are_no_driver(self, tmp_path):
        write(tmp_path, t=self.site())
        said = refusal(tmp_path, [T, nc.need("latitude", "degrees_north")])
        assert "driver 'latitude': nothing says the lat of places" in said

    def test_files_are_matched_by_name(self, tmp_path):
        write(tmp_path, t=self.site(site=[7, 9, 8]))
        write(tmp_path, "g.nc", c=self.site((0.1, 0.2, 0.3), site=[8, 7, 9]))
        found = nc.read(tmp_path, [T, nc.need("c", "degC")], ["f.nc", "g.nc"])
        assert found.drivers["c"].tolist() == [0.2, 0.3, 0.1]

    def test_nameless_sites_of_two_files_are_refused(self, tmp_path):
        write(tmp_path, t=self.site())
        write(tmp_path, "g.nc", c=self.site())
        said = refusal(tmp_path, [T, nc.need("c", "degC")], path=["f.nc", "g.nc"])
        assert "nothing names the sites along 'site'" in said

    def test_two_sites_of_one_name(self, tmp_path):
        write(tmp_path, t=self.site(site=[7, 9, 7]))
        assert "has sites called '7' 2 times" in refusal(tmp_path)

    def test_one_value_everywhere(self, tmp_path):
        write(tmp_path, t=xr.DataArray(5.0, attrs={"units": "degC"}))
        found = nc.read(tmp_path, [T])
        assert found.locations.names == ("global",)
        write(tmp_path, t=xr.DataArray(5.0, attrs={"units": "degC"}), c=nc.grid(nc.cells()))
        found = nc.read(tmp_path, [T, nc.need("c", "degC")])
        assert found.drivers["t"].tolist() == [5.0] * 12


class TestGrids:
    def test_a_part_of_the_same_grid_has_gaps_beyond_it(self, tmp_path):
        write(tmp_path, t=nc.grid(nc.cells()))
        write(tmp_path, "g.nc", c=nc.grid(nc.cells(1)).isel(lat=[1, 2]))
        needs = [T, nc.need("c", "degC")]
        said = refusal(tmp_path, needs, path=["f.nc", "g.nc"])
        assert "'c': is missing at 4 of the 12 places" in said
        found = nc.read(tmp_path, needs, ["f.nc", "g.nc"], incomplete="drop")
        np.testing.assert_array_equal(found.drivers["c"], nc.cells(1)[1:].reshape(-1))
        np.testing.assert_array_equal(found.drivers["t"], nc.cells()[1:].reshape(-1))

    def test_float32_coordinates_are_the_same_places(self, tmp_path):
        lat = np.linspace(-90, 90, 96)
        write(tmp_path, t=nc.grid(nc.cells(0, (96, 4)), lat=lat))
        write(tmp_path, "g.nc", c=nc.grid(nc.cells(1, (96, 4)), lat=lat.astype(np.float32)))
        found = nc.read(tmp_path, [T, nc.need("c", "degC")], ["f.nc", "g.nc"])
        np.testing.assert_array_equal(found.drivers["c"], nc.cells(1, (96, 4)).reshape(-1))

    @pytest.mark.parametrize(
        ("lat", "lon"),
        [
            (np.arange(50.0, 55.0), nc.LON),
            (nc.LAT + 1, nc.LON),
            (nc.LAT, np.arange(4.0, 11.0)),
            (nc.LAT, nc.LON + 1),
            (nc.LAT + 30, nc.LON),
        ],
    )
    def test_another_grid_is_refused(self, lat, lon, tmp_path):
        write(tmp_path, t=nc.grid(nc.cells()))
        write(tmp_path, "g.nc", c=nc.grid(nc.cells(1, (lat.size, lon.size)), lat=lat, lon=lon))
        said = refusal(tmp_path, [T, nc.need("c", "degC")], path=["f.nc", "g.nc"])
        assert "g.nc: variable 'c': has" in said
        assert "bring one to the grid of the other first" in said


class TestGaps:
    def ocean(self, values):
        values = np.array(values)
        values[0, 0] = np.nan
        return values

    def test_places_without_any_value_are_left_out_and_counted(self, tmp_path):
        write(tmp_path, t=nc.grid(self.ocean(nc.cells())), c=nc.grid(self.ocean(nc.cells(1))))
        found = nc.read(tmp_path, [T, nc.need("c", "degC")])
        assert len(found.locations.names) == 11
        assert "50N_4E" not in found.locations.names
        assert found.provenance["places_left_out"] == {"no value of any driver (ocean?)": 1}

    def test_places_that_lack_one_driver_are_refused_or_left_out(self, tmp_path):
        write(tmp_path, t=nc.grid(self.ocean(nc.cells())), c=nc.grid(nc.cells(1)))
        needs = [T, nc.need("c", "degC")]
        said = refusal(tmp_path, needs)
        assert "'t': is missing at 1 of the 12 places that some driver has, first in 50N_4E" in said
        assert "say incomplete: drop" in said
        found = nc.read(tmp_path, needs, incomplete="drop")
        assert found.provenance["places_left_out"] == {"a value of some driver is missing": 1}
        assert "1 place lacks" in found.provenance["warnings"][0]

    @pytest.mark.parametrize("needed", [(), ("time",), ("date",)])
    def test_a_gap_in_time_is_found_before_any_mean(self, needed, tmp_path):
        made = nc.with_time({"t": nc.changing()}, freq="D", last=2001)
        made["t"][400, 1, 2] = -9999.0
        made.to_netcdf(tmp_path / "f.nc")
        needs = [nc.need("t", "degC", *needed)]
        said = refusal(tmp_path, needs)
        assert (
            "missing at 1 of the 12 places that some driver has, first in 52N_8E (1 of 730" in said
        )
        found = nc.read(tmp_path, needs, incomplete="drop")
        assert len(found.locations.names) == 11
        assert np.isfinite(np.asarray(found.drivers["t"])).all()

    def test_a_gap_of_what_is_everywhere(self, tmp_path):
        write(tmp_path, t=xr.DataArray(np.nan, attrs={"units": "degC"}))
        assert "is missing (1 of 1 values)" in refusal(tmp_path)

    def test_two_fills_and_other_precisions(self, tmp_path):
        with netCDF4.Dataset(tmp_path / "f.nc", "w") as file:
            for name, values in (("lat", nc.LAT), ("lon", nc.LON)):
                file.createDimension(name, values.size)
                file.createVariable(name, "f8", (name,))[:] = values
            made = file.createVariable("t", "f4", ("lat", "lon"), fill_value=-1e30)
            made.setncatts({"units": "degC", "missing_value": np.float64(-888.8)})
            values = nc.cells().astype("f4")
            values[0, 0], values[1, 1] = -1e30, -888.8
            made[:] = values
        assert len(nc.read(tmp_path, [T]).locations.names) == 10

    def test_nothing_is_left(self, tmp_path):
        write(tmp_path, t=nc.grid(np.full((3, 4), np.nan)))
        assert "no place is left (12: no value of any driver (ocean?))" in refusal(tmp_path)

    def test_infinite_values(self, tmp_path):
        values = nc.cells()
        values[2, 3] = np.inf
        write(tmp_path, t=nc.grid(values))
        assert "found inf degC in 54N_10E; needed a number" in refusal(tmp_path)


class TestMasksAndCells:
    def written(self, folder):
        land = np.linspace(0, 110, 12).reshape(3, 4).clip(0, 100)
        write(folder, t=nc.grid(nc.cells()), sftlf=nc.grid(land, "%"))
        return land.reshape(-1)

    def test_a_mask_is_in_its_own_unit(self, tmp_path):
        land = self.written(tmp_path)
        found = nc.read(tmp_path, [T], mask={"sftlf": [50, 100]})
        assert len(found.locations.names) == (land >= 50).sum()
        assert found.provenance["places_left_out"] == {
            "sftlf not 50 to 100": int((land < 50).sum())
        }

    def test_masks_that_leave_nothing_and_unknown_ones(self, tmp_path):
        self.written(tmp_path)
        said = refusal(tmp_path, mask={"sftlf": [0.5, 0.9], "sftlv": [0, 1]})
        assert "'sftlf', forcing.mask.sftlf: is 0 to 100 %; none is 0.5 to 0.9" in said
        assert (
            "forcing.mask.sftlv: no variable 'sftlv' among the files of path; did you mean 'sftlf'?"
            in said
        )

    def test_cells_by_name_and_region(self, tmp_path):
        self.written(tmp_path)
        found = nc.read(tmp_path, [T], cells=["52N_8E", "50N_6E"])
        assert found.locations.names == ("50N_6E", "52N_8E")
        found = nc.read(tmp_path, [T], cells={"box": [51, 60, 5, 9], "every": 3})
        assert found.locations.names == ("52N_6E", "54N_8E")
        assert found.provenance["places_left_out"]["not asked for"] == 10
        assert "no place '52N_8W'; did you mean '52N_8E'?" in refusal(tmp_path, cells=["52N_8W"])
        assert "no place is left" in refusal(tmp_path, cells={"box": [0, 1, 5, 9]})


class TestAreas:
    def test_whole_cells_are_the_earth(self, tmp_path):
        lat, lon = np.linspace(-90, 90, 19), np.arange(0.0, 360.0, 10.0)
        write(tmp_path, t=nc.grid(nc.cells(0, (19, 36)), lat=lat, lon=lon))
        found = nc.read(tmp_path, [T], values={"landfrac": 1})
        assert found.locations.columns["area"].sum() == pytest.approx(EARTH, rel=1e-12)
        assert found.provenance["area"] == "from the middles of cells x 1"

    def test_bounds_of_cells_are_first(self, tmp_path):
        made = nc.grid(nc.cells()).to_dataset(name="t")
        for name, edges in (("lat", [49, 50.5, 53, 55]), ("lon", [0, 5, 7, 9, 360])):
            made[name].attrs["bounds"] = f"{name}_bnds"
            made[f"{name}_bnds"] = ((name, "nv"), np.stack([edges[:-1], edges[1:]], axis=1))
        made.to_netcdf(tmp_path / "f.nc")
        found = nc.read(tmp_path, [T], values={"landfrac": 0.5})
        band = np.sin(np.radians(55)) - np.sin(np.radians(49))
        half = 0.5 * 2 * np.pi * 6.371e6**2 * band
        assert found.locations.columns["area"].sum() == pytest.approx(half, rel=1e-12)

    @pytest.mark.parametrize(("unit", "scale"), [("%", 100.0), ("1", 1.0), ("percent", 100.0)])
    def test_area_times_land(self, unit, scale, tmp_path):
        area, part = nc.cells(1) * 1e9, np.linspace(0, 1, 12).reshape(3, 4)
        write(tmp_path, t=nc.grid(nc.cells()), areacella=nc.grid(area, "m2"),
              sftlf=nc.grid(part * scale, unit))  # fmt: skip
        found = nc.read(tmp_path, [T])
        expected = (area * part).reshape(-1)[1:]
        np.testing.assert_allclose(found.locations.columns["area"], expected, rtol=1e-12)
        assert found.provenance["places_left_out"] == {"no land": 1}
        assert found.provenance["area"] == "areacella x sftlf"

    def test_an_area_of_land_is_taken_as_it_is(self, tmp_path):
        write(tmp_path, t=nc.grid(nc.cells()), landarea=nc.grid(1e3 * nc.cells(1), "km^2"))
        found = nc.read(tmp_path, [T])
        expected = 1e9 * nc.cells(1).reshape(-1)
        np.testing.assert_allclose(found.locations.columns["area"], expected, rtol=1e-12)

    def test_without_a_land_fraction_there_is_no_area_and_it_is_told(self, tmp_path):
        write(tmp_path, t=nc.grid(nc.cells()), areacella=nc.grid(1e9 * nc.cells(1), "m2"))
        found = nc.read(tmp_path, [T])
        assert "area" not in found.locations.columns
        assert "areacella is of whole cells" in found.provenance["warnings"][0]

    def test_uneven_rows_without_bounds_have_no_area(self, tmp_path):
        write(tmp_path, t=nc.grid(nc.cells(), lat=np.array([50.0, 52.0, 54.5])))
        found = nc.read(tmp_path, [T], values={"landfrac": 1})
        assert "neither evenly apart" in found.provenance["area_left_out"]

    @pytest.mark.parametrize(
        ("area", "part", "said"),
        [
            (1e9, 50.0, "found 50; needed a fraction, 0 to 1: is it percent?"),
            (1e15, 0.5, "0 to 5.1e+14 m2, the whole Earth"),
            (1.0, 0.5, "no cell has less than 10000 m2: is it km2?"),
        ],
    )
    def test_impossible_areas_and_fractions(self, area, part, said, tmp_path):
        full = np.full((3, 4), 1.0)
        write(tmp_path, t=nc.grid(nc.cells()), areacella=nc.grid(area * full, "m2"),
              sftlf=nc.grid(part * full, "1"))  # fmt: skip
        assert said in refusal(tmp_path)


class TestUnits:
    @pytest.mark.parametrize(
        ("unit", "said"),
        [
            ("kg CO2 m-2 s-1", "multiply a mass by 12.011/44.009 and say C"),
            ("", "has no unit; say units: {t: UNIT}"),
            ("kg m-2", "a rate is needed"),
            ("1-18", "say units: {t: g C m-2 yr-1}"),
        ],
    )
    def test_units_are_required_and_told(self, unit, said, tmp_path):
        write(tmp_path, t=nc.grid(nc.cells(), unit))
        text = refusal(tmp_path, [nc.need("t", "g C m-2 yr-1")])
        assert said in text
        assert "f.nc: variable 't'" in text

    def test_the_scenario_may_say_it_and_not_another(self, tmp_path):
        write(tmp_path, t=nc.grid(nc.cells(), ""), c=nc.grid(nc.cells(), "K"))
        found = nc.read(tmp_path, [T], units={"t": "K"})
        np.testing.assert_allclose(found.drivers["t"], nc.cells().reshape(-1) - 273.15, rtol=1e-12)
        said = refusal(tmp_path, [nc.need("c", "degC")], units={"c": "degC"})
        assert "the scenario says c is in 'degC' and the file says 'K'" in said

    def test_carbon_dioxide_is_no_carbon_whatever_the_scenario_says(self, tmp_path):
        write(tmp_path, t=nc.grid(nc.cells(), "kg CO2 m-2 s-1"))
        said = refusal(tmp_path, [nc.need("t", "g C m-2 yr-1")], units={"t": "kg C m-2 s-1"})
        assert "says t is in 'kg C m-2 s-1' and the file says 'kg CO2 m-2 s-1'" in said

    def test_sums_and_differences_each_in_its_unit(self, tmp_path):
        write(
            tmp_path,
            a=nc.grid(nc.cells(1), "g m-2 d-1"),
            b=nc.grid(nc.cells(2) / 1e3, "kg m-2 d-1"),
        )
        found = nc.read(tmp_path, [nc.need("x", "g C m-2 d-1")], variables={"x": ["a", "-b"]})
        expected = (nc.cells(1) - nc.cells(2)).reshape(-1)
        np.testing.assert_allclose(found.drivers["x"], expected, rtol=1e-12, atol=1e-12)
        assert found.provenance["drivers"]["x"]["from"] == "a - b"

    def test_an_amount_of_the_whole_cell_is_times_its_land(self, tmp_path):
        made = nc.with_time({"npp": nc.changing("kg C m-2 s-1")}, last=2001)
        made["npp"] = made["npp"] * 1e-9
        made["npp"].attrs["units"] = "kg C m-2 s-1"
        made["areacella"] = nc.grid(1e9 * nc.cells(1), "m2")
        made.to_netcdf(tmp_path / "f.nc")
        needs = [nc.need("npp", "Pg C yr-1", "time")]
        assert "'Pg C yr-1' is of a whole place, and its area is not known" in refusal(
            tmp_path, needs
        )
        found = nc.read(tmp_path, needs, values={"landfrac": 1})
        days = nc.length(made["time_bnds"].values)[:, None, None]
        flows = (made["npp"].values * days * 86400e-12).reshape(2, 12, 3, 4).sum(axis=1)
        expected = np.moveaxis(flows * 1e9 * nc.cells(1), 0, -1).reshape(12, 2)
        np.testing.assert_allclose(found.drivers["npp"], expected, rtol=1e-12)

    def test_values_and_places_are_drivers_too(self, tmp_path):
        write(tmp_path, t=nc.grid(nc.cells()))
        needs = [T, nc.need("depth", "cm"), nc.need("latitude", "degrees_north")]
        found = nc.read(tmp_path, needs, values={"depth": 100})
        assert set(found.drivers["depth"]) == {100.0}
        assert found.drivers["latitude"].tolist() == found.locations.columns["lat"].tolist()

    def test_a_flux_of_the_other_sign(self, tmp_path):
        npp = nc.need("npp", "g C m-2 d-1")
        write(tmp_path, npp=nc.grid(nc.cells() - 3.0, "g C m-2 d-1"))
        assert (nc.read(tmp_path, [npp]).drivers["npp"] < 0).any()
        write(tmp_path, npp=nc.grid(-nc.cells(), "g C m-2 d-1"))
        assert "NPP is positive into the land" in refusal(tmp_path, [npp])
        write(tmp_path, cSoil=nc.grid(nc.cells() - 3.0, "g C m-2"))
        said = refusal(tmp_path, [nc.need("c_soil", "g C m-2")])
        assert "a stock cannot be negative" in said


def test_everything_wrong_is_told_at_once(tmp_path):
    made = nc.with_time({"t": nc.changing("furlong")})
    made["b"] = nc.grid(nc.cells(), "degC", lat=nc.LAT)
    made["b"].attrs = {}
    made.isel(time=slice(1, None)).to_netcdf(tmp_path / "f.nc")
    said = refusal(
        tmp_path,
        [T, nc.need("b", "1"), nc.need("c", "1")],
        variables={"d": "x"},
        units={"q": "1"},
        values={"z": 3},
    )
    for text in (
        "'furlong' cannot become 'degC'",
        "'t': begins with 2000-02",
        "'b': has no unit",
        "no variable is named like driver 'c'; say variables: {c: NAME} or values: {c: NUMBER}",
        "forcing.variables.d: the kernel has no driver 'd'",
        "forcing.units.q: the kernel has no driver 'q'",
        "forcing.values.z: the kernel has no driver 'z'",
    ):
        assert text in said
