"""Real profiles through the engine: costs are those of the stored layers, by other functions."""

import numpy as np
import pytest
import xarray as xr
from support import DATA, needs_data, plan, run

from ensemble.members.reopening import open_experiment
from ensemble.members.responses.layers import cost, joint_cost, overlap
from ensemble.planning.identity import digest
from ensemble.store.reading import read as read_store

SCENARIO = """
version: 1
name: profiles
kernel: KERNEL
forcing:
  reader: soil_profiles
  path: DATA/radiocarbon/soil_profiles.csv
  atmosphere: DATA/radiocarbon/atmosphere
  grids: DATA/gridded_0p5deg
  testbed: DATA/testbed
PROFILES
design: {method: latin_hypercube, n: 8, parameters: PARAMETERS}
seed: 5
precision: float64
outputs: {soc: all, fraction_modern: all}
responses:
  j_soc: {output: soc, cost: {observed: soc, relative_error: 0.1}}
  j_14c: {output: fraction_modern, cost: {observed: fraction_modern, relative_error: 0.1}}
  j: {combine: {j_soc: 1, j_14c: 5}}
statistics: {j: [min]}
failed_limit: 1
"""
NAMES = ("Leavitt_2007-332", "Masiello_2004-106", "Lassey_1996-113", "Torn_2002-34")
MIMICS = "{x_v: {uniform: [4, 16]}, x_D: {uniform: [0.1, 4]}, beta: {uniform: [1.2, 1.6]}}"


def text(kernel, parameters, profiles=""):
    words = {"KERNEL": kernel, "PARAMETERS": parameters, "PROFILES": profiles}
    found = SCENARIO
    for word, value in {**words, "DATA": str(DATA)}.items():
        found = found.replace(word, value)
    return found


def by_evaluation(tree, observed, place):
    """Return the cost of every member (s,) at a location; outputs are named as observations."""
    seen = tree["observations"].isel(forcing=0, location=place)
    top, bottom = seen[f"{observed}_top"].values, seen[f"{observed}_bottom"].values
    weights = overlap(tree["layer_bounds"].values, top, bottom)
    values = np.where(weights.any(axis=-1), seen[observed].values, np.nan)
    modelled = weights @ tree[observed].values[0, place]
    return np.array([cost(values, column) for column in modelled.T])


def opened(store):
    return xr.open_datatree(store, engine="zarr").load()


@needs_data
def test_every_profile_of_the_file_with_a_kernel_of_five_layers(tmp_path):
    shape = "{scale: {uniform: [5, 60]}, shape: {uniform: [0.001, 0.05]}}"
    planned, outcome = run(tmp_path, text=text("layered.model", shape), workers=1)
    assert outcome.complete
    found = opened(planned.path)
    # Three that lack litter or NPP of a grid lack nothing here.
    assert found.sizes["location"] == 86
    for place in range(86):
        one = by_evaluation(found, "soc", place)
        two = by_evaluation(found, "fraction_modern", place)
        np.testing.assert_allclose(found.j_soc[0, place], one, rtol=1e-9)
        np.testing.assert_allclose(found.j_14c[0, place], two, rtol=1e-9)
        joint = [joint_cost(*pair) for pair in zip(one, two, strict=True)]
        np.testing.assert_allclose(found.j[0, place], joint, rtol=1e-9)
        assert (one > 0).all()
    again = open_experiment(read_store(planned.path))
    assert digest("soil_profiles", again) == digest("soil_profiles", planned.experiment)
    assert again.sources[0]["clay"][0].startswith("the testbed (CLM4.5-CRUNCEP), cell ")
    # Layers below the model's metre have no term, and that is said.
    assert "have no term" in str(planned.warnings[0])


@needs_data
@pytest.mark.slow
def test_mimics_by_depth_at_four_profiles(tmp_path):
    scenario = text(
        "{name: mimics_profile, carbon14: tracer}", MIMICS, f"  profiles: [{', '.join(NAMES)}]"
    )
    planned, outcome = run(tmp_path, text=scenario, workers=1)
    assert outcome.complete
    found = opened(planned.path)
    assert found.location.values.tolist() == list(NAMES)
    ran = found.status.values[0] == 0
    assert ran.mean() > 0.8
    for place in range(len(NAMES)):
        good = ran[place]
        for response, output in (("j_soc", "soc"), ("j_14c", "fraction_modern")):
            expected = by_evaluation(found, output, place)
            np.testing.assert_allclose(found[response][0, place][good], expected[good], rtol=1e-9)
    # Soil is younger above, and nothing is younger than the atmosphere ever was.
    modern = found.fraction_modern.values[0][ran.nonzero()[0], :, ran.nonzero()[1]]
    assert (modern[:, 0] > modern[:, -1]).all()
    assert modern.max() < planned.experiment.drivers[0]["atmosphere"].max()


@needs_data
def test_a_changed_folder_or_profile_is_said_at_plan_time(tmp_path):
    with pytest.raises(ValueError, match=r"forcing.profiles\[0\]: no profile 'Leavit_2007-332'"):
        plan(tmp_path, text=text("layered.model", "{scale: {uniform: [5, 60]}}",
                                 "  profiles: [Leavit_2007-332]"))  # fmt: skip
