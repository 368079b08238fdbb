"""The netcdf reader over files: lists and patterns, members, large files, and runs of them."""

import json

import nc_files as nc
import netCDF4
import numpy as np
import pytest
import xarray as xr

import ensemble
import scenarios
from scenarios import ScenarioError, forcing
from scenarios.forcing import Made
from scenarios.forcing.netcdf_files import files, held, reading, taking

T = nc.need("t", "degC")
YEARS, DAYS = nc.need("t", "degC", "time"), nc.need("t", "degC", "date")


def refusal(folder, needs=(T,), **words):
    """Return what is said where files are refused."""
    with pytest.raises(ScenarioError) as error:
        nc.read_all(folder, list(needs), **words)
    return str(error.value)


def by_years(folder, freq="MS", first=2000, last=2003, **more):
    """Write a file a year; return the whole."""
    made = nc.with_time({"t": nc.changing(), **more}, "noleap", freq, first, last)
    for year in range(first, last + 1):
        at = [date.year == year for date in made["time"].values]
        made.isel(time=at).to_netcdf(folder / f"met_{year}.nc")
    return made


class TestSeveralFiles:
    def test_lists_patterns_and_years_are_one_series(self, tmp_path):
        made = by_years(tmp_path)
        made.to_netcdf(tmp_path / "whole.nc")
        whole = nc.read(tmp_path, [YEARS], "whole.nc", years=[2001, 2003])
        listed = [f"met_{year}.nc" for year in (2003, 2001, 2002)]
        for path in ("met_*.nc", "met_{year}.nc", listed):
            found = nc.read(tmp_path, [YEARS], path, years=[2001, 2003])
            np.testing.assert_array_equal(found.drivers["t"], whole.drivers["t"])
        assert [file["name"] for file in found.provenance["files"]] == listed
        assert all(len(file["sha256"]) == 64 for file in found.provenance["files"])

    def test_what_is_wrong_with_files_is_told_of_each(self, tmp_path):
        by_years(tmp_path)
        said = refusal(tmp_path, path="met_{year}.nc", years=[1999, 2003])
        assert "met_1999.nc: no such file; needed a NetCDF file" in said
        assert "forcing.path: 'met_{year}.nc' has {year}" in refusal(tmp_path, path="met_{year}.nc")
        assert "no file fits 'mat_*.nc'" in refusal(tmp_path, path="mat_*.nc")
        (tmp_path / "x.nc").write_text("no")
        said = refusal(tmp_path, path=["x.nc", "y.nc"])
        assert "x.nc: is not NetCDF" in said
        assert "y.nc: no such file" in said

    def test_a_date_of_two_files(self, tmp_path):
        by_years(tmp_path)
        (tmp_path / "again.nc").write_bytes((tmp_path / "met_2001.nc").read_bytes())
        said = refusal(tmp_path, [YEARS], path=["met_*.nc", "again.nc"])
        assert "2001-01 is followed by 2001-01; there twice" in said

    def test_a_year_without_its_file(self, tmp_path):
        by_years(tmp_path)
        (tmp_path / "met_2001.nc").unlink()
        said = refusal(tmp_path, [YEARS], path="met_*.nc")
        assert "2000-12 is followed by 2002-01; 12 missing" in said

    def test_two_files_of_one_name_are_told_apart(self, tmp_path):
        for seed, name in enumerate(("a.nc", "b.nc")):
            xr.Dataset({"x": nc.grid(nc.cells(seed))}).to_netcdf(tmp_path / name)
        variables = {"t": "x"}
        said = refusal(tmp_path, path=["a.nc", "b.nc"], variables=variables)
        assert "is in a.nc and b.nc, without dates that would tell them apart" in said
        needs = [T, nc.need("u", "degC")]
        variables = {"t": {"file": "b.nc", "variable": "x"}, "u": {"file": "a.nc", "variable": "x"}}
        found = nc.read(tmp_path, needs, "", variables=variables)
        np.testing.assert_array_equal(found.drivers["t"], nc.cells(1).reshape(-1))
        np.testing.assert_array_equal(found.drivers["u"], nc.cells(0).reshape(-1))

    def test_calendars_and_units_of_one_variable(self, tmp_path):
        nc.with_time({"t": nc.changing()}, last=2000).to_netcdf(tmp_path / "a.nc")
        other = nc.with_time({"t": nc.changing("K")}, "standard", first=2001, last=2001)
        other.to_netcdf(tmp_path / "b.nc")
        said = refusal(tmp_path, [YEARS], path=["a.nc", "b.nc"])
        assert "has unit 'K' and 'degC' in its files; needed one unit" in said

    def test_files_that_a_scenario_names(self):
        spec = forcing.get("netcdf").model_validate({
            "reader": "netcdf",
            "path": ["a.nc", "b_*.nc"],
            "variables": {"x": {"file": "c.nc"}},
            "members": {"m": {"path": "d.nc"}},
        })  # fmt: skip
        assert spec.files() == ["a.nc", "b_*.nc", "c.nc", "d.nc"]

    def test_no_file_is_named(self):
        with pytest.raises(ValueError, match="names no file"):
            forcing.get("netcdf").model_validate({"reader": "netcdf"})


