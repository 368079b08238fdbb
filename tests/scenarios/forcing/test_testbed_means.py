"""Annual means of the testbed: what follows from them, on small files and on the real ones."""

import numpy as np
import pytest
import small_testbed as small
from support import DATA, needs_data

import kernels
from kernels import Variable
from scenarios import ScenarioError
from scenarios.forcing.common.served import FLUX, MAKERS, UNITS, misfits
from scenarios.forcing.testbed_files.grid import Cells
from scenarios.forcing.testbed_files.plants import quality
from scenarios.forcing.testbed_means import GIVEN, Spec

NEEDS = [Variable(name, UNITS.get(name, FLUX), name, ()) for name in GIVEN]
FILES = {"path": "means.nc", "grid": "grid.csv", "soil": "soil.csv"}
REAL = {
    "path": "testbed/clm45_cruncep/drivers_mean_2000_2010.nc",
    "grid": "testbed/clm45_cruncep/gridinfo_igbpz.csv.gz",
    "soil": "testbed/clm45_cruncep/gridinfo_soil_clm2.csv.gz",
}
OTHER = {
    "grid": "testbed/clm50_gswp3/gridinfo_igbpz_CLM5_GSWP3.csv",
    "soil": "testbed/clm50_gswp3/gridinfo_soil_CLM5_GSWP3.csv",
}
WARMER = {
    "label": "warmer",
    "add": {"soil_temperature": 0.5},
    "multiply": {"litter": 0.8, "theta_l": 2},
}


def read(folder, needs=NEEDS, **words):
    (found,) = Spec(reader="testbed_means", **{**FILES, **words}).read(needs, folder)
    return found


@pytest.fixture
def folder(tmp_path):
    small.tables(tmp_path)
    small.means(tmp_path, quality(small.rf1_sites().pft.astype(int)))
    return tmp_path


def refused(folder, **words):
    with pytest.raises(ScenarioError) as error:
        read(folder, **words)
    return str(error.value)


def test_a_value_of_a_cell_that_nobody_asks_for_stops_nothing(folder):
    import netCDF4

    with netCDF4.Dataset(folder / "means.nc", "a") as file:
        # Cell 4 is the first of the second longitude.
        file["tsoilC"][0, 1] = 1e36
        file["thetaLiq"][0, 1] = 7.0
    text = refused(folder)
    assert "variable 'tsoilC', cell 4" in text
    assert "variable 'thetaLiq', cell 4" in text
    assert read(folder, cells=[1, 2]).locations.names == ("1", "2")


