"""Outputs by expression: values, sums, shares and stores are those of any other output."""

import numpy as np
import pytest
import xarray as xr
from commandline import soilsweep
from support import SMALL, load, plan

import ensemble
import scenarios
from ensemble.members import slabs
from ensemble.runs.analyze import analyze_store
from ensemble.store.reading import read
from scenarios import ScenarioError

BOXES = SMALL.replace(
    "outputs: {c_veg: {all: year}, c_soil: {all: year}}",
    """\
derived:
  twice: 2 * total
  total: c_veg + c_soil
  odd: ln(c_soil / 800 [Pg C] - 1)
outputs: {c_veg: {all: year}, c_soil: {all: year}, twice: {all: year}, total: {at: [1901, 2018]}}
precision: float64
""",
).replace(
    "c_soil: [mean, std, q50]", "c_soil: [mean, std, q50]\n  twice: [mean, q50]\n  odd: [mean]"
)

CHAIN = """\
version: 1
name: exchange
kernel:
  chain: [casa_vegetation, casa_debris, {models: [casa_cnp, mimics_testbed, corpse]}]
  start: steady
  cycle: 2
forcing: {reader: synthetic_testbed, cells: 3, years: [2001, 2005]}
design:
  method: latin_hypercube
  n: 3
  parameters: {q10: {uniform: [1.5, 2.0]}, aV: {uniform: [0.94e-8, 1.56e-8]}}
precision: float64
derived: {nee: rh - npp, turnover: soil_litter_carbon / rh}
outputs: {rh: all, npp: all, soil_litter_carbon: all, nee: all, turnover: {over_years: mean}}
responses: {nee_casa: {output: nee, model: casa_cnp, mean: [2003, 2005]}}
aggregates: {nee: [global], turnover: [global_mean]}
"""


@pytest.fixture(scope="module")
def boxes(tmp_path_factory):
    planned = plan(tmp_path_factory.mktemp("boxes"), text=BOXES)
    assert ensemble.run(planned).complete
    return planned


def test_an_expression_of_outputs_is_an_output(boxes):
    found = xr.open_datatree(boxes.path, engine="zarr")
    both = found["c_veg"].values + found["c_soil"].values
    np.testing.assert_array_equal(found["twice"].values, 2 * both)
    np.testing.assert_array_equal(found["total"].values, both[:, :, [0, -1]])
    assert found["total"].attrs["units"] == found["c_soil"].attrs["units"]
    assert found["total"].attrs["long_name"] == "c_veg + c_soil"
    np.testing.assert_allclose(
        found["statistics/twice_mean"].values, 2 * both.mean(axis=-1), rtol=1e-12
    )


def test_what_is_no_number_is_none_in_what_is_made_of_it(boxes):
    """A mean over members of which some have no number is none: nobody is dropped."""
    found = xr.open_datatree(boxes.path, engine="zarr")
    with np.errstate(invalid="ignore", divide="ignore"):
        odd = np.log(found["c_soil"].values / 800 - 1)
    some = np.isfinite(odd).any(axis=-1) & ~np.isfinite(odd).all(axis=-1)
    every = np.isfinite(odd).all(axis=-1)
    assert some.any()
    assert every.any()
    mean = found["statistics/odd_mean"].values
    assert np.isnan(mean[~every]).all()
    np.testing.assert_allclose(mean[every], odd.mean(axis=-1)[every], rtol=1e-6)


def test_a_store_with_them_is_resumed_replayed_and_verified(boxes):
    assert soilsweep("replay", boxes.path, "0/0/7").code == 0
    assert soilsweep("verify", boxes.path, "--rerun", 5).code == 0
    assert ensemble.run(boxes).complete
    other = load(boxes.path.parent, BOXES.replace("total: c_veg + c_soil", "total: c_veg"))
    with pytest.raises(ensemble.PlanError, match=r"scenario: derived.total was"):
        ensemble.run(ensemble.plan(other, store=boxes.path))


def test_a_scenario_without_them_has_the_identity_that_it_had(tmp_path):
    assert "derived" not in plan(tmp_path).identity["scenario"]