class TestMembers:
    def test_members_stand_at_the_places_that_all_have(self, tmp_path):
        for seed, name in enumerate("ab"):
            values = nc.cells(seed)
            values[seed, seed] = np.nan
            made = nc.grid(values, "degC" if seed else "K")
            xr.Dataset({"t" if seed else "tsl": made}).to_netcdf(tmp_path / f"{name}.nc")
        one, other = nc.read_all(
            tmp_path, [T], members={"A": {"path": "a.nc", "variables": {"t": "tsl"}},
                                    "B": {"path": "b.nc"}},
        )  # fmt: skip
        assert (one.name, other.name) == ("A", "B")
        assert one.locations.names == other.locations.names
        kept = [i for i in range(12) if i not in (0, 5)]
        np.testing.assert_allclose(one.drivers["t"], nc.cells(0).reshape(-1)[kept] - 273.15)
        np.testing.assert_array_equal(other.drivers["t"], nc.cells(1).reshape(-1)[kept])
        for found in (one, other):
            assert found.provenance["places_left_out"]["not in every member"] == 1

    def test_members_on_unlike_grids_are_refused(self, tmp_path):
        xr.Dataset({"t": nc.grid(nc.cells())}).to_netcdf(tmp_path / "a.nc")
        xr.Dataset({"t": nc.grid(nc.cells(), lat=nc.LAT + 1)}).to_netcdf(tmp_path / "b.nc")
        said = refusal(tmp_path, members={"A": {"path": "a.nc"}, "B": {"path": "b.nc"}})
        assert "members share no place" in said
        assert "A has 3 x 4 cells, latitudes 50 to 54 by 2" in said

    def test_the_place_of_a_fault_names_the_member(self, tmp_path):
        xr.Dataset({"t": nc.grid(nc.cells())}).to_netcdf(tmp_path / "a.nc")
        said = refusal(tmp_path, members={"A": {"path": "a.nc", "values": {"q": 1}}})
        assert "forcing.members.A.values.q: the kernel has no driver 'q'" in said


@pytest.fixture
def large(monkeypatch):
    """Let every file be large, and slabs be of few steps."""

    def switch():
        for module in (files, reading):
            monkeypatch.setattr(module, "FEW_BYTES", 0)
        for module in (held, taking):
            monkeypatch.setattr(module, "SLAB_BYTES", 8 * 12 * 5)

    return switch


