"""Drivers that are made when they are taken: a plan makes a few, a store all, to the same bits."""

from dataclasses import replace

import numpy as np
import pytest
from gridded import forcing as data
from gridded import model
from support import give, plan, run

import ensemble
from ensemble.errors import PlanError
from ensemble.members import pilot
from ensemble.planning import creating
from ensemble.planning.feasibility import summary
from ensemble.planning.identity import PROBES, RECIPE
from ensemble.planning.outlook import MOST_CELLS
from ensemble.runs.verify import verify
from ensemble.store.reading import read
from kernels import Range

CELLS = 1000

TEXT = """
version: 1
name: grid
kernel: gridded.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: latin_hypercube
  n: 20
  parameters: {level: {uniform: [1, 8]}, slope: {uniform: [0.1, 0.9]}}
seed: 3
outputs: {stock: all}
responses: {change: {output: litter, change: [2000, 2002]}}
statistics: {change: [mean, q05], stock: [q50]}
histograms: {bins: 50, pilot: 8}
block: {location: 300}
"""


def given_made(monkeypatch, most=10**9, recipe="warm"):
    """Make the reader give two forcings whose drivers are made; return what makes them."""
    pairs = [data.made(one, most, recipe) for one in data.both(CELLS)]
    give(monkeypatch, [forcing for forcing, _ in pairs])
    return [making for _, making in pairs]


def ranged(monkeypatch, **ends):
    """Give the driver a range: what kernels accept, and what is seen."""
    (driver,) = model.KERNEL.drivers
    ranges = Range(
        *(ends.get(n, d) for n, d in (("lower", 0), ("upper", 99), ("low", 0), ("high", 50)))
    )
    monkeypatch.setattr(
        model, "KERNEL", replace(model.KERNEL, drivers=(replace(driver, expected_range=ranges),))
    )


def files(store):
    """Return every file of a store but journals and metadata that name a recipe."""
    return {
        str(path.relative_to(store)): path.read_bytes()
        for path in sorted(store.rglob("*"))
        if path.is_file()
        and path.relative_to(store).parts[0] not in ("journal", "lock", "zarr.json")
    }


def test_a_plan_makes_drivers_of_a_few_locations(monkeypatch, tmp_path):
    ranged(monkeypatch)
    makings = given_made(monkeypatch, most=MOST_CELLS + PROBES + 1)
    planned = plan(tmp_path, text=TEXT)
    assert planned.driver_nbytes == 2 * CELLS * 3 * 8
    assert all(text.startswith(RECIPE) for text in planned.identity["forcings"].values())
    assert all(len(making.taken) >= MOST_CELLS for making in makings)
    assert planned.experiment.edges == {}


@pytest.mark.parametrize(("small", "chunk"), [(0, "c.1.0.0"), (1 << 20, "c.0.0.0")])
def test_a_store_of_made_drivers_is_that_of_arrays(monkeypatch, tmp_path, small, chunk):
    monkeypatch.setattr(creating, "TOGETHER_BYTES", small)
    given_made(monkeypatch)
    _, outcome = run(tmp_path, text=TEXT, store="made.zarr")
    give(monkeypatch, data.both(CELLS))
    _, whole = run(tmp_path, text=TEXT, store="arrays.zarr")
    assert files(outcome.path) == files(whole.path)
    drivers = {name for name in files(whole.path) if name.startswith("drivers/warmth/c")}
    assert max(drivers) == f"drivers/warmth/{chunk}"
    assert "pilot/change_edges/c.0.0.0" in files(whole.path)
    made, arrays = (read(one.path).attrs["identity"] for one in (outcome, whole))
    assert made["forcings"] == arrays["forcings"]
    assert made.pop("recipes").keys() == {"now", "later"}
    assert made == arrays
    assert verify(read(outcome.path)).damage == []


def test_a_store_is_gone_on_with_by_its_recipe_and_makes_nothing(monkeypatch, tmp_path):
    given_made(monkeypatch)
    _, whole = run(tmp_path, text=TEXT)
    for journal in (whole.path / "journal").iterdir():
        journal.unlink()
    before = files(whole.path)
    given_made(monkeypatch, most=MOST_CELLS + PROBES + 1)
    _, outcome = run(tmp_path, text=TEXT)
    assert outcome.ran == outcome.blocks
    assert files(outcome.path) == before


@pytest.mark.parametrize("recipe", ["", "another"], ids=["of before recipes", "another recipe"])
def test_without_its_recipe_the_values_are_compared(recipe, monkeypatch, tmp_path):
    if recipe:
        given_made(monkeypatch, recipe=recipe)
    else:
        give(monkeypatch, data.both(CELLS))
    _, whole = run(tmp_path, text=TEXT)
    digest = read(whole.path).digest()
    makings = given_made(monkeypatch)
    _, outcome = run(tmp_path, text=TEXT)
    assert outcome.ran == 0
    assert read(outcome.path).digest() == digest
    assert all(making.taken == set(range(CELLS)) for making in makings)