@pytest.fixture(scope="module")
def exchange(tmp_path_factory):
    """Return the store of all years at once, and that of slabs of one year."""
    folder, found = tmp_path_factory.mktemp("exchange"), {}
    (folder / "s.yaml").write_text(CHAIN)
    with pytest.MonkeyPatch.context() as patched:
        for name, held in {"whole": 1 << 40, "slabs": 1}.items():
            patched.setattr(slabs, "SLAB_BYTES", held)
            loaded = scenarios.load(folder / "s.yaml")
            planned = ensemble.plan(loaded, store=folder / f"{name}.zarr")
            assert bool(planned.layout.tiler().slabs) == (name == "slabs")
            assert ensemble.run(planned, workers=1).complete
            found[name] = planned.path
    return found


def test_models_stand_beside_what_all_of_them_have(exchange):
    found = xr.open_datatree(exchange["whole"], engine="zarr")
    rh, npp, carbon = (found[n] for n in ("rh", "npp", "soil_litter_carbon"))
    assert found["nee"].dims == rh.dims
    expected = (rh - npp).transpose(*rh.dims)
    np.testing.assert_array_equal(found["nee"].values, expected.values)
    turnover = (carbon / rh).transpose(*rh.dims).values.mean(axis=rh.dims.index("time"))
    np.testing.assert_allclose(found["turnover_mean_over_years"].values, turnover, rtol=1e-12)
    assert found["turnover_mean_over_years"].attrs["units"] == "yr"
    of_casa = found["nee"].sel(model="casa_cnp").values[..., 2:, :].mean(axis=-2)
    np.testing.assert_allclose(found["nee_casa"].values, of_casa, rtol=1e-12)


def test_slabs_of_years_change_no_bit(exchange):
    whole, cut = (read(path) for path in exchange.values())
    assert whole.digest() == cut.digest()


def test_sums_and_shares_are_those_of_any_output(exchange):
    found = xr.open_datatree(exchange["whole"], engine="zarr")
    area = found["area"].values
    total = np.einsum("flmts,l->fmts", found["nee"].values, area) / 1e15
    np.testing.assert_allclose(found["aggregates/nee_global"].values, total, rtol=1e-9)
    analyze_store(exchange["whole"])
    analysed = xr.open_datatree(exchange["whole"], engine="zarr")
    shares = analysed["variance/aggregates/nee_global_share"]
    np.testing.assert_allclose(shares.sum(axis=-1).values, 1.0, rtol=0, atol=1e-12)


WRONG = {
    "found": ("nee: rh - npq", "derived.nee: no output 'npq'; did you mean 'npp'?"),
    "itself": ("nee: nee + rh", "derived.nee: rests on itself, by way of nee; needed outputs"),
    "units": ("nee: rh - soil_litter_carbon", "derived.nee: found 'g C m-2 yr-1' - 'g C m-2'"),
    "a unit's logarithm": ("nee: log10(rh)", "needed log10 of a plain number: divide by a unit"),
    "numbers alone": ("nee: 2 * 3", "derived.nee: names no output; needed an expression"),
    "an output": ("rh: npp", "derived.rh: is also an output of the kernel; give it a name"),
    "a parameter": ("q10: npp", "derived.q10: is also a parameter of the kernel"),
    "a dimension": ("model: npp", "derived.model: is also a dimension of the kernel"),
    "a driver": ("gpp: npp", "derived.gpp: is also a driver of the kernel"),
    "the store's": ("status: npp", "derived.status: is also a name that every store has"),
    "no end": ("nee: rh -", "derived.nee: found the end; needed a number, a name or '('"),
}


@pytest.mark.parametrize("case", WRONG)
def test_what_is_wrong_is_told_once_with_its_place(case, tmp_path):
    entry, said = WRONG[case]
    text = CHAIN.replace("nee: rh - npp", entry)
    with pytest.raises(ScenarioError) as refused:
        load(tmp_path, text)
    told = [str(p.render("s.yaml")) for p in refused.value.problems]
    mine = [one for one in told if said in one]
    assert len(mine) == 1
    assert mine[0].startswith("s.yaml:13: derived.")
    # Whatever else is told is of what the scenario asks of `nee`, where that is no more.
    assert len(told) == 1 or not entry.startswith("nee:")
