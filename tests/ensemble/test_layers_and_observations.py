"""Layers, a forcing's own coordinate, observations and costs, from the scenario to the store."""

import shutil
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from layered import forcing as data
from layered.model import YEAR, Options, bounds
from support import plan

import ensemble
from ensemble.errors import PlanError
from ensemble.members.reopening import open_experiment
from ensemble.members.responses import observations
from ensemble.members.responses.costs import cost_of
from ensemble.members.responses.pairs import Data
from ensemble.planning import feasibility
from ensemble.planning.identity import digest
from ensemble.runs.verify import replay, verify
from ensemble.store.reading import read
from kernels import Coordinate, Variable
from scenarios import ScenarioError
from scenarios.forcing import Observed
from scenarios.response_sections import CostOf

TEXT = """
version: 1
name: layers
kernel: layered.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: latin_hypercube
  n: 40
  parameters: {scale: {uniform: [10, 50]}, shape: {uniform: [0.001, 0.1]}}
seed: 3
precision: float64
outputs: {soc: all, fraction_modern: all, soc_stock: last}
responses:
  j: {combine: {j_soc: 1, j_14c: 5}}
  j_soc: {output: soc, cost: {observed: soc, relative_error: 0.1}}
  j_14c: {output: fraction_modern, cost: {observed: fraction_modern, relative_error: 0.1}}
  own_error: {output: fraction_modern, cost: {observed: fraction_modern}}
  stock: {output: soc_stock, value: true}
  at_10: {output: soc, layer: 10}
statistics: {soc: [mean, q50], j: [mean, min, q50]}
block: {location: 2, sample: 16}
"""
EDGES = bounds(Options())


@pytest.fixture(autouse=True)
def _forcings(monkeypatch):
    give(monkeypatch, data.both())


def give(monkeypatch, forcings):
    def read(self, needs, base):
        return forcings

    from scenarios.forcing.synthetic_models import Spec

    monkeypatch.setattr(Spec, "read", read)


@pytest.fixture(scope="module")
def once(tmp_path_factory):
    with pytest.MonkeyPatch.context() as monkeypatch:
        give(monkeypatch, data.both())
        planned = plan(tmp_path_factory.mktemp("once"), text=TEXT)
        assert ensemble.run(planned, workers=1).complete
    return planned


@pytest.fixture
def finished(tmp_path, once):
    """A plan, and its finished run in a folder of the test's own."""
    path = shutil.copytree(once.path, tmp_path / once.path.name)
    return replace(once, path=path)


def by_hand(values, seen, place, errors):
    """Return the cost (s,) of (k, s), summing tenths of millimetres of soil."""
    total = 0.0
    fine = np.arange(-1000, 20000) / 100 + 0.005
    layer = np.searchsorted(EDGES[:, 1], fine, side="right")
    for obs, top, bottom, error in zip(
        seen.values[place], seen.top[place], seen.bottom[place], errors, strict=True
    ):
        here = (fine > top) & (fine < bottom)
        inside = here & (fine > 0) & (fine < 100)
        if np.isnan(obs) or inside.sum() < 0.5 * here.sum():
            continue
        total = total + ((obs - values[layer[inside]].mean(axis=0)) / error) ** 2
    return total


def test_costs_are_those_by_hand_in_every_block(finished):
    found = xr.open_zarr(finished.path)
    for f, place in np.ndindex(2, 3):
        soc = found.soc.values[f, place]
        modern = found.fraction_modern.values[f, place]
        j1 = by_hand(soc, data.SOC, place, 0.1 * data.SOC.values[place])
        j2 = by_hand(modern, data.MODERN, place, 0.1 * data.MODERN.values[place])
        own = by_hand(modern, data.MODERN, place, data.MODERN.error[place])
        np.testing.assert_allclose(found.j_soc[f, place], j1, rtol=1e-9)
        np.testing.assert_allclose(found.j_14c[f, place], j2 + np.zeros(40), rtol=1e-9)
        np.testing.assert_allclose(found.own_error[f, place], own + np.zeros(40), rtol=1e-9)
        np.testing.assert_allclose(found.j[f, place], j1 + 5 * j2, rtol=1e-9)
    assert (found.j_14c[:, :2] > 0).all()
    # Nothing is observed there, so there is no term.
    assert (found.j_14c[:, 2] == 0).all()
    np.testing.assert_array_equal(found.stock, found.soc_stock)
    # 10 cm is where the third layer begins.
    np.testing.assert_array_equal(found.at_10, found.soc[:, :, 2])


