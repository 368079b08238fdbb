"""Daily files of the testbed: written, read back, reduced; and what is refused, all at once."""

import numpy as np
import pytest
import reference_forcing
import small_testbed as small

from kernels import Variable
from scenarios import ScenarioError
from scenarios.forcing.common.served import FLUX, LASTING, UNITS
from scenarios.forcing.synthetic_testbed import Spec as Synthetic
from scenarios.forcing.testbed import DAILY, Spec
from scenarios.forcing.testbed_files.writing import write_met

NEEDS = [
    *(Variable(name, UNITS[name], name, ()) for name in LASTING),
    *(Variable(name, UNITS.get(name, FLUX), name, ("date",)) for name in DAILY),
]
FILES = {"grid": "grid.csv", "soil": "soil.csv", "years": [1901, 1902]}


def read(folder, needs=NEEDS, **words):
    (found,) = Spec(reader="testbed", **{**FILES, **words}).read(needs, folder)
    return found


def refused(folder, **words):
    with pytest.raises(ScenarioError) as error:
        read(folder, **words)
    return str(error.value)


@pytest.fixture
def folder(tmp_path):
    small.tables(tmp_path)
    return tmp_path


class TestRead:
    def test_what_was_written_is_what_the_synthetic_reader_makes(self, folder):
        small.met(folder)
        found = read(folder)
        made, _ = Synthetic(reader="synthetic_testbed", years=2).read(NEEDS, folder)
        for name, values in made.drivers.items():
            if name != "latitude":
                np.testing.assert_array_equal(found.drivers[name], values, err_msg=name)
        np.testing.assert_array_equal(found.coords["year"], [1901, 1902])
        np.testing.assert_array_equal(found.coords["date"], np.arange(730))
        assert found.locations.names == tuple("1234567")
        assert found.synthetic == ""
        assert found.provenance["cells_left_out"] == {
            "PFT 15 is not simulated": 1,
            "PFT 17 is not simulated": 1,
        }
        assert found.provenance["flags"] == []

    def test_one_file_of_several_years(self, folder):
        one, two, three = small.years(3)
        daily = {n: np.concatenate([one[n], two[n], three[n]], axis=1) for n in one}
        cells = [*small.CELLS, small.ICE, small.WATER]
        write_met(folder / "met.nc", [1901, 1902, 1903], small.LAT, small.LON, cells, daily)
        small.met(folder, 3)
        whole = read(folder, met="met.nc", years=None)
        by_year = read(folder, years=[1901, 1903])
        part = read(folder, met="met.nc", years=[1902, 1903])
        for name in DAILY:
            np.testing.assert_array_equal(whole.drivers[name], by_year.drivers[name])
            np.testing.assert_array_equal(part.drivers[name], by_year.drivers[name][:, 365:])
        np.testing.assert_array_equal(part.coords["year"], [1902, 1903])

    def test_float32_and_some_cells(self, folder):
        small.met(folder)
        found = read(folder, precision="float32", cells=[3, 5])
        exact = read(folder)
        for name in DAILY:
            assert found.drivers[name].dtype == np.float32
            needed = exact.drivers[name][[2, 4]].astype(np.float32)
            np.testing.assert_array_equal(found.drivers[name], needed)
        assert found.drivers["clay"].dtype == np.float64

    def test_the_manual_has_other_roots(self, folder):
        small.met(folder)
        found = read(folder, roots="manual")
        needed = reference_forcing.drivers(variant="manual")
        np.testing.assert_array_equal(found.drivers["btran"][:, :365], needed["btran"])
        assert np.abs(found.drivers["btran"] - read(folder).drivers["btran"]).max() > 0.01

    def test_an_old_file_without_frozen_water(self, folder):
        small.met(folder, change=lambda k, daily: daily.pop("frozen"))
        found = read(folder)
        assert found.provenance["years_without_frozen_water"] == 2
        np.testing.assert_array_equal(found.drivers["theta_f"], 0)

    def test_a_little_too_much_water_is_flagged(self, folder):
        small.met(folder, change=small.broken("liquid", 3, 57, 0.6, layer=2))
        (flag,) = read(folder).provenance["flags"]
        assert "exceed saturation by more than 0.05 1 times, most (0.160) in" in flag
        assert "cell 3 (30, 0), 1902 day 57, layer 2" in flag

    def test_places_follow_the_numbers_of_cells(self, folder):
        """Longitude by longitude, south to north; not the order of the file's arrays."""
        import netCDF4

        small.met(folder, 1)
        with netCDF4.Dataset(folder / "met_1901_1901.nc") as file:
            assert file.data_model == "NETCDF3_64BIT_OFFSET"
            np.testing.assert_array_equal(file["cellid"][0], [1, 4, 7, 10])
            gpp = file["xcgpp"][0, 2, 0]
        found = read(folder, years=None, met="met_1901_1901.nc")
        assert found.drivers["gpp"][2, 0] == gpp