class TestSmall:
    def test_cells_with_plants_and_litter_are_locations(self, folder):
        found = read(folder)
        assert found.locations.names == ("1", "2", "3", "4", "5", "6")
        assert found.provenance["cells_left_out"] == {
            "PFT 15 is not simulated": 1,
            "PFT 17 is not simulated": 1,
            "no litter": 1,
        }
        columns = found.locations.columns
        np.testing.assert_array_equal(columns["pft"], [2, 1, 4, 18, 12, 9])
        np.testing.assert_allclose(columns["area"], 1e10 * np.arange(1, 7))
        assert found.coords == {}
        assert found.synthetic == ""

    def test_litter_is_taken_apart(self, folder):
        has = read(folder).drivers
        for name, made in (("litter_leaf", small.LEAF), ("litter_froot", small.ROOT)):
            np.testing.assert_allclose(has[name], made[:6], rtol=2e-5)
        np.testing.assert_allclose(has["cwd_to_litter"], small.DEBRIS[:6], atol=1e-5)
        np.testing.assert_allclose(has["litter_cwd"], has["cwd_to_litter"] / 0.52)
        whole = has["litter_met"] + has["litter_str"]
        np.testing.assert_allclose(whole, has["mimics_litter_met"] + has["mimics_litter_str"])
        np.testing.assert_allclose(whole + has["cwd_to_litter"], (1.9, 1.1, 1.3, 0.4, 1.4, 1.65))
        # Site B: leaves 12.5, roots 19.5, wood 100, 0.6, 0.3 and 0.2 of them.
        np.testing.assert_allclose(has["lignin_n"][1], (7.5 + 5.85 + 20) / 1.1, rtol=1e-5)

    def test_units_and_npp(self, folder):
        needs = [Variable("litter_met", "kg C m-2 yr-1", "", ()), NEEDS[GIVEN.index("annual_npp")]]
        found = read(folder, needs).drivers
        np.testing.assert_allclose(found["annual_npp"][0], 365 * 2.3, rtol=1e-7)
        litter = read(folder).drivers["litter_met"]
        np.testing.assert_allclose(found["litter_met"], 0.365 * litter, rtol=1e-12)
        half = read(folder, needs, npp_rule="half_gpp").drivers["annual_npp"]
        np.testing.assert_allclose(half[0], 365 * 4.0)

    def test_a_perturbed_forcing_says_so(self, folder):
        before, after = read(folder), read(folder, perturb=WARMER, name="b")
        assert after.name == "b"
        assert after.synthetic == (
            "b: warmer (a perturbation of means.nc: litter x 0.8, theta_l x 2, "
            "soil_temperature +0.5; not data)"
        )
        assert after.locations.names == before.locations.names
        for name, change in (("litter_met", 0.8), ("cwd_respiration", 0.8), ("gpp", 1.0)):
            np.testing.assert_allclose(after.drivers[name], change * before.drivers[name])
        warm = after.drivers["soil_temperature"] - before.drivers["soil_temperature"]
        np.testing.assert_allclose(warm, 0.5)
        assert after.drivers["theta_l"].max() == 1

    @pytest.mark.parametrize(
        ("cells", "names"),
        [
            ([3, 1], ("1", "3")),
            ({"every": 4}, ("1", "5")),
            ({"box": [-90, 10, 0, 100]}, ("1", "2", "4", "5")),
            ({"box": [-90, 90, 80, 10], "pft": [2, 4, 12]}, ("1", "3", "5")),
        ],
    )
    def test_some_cells(self, folder, cells, names):
        assert read(folder, cells=cells).locations.names == names


