"""Morris of MIMICS by depth with 14C, 7 parameters at 4 profiles, beside SALib and a pool.

``pytest tests/benchmarks/test_morris_job.py --benchmark-enable``. The reference samples with SALib,
has processes call the same kernel for one row after the other, those of a pool or, where it is
installed, of joblib, and analyses every profile with SALib.
"""

from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context

import numpy as np
import pytest
import screening
from benchmarks.comparing import Against, in_words
from SALib.analyze import morris as analysis
from SALib.sample import morris as sampling

import ensemble
from kernels import Batch
from kernels.mimics import mimics_profile

WORKERS = 2
PROBLEM = {
    "num_vars": 7,
    "names": ["x_v", "x_k", "x_d", "x_D", "alpha_r", "alpha_v", "beta"],
    "bounds": [[2, 30], [2, 30], [0.1, 15], [0.01, 25], [1, 30], [1, 30], [1, 2]],
}
HELD = {}
"""What a process of the pool keeps from call to call."""


def planned(trajectories, store):
    settings = [f"design.trajectories={trajectories}", "execution.sync=false"]
    return ensemble.plan(screening.scenario(store.parent, *settings), store=store)


def begin(drivers, coords):
    """Open the kernel in a process."""
    options = mimics_profile.Options(carbon14="tracer")
    kernel = mimics_profile.KERNEL.made(options, None)
    (stage,) = kernel.stages
    HELD["run"], HELD["drivers"], HELD["coords"] = stage.open(options), drivers, coords
    HELD["defaults"] = {p.name: np.full((1, 1), p.default) for p in kernel.parameters}


def misfit(row):
    """Return how far carbon and 14C of one row are from a made-up profile, (4,)."""
    own = {n: np.full((1, 1), v) for n, v in zip(PROBLEM["names"], row, strict=True)}
    out = {name: np.empty((4, 20, 1)) for name in ("soc", "fraction_modern", "residual")}
    out["residual"] = np.empty((4, 1))
    status = np.zeros((4, 1), np.uint8)
    HELD["run"](Batch(HELD["defaults"] | own, HELD["drivers"], HELD["coords"]), out, status)
    observed = np.linspace(30.0, 3.0, 20)[:, np.newaxis]
    of_soc = ((out["soc"] / observed - 1) ** 2).mean(axis=(1, 2))
    return of_soc + 5 * ((out["fraction_modern"] / 0.95 - 1) ** 2).mean(axis=(1, 2))


def misfit_of(given, row):
    """Return the same in a process that nobody has opened the kernel in."""
    if not HELD:
        begin(*given)
    return misfit(row)


@contextmanager
def pool_of(given):
    """Give what maps rows to misfits, in processes that are there already."""
    with ProcessPoolExecutor(WORKERS, get_context("spawn"), begin, given) as pool:
        yield lambda rows: pool.map(misfit, rows, chunksize=max(1, len(rows) // (4 * WORKERS)))


@contextmanager
def joblib_of(given):
    """Give the same by joblib, which chooses how many rows go at a time."""
    joblib = pytest.importorskip("joblib")
    with joblib.Parallel(n_jobs=WORKERS) as parallel:
        yield lambda rows: parallel(joblib.delayed(misfit_of)(given, row) for row in rows)


WAYS = {"a pool of processes": pool_of, "joblib": joblib_of}


def by_salib(misfits, trajectories):
    """Return mu* of the misfit at every profile, (4, 7)."""
    rows = sampling.sample(PROBLEM, trajectories, num_levels=4, seed=1)
    costs = np.array(list(misfits(rows)))
    found = [analysis.analyze(PROBLEM, rows, column, num_levels=4) for column in costs.T]
    return np.array([one["mu_star"] for one in found])


@pytest.mark.slow
@pytest.mark.parametrize("way", WAYS)
def test_against_salib_and_processes(benchmark, compare, tmp_path, way):
    benchmark.group = "screening"
    trajectories = 200 if compare.enabled else 4
    plan = planned(trajectories, tmp_path / "ours.zarr")
    needed = plan.experiment
    given = (needed.drivers[0], needed.coords)
    with WAYS[way](given) as misfits:
        assert by_salib(misfits, trajectories).shape == (4, 7)

        def ours():
            assert ensemble.run(plan, workers=WORKERS, try_first=False).complete

        theirs = Against(f"SALib and {way}", lambda: by_salib(misfits, trajectories))
        times = compare.times(ours, theirs.run, rounds=5, fresh=[plan.path])
    if times:
        mine, other = (np.array(t) for t in times)
        figure = f"Morris screening, {trajectories} trajectories, 4 profiles, 14C"
        compare.measured(
            figure, in_words(np.median(mine)), f"{in_words(np.median(other))} {theirs.name}",
            f"{np.median(mine / other):.2f}", "1 s, <= 0.33",
        )  # fmt: skip
