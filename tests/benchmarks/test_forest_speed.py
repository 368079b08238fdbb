"""Draws of forests with statistics only: time beside joblib by hand, memory by number of draws.

``pytest tests/benchmarks/test_forest_speed.py --benchmark-enable``, on real data where it is.
"""

import numpy as np
import pytest
from benchmarks.comparing import Against
from benchmarks.test_scale import MEGABYTE, in_process, megabytes
from commandline import soilsweep
from forcing_law.examples.predictor_grid import EXAMPLE
from forest_tables import rows, text
from support import DATA

import ensemble
import scenarios

pytest.importorskip("sklearn", reason="needs the extra 'forest'")

from benchmarks import forests_by_hand

TREES = 100
DRAWS = """
version: 1
name: draws
kernel: {{name: random_forest, training: "{table}", trees: {trees}, draw: by_class}}
forcing: {{reader: predictor_grid, path: "{grid}", testbed: "{testbed}"}}
design: {{method: monte_carlo, n: {n}, parameters: {{seed: {{integers: [0, 4294967295]}}}}}}
seed: 54048
statistics: {{rh: [mean, std]}}
"""


@pytest.fixture
def draws(compare, tmp_path):
    """Return ``draws(n)``, a scenario's file: of real data if anything is timed, or nine cells."""
    table, grid, testbed = tmp_path / "t.csv", tmp_path / "grid", tmp_path / "testbed"
    if compare.enabled:
        if not DATA.is_dir():
            pytest.skip("real data is not here")
        grid, testbed = DATA / "gridded_0p5deg", DATA / "testbed"
        assert soilsweep("prepare", "forest", "--data", DATA, "--output", table).code == 0
    else:
        EXAMPLE.write(tmp_path)
        table.write_text(text(rows()))

    def scenario(n):
        file = tmp_path / f"{n}.yaml"
        trees = TREES if compare.enabled else 5
        places = {"table": table, "grid": grid, "testbed": testbed}
        file.write_text(DRAWS.format(n=n, trees=trees, **places))
        return file

    return scenario


@pytest.mark.slow
def test_joblib_by_hand(compare, draws, tmp_path):
    count = 300 if compare.enabled else 4
    loaded = scenarios.load(draws(count))
    store, found = tmp_path / "run.zarr", []
    sampler = ensemble.plan(loaded, store=store).layout.sampler
    seeds = sampler.rows(0, slice(0, 1), slice(0, count)).values["seed"][0].astype(int).tolist()
    (reader,) = loaded.forcing
    table, trees = tmp_path / "t.csv", loaded.kernel.trees

    def ours():
        ensemble.run(ensemble.plan(loaded, store=store), workers=2)

    def theirs():
        found[:] = forests_by_hand.mean_and_std(reader, tmp_path, table, seeds, trees)

    compare(
        f"{count} draws x 47,634 cells, mean and std, two processes",
        ours,
        Against("joblib and Welford by hand", theirs, "<= 1.1"),
        rounds=3,
        fresh=[store],
    )
    with ensemble.open_run(store) as run:
        for name, values in zip(("mean", "std"), found, strict=True):
            np.testing.assert_allclose(run[f"statistics/rh_{name}"][0], values, rtol=1e-9)


def test_memory_does_not_grow_with_draws(compare, draws, tmp_path):
    """A block has ten seconds of draws at most, and blocks do not wait for one another."""
    counts = (50, 200, 800) if compare.enabled else (4, 16)
    small = str(draws(2))

    def peaks():
        run = (in_process("run", draws(n), tmp_path / f"{n}.zarr", 1, small) for n in counts)
        return [found["peak"] for found in run]

    found = compare.once(peaks)
    words = ", ".join(f"{megabytes(each)} of {n}" for n, each in zip(counts, found, strict=True))
    compare.measured("peak memory above start, draws of a forest, one worker", words)
    assert found[-1] < found[0] + 60 * MEGABYTE