class TestRefused:
    def test_missing_and_wrong_values_by_cell_and_variable(self, folder):
        bad = [26.0, 1e36, 284.0, -11.0, 9.0, 24.0, 21.0, 0, 0]
        wet = [0.7, 0.3, 1.6, 0.2, 0.5, 0.5, 0.2, 0, 0]
        gpp = [-8.0, 2.4, 3.7, 0.6, 2.7, 4.0, 0.0, 0, 0]
        made_of = quality(small.rf1_sites().pft.astype(int))
        small.means(folder, made_of, tsoilC=bad, thetaLiq=wet, cgpp=gpp)
        said = refused(folder)
        for text in (
            "means.nc: variable 'tsoilC', cell 2 (0, 0): is missing; needed degC",
            "'tsoilC', cell 3 (30, 0): found 284, which looks like K; needed degC",
            "'thetaLiq', cell 3 (30, 0): found 1.6; needed a fraction of pore space",
            "'cgpp', cell 1 (-30, 0): found -8; needed g C m-2 d-1, 0 to 60",
        ):
            assert text in said
        assert len(said.splitlines()) == 4

    def test_tables(self, folder):
        known = [*small.CELLS, small.ICE, small.WATER]
        small.tables(folder, cell=[known[1], known[0], *known[2:]])
        said = refused(folder)
        assert "grid.csv:3: cell 1, column 'ijcam': follows cell 2; needed rows in the" in said
        small.tables(folder, pft=[0, 1, 4, 18, 12, 9, 16, 15, 17], area=np.full(9, 4e4))
        said = refused(folder)
        assert "grid.csv:2: cell 1, column 'ivt_igbp': found 0; needed an IGBP class" in said
        assert "column 'landarea': found 40000; needed m2; this looks like km2" in said
        small.tables(folder, pft=[3, 1, 4, 18, 12, 9, 16, 15, 17])
        assert "'IGBP_PFT', cell 1 (-30, 0): found 2; the grid file has 3" in refused(folder)

    def test_a_header_in_another_order(self, folder):
        soil = folder / "soil.csv"
        soil.write_text(soil.read_text().replace("sand,clay", "clay,sand"))
        said = refused(folder)
        assert "soil.csv:1: column 4 is 'clay'; needed 'sand': columns are read by position" in said

    @pytest.mark.parametrize(
        ("box", "said"),
        [
            ([60, 40, 0, 10], "the south, 60, is north of 40; needed [south, north, west, east]"),
            ([0, 120, 0, 10], "0 to 120 are no latitudes, -90 to 90; needed [south, north,"),
            ([0, 10, 0, 400], "0 to 400 are no longitudes, -180 to 360; needed [south, north,"),
        ],
    )
    def test_a_box_in_another_order(self, box, said):
        with pytest.raises(ValueError, match="box") as error:
            Cells(box=box)
        assert said in str(error.value)

    def test_cell_numbers_out_of_range_say_the_range(self, folder):
        said = refused(folder, cells=[8])
        assert "no cell 8 among those that are simulated: 6 cells, numbered (ijcam) from 1" in said

    def test_areas_are_no_more_than_the_earth(self, folder):
        small.tables(folder, area=np.full(9, 4e14))
        assert "column 'landarea': is 3.6e+15 m2 in all; the Earth has 5.1e+14" in refused(folder)

    def test_units(self, folder):
        assert "forcing.units.cgp: is no variable of this reader; did you mean 'cgpp'?" in refused(
            folder, units={"cgp": "g C m-2 d-1"}
        )

    def test_words(self, folder):
        assert "forcing.cells[0]: no cell 8 among those" in refused(folder, cells=[8])
        perturb = {"label": "x", "add": {"litter": 1, "gpp": -1, "snow": 2}}
        said = refused(folder, perturb=perturb)
        assert "forcing.perturb.add.litter: litter has parts" in said
        assert "forcing.perturb.add.gpp: gpp would be negative somewhere; say multiply" in said
        assert "forcing.perturb.add.snow: no quantity 'snow'" in said
        daily = [Variable("gpp", FLUX, "", ("date",)), Variable("snow", "m", "", ())]
        said = refused(folder, needs=daily)
        assert "driver 'gpp' has dimensions (date) and testbed_means gives (none)" in said
        assert "has no driver 'snow'" in said

    def test_a_truncated_file(self, folder):
        path = folder / "means.nc"
        path.write_bytes(path.read_bytes()[:3000])
        assert "means.nc: is not NetCDF, or not all of it" in refused(folder)


