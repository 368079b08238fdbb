"""The tau job, 16 models x 10,000 members x 119 years, beside the same work without us.

``pytest tests/benchmarks/test_tau_job.py --benchmark-enable``
"""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import zarr
from benchmarks import by_hand, references
from benchmarks.comparing import Against

import ensemble
import scenarios
from ensemble.members import pilot
from ensemble.members.finishing import merge
from ensemble.members.layout import Layout
from ensemble.members.work import EnsembleWork

ROOT = Path(__file__).parents[2]
MOMENTS = ("mean", "std", "min", "max")
QUANTILES = ("q05", "q50", "q95")

needs_gcc = pytest.mark.skipif(not references.gcc, reason="gcc is not here to compile the C loop")


def planned(store, *settings):
    return ensemble.plan(scenarios.load("tau-constraint", settings=settings), store=store)


def small(compare):
    """Return settings that make the job a hundredth where nothing is timed."""
    return () if compare.enabled else ("design.cross.0.n=10", "design.cross.1.n=10")


def members_alone(compare):
    """Return settings of the job without responses and statistics: what the references do."""
    return ("responses={}", "statistics={}", "reference=null", *small(compare))


def statistics_alone(compare, *requests):
    both = f"[{', '.join(requests)}]"
    return (
        "outputs={}",
        "responses={}",
        "reference=null",
        f"statistics={{c_veg: {both}, c_soil: {both}}}",
        "execution.sync=false",
        *small(compare),
    )


@pytest.mark.parametrize("workers", [None, 1], ids=["a worker per core", "one worker"])
class TestStored:
    """All members and years on disk, float32."""

    @pytest.mark.parametrize("whole", [True, False], ids=["as shipped", "members alone"])
    def test_not_synced(self, compare, tmp_path, workers, whole):
        settings = small(compare) if whole else members_alone(compare)
        plan = planned(tmp_path / "ours", "execution.sync=false", *settings)
        job = references.job(plan)
        saved, by_zarr, by_dask = (tmp_path / name for name in ("npy", "zarr", "dask"))
        compare(
            f"tau job stored, {words(workers, whole)}",
            lambda: ensemble.run(plan, workers=workers),
            Against(
                "kernel + np.save", lambda: references.np_save(job, saved, sync=False), "<= 1.5"
            ),
            Against("zarr by hand", lambda: references.zarr_by_hand(job, by_zarr)),
            Against("xarray + dask", lambda: references.xarray_dask(job, by_dask), "<= 0.5"),
            fresh=(plan.path, saved, by_zarr, by_dask),
        )
        if not compare.enabled:
            theirs = (
                references.read_np_save(job, saved),
                *map(references.read_zarr, (by_zarr, by_dask)),
            )
            agree(plan.path, job, *theirs)

    @pytest.mark.parametrize("whole", [True, False], ids=["as shipped", "members alone"])
    def test_synced(self, compare, tmp_path, workers, whole):
        settings = small(compare) if whole else members_alone(compare)
        plan = planned(tmp_path / "ours", "execution.sync=true", *settings)
        job = references.job(plan)
        saved = tmp_path / "npy"
        compare(
            f"tau job stored and synced, {words(workers, whole)}",
            lambda: ensemble.run(plan, workers=workers),
            Against(
                "kernel + np.save", lambda: references.np_save(job, saved, sync=True), "<= 1.5"
            ),
            fresh=(plan.path, saved),
        )
        if not compare.enabled:
            agree(plan.path, job, references.read_np_save(job, saved))


def words(workers, whole):
    who = "one worker" if workers else "a worker per core"
    return f"{who}, {'as shipped' if whole else 'members alone'}"


def agree(store, job, *theirs):
    ours = zarr.open_group(store, mode="r")
    for stocks in theirs:
        for name, expected in stocks.items():
            assert expected.shape == job.shape
            np.testing.assert_allclose(ours[name][:, 0], expected, rtol=1e-6)