def respelled(file, cell, column, text):
    """Put a word into a cell of a table."""
    header, *lines = file.read_text().splitlines()
    at = [name.strip().lower() for name in header.split(",")].index(column)
    for i, line in enumerate(lines):
        cells = line.split(",")
        if int(cells[0]) == cell:
            cells[at] = text
            lines[i] = ",".join(cells)
    file.write_text("\n".join([header, *lines]) + "\n")


BAD_CELLS = [
    ("soil.csv", "clay", "much"), ("soil.csv", "wsat", "-9999"), ("soil.csv", "silt", "0.99"),
    ("grid.csv", "landarea", "nan"), ("grid.csv", "landarea", "5e4"),
]  # fmt: skip


def test_numbers_of_the_tables_are_those_of_fortran(folder):
    small.met(folder)
    before = read(folder).drivers["clay"]
    clay = before[2]
    respelled(folder / "soil.csv", 3, "clay", f"{float(clay) * 10!r}D-1")
    respelled(folder / "grid.csv", 3, "ndep", "whatever")
    np.testing.assert_allclose(read(folder).drivers["clay"], before, rtol=1e-12)
    respelled(folder / "soil.csv", 3, "clay", "0_1")
    assert "soil.csv:4: column 'clay': '0_1' is not a number" in refused(folder)


class TestCellsThatNobodyAsksFor:
    @pytest.mark.parametrize(("file", "column", "text"), BAD_CELLS)
    def test_stop_nothing(self, folder, file, column, text):
        small.met(folder)
        respelled(folder / file, 4, column, text)
        assert f"{file}:5: cell 4, column {column!r}" in refused(folder) or (
            f"{file}:5: column {column!r}" in refused(folder)
        )
        for cells in ([3, 5], {"box": [-90, 90, 180, 270]}, {"pft": [1]}):
            assert "4" not in read(folder, cells=cells).locations.names

    def test_nor_do_those_that_are_not_simulated(self, folder):
        small.met(folder)
        respelled(folder / "soil.csv", 8, "clay", "ice")
        assert read(folder).locations.names == tuple("1234567")

    def test_but_which_cell_it_is_has_to_be_known(self, folder):
        small.met(folder)
        respelled(folder / "grid.csv", 4, "ilat", "x")
        assert "column 'ilat'" in refused(folder, cells=[3])


