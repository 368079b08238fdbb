"""Compiled kernels for jobs: where they are kept, who may write there, and `soilsweep warm`."""

import os
import stat
import subprocess
from pathlib import Path

import pytest
from commandline import PROGRAM, soilsweep

from ensemble.errors import PlanError
from ensemble.farming import caching
from slurm.resources import Resources

STORE = Path("/data/runs/x.zarr")


def test_a_scenario_says_where_else_the_environment_else_it_is_beside_the_store(monkeypatch):
    monkeypatch.delenv(caching.VARIABLE, raising=False)

    def folder(cache=""):
        return caching.with_cache(Resources(cache=cache), Path("/data/mine"), STORE).cache

    assert folder() == f"/data/runs/.numba-{os.getuid()}"
    monkeypatch.setenv(caching.VARIABLE, "/scratch/numba")
    assert folder() == "/scratch/numba"
    assert folder("compiled") == "/data/mine/compiled"
    assert folder("$NUMBA_CACHE_DIR/x") == "/scratch/numba/x"


def test_it_is_its_owners_alone(tmp_path):
    caching.make(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a" / "b").stat().st_mode) == 0o700
    caching.make(tmp_path / "a" / "b")
    (tmp_path / "a" / "b").chmod(0o777)
    with pytest.raises(PlanError, match="others may write there; name a folder of your own"):
        caching.make(tmp_path / "a" / "b")


def warmed(folder, *arguments):
    environment = {n: v for n, v in os.environ.items() if n != caching.VARIABLE}
    command = [*PROGRAM, "warm", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment)


@pytest.mark.slow
def test_warm_compiles_into_the_folder_that_jobs_use(tmp_path):
    jobs = ("tau-constraint", "--set", "execution.backend=slurm", "--store", "runs/x.zarr")
    done = warmed(tmp_path, *jobs)
    assert done.returncode == 0, done.stderr
    folder = tmp_path / "runs" / f".numba-{os.getuid()}"
    assert f"in {folder}" in done.stdout
    assert "compiled in" in done.stdout
    before = {file: file.stat().st_mtime_ns for file in folder.rglob("*.nbc")}
    assert before
    assert warmed(tmp_path, *jobs).returncode == 0
    assert {file: file.stat().st_mtime_ns for file in folder.rglob("*.nbc")} == before


def test_warm_takes_kernels_of_shipped_scenarios_and_refuses_others():
    said = soilsweep("warm", "two_box")
    assert said.code == 0
    assert "tau-constraint" in said.out
    assert "no such file and no shipped scenario" in soilsweep("warm", "two_bx").err