class TestLarge:
    def both(self, folder, large, needs, **words):
        """Return what is read at once, and what is read when it is taken."""
        at_once = nc.read(folder, needs, "met_*.nc", **words)
        large()
        return at_once, nc.read(folder, needs, "met_*.nc", **words)

    @pytest.mark.parametrize("need", [YEARS, DAYS])
    def test_the_same_bits_when_taken(self, need, tmp_path, large):
        by_years(tmp_path, "D", last=2001)
        at_once, later = self.both(tmp_path, large, [need, nc.need("mean", "degC")],
                                   variables={"mean": "t"})  # fmt: skip
        assert isinstance(later.drivers["t"], Made)
        assert not isinstance(at_once.drivers["t"], Made)
        assert later.drivers["t"].shape == at_once.drivers["t"].shape
        np.testing.assert_array_equal(np.asarray(later.drivers["t"]), at_once.drivers["t"])
        np.testing.assert_array_equal(later.drivers["t"][[3, 5]], at_once.drivers["t"][[3, 5]])
        np.testing.assert_allclose(later.drivers["mean"], at_once.drivers["mean"], rtol=1e-13)
        assert json.loads(later.recipe)[2][0]["changed"]
        assert "sha256" not in later.provenance["files"][0]

    def test_a_plan_looks_at_few_steps(self, tmp_path, large, monkeypatch):
        by_years(tmp_path, "D", last=2001)
        large()
        seen = []
        real = held.numbers
        monkeypatch.setattr(
            held, "numbers", lambda v, key=...: seen.append(key) or real(v, key=key)
        )
        nc.read(tmp_path, [DAYS], "met_*.nc")
        assert len(seen) == reading.LOOKED_AT

    def test_gaps_that_no_plan_looked_at_are_told_when_they_are_read(self, tmp_path, large):
        by_years(tmp_path, "D", last=2001)
        with netCDF4.Dataset(tmp_path / "met_2001.nc", "a") as file:
            file["t"][7, 1, 2] = -9999.0
        large()
        found = nc.read(tmp_path, [DAYS], "met_*.nc")
        with pytest.raises(ScenarioError, match="is missing at 1 of the 12 places") as error:
            np.asarray(found.drivers["t"])
        assert "52N_8E (1 of 730 values)" in str(error.value)


SCENARIO = """
version: 1
name: cells
title: Cells of a file
kernel: {kernel}
forcing:
{forcing}
design: {{method: monte_carlo, n: 4, parameters: {{{parameter}}}}}
seed: 1
outputs: {{{output}: all}}
"""


def written(folder, name, **made):
    """Write variables of a month each for a kernel of soil."""
    ones = np.ones((3, 4))
    data = nc.with_time({"npp": nc.changing("g C m-2 yr-1"), "tsl": nc.changing("degC", 1)})
    data["npp"] = data["npp"] * 50
    data["npp"].attrs["units"] = "g C m-2 yr-1"
    data["clay"] = nc.grid(ones * 20, "percent")
    xr.Dataset({**data, **made}).to_netcdf(folder / name)
    return data


class TestRuns:
    def scenario(self, folder, forcing_text, **words):
        words = {
            "kernel": "mimics", "parameter": "aV: {uniform: [7.0e-6, 9.0e-6]}",
            "output": "soc_stock", **words,
        }  # fmt: skip
        text = SCENARIO.format(forcing=forcing_text, **words)
        (folder / "s.yaml").write_text(text)
        return scenarios.load(folder / "s.yaml")

    FORCING = """
      reader: netcdf
      path: f.nc
      variables: {litter_input: npp, annual_npp: npp, soil_temperature: tsl}
      values: {lignin_n: 20, depth: 100, landfrac: 1}
"""

    def test_a_kernel_runs_on_cells(self, tmp_path):
        written(tmp_path, "f.nc")
        scenario = self.scenario(tmp_path, self.FORCING)
        outcome = ensemble.run(ensemble.plan(scenario, store=str(tmp_path / "r.zarr")))
        assert outcome.members == {0: 48}
        run = ensemble.open_run(str(tmp_path / "r.zarr"))
        assert run["soc_stock"].shape == (1, 12, 4)
        assert np.isfinite(run["soc_stock"].values).all()
        assert run["lat"].values[:2].tolist() == [50.0, 50.0]

    def test_forcings_of_unlike_places_are_refused(self, tmp_path):
        written(tmp_path, "f.nc")
        other = written(tmp_path, "g.nc")
        other.isel(lat=[1, 2]).to_netcdf(tmp_path / "g.nc")
        one = self.FORCING.strip().replace("\n      ", "\n    ")
        other = one.replace("f.nc", "g.nc").replace("path", "name: g\n    path")
        listed = f"  - {one}\n  - {other}\n"
        with pytest.raises(
            ScenarioError,
            match="'g' and 'netcdf' have different locations: 8 in both, 4 that 'netcdf' alone has",
        ):
            ensemble.plan(self.scenario(tmp_path, listed), store=str(tmp_path / "r.zarr"))