def test_the_store_shows_depth(finished):
    found = xr.open_zarr(finished.path)
    assert found.soc.dims == ("forcing", "location", "layer", "sample")
    np.testing.assert_array_equal(found.layer, [2.5, 7.5, 15, 30, 70])
    assert found.layer.attrs["units"] == "cm"
    assert found.layer.attrs["positive"] == "down"
    assert found.layer.attrs["bounds"] == "layer_bounds"
    assert found.layer_bounds.dims == ("layer", "bound")
    np.testing.assert_array_equal(found.layer_bounds, EDGES)
    np.testing.assert_array_equal(found.atmosphere_year, data.YEARS)
    tree = xr.open_datatree(finished.path, engine="zarr")
    assert tree["statistics/soc_mean"].dims == ("forcing", "location", "layer")
    assert tree["control/soc"].sel(layer=30).shape == (2, 3)
    assert tree["drivers/atmosphere"].sel(atmosphere_year=1985).shape == (2, 3)
    mean = tree["statistics/soc_mean"].values
    np.testing.assert_allclose(mean, found.soc.mean("sample"), rtol=1e-12)
    control = 30 * np.exp(-0.02 * np.array([2.5, 7.5, 15, 30, 70])) * 1.2
    np.testing.assert_allclose(tree["control/soc"][0, 1], control, rtol=1e-12)
    rate = np.interp(YEAR, data.YEARS, data.forcing().drivers["atmosphere"][1])
    np.testing.assert_allclose(tree["control/fraction_modern"][0, 1, 0], rate * np.exp(-0.05))
    seen = tree["observations/soc"]
    assert seen.dims == ("forcing", "location", "observation")
    np.testing.assert_array_equal(seen[1], data.SOC.values)
    assert tree["observations/soc_top"].attrs["units"] == "cm"
    assert tree["sources/clay"].values[0].tolist() == ["the profile", "grid at 0.3 deg", ""]


def test_setup_comes_back_from_the_store_alone(finished, monkeypatch):
    give(monkeypatch, [])
    again = open_experiment(read(finished.path))
    assert again.sizes == {"layer": 5, "atmosphere_year": 11}
    assert list(again.coords) == ["atmosphere_year"]
    np.testing.assert_array_equal(again.coords["atmosphere_year"], data.YEARS)
    seen = again.observations[0]
    # The two have one dimension in the store, so the shorter is padded.
    np.testing.assert_array_equal(seen["fraction_modern"].values[:, :2], data.MODERN.values)
    assert np.isnan(seen["fraction_modern"].values[:, 2]).all()
    np.testing.assert_array_equal(seen["fraction_modern"].error[:, :2], data.MODERN.error)
    assert seen["soc"].error is None
    assert seen["soc"].units == "mg C cm-3"
    assert again.sources[1]["clay"][1] == "grid at 0.3 deg"
    for name in ("here", "there"):
        assert digest(name, again) == digest(name, finished.experiment)


def test_members_alone_have_the_same_bits(finished):
    store = read(finished.path)
    for member in [(0, 0, 0), (1, 2, 39), (0, 1, 17), (1, 0, 33)]:
        again = replay(store, member)
        assert again.differences == []
        assert again.compared >= 9
    assert verify(store, rerun=12).damage == []


def test_blocks_and_workers_change_no_byte(tmp_path, finished):
    other = plan(tmp_path, "block={location: 1, sample: 40}", text=TEXT, store="other.zarr")
    ensemble.run(other, workers=2)
    one, two = xr.open_zarr(finished.path), xr.open_zarr(other.path)
    for name in ("soc", "j", "j_soc", "j_14c", "at_10"):
        np.testing.assert_array_equal(one[name].values, two[name].values)


@pytest.mark.parametrize("part", ["values", "top", "bottom"])
def test_a_changed_observation_is_noticed_on_resume(tmp_path, finished, monkeypatch, part):
    changed = {**data.forcing().observations}
    array = getattr(data.SOC, part).copy()
    array[0, 0] += 0.125
    changed["soc"] = replace(data.SOC, **{part: array})
    give(monkeypatch, [data.forcing(observations=changed), data.both()[1]])
    with pytest.raises(PlanError, match="forcing: here has changed"):
        ensemble.run(plan(tmp_path, text=TEXT), workers=1)