def test_other_values_of_the_same_recipe_are_found(monkeypatch, tmp_path):
    given_made(monkeypatch)
    run(tmp_path, text=TEXT)
    others = data.forcing("now", CELLS, 0.1), data.both(CELLS)[1]
    give(monkeypatch, [data.made(one)[0] for one in others])
    with pytest.raises(PlanError) as refused:
        run(tmp_path, text=TEXT)
    assert "forcing: now" in str(refused.value)
    assert "forcing: later" not in str(refused.value)


def test_a_forcing_in_single_precision_beside_one_in_double_is_verified_and_gone_on_with(
    monkeypatch, tmp_path
):
    now, later = data.both(30)
    narrow = {name: values.astype(np.float32) for name, values in later.drivers.items()}
    give(monkeypatch, [now, replace(later, drivers=narrow)])
    _, outcome = run(tmp_path, text=TEXT)
    store = read(outcome.path)
    assert store.specs["drivers/warmth"].dtype == "float64"
    assert store.attrs["identity"]["recipes"].keys() == {"later"}
    assert verify(store).damage == []
    assert run(tmp_path, text=TEXT)[1].ran == 0


def test_a_value_out_of_range_that_the_plan_did_not_see_is_told_by_the_run(monkeypatch, tmp_path):
    """The only one is at a location that the plan does not look at."""
    ranged(monkeypatch)
    forcing = data.forcing(count=CELLS)
    forcing.drivers["warmth"][1, 2] = 70.0
    given, making = data.made(forcing)
    give(monkeypatch, [given])
    planned = plan(tmp_path, text=TEXT)
    assert 1 not in making.taken
    assert planned.warnings == []
    outcome = ensemble.run(planned)
    (told,) = (text for text in outcome.warnings if text.startswith("warmth"))
    assert "at 1 of 1,000 locations" in told
    assert "looked at" not in told
    assert "the worst is 70 (now, cell 1, 2002)" in told
    assert [one["text"] for one in read(outcome.path).attrs["noticed"]] == [told]


def test_a_notice_says_of_how_many_cells_it_is(monkeypatch, tmp_path):
    ranged(monkeypatch, high=1e-3)
    given_made(monkeypatch)
    (notice,) = plan(tmp_path, text=TEXT).warnings
    assert "at 512 of 512 locations" in str(notice)
    assert str(notice).endswith("(256 of 1,000 cells were looked at; a run looks at all)")


def test_where_every_member_fails_the_run_is_refused_and_nothing_is_left(monkeypatch, tmp_path):
    ranged(monkeypatch, upper=1e-3, high=1e-4)
    given_made(monkeypatch)
    planned = plan(tmp_path, text=TEXT, store="run.zarr")
    assert planned.outlook.certain == pytest.approx(MOST_CELLS / CELLS)
    with pytest.raises(PlanError, match="every member would fail") as refused:
        ensemble.run(planned)
    assert "looked at" not in str(refused.value)
    assert [path.name for path in tmp_path.iterdir()] == ["small.yaml"]


def test_a_plan_that_measures_finds_the_edges_of_one_block_alone(monkeypatch, tmp_path):
    makings = given_made(monkeypatch)
    planned = plan(tmp_path, text=TEXT)
    before = set(makings[1].taken)
    assert summary(planned, 1, measure=True)["core_seconds_are"] == "measured"
    assert set(range(300)) <= makings[0].taken
    assert makings[1].taken == before
    everywhere = pilot.edges(planned.experiment)
    here = pilot.edges_at(planned.experiment, 0, slice(0, 300))
    for target, edges in everywhere.items():
        np.testing.assert_array_equal(here[target][0, :300], edges[0, :300])
        np.testing.assert_array_equal(here[target][1], np.tile([0.0, 1.0], (CELLS, 1)))


def test_numpy_takes_what_is_made_for_an_array():
    whole = data.forcing(count=7).drivers["warmth"]
    made = data.made(data.forcing(count=7))[0].drivers["warmth"]
    assert (made.shape, made.dtype, made.ndim) == (whole.shape, whole.dtype, whole.ndim)
    assert (made.size, made.nbytes, len(made)) == (whole.size, whole.nbytes, len(whole))
    np.testing.assert_array_equal(made, whole)
    np.testing.assert_array_equal(made - 2 * made, whole - 2 * whole)
    np.testing.assert_array_equal(np.maximum(made, 1.0), np.maximum(whole, 1.0))
    for key in (
        3,
        -1,
        slice(2, 5),
        [4, 0],
        np.array([6]),
        (3, 1),
        (slice(1, 3), 2),
        (2, slice(1, 3)),
    ):
        np.testing.assert_array_equal(made[key], whole[key])
    with pytest.raises(IndexError):
        made[7]
