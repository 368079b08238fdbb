"""CLM history files: dimensions, calendars, units, layers; a real point; what is refused."""

import netCDF4
import numpy as np
import pytest
import small_testbed as small
from support import DATA, needs_data

from kernels import Variable
from kernels.casa.shared.roots import pft_weights
from scenarios import ScenarioError
from scenarios.forcing.clm import soil
from scenarios.forcing.clm_history import DAILY, LITTER, Spec
from scenarios.forcing.common.checks import Findings
from scenarios.forcing.common.served import FLUX, LASTING, UNITS
from scenarios.forcing.testbed_files.grid import load_grid

STATIC = [Variable(name, UNITS[name], name, ()) for name in LASTING]
MEAN = [
    *STATIC,
    *(Variable(name, UNITS.get(name, FLUX), name, ()) for name in (*DAILY, *LITTER, "annual_npp")),
]
DAYS = [*STATIC, *(Variable(name, UNITS.get(name, FLUX), name, ("date",)) for name in DAILY)]
PLACE = {"pft": 4, "texture": {"sand": 0.43, "clay": 0.18}}

NEW = np.array([0.02, 0.04, 0.06, 0.08, 0.12, 0.16, 0.2, 0.24, 0.28, 0.32, 0.36, 0.4, 0.44, 0.54,
                0.64, 0.74, 0.84, 0.94, 1.04, 1.14, 2.39, 4.675, 7.635, 11.14, 15.115])  # fmt: skip
