"""Monthly climatologies: between the months, what is modelled of them, what is refused."""

import netCDF4
import numpy as np
import pytest
from support import DATA, needs_data

from kernels import Variable
from scenarios import ScenarioError
from scenarios.forcing.common.served import FLUX, LASTING, UNITS
from scenarios.forcing.profile_files.climatology import _converted
from scenarios.forcing.seasonal_climatology import LABEL, Spec
from scenarios.forcing.synthetic_testbed import DAILY

STATIC = [Variable(name, UNITS[name], name, ()) for name in LASTING]
DAYS = [
    *STATIC,
    *(Variable(name, UNITS.get(name, FLUX), name, ("date",)) for name in DAILY),
    Variable("annual_npp", "g C m-2 yr-1", "NPP"),
]
MEAN = [Variable(v.name, v.units, v.meaning, ()) for v in DAYS]
SITES = """location,lat,lon,pft,sand,clay,area
hurdal,60.4,11.0,1,0.5,0.2,4e10
sahel,14.0,5.0,9,0.6,0.2,5e10
"""
COSINE = np.cos(2 * np.pi * (np.arange(12) - 6.5) / 12)


def months(text=None, **units):
    """Return a table of both sites; precipitation is per month."""
    rows = ["location,month,air_temperature [degC],precipitation [mm month-1],gpp [g C m-2 d-1]"]
    for k, wave in enumerate(COSINE):
        rows.append(f"hurdal,{k + 1},{3 + 12 * wave:.4f},70,{max(0, 2.5 + 3 * wave):.4f}")
        rows.append(f"sahel,{k + 1},{28 + 4 * wave:.4f},{max(0, 60 + 120 * wave):.4f},1.5")
    return "\n".join([*rows, ""])


def read(folder, needs=DAYS, sites=SITES, table=None, **words):
    (folder / "sites.csv").write_text(sites)
    (folder / "months.csv").write_text(table or months())
    spec = Spec(
        reader="seasonal_climatology", **{"path": "sites.csv", "months": "months.csv", **words}
    )
    (found,) = spec.read(needs, folder)
    return found


def refused(folder, **words):
    with pytest.raises(ScenarioError) as error:
        read(folder, **words)
    return str(error.value)


