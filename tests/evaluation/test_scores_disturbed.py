"""Scores where members fail and end their process: the same bytes on every backend and cut."""

import farming
import numpy as np
import pytest
import xarray as xr
from scipy.stats import wilcoxon
from waiting import PATIENCE, wait_for

import ensemble
import scenarios
from ensemble.store.reading import read

TEXT = """
version: 1
name: field
kernel: misbehaving.field
forcing: {reader: site_table, path: sites.csv}
design: {method: grid, parameters: {x: {linspace: [0, 8050, 24]}, z: {linspace: [1, 2, 2]}}}
evaluation:
  benchmarks:
    globe: {compare: total, output: y, value: 5 Pg C yr-1, scores: [bias, total]}
    studies: {compare: sites, output: y, scores: [bias, over, under, well],
              observed: {reader: dgrsd, path: rh.csv}}
    added: {compare: sites, output: y, same_as: studies, scores: [bias, rmse, r]}
statistics: {added_rmse: [mean, std, q50], globe_bias: [mean]}
block: {location: 2, sample: 8}
"""
SITES, X, AREA = 5, np.repeat(350.0 * np.arange(24), 2), 1e12 * np.arange(1, 6)
Z = np.tile([1.0, 2.0], 24)
DRIVER = 0.5 + 0.25 * np.arange(SITES)
MISBEHAVE = "nan_above=7000,from=1.1"
"""Members with x above 7000 fail at the two places whose driver is above 1.1."""

FAILED = np.where(X > 7000, 2, 0)
HEAD = "Study_number,Meas_Year,Meas_Month,Meas_DOY,Rh_Norm,Latitude,Longitude,Manipulation"


def observed():
    """Return place and value of each record, eight of each of five places."""
    draw = np.random.default_rng(4)
    return np.repeat(np.arange(SITES), 8), draw.gamma(4.0, 2.0, 8 * SITES)


@pytest.fixture(scope="module")
def scenario(tmp_path_factory):
    folder = tmp_path_factory.mktemp("field")
    rows = [f"S{k},{10 * k},{5 * k},{AREA[k]},{DRIVER[k]}" for k in range(SITES)]
    head = "location,lat,lon,area [m2],driver [1]"
    (folder / "sites.csv").write_text("\n".join([head, *rows, ""]))
    seen = zip(*observed(), strict=True)
    records = [f"{k},2001,6,160,{value},{10 * k},{5 * k},None" for k, value in seen]
    (folder / "rh.csv").write_text("\n".join([HEAD, *records, ""]))
    file = folder / "field.yaml"
    file.write_text(TEXT)
    return file


def here(scenario, store, *settings, workers=1):
    """Run it in this process; return the store."""
    planned = ensemble.plan(scenarios.load(scenario, settings=settings), store=store)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("MISBEHAVE", MISBEHAVE)
        assert ensemble.run(planned, workers=workers).complete
    return store


def ran(scenario, store, *settings, misbehave=MISBEHAVE):
    """Run it as a person does; return the store."""
    words = [word for one in settings for word in ("--set", one)]
    command = ("run", scenario, "--store", store, "--quiet", *words)
    code, _, said = farming.call(*command, MISBEHAVE=misbehave)
    assert code == 0, said
    return store


def evaluation(store):
    """Return every file of the group, by name."""
    shown = farming.visible(store)
    return {name: data for name, data in shown.items() if name.startswith("evaluation/")}


@pytest.fixture(scope="module")
def expected(scenario, tmp_path_factory):
    return here(scenario, tmp_path_factory.mktemp("one") / "run.zarr")