class TestRefused:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (("gpp", 2, 40, -0.5), "'xcgpp', cell 2 (0, 0), 1902 day 40: found -0.5; needed g C"),
            (
                ("tsoil", 3, 7, 12.5, 4),
                "'xtsoil', cell 3 (30, 0), 1902 day 7, layer 4: found 12.5, which looks like degC",
            ),
            (("liquid", 1, 365, 31.0, 1), "day 365, layer 1: found 31, which looks like percent"),
            (("tair", 7, 1, 1e36), "'xtairk', cell 7 (-30, 180), 1902 day 1: is missing; needed"),
            (("frozen", 7, 1, np.nan, 6), "1902 day 1, layer 6: is missing; needed m3 m-3, 0 to 1"),
        ],
    )
    def test_one_value(self, folder, change, said):
        small.met(folder, change=small.broken(*change))
        message = refused(folder)
        assert "met_1902_1902.nc: variable" in message
        assert said in message
        assert len(message.splitlines()) == 1

    def test_years_that_are_there_twice_or_out_of_order(self, folder):
        one, two = small.years(2)
        daily = {n: np.concatenate([one[n], two[n]], axis=1) for n in one}
        cells = [*small.CELLS, small.ICE, small.WATER]
        for years in ([1901, 1901], [1902, 1901]):
            write_met(folder / "met.nc", years, small.LAT, small.LON, cells, daily)
            said = refused(folder, met="met.nc", years=None)
            assert f"holds {years[0]}, 1901; needed each year once, one by one" in said

    def test_values_of_cells_that_are_not_simulated_do_not_matter(self, folder):
        small.met(folder, change=small.broken("gpp", small.WATER, 3, -1))
        read(folder)

    def test_everything_at_once(self, folder):
        def change(k, daily):
            if k == 0:
                daily["gpp"][:, 56] = 1e36
                daily["tair"] = daily["tair"] - 273.15
            else:
                daily["gpp"][4, 9] = -1
                daily["frozen"][0, 9, 2] = 2

        small.met(folder, change=change)
        said = refused(folder).splitlines()
        assert any("'xcgpp', 1901 day 57: is missing in every cell" in line for line in said)
        assert any("which looks like degC" in line for line in said)
        assert any("met_1901_1901.nc: ... and" in line for line in said)
        assert any("cell 5 (0, 90), 1902 day 10: found -1" in line for line in said)
        assert any("1902 day 10, layer 3: found 2, which looks like" in line for line in said)
        assert len(said) < 30

    def test_a_missing_day_and_a_leap_day(self, folder):
        for days, said in ((364, ", no day missing"), (366, ": leave February 29 out")):
            (one,) = small.years(1)
            at = np.arange(days) % 365
            cells = [*small.CELLS, small.ICE, small.WATER]
            daily = {name: values[:, at] for name, values in one.items()}
            path = folder / "met_1901_1901.nc"
            write_met(path, [1901], small.LAT, small.LON, cells, daily)
            text = f"has {days} days for 1 year; needed 365 a year{said}"
            assert text in refused(folder, years=None, met=path.name)

    def test_a_file_cut_short(self, folder):
        small.met(folder)
        path = folder / "met_1902_1902.nc"
        whole = path.read_bytes()
        for size in (10, len(whole) // 2):
            path.write_bytes(whole[:size])
            assert "met_1902_1902.nc: " in refused(folder)
        assert "bytes and its variables need" in refused(folder)

    def test_a_missing_file_variable_and_year(self, folder):
        small.met(folder, change=lambda k, daily: daily.pop("tsoil") if k else None)
        said = refused(folder, years=[1900, 1902])
        assert "met_1900_1900.nc: no such file; needed a meteorological file" in said
        assert "met_1902_1902.nc: no variable 'xtsoil'" in said
        small.met(folder)
        (folder / "met_1901_1901.nc").replace(folder / "met_1902_1902.nc")
        said = refused(folder, years=[1902, 1903])
        assert "variable 'year': has years 1901; needed 1902" in said

    def test_cells_of_the_ocean_and_cells_that_no_table_has(self, folder):
        small.met(folder)
        known = [1, 2, 3, 4, 5, 6, 10, 11, 12]
        small.tables(folder, cell=known)
        said = refused(folder)
        assert "cell 10 (-30, 180): cellMissing is 1, or not in this grid (ocean?)" in said
        assert "met_1901_1901.nc: cell 7: cellMissing is 0; not in the grid file" in said

    def test_places_that_differ(self, folder):
        small.met(folder)
        lat = [-30, 0, 30, -30, 0, 31, -30, 0, 30]
        small.tables(folder, lat=np.array(lat))
        said = refused(folder)
        assert "met_1901_1901.nc: cell 6 (31, 90): lat is 30 at its row 3" in said

    def test_words(self, folder):
        said = refused(folder, years=None, needs=[*NEEDS, Variable("litter_met", FLUX, "", ())])
        assert "testbed has no driver 'litter_met'" in said
        assert "forcing.years: is missing; needed [first, last]" in said


ONE = {"met": "met_1901_1901.nc", "years": None}


class TestDays:
    """The layout has no coordinate of time; where a file has one, it settles the order."""

    def dated(self, folder, values, units="days since 1901-01-01", **attrs):
        import netCDF4

        small.met(folder, 1)
        with netCDF4.Dataset(folder / "met_1901_1901.nc", "a") as file:
            time = file.createVariable("time", "f8", ("time",))
            time.setncatts({"units": units, "calendar": "noleap", **attrs})
            time[:] = values

    @pytest.mark.parametrize("shift", [0.0, 0.5, 1.0])
    @pytest.mark.parametrize(("unit", "scale"), [("days", 1), ("hours", 24)])
    def test_any_stamps_of_the_year_in_any_order(self, folder, shift, unit, scale):
        small.met(folder, 1)
        plain = read(folder, **ONE).drivers["gpp"]
        days = np.arange(365) + shift
        self.dated(folder, days * scale, f"{unit} since 1901-01-01")
        np.testing.assert_array_equal(read(folder, **ONE).drivers["gpp"], plain)
        self.dated(folder, days[::-1] * scale, f"{unit} since 1901-01-01")
        np.testing.assert_array_equal(read(folder, **ONE).drivers["gpp"], plain[:, ::-1])

    def test_numbers_of_days_in_any_order(self, folder):
        self.dated(folder, np.arange(365)[::-1] + 1, "day of the year")
        found = read(folder, **ONE).drivers["gpp"]
        small.met(folder, 1)
        np.testing.assert_array_equal(found, read(folder, **ONE).drivers["gpp"][:, ::-1])

    @pytest.mark.parametrize(
        ("values", "said"),
        [
            (np.r_[np.arange(300), 299, np.arange(301, 365)] + 0.5, "there twice"),
            (np.arange(365) + 31.5, "has dates of 1901, 1902 and variable 'year' others"),
            (np.arange(365) + 365.5, "has dates of 1902 and variable 'year' others"),
            (np.arange(365) / 4 + 0.1, "has time steps of 0.25 to 0.25 days"),
        ],
    )
    def test_what_is_no_year_is_refused(self, folder, values, said):
        self.dated(folder, values)
        assert said in refused(folder, **ONE)
