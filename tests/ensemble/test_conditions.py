"""What must hold of parameters and drivers together: kernels fail by it, plans and replays say."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr
from commandline import soilsweep
from small_sites import SITES, sites
from support import run

import ensemble
import kernels
from ensemble.planning.conditions import largest
from ensemble.planning.notices import PASSED_ON
from ensemble.runs.verify import replay
from ensemble.store.reading import read
from kernels import OUT_OF_RANGE, Condition

WIDE = """
version: 1
name: wide
{kernel}
design:
  method: monte_carlo
  n: 150
  parameters:
    q1: {{uniform: [0.6, 1.5]}}
    q2: {{uniform: [0.5, 1]}}
    q3: {{uniform: [0, 0.02]}}
    tau_low: {{uniform: [0.5, 1.2]}}
    tau_high: {{uniform: [1.0, 1.4]}}
    fP_r: {{uniform: [0.1, 0.7]}}
    fP_k_clay: {{uniform: [0.8, 6]}}
seed: 3
outputs: {{{output}: last}}
failed_limit: 1
"""
KERNELS = {
    "mimics": (
        "kernel: {name: mimics}\nforcing: {reader: synthetic_sites}", "soc_stock",
    ),
    "mimics_profile": (
        "kernel: {name: mimics_profile}\nforcing: {reader: synthetic_profiles}", "carbon_stock",
    ),
    "mimics_testbed": (
        "kernel: {name: mimics_testbed, drivers: mean}\n"
        "forcing: {reader: synthetic_testbed}", "rh",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", KERNELS)
def test_members_fail_by_conditions_and_by_nothing_else(name, tmp_path):
    head, output = KERNELS[name]
    planned, store = run(tmp_path, text=WIDE.format(kernel=head, output=output), try_first=False)
    experiment, layout = planned.experiment, planned.layout
    status = xr.open_datatree(store.path, engine="zarr")["status"].values
    every = slice(0, layout.sampler.size)
    met = set()
    for place in range(len(experiment.locations.names)):
        rows = layout.sampler.rows(0, slice(place, place + 1), every).values
        rows = {n: np.broadcast_to(v[0], every.stop) for n, v in rows.items()}
        out = np.zeros(every.stop, bool)
        for condition in experiment.kernel.conditions:
            beyond = largest(experiment, condition, 0, place, rows) > condition.most
            met |= {condition.text} if beyond.any() else set()
            out |= beyond
        np.testing.assert_array_equal(status[0, place] == OUT_OF_RANGE, out)
    # Each is broken somewhere, but for that of the other microbe.
    assert len(met) >= len(experiment.kernel.conditions) - 1


def test_a_plan_says_how_many_members_fail_and_why(tmp_path):
    lignin = (2.0, 20.6, 21.0, 11.5)
    assert sites(tmp_path, lignin_n=("1", lignin)).warnings == []
    text = SITES.replace("{beta: ", "{q1: {uniform: [0.5, 1.5]}, beta: ")
    planned = sites(tmp_path, text, lignin_n=("1", lignin))
    (notice,) = planned.warnings
    rows = planned.layout.sampler.rows(0, slice(0, 1), slice(0, 20)).values["q1"]
    parts = rows * (0.85 - 0.013 * np.array(lignin)[:, np.newaxis])
    assert notice.share == np.mean(parts > 1.0) > 0
    assert notice.value == pytest.approx(parts.max(), rel=1e-12)
    assert notice.place == "A"
    assert "of 80 members looked at (4 locations of each forcing)" in str(notice)
    assert str(notice).endswith("these fail; narrow q1")


def test_litter_without_lignin_is_not_what_is_seen(tmp_path):
    (notice,) = sites(tmp_path, lignin_n=("1", (0.0, 20.6, 21.0, 11.5))).warnings
    assert "lignin_n: 25% of 4 values, at 1 of 4 locations, are outside 1 to 500" in str(notice)


def test_a_replay_names_the_condition_with_its_numbers(tmp_path):
    text = SITES.replace("{beta: ", "{q1: {uniform: [1.5, 1.6]}, beta: ") + "failed_limit: 1\n"
    outcome = ensemble.run(sites(tmp_path, text), try_first=False)
    again = replay(read(outcome.path), (0, 3, 5))
    value = again.parameters["q1"] * (0.85 - 0.013 * 11.5)
    assert again.status.startswith("out_of_range: ")
    (why,) = again.reasons
    assert why == (
        f"q1 (q2 - q3 lignin_n), the metabolic part of litter, is {value:.4g}; needed 1 at most "
        f"(q1 {again.parameters['q1']:.4g}, q2 0.85, q3 0.013, lignin_n_most 1e+06)"
    )
    assert "the metabolic part of litter, is 1." in soilsweep("status", outcome.path).out


def test_kernels_side_by_side_have_the_conditions_of_each(tmp_path):
    pair = "[{name: mimics, as: f}, {name: mimics, as: r, form: reverse, set: sandbox}]"
    text = SITES.replace("{name: mimics}", pair).replace(
        "{beta: ", "{q1: {uniform: [1, 2]}, beta: "
    )
    said = [str(notice) for notice in sites(tmp_path, text).warnings]
    part = "q1 (q2 - q3 lignin_n), the metabolic part of litter, is above 1"
    assert [text.partition(part)[0] for text in said] == ["f: ", "r: "]
    assert all(text.endswith("narrow q1") for text in said)


def test_a_kernel_cannot_need_what_it_has_no_input_for():
    lost = Condition("a of nowhere", ("nowhere",), lambda named: named["nowhere"], 1.0)
    with pytest.raises(ValueError, match=r"conditions are of \['nowhere'\], no inputs of it"):
        replace(kernels.get("two_box"), conditions=(lost,))


STEADY = {
    "mimics": ("{name: mimics}", "synthetic_sites", "respiration"),
    "mimics_profile": ("{name: mimics_profile}", "synthetic_profiles", "column_respiration"),
    **{
        name: (f"{{name: {name}, drivers: mean}}", "synthetic_testbed", "rh")
        for name in ("mimics_testbed", "casa_cnp", "corpse")
    },
}


@pytest.mark.parametrize("name", STEADY)
def test_a_plan_says_what_no_parameter_moves_and_none_does(name, tmp_path):
    kernel, reader, output = STEADY[name]
    varied = {"casa_cnp": "q10: {uniform: [1.4, 2.0]}", "corpse": "Tmic: {uniform: [0.1, 0.4]}"}
    text = f"""
    version: 1
    name: steady
    kernel: {kernel}
    forcing: {{reader: {reader}}}
    design:
      method: latin_hypercube
      n: 12
      parameters: {{{varied.get(name, "e1: {uniform: [0.4, 0.6]}")}}}
    outputs: {{{output}: last}}
    """
    planned, outcome = run(tmp_path, text=text)
    said = [str(one) for one in planned.warnings if one.kind == PASSED_ON]
    assert [one.partition(":")[0] for one in said] == [output]
    values = xr.open_datatree(outcome.path, engine="zarr")[output].values
    # A solver ends within its tolerance; column and layers are of one kind.
    spread = np.nanmax(np.ptp(values, axis=-1) / np.abs(values).max(axis=-1))
    assert spread < 1e-5
