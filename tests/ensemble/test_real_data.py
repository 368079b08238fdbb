"""A run on real data by one option: what is shown, and what a store knows of it by itself."""

import csv
import json
import os
import subprocess

import farming
import numpy as np
import pytest
import xarray as xr
from commandline import PROGRAM, soilsweep, tree
from support import DATA, needs_data
from waiting import wait_for

import ensemble
import scenarios
from ensemble.store.reading import read as read_store

TEXT = """
version: 1
name: faces
kernel: two_box
forcing: {reader: synthetic_models, n: 2, steady_year: true}
design:
  method: morris
  trajectories: 4
  parameters: {tau_veg_obs: {uniform: [6, 15]}, tau_soil_obs: {uniform: [20, 60]}}
seed: 3
block: {sample: 6}
outputs: {c_soil: {all: year}}
responses:
  d_total: {output: c_total, change: [1901, 1908]}
statistics:
  d_total: [mean, mu_star, mu_star_conf]
execution: {backend: local}

with_data:
  forcing:
    reader: annual_table
    path: models/annual.csv
    units: {NPP: Pg C yr-1, Rh: Pg C yr-1, cVeg: Pg C, cSoil: Pg C}
"""
STORE = "runs/faces-data.zarr"


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Stand in a folder with a scenario, and a small data folder beside it."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SOILSWEEP_DATA", raising=False)
    (tmp_path / "faces.yaml").write_text(TEXT)
    models = tmp_path / "real" / "models"
    models.mkdir(parents=True)
    with (models / "annual.csv").open("w", newline="") as file:
        table = csv.writer(file)
        table.writerow(["year", "model", "NPP", "Rh", "cVeg", "cSoil"])
        for year in range(1900, 2019):
            k = year - 1900
            grown = (50 + 0.1 * k, 48 + 0.1 * k, 450 + k, 1500 + 0.9 * k)
            table.writerow([year, "MEASURED", *(f"{value:.6f}" for value in grown)])
    return tmp_path


def test_what_is_shown_says_real_or_synthetic(here):
    plain = soilsweep("run", "faces.yaml")
    real = soilsweep("run", "faces.yaml", "--data", "real")
    assert (plain.code, real.code) == (0, 0), plain.err + real.err
    assert "real data" not in plain.out
    assert "real data" in real.out
    assert "synthetic" in plain.out.lower()
    assert "synthetic" not in real.out.lower()
    for path, kind in (("runs/faces.zarr", "synthetic"), (STORE, "real")):
        assert read_store(path).attrs["data"] == kind
        status = json.loads(soilsweep("status", path, "--json").out)
        assert (status["data"], bool(status["synthetic"])) == (kind, kind == "synthetic")
        lines = map(str.split, soilsweep("status", path).out.splitlines())
        assert ["data", kind] in lines
        soilsweep("report", path, "-o", "page.html")
        assert ("Real data." in (here / "page.html").read_text()) == (kind == "real")
    for option, kind in ((), "synthetic"), (("--data", "real"), "real"):
        planned = json.loads(soilsweep("plan", "faces.yaml", *option, "--json").out)
        assert planned["data"] == kind
        ran = json.loads(soilsweep("run", "faces.yaml", *option, "--json").out)
        assert (ran["data"], ran["ran"]) == (kind, 0)
    found = xr.open_datatree(STORE, engine="zarr")
    assert list(found["forcing"].values) == ["MEASURED"]


def test_the_option_alone_takes_the_folder_of_the_variable(here, monkeypatch):
    missing = soilsweep("plan", "faces.yaml", "--data")
    assert (missing.code, missing.out) == (2, "")
    assert "say --data FOLDER, or set SOILSWEEP_DATA" in missing.err
    monkeypatch.setenv("SOILSWEEP_DATA", "real")
    for words in (["--data"], ["--data", "--json"], ["--data="], ["--data", "./real"]):
        planned = soilsweep("plan", "faces.yaml", *words)
        assert planned.code == 0, planned.err
        assert STORE in planned.out
    assert STORE not in soilsweep("plan", "faces.yaml").out
    assert soilsweep("validate", "faces.yaml", "--data").code == 0


def test_a_scenario_behind_the_option_alone_is_no_folder(here, monkeypatch):
    missing = soilsweep("plan", "--data", "faces.yaml")
    assert "say --data FOLDER, or set SOILSWEEP_DATA" in missing.err
    monkeypatch.setenv("SOILSWEEP_DATA", "real")
    expected = soilsweep("plan", "faces.yaml", "--data").out
    assert STORE in expected
    for words in (["--data", "faces.yaml"], ["--set", "seed=7", "--data", "faces.yaml"]):
        planned = soilsweep("plan", *words)
        assert (planned.code, planned.out) == (0, expected), planned.err
    for command in ("validate", "run"):
        assert soilsweep(command, "--data", "faces.yaml").code == 0
    # Of two words the first is the folder, and a folder is no scenario.
    both = soilsweep("plan", "--data", "faces.yaml", "tau-constraint")
    assert (both.code, both.out) == (2, "")
    assert "'faces.yaml' is no folder" in both.err
    assert "faces.yaml is a scenario: put --data behind it, or say --data=FOLDER" in both.err
    other = soilsweep("plan", "--data", "nowhere", "faces.yaml")
    assert "is a scenario" not in other.err
    assert "Missing argument 'SCENARIO'" in soilsweep("plan", "--data", "real").err


