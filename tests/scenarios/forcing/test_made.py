"""Readers that make drivers when they are taken: the same bits as at once, whatever is taken."""

import json

import numpy as np
import pytest
from forcing_law.example import Example, read
from forcing_law.examples import seasonal_climatology, testbed_seasons

from kernels import Variable
from scenarios.forcing import Made
from scenarios.forcing.common import made
from scenarios.forcing.common.served import FLUX, UNITS
from scenarios.forcing.synthetic_testbed import DAILY

MEANS = [Variable(name, UNITS.get(name, FLUX), name, ()) for name in (*DAILY, "annual_npp", "pft")]
DAYS = [
    *(Variable(name, UNITS.get(name, FLUX), name, ("date",)) for name in DAILY),
    Variable("annual_npp", UNITS["annual_npp"], "NPP", ("time",)),
    Variable("latitude", UNITS["latitude"], "latitude", ()),
]
CASES = {
    "sites": ("synthetic_testbed", Example(print, {"years": 3}, DAYS)),
    "a world": ("synthetic_testbed", Example(print, {"cells": 13, "years": 2}, DAYS)),
    "means of a world": ("synthetic_testbed", Example(print, {"cells": 13, "years": 2}, MEANS)),
    "seasons": ("testbed_seasons", testbed_seasons.EXAMPLE),
    "months": ("seasonal_climatology", seasonal_climatology.EXAMPLE),
}
MORE = {
    "seasons": {"years": 2, "precision": "float32"},
    "months": {"years": [1990, 1992]},
}


def given(case, folder, **words):
    """Return what a case reads, and how to read it again."""
    reader, example = CASES[case]
    example.write(folder)
    more = {**example.words, **MORE.get(case, {}), **words}
    return read(reader, Example(example.write, more, example.needs), folder)


def many(monkeypatch, slab=1 << 20):
    """Let no number of cells be few, and slabs be small."""
    monkeypatch.setattr(made, "FEW_YEARS", 0)
    monkeypatch.setattr(made, "SLAB_BYTES", slab)


@pytest.mark.parametrize("case", CASES)
def test_what_is_made_is_what_is_read_at_once(case, tmp_path, monkeypatch):
    whole = given(case, tmp_path)
    many(monkeypatch)
    for ours, known in zip(given(case, tmp_path), whole, strict=True):
        assert list(ours.drivers) == list(known.drivers)
        later = {n: d for n, d in ours.drivers.items() if isinstance(d, Made)}
        assert later
        assert all(known.drivers[n].ndim == 1 for n in ours.drivers.keys() - later.keys())
        for name, driver in later.items():
            expected = known.drivers[name]
            assert (driver.shape, driver.dtype) == (expected.shape, expected.dtype)
            alone = [driver[k] for k in range(len(driver))]
            backwards = driver[::-1]
            for found in (np.asarray(driver), np.stack(alone), backwards[::-1]):
                assert found.tobytes() == expected.tobytes()


@pytest.mark.parametrize("case", CASES)
def test_a_recipe_is_of_options_and_of_what_files_hold(case, tmp_path):
    forcings, again = given(case, tmp_path), given(case, tmp_path)
    recipes = [forcing.recipe for forcing in forcings]
    assert all(recipes)
    assert len(set(recipes)) == len(recipes)
    assert recipes == [forcing.recipe for forcing in again]
    assert recipes != [forcing.recipe for forcing in given(case, tmp_path, depth=50.0)]
    for forcing in forcings:
        for file in forcing.provenance["files"]:
            assert file["sha256"] in forcing.recipe


def test_a_recipe_tells_two_needs_apart(tmp_path):
    reader, example = CASES["a world"]
    other = [*example.needs[:-1], Variable("latitude", "degrees_east", "latitude", ())]
    spec = type("Spec", (), {"model_dump": lambda self, mode: {"reader": reader}})()
    recipes = {made.recipe(spec, needs) for needs in (example.needs, other)}
    assert len(recipes) == 2
    assert all(json.loads(one) for one in recipes)
