"""The testbed as an ensemble: RF-1, the archive and the shipped scenarios, from words to store."""

import csv
from math import log
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from scipy.stats import linregress, spearmanr
from support import DATA, needs_data, run

import ensemble
import scenarios
from ensemble.analysis.shares import analyse
from ensemble.store.reading import read
from ensemble.tables.indices import output_tables
from kernels.casa.shared.equations import activity, log_dry, log_wet, tens_above

TABLES = Path(__file__).parents[1] / "testbed"
SITES, YEARS = "ABCDEFG", (1901, 1910, 2000)

CASA = {
    **{"leaf": "c_leaf", "wood": "c_wood", "froot": "c_froot"},
    **{n: f"casa_{n}" for n in ("met", "str", "cwd", "fast", "slow", "pass")},
}
MIMICS = ("lit_m", "lit_s", "mic_r", "mic_k", "som_a", "som_c", "som_p")


def table(name):
    """Return the rows at the end of a year, by site and year."""
    with open(TABLES / f"{name}.csv", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row.get("day", "365") == "365"]
    return [(SITES.index(row["site"]), int(row["year"]), row) for row in rows]


@pytest.fixture(scope="module")
def rf1(tmp_path_factory):
    folder = tmp_path_factory.mktemp("rf1")
    run(folder, text=(TABLES / "rf1.yaml").read_text())
    return xr.open_zarr(folder / "run.zarr").isel(forcing=0, sample=0).load()


def at(store, name, site, year):
    """Return an output at the end of year 1, 10 or 100, whatever else it has."""
    values = store[name].isel(location=site)
    return values.isel({f"{name}_year": YEARS.index(1900 + year)})


class TestRF1:
    def test_vegetation_and_casa(self, rf1):
        for site, year, row in table("casa_rf1_pools"):
            for column, name in CASA.items():
                found = at(rf1, name, site, year).item()
                assert found == pytest.approx(float(row[column]), rel=1e-8), (name, site, year)

    def test_annual_sums(self, rf1):
        for site, year, row in table("casa_rf1_years"):
            assert at(rf1, "npp", site, year).item() == pytest.approx(float(row["npp"]), rel=1e-8)
            assert at(rf1, "ra", site, year).item() == pytest.approx(float(row["ra"]), rel=1e-8)
            assert at(rf1, "lai", site, year).item() == pytest.approx(float(row["lai"]), rel=1e-8)
            rh = at(rf1, "rh", site, year).sel(model="casa_cnp").item()
            assert rh == pytest.approx(float(row["rh"]), rel=1e-8)

    def test_mimics(self, rf1):
        for site, year, row in table("mimics_rf1_pools"):
            for name in MIMICS:
                found = at(rf1, name, site, year).item()
                assert found == pytest.approx(float(row[name]), rel=1e-8), (name, site, year)

    def test_corpse(self, rf1):
        species = ("labile", "recalc", "necro")
        columns = [f"{kind}_{one}" for kind in "cp" for one in species] + ["microbes"]
        for site, year, row in table("corpse_rf1_2017"):
            pools = at(rf1, "corpse_pools", site, year).values
            own = pools[:7] if row["cohort"] == "rhiz" else pools[7:]
            needed = [1000 * float(row[column]) for column in columns]
            np.testing.assert_allclose(own, needed, rtol=1e-8, err_msg=f"{site}, {year}")

    def test_respiration_of_corpse(self, rf1):
        for site, year, row in table("corpse_rf1_annual"):
            rh = at(rf1, "rh", site, year).sel(model="corpse").item()
            assert rh == pytest.approx(float(row["rh"]), rel=1e-8)


ARCHIVE = DATA / "testbed" / "clm45_cruncep"
MEANS = f"""
version: 1
name: means
kernel: {{chain: [{{models: [casa_cnp, mimics_testbed, corpse]}}], drivers: mean}}
forcing:
  reader: testbed_means
  name: clm45_cruncep
  path: {ARCHIVE}/drivers_mean_2000_2010.nc
  grid: {ARCHIVE}/gridinfo_igbpz.csv.gz
  soil: {ARCHIVE}/gridinfo_soil_clm2.csv.gz
design: {{method: grid, parameters: {{q10: [1.72, 1.8]}}}}
outputs:
  {{rh: all, litter_input: all, casa_met: all, casa_str: all, casa_cwd: all, casa_fast: all,
  casa_slow: all, casa_pass: all}}
aggregates: {{rh: [global], soil_litter_carbon: [global]}}
precision: float64
"""