def test_what_has_no_term_is_said_before_the_run(tmp_path):
    planned = plan(tmp_path, text=TEXT)
    said = "\n".join(map(str, planned.warnings))
    assert "response 'j_14c', location 'c': nothing is observed; its cost is 0" in said
    assert (
        "response 'j_soc', location 'c': 1 of 2 observations (80-130 cm) have no term, for less "
        "than half of each is in the model's 0-100 cm" in said
    )
    assert feasibility.summary(planned, 1)["warnings"] == list(map(str, planned.warnings))
    ensemble.run(planned, workers=1)
    kept = read(planned.path).attrs["provenance"]
    assert len(kept[0]["warnings"]) == 3


def test_units_of_observations_are_converted(tmp_path, monkeypatch):
    heavier = replace(data.SOC, values=data.SOC.values / 1e6, units="kg C cm-3")
    pair = [replace(f, observations={**f.observations, "soc": heavier}) for f in data.both()]
    give(monkeypatch, pair)
    one = plan(tmp_path, text=TEXT).layout.functionals["j_soc"]
    give(monkeypatch, data.both())
    two = plan(tmp_path, text=TEXT).layout.functionals["j_soc"]
    np.testing.assert_allclose(one.observed, two.observed, rtol=1e-12)


COST = "{output: soc, cost: {observed: soc, relative_error: 0.1}}"
BAD = {
    COST.replace("observed: soc", "observed: sok"): (
        "14: responses.j_soc.cost.observed: nothing is observed as 'sok'; did you mean 'soc'?"
    ),
    COST.replace("output: soc", "output: soc_stock"): (
        "14: responses.j_soc.cost: output 'soc_stock' has dimensions (none); needed an output with"
    ),
    COST.replace("0.1", "0"): "14: responses.j_soc.cost.relative_error: found 0; needed more than",
    COST.replace(", relative_error: 0.1", ""): "14: responses.j_soc.cost: 'soc' has no errors",
    COST.replace("observed: soc", "observed: fraction_modern"): (
        "14: responses.j_soc.cost.observed: output 'soc' is in 'mg C cm-3' and"
    ),
    "{output: soc, layer: 101}": (
        "14: responses.j_soc.layer: found 101 cm; needed a depth in the layers, 0 to 100 cm"
    ),
    "{output: soc_stock, layer: 10}": "14: responses.j_soc.layer: output 'soc_stock' has",
    "{output: soc, value: true}": "14: responses.j_soc.value: output 'soc' has dimensions (layer)",
    "{output: soc, mean: [1980, 1990]}": "14: responses.j_soc: output 'soc' has dims ('layer',)",
    "{output: soc, layer: 1, value: true}": "14: responses.j_soc: found value and layer; needed",
    "{layer: 1}": "14: responses.j_soc: is missing output:; needed output: an output of",
    "{output: soc, combine: {j_14c: 1}}": "14: responses.j_soc: found output: and combine:; needed",
}
JOINT = "{combine: {j_soc: 1, j_14c: 5}}"
BAD_JOINT = {
    "{combine: {j_15c: 1}}": "13: responses.j.combine.j_15c: no response 'j_15c'; did you mean",
    "{combine: {j: 1}}": "13: responses.j.combine.j: response 'j' is combined too; name those",
    "{combine: {stock: 1, at_10: 1}}": "13: responses.j.combine: found stock in 'kg C m-2'",
    "{combine: {}}": "13: responses.j.combine: found {}; needed",
}


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [*((COST, *pair) for pair in BAD.items()), *((JOINT, *pair) for pair in BAD_JOINT.items())],
)
def test_what_cannot_be_answered_is_refused_with_its_line(tmp_path, right, wrong, said):
    with pytest.raises(ScenarioError) as refused:
        plan(tmp_path, text=TEXT.lstrip("\n").replace(right, wrong))
    assert f"small.yaml:{said}" in str(refused.value)


@pytest.mark.parametrize("name", ["layer", "layer_bounds", "observations", "sources"])
def test_names_of_the_store_are_no_responses(tmp_path, name):
    with pytest.raises(ScenarioError, match=f"responses.{name}: is also a "):
        plan(tmp_path, text=TEXT.replace("  stock:", f"  {name}:"))


def test_an_observed_zero_has_no_relative_error(tmp_path, monkeypatch):
    values = data.SOC.values.copy()
    values[1, 0] = 0.0
    nothing = {**data.forcing().observations, "soc": replace(data.SOC, values=values)}
    give(monkeypatch, [data.forcing(observations=nothing)])
    with pytest.raises(ScenarioError, match="'soc': 0 is observed, of which there is no relative"):
        plan(tmp_path, text=TEXT)


