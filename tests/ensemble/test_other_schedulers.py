"""Jobs without SLURM: a script for PBS, run by bash, and workers that leave in time."""

import os
import subprocess
import time

import farming
import pytest
import waiting_program
from commandline import refused, soilsweep
from farming import with_settings

import scenarios
from ensemble.commands.jobs import _moment
from ensemble.store.reading import read
from slurm.walltime import Walltime

DNS = "resolve_ctls_from_dns_srv: res_nsearch error: Unknown host"
NO_CLUSTER = f"""#!/bin/sh
echo "$0: error: {DNS}" >&2
echo "$0: fatal: Could not establish a configuration source" >&2
exit 1
"""
"""What programs of SLURM print, as installed, where there is no cluster."""


@pytest.fixture
def no_cluster(tmp_path, monkeypatch):
    """Put programs of SLURM on the path that know of no cluster."""
    (tmp_path / "bin").mkdir()
    for name in ("scontrol", "sbatch", "sinfo", "squeue"):
        program = tmp_path / "bin" / name
        program.write_text(NO_CLUSTER)
        program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")


def words(store, *more):
    settings = with_settings("execution.jobs=3", "execution.cores=2", "execution.time=00:30:00")
    return ["submit", "tau-constraint", "--store", store, *settings, *more]


def test_a_script_is_emitted_where_no_cluster_answers(no_cluster, tmp_path):
    said = soilsweep(*words(tmp_path / "x.zarr", "--emit-script"))
    assert said.code == 0, said.err
    assert "#SBATCH --array=0-2\n" in said.out
    assert "no SLURM cluster answers here" in said.err
    assert DNS not in said.err
    said = soilsweep(*words(tmp_path / "y.zarr"))
    refused(said, "scontrol is here and finds no SLURM cluster", lines=None)
    assert DNS not in said.err
    assert not (tmp_path / "y.zarr").exists()


@pytest.mark.slow
def test_a_script_for_pbs_runs_as_pbs_would_run_it(no_cluster, tmp_path):
    store = tmp_path / "run.zarr"
    said = soilsweep(*words(store, "--emit-script", "--for", "pbs"))
    assert (said.code, said.err) == (0, "")
    assert "#PBS -J 0-2\n" in said.out
    assert f"#PBS -o {store}/logs/\n" in said.out
    assert (store / "logs").is_dir()
    job = {"PBS_JOBID": "17[1].server", "PBS_ARRAY_INDEX": "1", "PBS_O_WORKDIR": str(tmp_path)}
    run = {"input": said.out, "capture_output": True, "text": True, "cwd": tmp_path}
    done = subprocess.run(["bash"], env=farming.environment(**job), check=False, **run)
    assert done.returncode == 0, done.stderr
    assert len(read(store).committed()) == farming.BLOCKS


def test_pbs_is_not_submitted_to_and_has_words_of_its_own(tmp_path):
    store = tmp_path / "x.zarr"
    refused(soilsweep(*words(store, "--for", "pbs")), "needs --emit-script", lines=None)
    emitted = words(store, "--emit-script", "--for", "pbs", "--set", "execution.qos=high")
    refused(soilsweep(*emitted), "execution.qos is a word of SLURM's", lines=None)
    short = words(store, "--emit-script", "--for", "pbs", "--set", "execution.time=1")
    refused(soilsweep(*short), "a worker of PBS is to be gone 60 s before its end", lines=None)
    assert not store.exists()


def test_a_worker_begins_no_block_that_may_end_too_late(tmp_path):
    waits = waiting_program.write(tmp_path)
    # Blocks of four members of 100 s each, of which none is begun: twice that, and a margin.
    waits.write_text(waits.read_text().replace("time_limit:", "seconds: 100\n  time_limit:"))
    store = farming.create_of(scenarios.load(waits), tmp_path / "run.zarr")
    until = f"@{time.time() + 400:.3f}"
    code, _, err = farming.call("worker", store.path, "--workers", 1, "--until", until)
    assert code == 75
    assert "one more block may need 810 s; the same command goes on" in err
    assert store.committed() == {}


def test_a_worker_that_has_time_ends_the_run(tmp_path):
    store = farming.create(tmp_path / "run.zarr")
    code, _, err = farming.call("worker", store.path, "--until", f"@{time.time() + 3600:.0f}")
    assert code == 0, err
    assert len(read(store.path).committed()) == farming.BLOCKS


def test_the_earlier_of_two_ends_is_the_end():
    now = [1000.0]
    walltime = Walltime({}, lambda: now[0], until=1060.0)
    assert walltime.left() == 60.0
    now[0] = 1050.0
    assert walltime.left() == 10.0
    job = {"SLURM_JOB_ID": "1", "SLURM_JOB_END_TIME": "1055"}
    assert Walltime(job, lambda: now[0], until=1060.0).left() == 5.0


@pytest.mark.parametrize("text", ["", "@99999999999", "2199-01-01T06:00", "2199-01-01T06:00+02:00"])
def test_times_are_read(text):
    assert _moment(text) == 0.0 if not text else _moment(text) > time.time()


@pytest.mark.parametrize("text", ["soon", "@", "@1e99999", "@1", "2001-01-01", "06:00"])
def test_other_times_are_refused(text, tmp_path):
    store = farming.create(tmp_path / "x.zarr").path
    refused(soilsweep("worker", store, "--until", text), f"found '{text}'", lines=None)