MONTHS = np.array([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


def write(
    path, steps, change=None, *, calendar="noleap", dim="levgrnd", start="1901-01-01", ground=None,
    bounds=True,
):  # fmt: skip
    """Write a history file of two columns, stamped as CLM does; ``steps`` are lengths in days.

    ``ground`` are variables of levels by column, (25, 2).
    """
    ends = np.cumsum(steps).astype(float)
    n = ends.size
    centres = np.cumsum(NEW) - NEW / 2
    wave = np.cos(2 * np.pi * (ends - steps / 2 - 200) / 365)
    made = {
        "FPSN": ("umol/m^2/s", (2 + 2 * wave)[:, None] * [1, 0.5]),
        "TBOT": ("K", 280 + 12 * wave[:, None] * [1, 1]),
        "TSOI": ("K", 280 + 9 * wave[:, None, None] * np.exp(-centres)[:, None] * [1, 1]),
        "SOILLIQ": ("kg/m2", np.full((n, 20, 2), 0.25) * 1000 * NEW[:20, None]),
        "H2OSOI": ("mm3/mm3", np.full((n, 20, 2), 0.30)),
    }
    if change is not None:
        change(made)
    with netCDF4.Dataset(path, "w") as file:
        for name, size in (("time", n), (dim, 25), ("levsoi", 20), ("lndgrid", 2), ("nv", 2)):
            file.createDimension(name, size)
        time = file.createVariable("time", "f8", ("time",))
        time.setncatts({"units": f"days since {start} 00:00:00", "calendar": calendar})
        time[:] = ends
        if bounds:
            time.bounds = "time_bounds"
            # A step of two days is a day after one that is left out.
            begins = ends - np.where(np.asarray(steps) == 2, 1, steps)
            made_bounds = file.createVariable("time_bounds", "f8", ("time", "nv"))
            made_bounds[:] = np.stack([begins, ends], axis=1)
        file.createVariable(dim, "f8", (dim,))[:] = centres
        for name, values in (ground or {"DZSOI": NEW}).items():
            dims = (dim, "lndgrid")[: np.ndim(values)]
            file.createVariable(name, "f8", dims, fill_value=1e36)[:] = values
        for name, values in (("lat", [40.0, 60.0]), ("lon", [10.0, 20.0])):
            file.createVariable(name, "f8", ("lndgrid",))[:] = values
        for name, (unit, values) in made.items():
            levels = {25: (dim,), 20: ("levsoi",)}.get(values.shape[1], ())
            dims = ("time", *(levels if values.ndim == 3 else ()), "lndgrid")
            variable = file.createVariable(name, "f4", dims, fill_value=1e36)
            variable.units = unit
            variable[:] = values


def read(folder, needs=DAYS, **words):
    (found,) = Spec(reader="clm_history", **{"path": "h.nc", **PLACE, **words}).read(needs, folder)
    return found


def refused(folder, needs=DAYS, **words):
    with pytest.raises(ScenarioError) as error:
        read(folder, needs, **words)
    return str(error.value)


class TestSoil:
    def test_levels_are_as_thick_as_the_converter_has_them(self):
        """testbed_forcing.md, section 4."""
        needed = [0.025, 0.04, 0.06, 0.085, 0.12, 0.16, 0.20, 0.24, 0.28, 0.32, 0.36, 0.40, 0.455,
                  0.54, 0.64, 0.74]  # fmt: skip
        found = soil.midpoint_thickness(np.cumsum(NEW) - NEW / 2)
        np.testing.assert_allclose(found[:16], needed, atol=1e-12)
        whole = soil.layering(25, found)
        thick = [found[:16][whole.weights[k] > 0].sum() for k in (4, 5)]
        np.testing.assert_allclose(thick, [1.20, 2.775], atol=1e-12)
        np.testing.assert_allclose(whole.weights.sum(axis=1), 1)
        old = soil.layering(15, np.arange(1.0, 16))
        np.testing.assert_allclose(old.mean(np.ones(15)), 1)
        assert old.weights.shape == (6, 10)

    @needs_data
    def test_wilting_point_is_that_of_every_real_cell(self):
        """And field capacity where soil has no organic matter: the Antarctic's texture."""
        folder = DATA / "testbed" / "clm45_cruncep"
        files = (folder / "gridinfo_igbpz.csv.gz", folder / "gridinfo_soil_clm2.csv.gz")
        grid, _ = load_grid(*files, Findings())
        found = soil.wilting_point(grid.sand, grid.clay, grid.silt, grid.field)
        np.testing.assert_allclose(found, grid.wilting, atol=3e-5)
        assert soil.saturation(grid.sand[0]) == pytest.approx(0.43482, abs=1e-5)
        assert soil.field_capacity(grid.sand[0], grid.clay[0]) == pytest.approx(0.24752, abs=1e-5)


class TestRead:
    def test_daily_files_in_any_order_and_layer_names(self, tmp_path):
        write(tmp_path / "b.nc", np.ones(365), dim="levsoi_2", start="1902-01-01")
        write(tmp_path / "a.nc", np.ones(365))
        found = read(tmp_path, path="*.nc")
        assert found.coords["year"].tolist() == [1901, 1902]
        assert found.coords["date"].size == 730
        has = found.drivers
        assert has["gpp"].shape == (2, 730)
        np.testing.assert_allclose(has["gpp"][1], has["gpp"][0] / 2, rtol=1e-6)
        assert has["gpp"].max() == pytest.approx(4 * 12e-6 * 86400, rel=1e-4)
        assert has["air_temperature"].max() == pytest.approx(18.85, abs=1e-3)
        np.testing.assert_allclose(has["theta_f"], 0.05 / has["porosity"][0], rtol=1e-5)
        field = soil.field_capacity(np.array(0.43), np.array(0.18))
        np.testing.assert_allclose(has["theta_l"], field / has["porosity"][0], rtol=1e-12)
        assert found.locations.columns["lat"].tolist() == [40, 60]
        assert found.provenance["calendar"] == "noleap"

    def test_layers_are_means_by_thickness_then_by_roots(self, tmp_path):
        write(tmp_path / "h.nc", np.ones(365))
        with netCDF4.Dataset(tmp_path / "h.nc") as file:
            levels = file["TSOI"][199, :, 0].astype(float) - 273.15
        ends = np.cumsum((1, 2, 2, 2, 4, 5))
        layers = [
            np.average(levels[end - n : end], weights=NEW[end - n : end])
            for end, n in zip(ends, (1, 2, 2, 2, 4, 5), strict=True)
        ]
        needed = pft_weights(np.array([4]))[0] @ layers
        found = read(tmp_path).drivers["soil_temperature"][0, 199]
        assert found == pytest.approx(needed, abs=1e-12)

    def test_as_the_converter_has_it_the_top_level_is_partly_frozen(self, tmp_path):
        write(tmp_path / "h.nc", np.ones(365), change=lambda m: m.update(
            H2OSOI=("mm3/mm3", np.full((365, 20, 2), 0.25))))  # fmt: skip
        np.testing.assert_allclose(read(tmp_path).drivers["theta_f"], 0, atol=1e-6)
        top = pft_weights(np.array([4]))[0, 0] * 0.05 / (0.489 - 0.126 * 0.43)
        found = read(tmp_path, thickness="midpoints").drivers["theta_f"]
        # The fourth level is 0.080 m thick and taken for 0.085.
        assert top < found.min() < 1.5 * top

    def test_months_become_means_and_days_only_when_asked(self, tmp_path):
        write(tmp_path / "h.nc", np.tile(MONTHS, 2).astype(float))
        needs = [v for v in MEAN if v.name not in (*LITTER, "annual_npp")]
        mean = read(tmp_path, needs).drivers
        write(tmp_path / "d.nc", np.ones(730))
        exact = read(tmp_path, needs, path="d.nc").drivers
        for name in DAILY:
            np.testing.assert_allclose(mean[name], exact[name], rtol=3e-3, atol=0.02)
        assert "say interpolate: linear" in refused(tmp_path)
        days = read(tmp_path, interpolate="linear").drivers["air_temperature"]
        needed = read(tmp_path, path="d.nc").drivers["air_temperature"]
        assert np.abs(days - needed).max() < 0.8
        np.testing.assert_array_equal(days[:, 15], days[:, 380])


def plateau(folder, *, stamps="end", bounds=False, unit="days", scale=1, order=None, levels=None):
    """Write 5 years of months, GPP highest June to August; stamps and order as asked."""

    def change(made):
        n = len(made["TBOT"][1])
        summer = np.isin(np.arange(n) % 12, [5, 6, 7])
        made["FPSN"] = ("umol/m^2/s", np.where(summer, 6.0, 1.0)[:, None] * [1, 1])

    write(folder / "h.nc", np.tile(MONTHS, 5).astype(float), change, start="1850-01-01")
    with netCDF4.Dataset(folder / "h.nc", "a") as file:
        sides = file["time_bounds"][:].astype(float)
        at = {"start": sides[:, 0], "end": sides[:, 1], "middle": sides.mean(axis=1)}[stamps]
        file["time"].units = f"{unit} since 1850-01-01"
        file["time"][:] = at * scale
        file["time_bounds"][:] = sides * scale
        if not bounds:
            file["time"].delncattr("bounds")
            file.renameVariable("time_bounds", "something_else")
        for dims, places in ((("time",), order), (("levgrnd", "levsoi"), levels)):
            for variable in file.variables.values() if places is not None else ():
                axes = [k for k, dim in enumerate(variable.dimensions) if dim in dims]
                if axes:
                    whole = variable[:]
                    variable[:] = np.flip(whole, axes[0]) if places == "back" else whole


class TestOrder:
    """GPP of the plateau is highest on day 166, counted from 0: the middle of June."""

    def peak(self, folder, **words):
        words = {"interpolate": "linear", "years": [1851, 1853], **words}
        gpp = read(folder, **words).drivers["gpp"][0].reshape(3, 365)
        np.testing.assert_allclose(gpp[0], gpp[2], rtol=1e-12)
        return int(gpp.mean(axis=0).argmax())

    @pytest.mark.parametrize("stamps", ["start", "middle", "end"])
    @pytest.mark.parametrize(("unit", "scale"), [("days", 1), ("hours", 24), ("minutes", 1440)])
    def test_months_are_those_of_the_bounds(self, tmp_path, stamps, unit, scale):
        plateau(tmp_path, stamps=stamps, bounds=True, unit=unit, scale=scale)
        assert self.peak(tmp_path) == 166

    @pytest.mark.parametrize("stamps", ["start", "end"])
    @pytest.mark.parametrize(("unit", "scale"), [("days", 1), ("hours", 24), ("minutes", 1440)])
    def test_stamps_at_an_end_are_asked_for(self, tmp_path, stamps, unit, scale):
        plateau(tmp_path, stamps=stamps, unit=unit, scale=scale)
        said = refused(tmp_path, interpolate="linear", years=[1851, 1853])
        assert "say stamps: start or stamps: end" in said
        assert self.peak(tmp_path, stamps=stamps) == 166

    def test_months_backwards_and_levels_bottom_up(self, tmp_path):
        plateau(tmp_path, bounds=True)
        plain = read(tmp_path, interpolate="linear").drivers
        plateau(tmp_path, bounds=True, order="back")
        for name, values in read(tmp_path, interpolate="linear").drivers.items():
            np.testing.assert_allclose(values, plain[name], rtol=1e-12, err_msg=name)
        plateau(tmp_path, bounds=True, levels="back")
        said = refused(tmp_path, interpolate="linear")
        assert "has levels 'levgrnd' from the bottom up, and no depths of 'levsoi'" in said

    def test_a_month_twice_or_left_out(self, tmp_path):
        for change, said in (
            (lambda t: t[5:].__setitem__(0, t[4]), "1850-05 is followed by 1850-05; there twice"),
            (lambda t: t[6:].__iadd__(31), "1850-06 is followed by 1850-08; 1 missing"),
        ):
            plateau(tmp_path, stamps="middle")
            with netCDF4.Dataset(tmp_path / "h.nc", "a") as file:
                time = file["time"][:].astype(float)
                change(time)
                file["time"][:] = time
            assert said in refused(tmp_path, interpolate="linear")


class TestRefused:
    def test_vectors_of_plant_types(self, tmp_path):
        """GPP over (time, pft) beside TSOI over columns, as hist_dov2xy = .false. writes them."""
        write(tmp_path / "c.nc", np.tile(MONTHS, 2).astype(float))
        with (
            netCDF4.Dataset(tmp_path / "c.nc") as old,
            netCDF4.Dataset(tmp_path / "h.nc", "w") as new,
        ):
            for name, dim in old.dimensions.items():
                new.createDimension({"lndgrid": "column"}.get(name, name), len(dim))
            new.createDimension("pft", 5)
            for name, one in old.variables.items():
                dims = tuple({"lndgrid": "column"}.get(d, d) for d in one.dimensions)
                dims = ("time", "pft") if name == "FPSN" else dims
                made = new.createVariable(name, one.dtype, dims)
                made.setncatts({a: one.getncattr(a) for a in one.ncattrs() if a != "_FillValue"})
                made[:] = np.repeat(one[:, :1], 5, axis=1) if name == "FPSN" else one[...]
        said = refused(tmp_path, interpolate="linear")
        assert "variable 'FPSN' has dimensions (time, pft); needed time and places" in said
        assert "write the file by column or grid cell (hist_dov2xy = .true." in said

    @pytest.mark.parametrize("fill", [-9999.0, 1e20, np.nan])
    @pytest.mark.parametrize("name", ["lat", "lon"])
    def test_a_place_without_a_place(self, tmp_path, name, fill):
        write(tmp_path / "h.nc", np.ones(365))
        with netCDF4.Dataset(tmp_path / "h.nc", "a") as file:
            file[name][1] = fill
        said = refused(tmp_path)
        assert f"h.nc: variable '{name}', place 2 of the file: is missing, and the place" in said

    def surface(self, folder, change=None, dims=("nlevsoi", "lsmlat", "lsmlon")):
        """Write sand 40 and 60, clay 20 percent at the two columns of a history."""
        write(folder / "h.nc", np.ones(365))
        sizes = {"nlevsoi": 10, "lsmlat": 1, "lsmlon": 2}
        with netCDF4.Dataset(folder / "s.nc", "w") as file:
            for name, size in sizes.items():
                file.createDimension(name, size)
            order = [list(sizes).index(dim) for dim in dims]
            for name, values in (("PCT_SAND", [40.0, 60.0]), ("PCT_CLAY", [20.0, 20.0])):
                whole = np.broadcast_to(values, (10, 1, 2))
                file.createVariable(name, "f8", dims)[:] = whole.transpose(order)
            for name, values in (("LATIXY", [40.0, 60.0]), ("LONGXY", [10.0, 20.0])):
                file.createVariable(name, "f8", ("lsmlat", "lsmlon"))[:] = [values]
            if change is not None:
                change(file)
        return {"texture": None, "surface": "s.nc"}

    @pytest.mark.parametrize(
        "dims", [("nlevsoi", "lsmlat", "lsmlon"), ("lsmlon", "lsmlat", "nlevsoi")]
    )
    def test_texture_of_places_by_the_names_of_dimensions(self, tmp_path, dims):
        found = read(tmp_path, **self.surface(tmp_path, dims=dims))
        np.testing.assert_allclose(found.drivers["sand"], [0.4, 0.6])

    def test_texture_of_other_places_or_with_gaps(self, tmp_path):
        def turned(file):
            file["LATIXY"][:] = [[60.0, 40.0]]

        def gap(file):
            file["PCT_SAND"][3, 0, 1] = -9999.0

        for change, said in (
            (turned, "s.nc: has LATIXY 60 where the history has lat 40; needed the same places"),
            (gap, "s.nc: variable 'PCT_SAND', place 2: is missing, and the history has values"),
        ):
            assert said in refused(tmp_path, **self.surface(tmp_path, change))

    def test_places_of_two_kinds(self, tmp_path):
        write(tmp_path / "h.nc", np.tile(MONTHS, 2).astype(float))
        with netCDF4.Dataset(tmp_path / "h.nc", "a") as file:
            file.createDimension("gridcell", 2)
            file.renameVariable("TBOT", "old")
            made = file.createVariable("TBOT", "f8", ("time", "gridcell"))
            made.units = "K"
            made[:] = file["old"][:]
        said = refused(tmp_path, interpolate="linear")
        assert "'TBOT' over (time, gridcell); needed the same places" in said

    def test_files_of_other_places(self, tmp_path):
        write(tmp_path / "a.nc", np.ones(365))
        write(tmp_path / "b.nc", np.ones(365), start="1902-01-01")
        with netCDF4.Dataset(tmp_path / "b.nc", "a") as file:
            file["lat"][1] = 61.0
        said = refused(tmp_path, path="*.nc")
        assert "b.nc: has other numbers of 'lat' than a.nc; needed the same places" in said

    def test_a_leap_day(self, tmp_path):
        write(tmp_path / "h.nc", np.ones(366), calendar="standard", start="1904-01-01")
        said = refused(tmp_path)
        assert "1904-02-29 is there (calendar 'standard') and years of the kernels" in said
        found = read(tmp_path, leap_days="drop")
        assert found.coords["date"].size == 365

    def test_a_missing_day(self, tmp_path):
        steps = np.ones(364)
        steps[100] = 2
        write(tmp_path / "h.nc", steps)
        assert "h.nc: 1901-04-10 is followed by 1901-04-12; 1 missing" in refused(tmp_path)
        write(tmp_path / "h.nc", np.ones(364))
        assert "ends with 1901-12-30; needed whole years" in refused(tmp_path)

    def test_values_by_variable_cell_and_day(self, tmp_path):
        def change(made):
            made["FPSN"][1][56, 1] = -1
            made["TSOI"][1][7, 2, 0] = 11
            made["H2OSOI"][1][9, 0, 0] = 30
            made["TBOT"][1][3, 1] = 1e36

        write(tmp_path / "h.nc", np.ones(365), change)
        said = refused(tmp_path)
        for text in (
            "'GPP', cell 2 (60, 20), 1901-02-26: found -1.0368; needed g C m-2 d-1, 0 to 60",
            "'TSOI', cell 1 (40, 10), 1901-01-08, level 3: found 11, which looks like degC",
            "'H2OSOI', cell 1 (40, 10), 1901-01-10, level 1: found 30; needed m3 m-3",
            "'TBOT', cell 2 (60, 20), 1901-01-04: is missing; needed K, 150 to 350",
        ):
            assert text in said
        assert len(said.splitlines()) == 4

    def test_units_variables_files(self, tmp_path):
        write(tmp_path / "h.nc", np.ones(365), lambda m: m.pop("SOILLIQ"))
        assert "h.nc: no variable 'SOILLIQ'" in refused(tmp_path)
        write(tmp_path / "h.nc", np.ones(365), lambda m: m.update(TBOT=("degC", m["TBOT"][1])))
        # Converted, K that are called degC are far beyond any air.
        assert "'TBOT', cell 1 (40, 10), 1901-01-01: found 541.66; needed K" in refused(tmp_path)
        assert "forcing.path: no file fits 'x*.nc'" in refused(tmp_path, path="x*.nc")
        (tmp_path / "h.nc").write_bytes((tmp_path / "h.nc").read_bytes()[:2000])
        assert "h.nc: is not NetCDF, or not all of it" in refused(tmp_path)
        with pytest.raises(ValueError, match="needed pft: with texture: or surface:"):
            read(tmp_path, texture=None)

    def test_levels_are_those_of_a_column_that_is_land(self, tmp_path):
        def ocean(made):
            for _, values in made.values():
                values[..., 0] = 1e36

        write(tmp_path / "h.nc", np.ones(365), ocean)
        plain = read(tmp_path).drivers
        deep = np.stack([np.full(25, 1e36), NEW], axis=1)
        full = np.stack([np.full(25, 0.2), np.full(25, 0.41)], axis=1)
        write(tmp_path / "h.nc", np.ones(365), ocean, ground={"DZSOI": deep, "WATSAT": full})
        found = read(tmp_path).drivers
        np.testing.assert_allclose(found["porosity"], [0.41])
        np.testing.assert_allclose(
            found["theta_l"] * 0.41, plain["theta_l"] * plain["porosity"][:, None]
        )

    def test_a_level_without_water_is_missing(self, tmp_path):
        def change(made):
            made["SOILLIQ"][1][:, 3] = 1e36

        write(tmp_path / "h.nc", np.ones(365), change)
        assert "'SOILLIQ', cell 1 (40, 10), 1901-01-01, level 4: is missing" in refused(tmp_path)

    def test_a_column_of_the_ocean_is_left_out(self, tmp_path):
        def change(made):
            for _, values in made.values():
                values[..., 0] = 1e36

        write(tmp_path / "h.nc", np.ones(365), change)
        found = read(tmp_path)
        assert found.locations.names == ("cell_2",)
        assert found.provenance["places_without_values"] == 1


class TestOnTheGridOfTables:
    """Cells of the testbed's tables are found by row and column, and held to their places."""

    def write(self, folder, lat=small.LAT, lon=small.LON, dims=("lat", "lon")):
        small.tables(folder)
        write(folder / "c.nc", np.tile(MONTHS, 2).astype(float))
        sizes = {"lat": 3, "lon": 4}
        with (
            netCDF4.Dataset(folder / "c.nc") as old,
            netCDF4.Dataset(folder / "h.nc", "w") as new,
        ):
            for name, dim in old.dimensions.items():
                new.createDimension(name, len(dim))
            for name, values in (("lat", lat), ("lon", lon)):
                new.createDimension(name, sizes[name])
                new.createVariable(name, "f8", (name,))[:] = values
            for name, one in old.variables.items():
                if name in sizes:
                    continue
                where = tuple(d for d in one.dimensions if d != "lndgrid")
                placed = "lndgrid" in one.dimensions
                made = new.createVariable(name, one.dtype, (*where, *(dims if placed else ())))
                made.setncatts({a: one.getncattr(a) for a in one.ncattrs() if a != "_FillValue"})
                if not placed:
                    made[:] = one[...]
                    continue
                # GPP of row 2 (30 N), column 0, is twice that of the others.
                whole = np.repeat(one[..., :1], 12, axis=-1).reshape(*one.shape[:-1], 3, 4)
                if name == "FPSN":
                    whole[:, 2, 0] *= 2
                made[:] = whole if dims == ("lat", "lon") else np.swapaxes(whole, -1, -2)

    def gpp(self, folder):
        words = {"pft": None, "texture": None, "grid": "grid.csv", "soil": "soil.csv"}
        needs = [Variable("gpp", FLUX, "GPP", ())]
        found = read(folder, needs, **words)
        return dict(zip(found.locations.names, found.drivers["gpp"], strict=True))

    @pytest.mark.parametrize("dims", [("lat", "lon"), ("lon", "lat")])
    def test_whatever_the_order_of_dimensions(self, tmp_path, dims):
        self.write(tmp_path, dims=dims)
        found = self.gpp(tmp_path)
        assert found["3"] == pytest.approx(2 * found["1"], rel=1e-6)
        assert found["2"] == pytest.approx(found["1"], rel=1e-12)

    def test_rows_from_the_north_are_refused(self, tmp_path):
        self.write(tmp_path, lat=small.LAT[::-1])
        with pytest.raises(ScenarioError, match=r"lat is -30 where the tables have cell 3 \(30, 0"):
            self.gpp(tmp_path)

    def test_longitudes_in_the_other_convention_are_the_same_places(self, tmp_path):
        self.write(tmp_path, lon=[0.0, 90.0, -180.0, -90.0])
        assert len(self.gpp(tmp_path)) == 7


@needs_data
class TestHurdal:
    def read(self, needs=MEAN, **words):
        folder = "clm_point_hurdal"
        (found,) = Spec(
            reader="clm_history",
            path=f"{folder}/hurdal_clm5bgc_monthly_1850_1901.nc",
            surface=f"{folder}/surfdata_hurdal_simyr2000.nc",
            pft=1,
            **words,
        ).read(needs, DATA)
        return found

    def test_means(self):
        found = self.read()
        with netCDF4.Dataset(DATA / "clm_point_hurdal/hurdal_clm5bgc_monthly_1850_1901.nc") as file:
            days = np.tile(MONTHS, 52)
            gpp = np.average(file["GPP"][:].astype(float), weights=days) * 86400
            litter = np.average(file["LITFALL"][:].astype(float), weights=days) * 86400
            leaf = np.average(file["LEAFC_TO_LITTER"][:].astype(float), weights=days) * 86400
            air = np.average(file["TBOT"][:].astype(float), weights=days) - 273.15
            soil10 = np.average(file["TSOI_10CM"][:].astype(float), weights=days) - 273.15
        has = {name: values[0] for name, values in found.drivers.items()}
        assert has["gpp"] == pytest.approx(gpp)
        assert has["litter_leaf"] == pytest.approx(leaf)
        assert has["litter_leaf"] + has["litter_froot"] < litter
        assert has["air_temperature"] == pytest.approx(air)
        assert has["soil_temperature"] == pytest.approx(soil10, abs=0.3)
        assert 0.5 < has["theta_l"] + has["theta_f"] < 1
        assert has["clay"] == pytest.approx(0.205)
        assert found.provenance["levels_above_bedrock"] == 8
        assert found.provenance["step"] == "month"
        assert found.locations.columns["lat"][0] == pytest.approx(60.4648, abs=1e-3)

    def test_frozen_water_is_soil_ice(self):
        with netCDF4.Dataset(DATA / "clm_point_hurdal/hurdal_clm5bgc_monthly_1850_1901.nc") as file:
            thick = file["DZSOI"][:20].astype(float)
            whole = file["H2OSOI"][:].astype(float) - file["SOILLIQ"][:] / 1000 / thick
            np.testing.assert_allclose(whole, file["SOILICE"][:] / 917 / thick, atol=3e-7)

    def test_days_between_months(self):
        found = self.read(DAYS, interpolate="linear", years=[1881, 1900])
        assert found.drivers["gpp"].shape == (1, 7300)
        assert found.coords["year"][0] == 1881
        by_year = found.drivers["soil_temperature"][0].reshape(20, 365)
        assert by_year.mean(axis=0).argmax() in range(190, 240)


def gpp(m, unit, factor):
    """Give a file GPP in another unit; FPSN is 2 (1 + wave) umol m-2 s-1."""
    _, moles = m.pop("FPSN")
    m["GPP"] = (unit, moles * 12e-6 * factor)


class TestUnits:
    @pytest.mark.parametrize(
        ("unit", "factor"),
        [
            ("gC/m^2/s", 1.0),
            ("g C m-2 s-1", 1.0),
            ("g C m**-2 s**-1", 1.0),
            ("g C/(m2 s)", 1.0),
            ("kgC m-2 s-1", 1e-3),
            ("gC/m2/day", 86400.0),
            ("mol m-2 s-1", 1 / 12),
            ("umol CO2 m-2 s-1", 1e6 / 12),
        ],
    )
    def test_one_flux_in_every_unit(self, tmp_path, unit, factor):
        write(tmp_path / "h.nc", np.ones(365))
        plain = read(tmp_path).drivers["gpp"]
        write(tmp_path / "h.nc", np.ones(365), lambda m: gpp(m, unit, factor))
        # The file holds float32 and so six digits.
        np.testing.assert_allclose(read(tmp_path).drivers["gpp"], plain, rtol=1e-5, atol=1e-6)

    def test_temperature_in_degrees_celsius_and_water_in_percent(self, tmp_path):
        write(tmp_path / "h.nc", np.ones(365))
        plain = read(tmp_path).drivers

        def change(m):
            m["TBOT"] = ("oC", m["TBOT"][1] - 273.15)
            m["H2OSOI"] = ("%", 100 * m["H2OSOI"][1])

        write(tmp_path / "h.nc", np.ones(365), change)
        found = read(tmp_path).drivers
        for name in ("air_temperature", "theta_f"):
            np.testing.assert_allclose(found[name], plain[name], rtol=1e-4, atol=1e-4)

    def test_a_unit_that_is_not_said(self, tmp_path):
        write(tmp_path / "h.nc", np.ones(365), lambda m: gpp(m, "", 1.0))
        assert "variable 'GPP' has no unit; say units: {GPP: UNIT}" in refused(tmp_path)
        found = read(tmp_path, units={"GPP": "gC/m2/s"})
        assert found.drivers["gpp"].max() == pytest.approx(4 * 12e-6 * 86400, rel=1e-3)

    def test_a_unit_that_the_scenario_says_otherwise(self, tmp_path):
        write(tmp_path / "h.nc", np.ones(365), lambda m: gpp(m, "gC/m2/s", 1.0))
        said = refused(tmp_path, units={"GPP": "kgC/m2/s"})
        assert "is in 'gC/m2/s' and the scenario says 'kgC/m2/s'; correct units: or" in said
        said = refused(tmp_path, units={"GPQ": "kgC/m2/s"})
        assert "forcing.units.GPQ: is no variable of this reader; did you mean 'GPP'?" in said

    @pytest.mark.parametrize(
        ("value", "unit", "fraction", "right"),
        [
            (2e3, "km^2", 0.5, 1e9),
            (2e9, "m^2", 0.5, 1e9),
            (2e5, "ha", 0.5, 1e9),
            (2e3, "", 0.5, 1e9),
            (2e9, "", 0.5, 1e9),
        ],
    )
    def test_area_has_its_unit(self, tmp_path, value, unit, fraction, right):
        write(tmp_path / "h.nc", np.ones(365))
        add(tmp_path / "h.nc", area=(unit, value), landfrac=("1", fraction))
        found = read(tmp_path).locations.columns["area"]
        np.testing.assert_allclose(found, [right, right], rtol=1e-6)

    @pytest.mark.parametrize(
        ("more", "said"),
        [
            ({"area": ("radian^2", 0.001)}, "'area': 'radian^2' cannot become 'm2'"),
            ({"area": ("km2", 2e9)}, "'area': found 2e+09; needed 0 to 5.1e+14 m2"),
            ({"area": ("m2", 2e3)}, "no cell has less than 10000 m2: is it km2?"),
            ({"area": ("", 5e4)}, "could be m2 or km2; say which: units: {area: km2}"),
            ({"area": ("km2", 2e3), "landfrac": ("1", 50)}, "is it percent? say units: {landfrac"),
        ],
    )
    def test_area_that_cannot_be(self, tmp_path, more, said):
        write(tmp_path / "h.nc", np.ones(365))
        add(tmp_path / "h.nc", **{"landfrac": ("1", 1.0), **more})
        assert said in refused(tmp_path)

    def test_area_of_whole_cells_is_left_out_and_said(self, tmp_path):
        write(tmp_path / "h.nc", np.ones(365))
        add(tmp_path / "h.nc", area=("km2", 2e3))
        found = read(tmp_path)
        assert "area" not in found.locations.columns
        (file,) = found.provenance["files"]
        assert "there is no landfrac" in file["area_left_out"]

    def test_thickness_in_centimetres(self, tmp_path):
        write(tmp_path / "h.nc", np.ones(365))
        plain = read(tmp_path).drivers["theta_l"]
        write(tmp_path / "h.nc", np.ones(365), ground={"DZSOI": 100 * NEW})
        assert "variable 'DZSOI' has 1511.5; needed depths in m" in refused(tmp_path)
        found = read(tmp_path, units={"DZSOI": "cm"}).drivers["theta_l"]
        np.testing.assert_allclose(found, plain, rtol=1e-12)


def add(path, **variables):
    with netCDF4.Dataset(path, "a") as file:
        for name, (unit, value) in variables.items():
            made = file.createVariable(name, "f8", ("lndgrid",))
            if unit:
                made.units = unit
            made[:] = value