class TestRead:
    def test_days_lie_between_months_and_years_repeat(self, tmp_path):
        found = read(tmp_path, years=[1991, 1992])
        has = found.drivers
        assert found.synthetic == LABEL
        assert found.locations.names == ("hurdal", "sahel")
        assert has["gpp"].shape == (2, 730)
        np.testing.assert_array_equal(has["theta_l"][:, :365], has["theta_l"][:, 365:])
        # The middles of January, and of February.
        assert has["air_temperature"][0, 15] == pytest.approx(3 + 12 * COSINE[0], abs=1e-4)
        between = has["air_temperature"][0, 44:46].mean()
        assert between == pytest.approx(3 + 12 * COSINE[1], abs=0.05)

    def test_soil_is_damped_and_late(self, tmp_path):
        has = read(tmp_path).drivers
        air, soil = has["air_temperature"][0], has["soil_temperature"][0]
        assert soil.mean() == pytest.approx(air.mean(), abs=1e-3)
        assert np.ptp(soil) == pytest.approx(np.exp(-0.15) * np.ptp(air), rel=2e-3)
        late = (np.fft.rfft(air)[1] / np.fft.rfft(soil)[1]) * np.exp(-0.15)
        assert np.angle(late) == pytest.approx(0.15, abs=1e-3)

    def test_water_of_a_bucket(self, tmp_path):
        has = read(tmp_path).drivers
        for name in ("theta_l", "theta_f"):
            assert has[name].min() >= 0
            assert has[name].max() <= 1
        assert has["btran"][1].min() >= 0
        assert has["btran"][0, 30] < 0, "frozen"
        assert has["btran"].max() <= 1 + 1e-12
        wet = has["theta_l"][1]
        assert wet[:100].max() < wet[240:270].min(), "the dry season, and after the rains"
        assert has["theta_f"][0, 30] > 0.3
        assert has["theta_f"][1].max() == 0

    def test_means(self, tmp_path):
        days, mean = read(tmp_path).drivers, read(tmp_path, MEAN)
        assert mean.coords == {}
        for name in DAILY:
            np.testing.assert_allclose(mean.drivers[name], days[name].mean(axis=1))
        assert mean.drivers["annual_npp"][1] == pytest.approx(0.47 * 365 * 1.5)
        shed = sum(mean.drivers[name] for name in ("litter_met", "litter_str", "litter_cwd"))
        np.testing.assert_allclose(365 * shed, mean.drivers["annual_npp"])

    def test_a_grid_at_sites(self, tmp_path):
        with netCDF4.Dataset(tmp_path / "grid.nc", "w") as file:
            for name, size in (("month", 12), ("lat", 3), ("lon", 2)):
                file.createDimension(name, size)
            file.createVariable("lat", "f8", ("lat",))[:] = [14.25, 60.25, 60.75]
            file.createVariable("lon", "f8", ("lon",))[:] = [5.25, 11.25]
            file.createVariable("month", "i4", ("month",))[:] = np.arange(1, 13)
            variable = file.createVariable("t", "f8", ("month", "lat", "lon"))
            variable.units = "K"
            variable[:] = 280.0 + np.arange(6).reshape(3, 2)
            variable[:, 1, 1] = np.nan
        found = read(tmp_path, months=["grid.nc", "months.csv"], variables={"air_temperature": "t"})
        np.testing.assert_allclose(found.drivers["air_temperature"][:, 7], [11.85, 6.85])
        far = SITES.replace("14.0,5.0", "34.0,5.0")
        said = refused(
            tmp_path,
            sites=far,
            months=["grid.nc", "months.csv"],
            variables={"air_temperature": "t"},
        )
        assert "location 'sahel': the nearest cell with values is" in said

    def grid(self, folder, values, *, dim="time", dims=("lat", "lon"), time=None, **attrs):
        """Write temperatures (12, 3, 2) and whatever says their months."""
        with netCDF4.Dataset(folder / "grid.nc", "w") as file:
            for name, size in ((dim, 12), ("lat", 3), ("lon", 2)):
                file.createDimension(name, size)
            file.createVariable("lat", "f8", ("lat",))[:] = [14.25, 60.25, 60.75]
            file.createVariable("lon", "f8", ("lon",))[:] = [5.25, 11.25]
            if time is not None:
                made = file.createVariable(dim, "f8", (dim,))
                made.setncatts(attrs)
                made[:] = time
            axes = [("lat", "lon").index(name) + 1 for name in dims]
            variable = file.createVariable("t", "f8", (dim, *dims))
            variable.units = "degC"
            variable[:] = np.transpose(values, (0, *axes))

    def of_grid(self, folder, **words):
        words = {"months": ["grid.nc", "months.csv"], "variables": {"air_temperature": "t"}} | words
        return read(folder, **words).drivers["air_temperature"]

    def test_months_of_a_grid_are_those_it_says(self, tmp_path):
        values = COSINE[:, None, None] * 10 + np.arange(6).reshape(3, 2)
        self.grid(tmp_path, values, dim="month", time=np.arange(1, 13))
        plain = self.of_grid(tmp_path)
        noleap = {"units": "days since 1990-01-01", "calendar": "noleap"}
        lengths = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
        ends = np.cumsum(lengths).astype(float)
        mixed = np.array([7, 0, 11, 3, 5, 1, 2, 4, 10, 6, 9, 8])
        for how in (
            {"dim": "month", "time": mixed + 1},
            {"time": ends[mixed] - 15, **noleap},
        ):
            self.grid(tmp_path, values[mixed], **how)
            np.testing.assert_allclose(self.of_grid(tmp_path), plain, rtol=1e-12)
        self.grid(tmp_path, values, dims=("lon", "lat"), dim="month", time=np.arange(1, 13))
        np.testing.assert_allclose(self.of_grid(tmp_path), plain, rtol=1e-12)
        self.grid(tmp_path, values, time=ends, **noleap)
        with pytest.raises(ScenarioError, match="say stamps: start or stamps: end"):
            self.of_grid(tmp_path)
        np.testing.assert_allclose(self.of_grid(tmp_path, stamps="end"), plain, rtol=1e-12)

    def test_months_of_a_grid_that_it_does_not_say(self, tmp_path):
        values = COSINE[:, None, None] * 10 + np.arange(6).reshape(3, 2)
        for how, said in (
            ({}, "has no coordinate 'time' that says the months"),
            ({"dim": "month"}, "has no coordinate 'month' that says the months; write month"),
            ({"dim": "month", "time": [1, 1, *range(3, 13)]}, "needed 1 to 12 once"),
        ):
            self.grid(tmp_path, values, **how)
            with pytest.raises(ScenarioError, match=said):
                self.of_grid(tmp_path)

    @pytest.mark.parametrize("fill", [-9999.0, -99.0, 1e20, np.nan])
    def test_a_cell_that_lacks_one_month_is_not_passed_over(self, tmp_path, fill):
        """The next cell is 56 km away: its numbers would be taken without a word."""
        values = COSINE[:, None, None] * 10 + np.arange(6.0).reshape(3, 2)
        values[6, 1, 1] = fill
        self.grid(tmp_path, values, dim="month", time=np.arange(1, 13))
        with pytest.raises(ScenarioError) as error:
            self.of_grid(tmp_path)
        said = "variable 't', month 7, cell (60.25, 11.25), nearest to 'hurdal': is missing"
        assert said in str(error.value)

    @needs_data
    def test_the_real_climate_of_a_site(self, tmp_path):
        real = DATA / "gridded_0p5deg" / "worldclim_monthly_0p5deg.nc"
        found = read(
            tmp_path,
            months=[str(real), "months.csv"],
            variables={"air_temperature": "tmean", "precipitation": "prec"},
        ).drivers
        assert found["air_temperature"][0].mean() == pytest.approx(3.5, abs=2.5)
        assert found["air_temperature"][1].mean() == pytest.approx(28, abs=2)


