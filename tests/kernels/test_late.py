"""Outputs that a stage makes late: as ever of whom they are wanted, and not made of others."""

from dataclasses import replace

import numpy as np
import profile_cases as cases
import pytest

import kernels
from kernels import Kernel, Stage, Variable

OPTIONS = {"tracer": {"carbon14": "tracer"}, "separate": {"carbon14": "separate"}}
SAMPLES = 37


def test_kernels_with_late_outputs_are_those_of_this_file():
    late = [name for name in kernels.names() if any(s.late for s in kernels.get(name).stages)]
    made = kernels.get("mimics_profile").made(cases.CASES["V2"].options(**OPTIONS["tracer"]), None)
    assert set(late) <= {"mimics_profile"}
    assert "fraction_modern" in made.stages[0].late
    assert "soc" not in made.stages[0].late


@pytest.mark.parametrize("how", OPTIONS)
def test_of_whom_it_is_wanted_it_has_its_bits_and_of_others_it_is_not_made(how):
    case = replace(cases.CASES["V2"], layers=(10.0, 30.0))
    options = case.options(**OPTIONS[how])
    drivers, coords = cases.with_14c(case, 1975)
    drivers = {name: np.repeat(values, 2, axis=0) for name, values in drivers.items()}
    draw, asked = np.random.default_rng(2), []
    # One whose beta no kernel takes fails before anybody asks.
    beta = np.where(np.arange(SAMPLES) == 5, np.nan, draw.uniform(1.1, 1.8, SAMPLES))
    changed = {"x_D": draw.uniform(0.1, 10, SAMPLES), "beta": beta}
    some = draw.random((2, SAMPLES)) < 0.4
    some[1] = False

    def wanted(out, locations, samples):
        asked.append(some[locations, samples].size)
        assert np.isfinite(out["soc"][locations, :, samples]).any()
        return some[locations, samples]

    outputs = ("soc", "fraction_modern", "column_fraction_modern")
    every = cases.run(options, drivers, changed, outputs=outputs, coords=coords)
    found = cases.run(options, drivers, changed, outputs=outputs, coords=coords, wanted=wanted)
    assert sum(asked) == some.size
    np.testing.assert_array_equal(found.status, every.status)
    np.testing.assert_array_equal(found.status[:, 5] != 0, True)
    np.testing.assert_array_equal(found.out["soc"], every.out["soc"])
    for name in outputs[1:]:
        own, whole = (np.moveaxis(one.out[name], -1, 1) for one in (found, every))
        np.testing.assert_array_equal(own[some], whole[some])
        assert np.isnan(own[~some]).all()
        assert np.isfinite(whole[every.status == 0]).all()


def test_what_is_late_is_an_output_of_its_stage():
    stage = Stage("s", (), (), (), ("a",), lambda options: None, late=("b",))
    tables = {"parameters": (), "drivers": (), "outputs": (Variable("a", "1", "a", ()),)}
    with pytest.raises(ValueError, match=r"late \['b'\] are not among its outputs"):
        Kernel("k", "k", "ours", stages=(stage,), options=object, seconds=lambda o, s: 0.0,
               **tables)  # fmt: skip