# Median of ours over theirs, and rank correlation: what a mean of drivers leaves of a year's
# course, and of a run that was not at rest.
NEAR = {
    "casa_met": ("clitmetb", 1.01, 0.98),
    "casa_str": ("clitstr", 1.05, 0.98),
    "casa_cwd": ("clitcwd", 1.05, 0.98),
    "casa_fast": ("csoilmic", 1.05, 0.98),
    "casa_slow": ("csoilslow", 1.09, 0.98),
    "casa_pass": ("csoilpass", 1.12, 0.96),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    folder = tmp_path_factory.mktemp("means")
    _, outcome = run(folder, text=MEANS)
    assert outcome.failed == 0
    with xr.open_datatree(folder / "run.zarr", engine="zarr") as tree:
        return tree.load()


@pytest.fixture(scope="module")
def theirs(store):
    """Return the archived output of the store's cells; cells are numbered along meridians."""
    at = store["location"].values.astype(int) - 1
    path = ARCHIVE / "casa_cnp_output_mean_2000_2010.nc"
    with xr.open_dataset(path, decode_times=False) as data:
        two = (v for v in data.data_vars if data[v].squeeze().ndim == 2)
        return {v: data[v].squeeze().values.astype(np.float64).T.reshape(-1)[at] for v in two}


@needs_data
class TestArchive:
    """Steady states at the real mean drivers of 2000-2010, beside the archived CASA run.

    That run is a transient under daily drivers. Its litter is ours, so its respiration is that
    of a steady state but for what its pools still gain; pools differ by the covariance of
    litter, temperature and water within the year, which a mean cannot have.
    """

    def test_what_falls_is_respired(self, store):
        rh, fallen = (store[name].isel(sample=0).values for name in ("rh", "litter_input"))
        np.testing.assert_allclose(rh, fallen, rtol=1e-12)

    def test_respiration_is_that_of_the_archive(self, store, theirs):
        ours = store["rh"].isel(forcing=0, sample=0).sel(model="casa_cnp").values
        archived = 365 * theirs["cresp"]
        assert spearmanr(ours, archived).statistic > 0.999
        assert linregress(ours, archived).slope == pytest.approx(0.996, abs=2e-3)
        total = store["aggregates/rh_global"].isel(forcing=0, sample=0).values
        np.testing.assert_allclose(total, 54.51, atol=0.005)
        assert (archived * store["area"].values).sum() / 1e15 == pytest.approx(54.27, abs=0.01)

    def test_scalars_follow_from_their_formulas(self, store, theirs):
        """The archive holds means of daily scalars: fT is convex, so that of a mean is less."""
        warm, wet, pft = (
            store[name].isel(forcing=0).values
            for name in ("drivers/soil_temperature", "drivers/theta_l", "drivers/pft")
        )
        ratio = theirs["fT"] / [activity(log(1.72), 0, 0, tens_above(t), 0, 0) for t in warm]
        assert ratio.min() > 1 - 1e-6
        assert np.median(ratio) == pytest.approx(1.053, abs=2e-3)
        crops = np.isin(pft, [12, 14])
        found = [activity(0, 6.6481, 3.22, 0, log_wet(w), log_dry(w)) for w in wet]
        np.testing.assert_array_equal(theirs["fW"][crops], 1.0)
        ratio = theirs["fW"][~crops] / np.array(found)[~crops]
        assert np.median(ratio) == pytest.approx(0.98, abs=5e-3)
        assert np.corrcoef(theirs["fW"][~crops], np.array(found)[~crops])[0, 1] > 0.99

    def test_pools_are_like_those_of_the_archive(self, store, theirs):
        for name, (other, median, alike) in NEAR.items():
            ours = store[name].isel(forcing=0, sample=0).values
            archived = theirs[other]
            some = (ours > 1e-3) & (archived > 1e-3)
            assert np.median(ours[some] / archived[some]) == pytest.approx(median, abs=0.03), name
            assert spearmanr(ours[some], archived[some]).statistic > alike, name


class TestShipped:
    def shipped(self, tmp_path, name, *settings):
        planned = ensemble.plan(scenarios.load(name, settings=settings), store=tmp_path / "s.zarr")
        outcome = ensemble.run(planned)
        assert outcome.failed == 0
        with xr.open_datatree(tmp_path / "s.zarr", engine="zarr") as tree:
            return tree.load()

    def test_parameters(self, tmp_path):
        words = ("forcing.cells=12", "design.n=8")
        tree = self.shipped(tmp_path, "jian2021-parameters", *words)
        carbon = tree["soil_litter_carbon"].astype(np.float64)
        total = (carbon * tree["area"]).sum("location") / 1e15
        found = tree["aggregates/soil_litter_carbon_global"]
        total = total.transpose(*found.dims).drop_vars("realization")
        xr.testing.assert_allclose(found, total, rtol=1e-6)
        assert list(tree["model"].values) == ["casa_cnp", "mimics_testbed", "corpse"]
        assert tree.attrs["synthetic"].startswith("synthetic testbed forcings")
        # What falls is respired, whatever the parameters.
        rh = tree["aggregates/rh_global"]
        np.testing.assert_allclose(
            rh, rh.isel(model=[0]).isel(sample=[0]).values * np.ones(rh.shape), rtol=1e-12
        )

    def test_parameters_have_a_table_for_each_model(self, tmp_path):
        self.shipped(tmp_path, "jian2021-parameters", "forcing.cells=3", "design.n=60")
        store = read(tmp_path / "s.zarr")
        analysis, _ = analyse(store)
        tables = {t.title: t for t in output_tables(store, analysis)}
        varied = scenarios.load("jian2021-parameters").design.names()
        assert len(varied) == 18
        for output in ("soil_litter_carbon", "turnover"):
            for place, model in enumerate(("casa_cnp", "mimics_testbed", "corpse")):
                table = tables[f"sensitivity of {output}, {model}, means over its cells"]
                assert [row[1] for row in table.rows[:19]] == [*varied, "dummy"]
                found = analysis[f"sensitivity/{output}_SRC"][1]
                mean = found[0, :, place].mean(axis=0)
                column = table.header.index("SRC")
                shown = [float(row[column].split()[0]) for row in table.rows[:19]]
                # Tables round to the digits that the interval leaves.
                np.testing.assert_allclose(shown, mean, atol=6e-3)
        # What one model alone reads is noise to the others.
        q10 = analysis["sensitivity/soil_litter_carbon_SRC"][1][0, :, :, 0].mean(axis=0)
        assert abs(q10[0]) > 0.4
        assert abs(q10[2]) < 0.2

    def test_forcing(self, tmp_path):
        words = (
            "forcing={reader: synthetic_testbed, cells: 3, years: [1901, 1906], trend: {gpp: 0.3}}",
            "design.cross.0.n=3",
            "kernel.cycle=2",
            "outputs={rh: all, npp: all, nee: all, soil_litter_carbon: all}",
            "responses={}",
            "statistics={}",
            "precision=float64",
        )
        tree = self.shipped(tmp_path, "jian2021-forcing", *words)
        rh, npp, nee = (tree[n].transpose(..., "model", "time", "sample", missing_dims="ignore")
                        for n in ("rh", "npp", "nee"))  # fmt: skip
        np.testing.assert_array_equal(nee.values, (rh - npp).transpose(*nee.dims).values)
        # From the periodic state the years that repeat lose nothing; from more carbon they do.
        factor = tree["initial_carbon_factor"].values
        as_found, more = factor == 1.0, factor == 1.2
        over_cycle = nee.isel(time=slice(0, 2)).sum("time") / npp.isel(time=slice(0, 2)).sum("time")
        assert (abs(over_cycle.isel(sample=as_found)) < 1e-4).all()
        assert (over_cycle.isel(sample=more) > 1e-3).all()
        assert read(tmp_path / "s.zarr").attrs["synthetic"]

    def test_shares_of_respiration_by_year_are_above_zero_and_add_to_one(self, tmp_path):
        words = (
            "forcing={reader: synthetic_testbed, cells: 3, years: [1901, 1906], trend: {gpp: 0.3}}",
            "design.cross.0.n=3",
            "kernel.cycle=2",
            "outputs={rh: all}",
            "responses={}",
            "statistics={}",
        )
        self.shipped(tmp_path, "jian2021-forcing", *words)
        _, parts = analyse(read(tmp_path / "s.zarr"))
        varied = scenarios.load("jian2021-forcing").design.cross[0].names()
        factors = ["model", "forcing", "+".join(varied), "initial_carbon_factor"]
        assert [str(name) for name in parts["variance/term_model"][1]][:4] == factors
        for target in ("rh_global", "nee_global", "soil_litter_carbon_global",
                       "turnover_global_mean"):  # fmt: skip
            by_year = parts[f"variance/aggregates/{target}_share"][1]
            assert by_year.shape == (6, 15), target
            np.testing.assert_allclose(by_year.sum(axis=1), 1.0, rtol=0, atol=1e-12)
            assert (by_year[:, :4] > 1e-9).all(), target