class TestRefused:
    def test_sites(self, tmp_path):
        bad = SITES.replace("60.4,11.0,1,", "160.4,11.0,0,").replace("0.6,0.2", "0.9,0.2")
        said = refused(tmp_path, sites=bad)
        assert "sites.csv:2: column 'lat': found 160.4; needed degrees north" in said
        assert "sites.csv:2: column 'pft': found 0; needed an IGBP class with plants" in said
        assert "sites.csv:3: column 'clay': found 0.2; needed a fraction above 0, with" in said

    def test_months(self, tmp_path):
        short = "\n".join(line for line in months().splitlines() if not line.startswith("sahel,7"))
        said = refused(tmp_path, table=short)
        assert "months.csv: location 'sahel': no row for month 7" in said
        kelvin = months().replace("sahel,1,2", "sahel,1,28")
        assert "month 1: found 284" in (said := refused(tmp_path, table=kelvin))
        assert "looks like K" in said
        none = months().replace(" [mm month-1]", "")
        assert "say units: {precipitation: UNIT}" in refused(tmp_path, table=none)

    def test_words(self, tmp_path):
        said = refused(tmp_path, units={"rain": "mm d-1"}, variables={"gpp": "GPP"})
        assert "forcing.units.rain: no quantity 'rain'" in said
        said = refused(tmp_path, variables={"gpp": "GPP"})
        assert "forcing.months: no file has 'GPP'; say variables: {gpp: NAME}" in said


class TestUnits:
    @pytest.mark.parametrize(
        "unit", ["mm/mon", "mm month-1", "mm mo-1", "mm months-1", "kg m-2 month-1", "mm MONTH-1"]
    )
    def test_months_have_their_own_lengths(self, unit):
        found = _converted("precipitation", np.full((1, 12), 60.0), unit)
        np.testing.assert_allclose(found[0, :3], [60 / 31, 60 / 28, 60 / 31], rtol=1e-14)

    def test_months_of_other_quantities_have_them_too(self):
        found = _converted("gpp", np.full((1, 12), 28.0), "g C m-2 month-1")
        np.testing.assert_allclose(found[0, :2], [28 / 31, 1.0], rtol=1e-14)

    @pytest.mark.parametrize("unit", ["kg m-2 s-1", "kg H2O m-2 s-1", "mm s-1"])
    def test_precipitation_of_cmip(self, unit):
        found = _converted("precipitation", np.full((1, 12), 2.3e-5), unit)
        np.testing.assert_allclose(found, 2.3e-5 * 86400, rtol=1e-14)

    def test_centimetres_a_month(self):
        found = _converted("precipitation", np.full((1, 12), 6.0), "cm month-1")
        np.testing.assert_allclose(found[0, 1], 60 / 28, rtol=1e-14)

    @pytest.mark.parametrize("unit", ["mm", "m", "cm", "kg m-2"])
    def test_a_depth_of_no_time_is_refused(self, unit):
        with pytest.raises(ValueError, match="is not said to be of a month or a day"):
            _converted("precipitation", np.full((1, 12), 60.0), unit)

    def test_moles_are_refused_with_their_factor(self, tmp_path):
        said = refused(tmp_path, table=months().replace("[g C m-2 d-1]", "[umol m-2 s-1]"))
        assert "multiply by 1.2011e-05 and say 'g C m-2 s-1'" in said

    def test_the_file_and_the_scenario_must_agree(self, tmp_path):
        said = refused(tmp_path, units={"gpp": "kg C m-2 d-1"})
        assert "is in 'g C m-2 d-1' and the scenario says 'kg C m-2 d-1'; correct one" in said

    def test_sites_have_units_and_places_in_other_spellings(self, tmp_path):
        plain = read(tmp_path)
        sites = """location,Latitude,Long,pft,sand [%],clay,area [km2]
hurdal,60.4,11.0,1,50,20,4e4
sahel,14.0,5.0,9,60,20,5e4
"""
        found = read(tmp_path, sites=sites, units={"clay": "percent"})
        for name, values in plain.locations.columns.items():
            np.testing.assert_allclose(found.locations.columns[name], values, rtol=1e-12)
        for name, values in plain.drivers.items():
            np.testing.assert_allclose(found.drivers[name], values, rtol=1e-9, atol=1e-12)