@needs_data
class TestReal:
    def test_cells_are_the_active_ones(self):
        found = read(DATA, **REAL)
        assert len(found.locations.names) == 2843
        assert found.provenance["cells_left_out"] == {
            "PFT 11 is not simulated": 30,
            "PFT 15 is not simulated": 299,
            "PFT 17 is not simulated": 1000,
            "no litter": 127,
        }
        # Liquid water is capped at field capacity: of the right soil, none has more.
        assert 0.99 < found.drivers["btran"].max() < 1 + 1e-6

    def test_woody_debris_is_the_published_one_of_every_type(self):
        found = read(DATA, **REAL)
        area, pft = (found.locations.columns[name] for name in ("area", "pft"))
        burnt = found.drivers["cwd_respiration"] * area * 365e-15
        published = {1: 0.537, 2: 0.358, 3: 0.11, 4: 0.156, 5: 0.779, 6: 0.045, 7: 0.138, 8: 0.237}
        published |= {9: 0.143, 10: 0, 12: 0, 14: 0, 16: 0.007, 18: 0}
        for kind, needed in published.items():
            assert burnt[pft == kind].sum() == pytest.approx(needed, abs=5.1e-4), kind
        assert burnt.sum() == pytest.approx(2.51, abs=5e-3)

    def test_both_models_have_the_same_litter(self):
        """So 0.52 of decomposed debris is in both structural inputs, not between their sums."""
        import netCDF4

        with netCDF4.Dataset(DATA / REAL["path"]) as file:
            one, two, three, four = (
                np.ma.filled(file[name][:].astype(np.float64), 0)
                for name in ("litInptMet", "litInptStruc", "cLitInput_metbc", "cLitInput_struc")
            )
        apart = np.abs(one + two - three - four)
        assert apart.max() < 2e-4
        assert np.quantile(apart[one > 0], 0.95) < 3e-7

    def test_litter_feeds_the_respiration_of_the_real_run(self):
        """Transient means: litter with all debris against Rh of CASA, 54.27 Pg C yr-1."""
        import netCDF4

        found = read(DATA, **REAL)
        has, area = found.drivers, found.locations.columns["area"]
        whole = 365 * (has["litter_met"] + has["litter_str"] + has["litter_cwd"])
        ids = np.array(found.locations.names, dtype=int) - 1
        output = DATA / "testbed" / "clm45_cruncep" / "casa_cnp_output_mean_2000_2010.nc"
        with netCDF4.Dataset(output) as file:
            rh = 365 * file["cresp"][:].filled(0).astype(float)[ids % 96, ids // 96]
        assert (rh * area).sum() * 1e-15 == pytest.approx(54.27, abs=5e-3)
        assert (whole * area).sum() * 1e-15 == pytest.approx(54.51, abs=5e-3)
        assert np.corrcoef(whole, rh)[0, 1] > 0.999

    def test_the_other_grid_has_the_same_cells(self):
        one, other = read(DATA, **REAL), read(DATA, **REAL | OTHER, perturb=WARMER)
        assert one.locations.names == other.locations.names
        for name in ("pft", "area"):
            np.testing.assert_array_equal(*(f.locations.columns[name] for f in (one, other)))

    def test_mean_soil_is_that_of_all_listed_cells(self):
        """Published as that of vegetated cells; it is the mean of every row of the tables."""
        from scenarios.forcing.common.checks import Findings
        from scenarios.forcing.testbed_files.grid import load_grid

        published = {"sand": (0.487, 0.485), "clay": (0.228, 0.230), "wilting": (0.147, 0.148)}
        published |= {"field": (0.253, 0.255), "saturation": (0.433, 0.436)}
        for k, files in enumerate((REAL, REAL | OTHER)):
            grid, _ = load_grid(DATA / files["grid"], DATA / files["soil"], Findings())
            assert len(grid.cell) == (4299, 4263)[k]
            for name, needed in published.items():
                assert getattr(grid, name).mean() == pytest.approx(needed[k], abs=5.1e-4), name


class TestRemedies:
    """Drivers with one remedy are one problem, which says what supplies them."""

    DAYS = tuple(Variable(n, FLUX, "", ("date",)) for n in ("gpp", "litter_met", "litter_str"))

    def test_days_of_means_name_the_option_and_the_readers_of_days(self, folder):
        said = refused(folder, needs=list(self.DAYS)).splitlines()
        assert len(said) == 1
        for part in (
            "drivers 'gpp', 'litter_met', 'litter_str' have dimensions (date)",
            "say drivers: mean below kernel:",
            "leave out casa_vegetation and casa_debris",
            "testbed, testbed_seasons, clm_history",
        ):
            assert part in said[0]

    def test_litter_of_days_names_the_kernel_that_makes_it(self):
        needs = [*self.DAYS, Variable("lignin_n", "1", "", ("date",))]
        said = [p.text for p in misfits(needs, {"gpp": ("date",)}, "testbed")]
        assert len(said) == 2
        assert "no drivers 'litter_met', 'litter_str'; put casa_vegetation, which makes" in said[0]
        assert "no driver 'lignin_n'; put casa_debris, which makes it, before the kernel" in said[1]

    def test_means_of_days_name_the_readers_of_means(self):
        (said,) = misfits([Variable("gpp", FLUX, "", ())], {"gpp": ("date",)}, "testbed")
        assert "leave drivers: mean out, or read means: testbed_means, clm_history" in said.text

    def test_makers_make_what_is_said(self):
        for name, made in MAKERS.items():
            kernel = kernels.get(name)
            outputs = {v.name for v in kernel.made(kernel.options(), None).outputs}
            assert set(made) <= outputs