def test_lengths_that_disagree_are_refused(tmp_path, monkeypatch):
    drivers = {**data.forcing().drivers, "atmosphere": np.ones((3, 4))}
    give(monkeypatch, [data.forcing(drivers=drivers)])
    with pytest.raises(ScenarioError, match="'atmosphere' of 'here' has 4 along atmosphere_year; "):
        plan(tmp_path, text=TEXT)


def test_forcings_must_observe_the_same(tmp_path, monkeypatch):
    give(monkeypatch, [data.forcing(), data.forcing("there", observations={})])
    with pytest.raises(ScenarioError, match="'there' observes nothing and 'here' fraction_modern"):
        plan(tmp_path, text=TEXT)


def test_failed_members_have_no_cost(tmp_path):
    planned = plan(tmp_path, "design.parameters.scale={uniform: [50, 100]}", text=TEXT)
    ensemble.run(planned, workers=1)
    found = xr.open_zarr(planned.path)
    failed = found.status.values != 0
    assert 0 < failed.sum() < 0.1 * failed.size
    for name in ("j", "j_soc", "j_14c", "stock", "at_10"):
        np.testing.assert_array_equal(np.isnan(found[name].values), failed)


def test_other_layers_are_another_kernel(tmp_path, finished):
    other = "kernel={name: layered.model, layers: [5, 5, 10, 20, 50]}"
    with pytest.raises(PlanError, match=r"layered\.model\.coords has changed"):
        ensemble.run(plan(tmp_path, other, text=TEXT), workers=1)


@pytest.mark.parametrize(
    ("values", "edges", "said"),
    [
        ([[1.0]], None, "needed \\(n,\\)"),
        ([1.0, np.nan], None, "finite"),
        ([2.0, 1.0], None, "does not rise"),
        ([1.0, 2.0], [[0.0, 1.5]], "needed \\(2, 2\\)"),
        ([1.0, 2.0], [[0.0, 1.5], [2.0, 3.0]], "are not around"),
    ],
)
def test_a_coordinate_checks_itself(values, edges, said):
    bound = None if edges is None else np.array(edges)
    with pytest.raises(ValueError, match=said):
        Coordinate(np.array(values), "cm", "depth", bound)


def test_errors_that_one_forcing_lacks_are_unknown():
    none = replace(data.MODERN, error=None)
    padded = observations.padded([{"a": data.MODERN}, {"a": none, "b": data.SOC}])
    assert isinstance(padded[1]["a"], Observed)
    assert np.isnan(padded[1]["a"].error).all()
    assert padded[1]["b"].error is None
    assert padded[0]["a"].values.shape == (3, 3)


LAYERED = Variable("soc", "mg C cm-3", "carbon", ("layer",))


def cost_against(observed, **words):
    """Return a cost on two layers of 10 cm, of one location or two."""
    layer = Coordinate(np.array([5.0, 15.0]), "cm", "depth", np.array([[0.0, 10.0], [10.0, 20.0]]))
    names = [f"at {k}" for k in range(len(observed.values))]
    shown = Data(np.array([], np.int64), {"layer": layer}, [{"soc": observed}], names)
    return cost_of("j", CostOf(observed="soc", **words), LAYERED, shown)


def test_an_observed_zero_keeps_its_own_error_in_the_outputs_unit():
    top, bottom = np.array([[0.0, 10.0]]), np.array([[10.0, 20.0]])
    values, errors = np.array([[0.0, 0.002]]), np.array([[0.001, 0.001]])
    cost = cost_against(Observed(values, top, bottom, "g cm-3", "carbon", errors))
    np.testing.assert_allclose(cost.per_error[0, 0], [1.0, 1.0])
    np.testing.assert_allclose(cost.observed[0, 0], [0.0, 2.0])


def test_a_layer_that_is_nothing_to_a_location_may_be_nan_there():
    top = np.array([[0.0], [10.0]])
    observed = Observed(np.array([[2.0], [4.0]]), top, top + 10, "mg C cm-3", "carbon")
    cost = cost_against(observed, relative_error=0.5)
    values = np.array([[[3.0], [np.nan]], [[np.nan], [6.0]]])
    np.testing.assert_allclose(cost.apply(values, 0, slice(0, 2)), [[1.0], [1.0]])