def test_every_command_tells_programs_whether_data_are_real(here):
    for path, option in (("runs/faces.zarr", ()), (STORE, ("--data", "real"))):
        assert soilsweep("run", "faces.yaml", *option, "-q").code == 0
        kind = "real" if option else "synthetic"
        said = [
            soilsweep("run", "faces.yaml", *option, "--json"),
            soilsweep("plan", "faces.yaml", *option, "--json"),
            soilsweep("status", path, "--json"),
            soilsweep("verify", path, "--json"),
            soilsweep("replay", path, "0/global/2", "--json"),
            soilsweep("extend", path, "--until", "1e9", "--json"),
        ]
        found = [json.loads(one.out) for one in said]
        found += json.loads(soilsweep("analyze", path, "--json").out)
        assert {(one["data"], bool(one["synthetic"])) for one in found} == {(kind, not option)}


def test_a_store_knows_its_data_without_the_folder(here, monkeypatch):
    """Verify, replay, extend and workers use the store alone; the folder is gone by then."""
    run = soilsweep("run", "faces.yaml", "--data", "real", "--set", "design.trajectories=5")
    assert run.code == 0, run.err
    with monkeypatch.context() as patch:
        # As on a host without SLURM: one that has its commands may have no controller.
        patch.setenv("PATH", str(here))
        words = ("submit", "faces.yaml", "--data", "real", "--store", "jobs.zarr")
        emitted = soilsweep(*words, "--emit-script")
    assert emitted.code == 0, emitted.err
    assert "jobs.zarr" in emitted.out
    (here / "real").rename(here / "elsewhere")
    (here / "faces.yaml").rename(here / "gone.yaml")
    worker = [*PROGRAM, "worker", "jobs.zarr", "--workers", "1"]
    assert subprocess.run(worker, env=farming.environment(), capture_output=True).returncode == 0
    assert soilsweep("verify", STORE, "--rerun", "3").code == 0
    replayed = soilsweep("replay", STORE, "MEASURED/global/2")
    assert replayed.code == 0
    assert "match the store bit for bit" in replayed.out
    extended = soilsweep("extend", STORE, "--until", "1e-9", "--most", "7")
    assert extended.code == 3, extended.err
    attrs = read_store(STORE).attrs
    assert (attrs["data"], attrs["with_data"]) == ("real", ["forcing"])
    assert attrs["identity"]["scenario"]["design"]["trajectories"] == 7
    (here / "elsewhere").rename(here / "moved")
    (here / "gone.yaml").rename(here / "faces.yaml")
    again = ["run", "faces.yaml", "--data", "moved", "--set", "design.trajectories=7"]
    assert json.loads(soilsweep(*again, "--json").out)["ran"] == 0


ELSEWHERE = {
    "dask": ("run", "faces.yaml", "--set", "execution={backend: dask, workers: 2}", "-q"),
    "mpi": ("run", "faces.yaml", "--set", "execution.backend=mpi", "-q"),
    "slurm": ("run", "faces.yaml", "-q", "--set", "execution={backend: slurm, jobs: 2, "
              "memory: 1GiB, time: 10, interface: lo}"),
}  # fmt: skip
"""What runs blocks in other processes, whose folder, home and environment may be others."""


def on_real_data(here, way, store):
    """Run it on a folder that is named from here, and return the digest of its store."""
    words = [*ELSEWHERE[way], "--data", "real", "--store", store]
    program = farming.mpiexec(2, *words) if way == "mpi" else farming.command(*words)
    code, _, err = farming.finish(program)
    assert code == 0, err
    assert read_store(here / store).attrs["data"] == "real"
    return farming.digest(here / store)


@pytest.mark.parametrize(
    "way",
    [pytest.param("mpi", marks=farming.needs_mpi), pytest.param("dask", marks=pytest.mark.slow)],
)
def test_a_run_on_real_data_is_the_same_on_every_backend(here, way):
    assert soilsweep("run", "faces.yaml", "--data", "real", "-q").code == 0
    assert on_real_data(here, way, "other.zarr") == farming.digest(STORE)


