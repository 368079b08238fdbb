"""Stages that fill some steps alone, and the highest of all: the bits of all steps."""

from dataclasses import replace

import numpy as np
import pytest
import stages
from hypothesis import given, settings
from hypothesis import strategies as st

import kernels
from kernels import OK, Batch, Kernel, Stage, Variable, highest_of

PICKING = [
    (name, options)
    for name, options in stages.every_choice()
    if any(stage.picks for stage in kernels.get(name).stages)
]
CHOICES = pytest.mark.parametrize(
    ("name", "options"),
    [pytest.param(n, o, id=f"{n}-{'-'.join(map(str, vars(o).values()))}") for n, o in PICKING],
)

ORDERS = {
    # Which row of the vegetation and of the soil each sample uses, by what follows what.
    "last varies": lambda n: (np.arange(n) // 300, np.arange(n) % 300),
    "first varies": lambda n: (np.arange(n) % 300, np.arange(n) // 300),
    "both vary": lambda n: (np.arange(n), np.arange(n)),
    "short runs": lambda n: (np.arange(n) // 5, np.arange(n) % 5),
    "no order": lambda n: np.random.default_rng(2).integers(0, 40, (2, n)),
    "begins in the middle": lambda n: ((np.arange(n) + 170) // 300, (np.arange(n) + 170) % 300),
    "one row": lambda n: (np.zeros(n, np.int64), np.zeros(n, np.int64)),
}


def soil_of(options, order, samples, *, broken=False):
    """Return the stage that fills soil, opened, and a batch for it."""
    from kernels import two_box

    draw, (veg, soil), years = np.random.default_rng(samples), ORDERS[order](samples), 30
    above, below = veg.max() + 1, soil.max() + 1
    upstream = {
        "tau_veg_model": draw.uniform(8, 12, (2, years, 1)),
        "tau_soil_model": draw.uniform(20, 30, (2, years, 1)),
        "tau_veg_shift": draw.uniform(-2, 2, (2, above)),
        "tau_soil_shift": draw.uniform(-5, 5, (2, below)),
        "c_veg": draw.uniform(300, 500, (2, years, above)),
        "litter": draw.uniform(40, 60, (2, years, above)),
    }
    if broken:
        upstream["tau_soil_shift"][0, below // 2] = np.nan
        upstream["tau_veg_shift"][0, 0] = upstream["c_veg"][0, :, 0] = np.nan
        upstream["litter"][0, :, 0] = np.nan
        upstream["litter"][1, years // 2, above - 1] = upstream["c_veg"][1, 3, above - 1] = np.inf
    stage = next(s for s in two_box.KERNEL.stages if s.name == "soil")
    level = {name: soil if name == "tau_soil_shift" else veg for name in stage.upstream}
    drivers = {"npp": draw.uniform(40, 60, (2, years))}
    begins = draw.choice([0.5, 1.0, 1.7], (1 + samples % 2, samples))
    if broken:
        begins[-1, 0] = np.nan
    parameters = {"initial_carbon_factor": begins}
    return stage.open(options), Batch(parameters, drivers, {}, upstream, level), years


def filled(run, batch, shapes, samples):
    out = {name: np.full((2, *shape, samples), 1e300) for name, shape in shapes.items()}
    status = np.zeros((2, samples), np.uint8)
    run(batch, out, status)
    return out, status


@CHOICES
@pytest.mark.parametrize("broken", [False, True], ids=["sound", "broken"])
@pytest.mark.parametrize("order", ORDERS)
@given(data=st.data())
@settings(max_examples=6)
def test_some_steps_have_the_bits_of_all(name, options, order, broken, data):
    samples = data.draw(st.sampled_from([1, 2, 31, 257, 700]))
    run, batch, years = soil_of(options, order, samples, broken=broken and samples > 2)
    (stage,) = (s for s in kernels.get(name).stages if s.picks)
    every, status = filled(run, batch, dict.fromkeys(stage.picks, (years,)), samples)
    some = data.draw(st.sets(st.sampled_from(stage.picks), min_size=1))
    steps = st.sets(st.integers(0, years - 1), max_size=9)
    picks = {n: np.array(sorted(data.draw(steps)), np.int64) for n in sorted(some)}
    shapes = {n: (len(picks[n]),) for n in picks if len(picks[n])}
    shapes |= {highest_of(n): () for n in picks if n not in shapes or data.draw(st.booleans())}
    found, same = filled(run, replace(batch, picks=picks), shapes, samples)
    np.testing.assert_array_equal(same, status)
    assert broken is False or samples < 3 or (status != OK).any()
    for n, chosen in picks.items():
        whole = every[n]
        if n in found:
            np.testing.assert_array_equal(found[n], whole[:, chosen])
        if (highest := highest_of(n)) in found:
            np.testing.assert_array_equal(found[highest], whole.max(axis=1))


def test_kernels_pick_along_time_alone():
    def open_(options):
        return lambda batch, out, status: None

    def kernel(picks, dims):
        made = Variable("y", "1", "what is made", dims), Variable("z", "1", "more", ("time",))
        return Kernel("k", "K", "tests", (), (), made, (
            Stage("s", (), (), (), ("y", "z"), open_, picks=picks),
        ), type(None), lambda options, sizes: 1.0, steps={"time": "year"})  # fmt: skip

    assert kernel(("y", "z"), ("time",)).stages[0].picks == ("y", "z")
    for picks, dims in ((("y",), ("layer",)), (("x",), ("time",))):
        with pytest.raises(ValueError, match=rf"stage 's': picks \['{picks[0]}'\] are not among"):
            kernel(picks, dims)