@needs_gcc
@pytest.mark.parametrize(
    ("requests", "name", "reach"),
    [
        (MOMENTS, "mean, std, min, max", ("<= 2", "<= 3")),
        ((*MOMENTS, *QUANTILES), "and 1,000-bin histograms", ("<= 8", "<= 12")),
    ],
    ids=["moments", "histograms"],
)
class TestStatistics:
    """Every year's statistics of both stocks, and no member kept; one worker."""

    def test_blocks(self, compare, tmp_path, requests, name, reach):
        plan = planned(tmp_path / "ours", *statistics_alone(compare, *requests))
        job, loop = references.job(plan), references.c_kernel(tmp_path)

        # A plan has no edges of histograms yet: they are found when a store is made.
        experiment = replace(plan.experiment, edges=pilot.edges(plan.experiment))
        layout = Layout(experiment)

        def blocks():
            work = EnsembleWork(experiment, layout)
            run = work.open()
            return [merge(layout, key, [run(key).partials]) for key in work.grid.keys()]

        against = Against("C loop", lambda: loop(job), reach[0])
        compare(f"statistics in memory: {name}", blocks, against)
        if not compare.enabled:
            each = blocks()
            merged = {name: np.concatenate([m[name] for m in each]) for name in each[0]}
            ours = {n.removeprefix("statistics/"): v for n, v in merged.items()}
            right_statistics(ours, loop(job), requests)

    def test_run(self, compare, tmp_path, requests, name, reach):
        plan = planned(tmp_path / "ours", *statistics_alone(compare, *requests))
        job, loop = references.job(plan), references.c_kernel(tmp_path)
        compare(
            f"statistics with store: {name}",
            lambda: ensemble.run(plan, workers=1),
            Against("C loop", lambda: loop(job), reach[1]),
            fresh=(plan.path, tmp_path / "none"),
        )
        if not compare.enabled:
            store = zarr.open_group(plan.path / "statistics", mode="r")
            right_statistics({n: store[n][:] for n in store}, loop(job), requests)


def right_statistics(ours, last, requests):
    """Compare the last year's statistics with numpy's of the C loop's pools."""
    for output, pools in zip(("c_veg", "c_soil"), last, strict=True):
        for request in requests:
            mine = ours[f"{output}_{request}"][:, 0, -1]
            if request in MOMENTS:
                expected = getattr(pools, request)(axis=1)
                np.testing.assert_allclose(mine, expected, rtol=1e-9)
            else:
                # Counts are spread evenly in a bin, numpy interpolates between two members.
                share = (pools <= mine[:, None]).mean(axis=1)
                np.testing.assert_allclose(share, float(request[1:]) / 100, atol=0.05)


def soilsweep(*arguments):
    code = "import sys; from ensemble.commands.app import main; sys.exit(main())"
    return [sys.executable, "-c", code, *map(str, arguments)]


def process(command):
    """Run a command as a user has it: the repository first on the path, bytecode on disk."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    quiet = subprocess.DEVNULL
    subprocess.run(command, check=True, stdout=quiet, env={**environment, "PYTHONPATH": path})


class TestColdProcess:
    """Whole processes; what numba compiled is on disk."""

    def test_statistics(self, compare, tmp_path):
        source, target, store = (tmp_path / n for n in ("drivers.npz", "by-hand", "ours"))
        plan = planned(store, "outputs={}")
        np.savez(source, **references.drivers(plan))
        run = ("run", "tau-constraint", "--quiet", "--store", store, "--set", "outputs={}")
        script = [sys.executable, by_hand.__file__, str(source), str(target)]
        compare(
            "cold process, statistics alone",
            lambda: process(soilsweep(*run)),
            Against("numba + zarr by hand", lambda: process(script), "<= 1.1"),
            fresh=(store, target),
        )
        if not compare.enabled:
            response = next(n for n, r in plan.scenario.responses.items() if r.output == "c_total")
            ours = zarr.open_group(store, mode="r")[f"statistics/{response}_mean"][:, 0]
            theirs = zarr.open_group(target, mode="r")["total_mean"][:]
            # Other draws: means of 100 turnover times differ by a tenth of their spread.
            np.testing.assert_allclose(ours, theirs, atol=30)

    @pytest.mark.slow
    def test_help(self, compare):
        compare(
            "soilsweep --help (to reach: 0.5 s)",
            lambda: process(soilsweep("--help")),
            Against(
                "python -c 'import numpy'", lambda: process([sys.executable, "-c", "import numpy"])
            ),
        )