@pytest.mark.slurm
def test_jobs_of_a_run_on_real_data_need_no_folder_of_it(on_cluster, here):
    assert soilsweep("run", "faces.yaml", "--data", "real", "-q").code == 0
    assert on_real_data(here, "slurm", "dask.zarr") == farming.digest(STORE)
    settings = ("execution.memory=1GiB", "execution.time=10", "execution.jobs=2")
    words = [word for setting in settings for word in ("--set", setting)]
    asked = ["submit", "faces.yaml", "--data", "real", "--store", "jobs.zarr", "--json", *words]
    code, out, err = farming.call(*asked)
    # Whether or not a job has begun: workers have the store alone.
    (here / "real").rename(here / "elsewhere")
    assert code == 0, err
    assert json.loads(out)["data"] == "real"

    def done():
        return json.loads(soilsweep("status", "jobs.zarr", "--json").out)["complete"]

    wait_for(done, "the jobs are done", 60)
    assert farming.digest("jobs.zarr") == farming.digest(STORE)


def test_a_run_of_the_other_face_changes_nothing_and_says_which_it_is(here):
    for first, other, advice in (
        (["--data", "real"], [], "(with --data)"),
        ([], ["--data", "real"], "(without --data)"),
    ):
        store = f"store{len(first)}.zarr"
        assert soilsweep("run", "faces.yaml", *first, "--store", store).code == 0
        before = tree(here / store)
        for more in ([], ["--accept-changes", "other data"]):
            refused = soilsweep("run", "faces.yaml", *other, "--store", store, *more)
            assert refused.code == 2
            assert more or advice in refused.err
            assert tree(here / store) == before


def test_a_change_of_words_is_accepted_on_real_data(here):
    words = ("run", "faces.yaml", "--data", "real")
    assert soilsweep(*words).code == 0
    more = ("--set", "statistics.d_total=[mean, mu_star, mu_star_conf, std]")
    assert soilsweep(*words, *more).code == 2
    accepted = soilsweep(*words, *more, "--accept-changes", "spread as well")
    assert accepted.code == 0, accepted.err
    attrs = read_store(STORE).attrs
    assert (attrs["data"], attrs["with_data"]) == ("real", ["forcing"])
    assert "d_total_std" in xr.open_datatree(STORE, engine="zarr")["statistics"]


def test_a_longer_design_of_real_data_is_told_in_the_text_of_its_store(here):
    text = TEXT.replace("with_data:", "with_data:\n  design: {method: morris, trajectories: 3}")
    text = text.replace("trajectories: 3", "trajectories: 3, parameters: all")
    (here / "faces.yaml").write_text(text)
    assert soilsweep("run", "faces.yaml", "--data", "real").code == 0
    assert soilsweep("extend", STORE, "--until", "1e-9", "--most", "6").code == 3
    # The design of that name in the text is the other face's, and stays as it is written.
    told = read_store(STORE).attrs["scenario"]
    assert told.startswith("# with --set design.trajectories=6")
    assert told.endswith(text)


def test_missing_files_are_told_at_once_and_nothing_is_written(here):
    for command in (("plan",), ("run",), ("submit", "--emit-script")):
        refused = soilsweep(*command, "wang2021-morris", "--data", "real")
        assert refused.code == 2
        assert refused.err.count("is missing; put it there (published: ") >= 10
        assert "radiocarbon/soil_profiles.csv" in refused.err
        assert "testbed/params/pftlookup_igbp_updated4.csv" in refused.err
    assert not os.path.exists("runs")


@needs_data
@pytest.mark.parametrize(
    ("name", "forcings", "places"),
    [
        ("tau-constraint", ("VISIT", "JULES-ES-1p0"), 1),
        ("turnover-screening", ("VISIT", "JULES-ES-1p0"), 1),
        ("wang2021-morris", ("soil_profiles",), 83),
        ("mimics-one-at-a-time", ("soil_profiles",), 83),
        ("wang2021-fig8", ("soil_profiles",), 83),
        ("jian2021-parameters", ("clm45_cruncep",), 2843),
    ],
)
def test_shipped_scenarios_are_planned_on_the_real_files(name, forcings, places):
    planned = ensemble.plan(scenarios.load(name, data=DATA))
    assert planned.experiment.forcings == forcings
    assert len(planned.experiment.locations.names) == places
    assert planned.experiment.synthetic == ""
    assert str(planned.path) == f"runs/{name}-data.zarr"


@needs_data
def test_the_sink_of_real_models_is_that_of_the_same_forcing_written_out(tmp_path):
    few, units = "design.cross.0.n=5", "{NPP: Pg C yr-1, Rh: Pg C yr-1, cVeg: Pg C, cSoil: Pg C}"
    table = f"{DATA.absolute()}/trendy_v9_s2/annual_global.csv"
    forcing = f"forcing={{reader: annual_table, path: '{table}', units: {units}}}"
    found = {}
    for name, option in (("real", {"data": DATA}), ("written", {})):
        settings = [few] if option else [few, forcing]
        planned = ensemble.plan(
            scenarios.load("tau-constraint", settings=settings, **option), store=tmp_path / name
        )
        ensemble.run(planned)
        found[name] = xr.open_datatree(tmp_path / name, engine="zarr")["c_total_change"].values
    assert found["real"].shape[0] == 2
    np.testing.assert_array_equal(found["real"], found["written"])