def check(store, failed=FAILED):
    """Compare scores with numpy's; members without a cell have none, and say how many they lack."""
    found = xr.open_zarr(store, group="evaluation").isel(forcing=0).load()
    np.testing.assert_array_equal(found.failed_cells, failed)
    place, seen = observed()
    y = X * DRIVER[:, None] + Z
    # Records are per day, and a kernel's year has 365.
    off = y[place] / 365 - seen[:, None]
    whole = {
        "globe_total": 1e-15 * (AREA @ y),
        "globe_bias": 1e-15 * (AREA @ y) - 5,
        "studies_bias": off.mean(axis=0),
        "added_bias": off.mean(axis=0),
        "added_rmse": np.sqrt((off**2).mean(axis=0)),
    }
    for name, values in whole.items():
        expected = np.where(failed > 0, np.nan, values)
        np.testing.assert_allclose(found[name], expected, rtol=1e-12, atol=1e-12, err_msg=name)
    classes = found.studies_over + found.studies_under + found.studies_well
    np.testing.assert_array_equal(classes, np.where(failed > 0, np.nan, SITES))
    for s in np.flatnonzero(failed == 0)[::7]:
        tested = [wilcoxon(off[place == k, s], method="exact").pvalue <= 0.05 for k in range(SITES)]
        above = [off[place == k, s].mean() > 0 for k in range(SITES)]
        assert found.studies_over[s] == np.sum(np.array(tested) & above)
    statistics = xr.open_zarr(store, group="evaluation/statistics").isel(forcing=0).load()
    assert int(statistics.added_rmse_count) == (failed == 0).sum()
    some = whole["added_rmse"][failed == 0]
    np.testing.assert_allclose(statistics.added_rmse_mean, some.mean(), rtol=1e-12)
    np.testing.assert_allclose(statistics.added_rmse_q50, np.median(some), rtol=1e-12)


def test_members_that_fail_at_a_place_have_no_score(expected):
    check(expected)


@pytest.mark.parametrize("block", ["{location: 5, sample: 48}", "{location: 1, sample: 7}"])
def test_blocks_of_other_lengths_change_no_bit(scenario, expected, tmp_path, block):
    other = here(scenario, tmp_path / "run.zarr", f"block={block}", workers=2)
    for group in ("evaluation", "evaluation/control", "evaluation/statistics"):
        ours, theirs = (xr.open_zarr(path, group=group).load() for path in (other, expected))
        assert ours.identical(theirs), group


@pytest.mark.slow
@pytest.mark.parametrize(
    "backend", ["{workers: 2, workers_are: processes}", "{backend: dask, workers: 2}"]
)
def test_drivers_make_the_same_bytes(scenario, expected, tmp_path, backend):
    store = ran(scenario, tmp_path / "run.zarr", f"execution={backend}")
    assert farming.digest(store) == farming.digest(expected)
    assert evaluation(store) == evaluation(expected)


@pytest.mark.slow
@farming.needs_mpi
def test_ranks_make_the_same_bytes(scenario, expected, tmp_path):
    store = tmp_path / "run.zarr"
    words = ["run", scenario, "--store", store, "--quiet", "--set", "execution.backend=mpi"]
    code, _, said = farming.finish(farming.mpiexec(3, *words), MISBEHAVE=MISBEHAVE)
    assert code == 0, said
    assert evaluation(store) == evaluation(expected)


@pytest.mark.slow
def test_independent_workers_make_the_same_bytes_and_one_that_is_killed_loses_nothing(
    scenario, expected, tmp_path
):
    store = tmp_path / "run.zarr"
    farming.create_of(scenarios.load(scenario), store)
    command = farming.command("worker", store, "--workers", 1)
    slow = farming.start(command, MISBEHAVE=f"{MISBEHAVE},seconds=0.2")
    wait_for(lambda: len(read(store).committed()) >= 2, "two blocks are committed")
    slow.kill()
    slow.communicate()
    others = [farming.start(command, MISBEHAVE=MISBEHAVE) for _ in range(2)]
    ended = [worker.communicate(timeout=PATIENCE) for worker in others]
    assert [worker.returncode for worker in others] == [0, 0], ended
    assert farming.digest(store) == farming.digest(expected)
    assert evaluation(store) == evaluation(expected)


@pytest.mark.acceptance
def test_a_member_that_ends_its_process_has_no_score_and_costs_no_other_one(scenario, tmp_path):
    words = ("failed_limit=0.2", "execution={workers: 2}")
    store = ran(scenario, tmp_path / "run.zarr", *words, misbehave=f"{MISBEHAVE},segfault=2450")
    assert len(list((store / "quarantine").iterdir())) == 2 * SITES
    check(store, np.where(X == 2450, SITES, FAILED))


@pytest.mark.slurm
def test_jobs_of_a_cluster_make_the_same_bytes(scenario, expected, tmp_path, on_cluster):
    store = tmp_path / "run.zarr"
    asked = "{backend: slurm, jobs: 2, memory: 1GiB, time: 10, interface: lo}"
    ran(scenario, store, f"execution={asked}")
    assert evaluation(store) == evaluation(expected)
