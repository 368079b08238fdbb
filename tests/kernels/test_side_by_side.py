"""Kernels side by side, and options of one: words, names, dimensions, and every misuse."""

from dataclasses import dataclass
from dataclasses import replace as changed
from typing import Literal

import numpy as np
import pytest
from chained import forcing as data
from chained import quick, slow

import kernels
from kernels import Batch, Kernel, Unfit
from kernels.chains.parts import variants
from kernels.contract.fingerprint import fingerprint
from scenarios import as_written, read_options
from scenarios.sections import KernelChoice

SOILS = ["chained.slow", {"name": "chained.quick", "faster": 1.5}]
STARTS = {"name": "chained.slow", "start": ["steady", "cold"]}


def read(words):
    """Return the kernel that a section asks for, and its options."""
    if isinstance(words, list):
        words = {"name": variants.NAME, variants.KERNELS: words}
    choice = KernelChoice.model_validate(words)
    kernel, options = as_written(choice, kernels.get(choice.name))
    return kernel, read_options(options, kernel)


def made(words):
    kernel, options = read(words)
    return kernel.made(options, None), options


def drivers():
    given = data.forcing().drivers
    return {n: np.array(v, np.float64) for n, v in given.items()} | {
        "litter": np.array(given["gpp"], np.float64)
    }


def run(kernel, options, rows, wanted):
    """Return some outputs of all stages, and the status of every stage."""
    values, codes = {}, {}
    sizes = {"time": 3, **{n: len(c.values) for n, c in kernel.coords.items()}}
    given = drivers()
    samples = len(next(iter(rows.values())))
    for stage in kernel.stages:
        out = {
            n: np.empty((5, *(sizes[d] for d in kernel.variable(n).dims), samples))
            for n in stage.outputs
        }
        batch = Batch(
            parameters={n: np.array(rows[n])[None] for n in stage.parameters},
            drivers={n: given[n] for n in stage.drivers},
            coords={"year": data.YEARS},
            upstream={n: values[n] for n in stage.upstream},
            level={n: np.arange(samples) for n in stage.upstream},
        )
        status = np.zeros((5, samples), np.uint8)
        stage.open(options)(batch, out, status)
        values |= out
        codes[stage.name] = status
    return {n: values[n] for n in wanted}, codes


class TestTables:
    def test_kernels_of_a_list_stand_along_kernel(self):
        kernel, options = made(SOILS)
        assert kernel.name == "side_by_side"
        assert kernel.coords["kernel"].labels == ("slow", "quick")
        assert {v.name: v.dims for v in kernel.outputs} == {
            "slow_carbon": ("time",),
            "rh": ("kernel", "time"),
            "stock": ("kernel",),
        }
        assert [p.name for p in kernel.parameters] == ["slow_rate", "efficiency", "quick_rate"]
        assert [a.name for a in options.axes] == ["kernel"]

    def test_values_of_an_option_are_a_dimension_of_its_name(self):
        kernel, _ = made(STARTS)
        assert kernel.name == "chained.slow"
        assert kernel.title == "A slow soil"
        assert kernel.coords["start"].labels == ("steady", "cold")
        assert kernel.coords["start"].meaning == "option start"
        assert {v.name: v.dims for v in kernel.outputs} == {
            "rh": ("start", "time"),
            "stock": ("start",),
            "slow_carbon": ("start", "time"),
        }
        # One kernel has one row of parameters, whatever its options.
        assert [p.name for p in kernel.parameters] == ["rate", "efficiency"]
        assert kernel.seconds(None, {"time": 3}) == pytest.approx(4e-5)

    def test_several_options_are_as_many_dimensions(self):
        kernel, options = made({**STARTS, "cycle": [5, 20, 40]})
        assert kernel.variable("rh").dims == ("start", "cycle", "time")
        assert kernel.coords["cycle"].labels == ("5", "20", "40")
        assert [(link.options.start, link.options.cycle) for link in options.links[0]] == [
            (start, cycle) for start in ("steady", "cold") for cycle in (5, 20, 40)
        ]
        assert {s.name for s in kernel.stages if s.parameters} == {
            f"{start}_{cycle}" for start in ("steady", "cold") for cycle in (5, 20, 40)
        }

    def test_options_of_a_chain_stand_side_by_side(self):
        chain = {"chain": ["chained.leaves", {"models": SOILS}], "start": ["steady", "cold"]}
        kernel, options = made({"name": "chain", **chain})
        assert kernel.variable("rh").dims == ("start", "model", "time")
        assert kernel.variable("litter").dims == ("start", "date")
        assert {link.options.start for one in options.links[0] for group in one.options.links
                for link in group} == {"steady", "cold"}  # fmt: skip

    def test_a_word_where_a_list_is_wanted_is_no_variant(self):
        layers = {"name": "mimics_profile", "layers": [5.0, 10.0]}
        kernel, _ = read(layers)
        assert kernel is kernels.get("mimics_profile")

    def test_what_a_kernel_does_not_have_is_left_out_and_said(self):
        steady = {"steady": ["newton", "spinup"], "carbon14": ["tracer", "separate"]}
        kernel, options = made({"name": "mimics_profile", **steady})
        places = ("newton_tracer", "newton_separate", "spinup_separate")
        assert kernel.coords["variant"].labels == places
        assert kernel.variable("fraction_modern").dims == ("variant", "layer")
        (note,) = options.left_out
        assert note.startswith("steady: spinup, carbon14: tracer is left out: found tracer, which")
        assert kernel.notes[0] == note

    def test_values_are_spelled_as_they_are_written(self):
        assert [variants.spelled(v) for v in (True, 1, 1e-4, 0.1, "a", [5.0, 10])] == [
            "true", "1", "0.0001", "0.1", "a", "[5, 10]",
        ]  # fmt: skip
        assert variants.spelled(0.12345678901) == "0.12345678901"

    def test_numbers_are_parts_of_names(self):
        kernel, _ = made({"name": "chained.quick", "faster": [1.5, 2.0]})
        assert kernel.coords["faster"].labels == ("1.5", "2")
        assert {v.name for v in kernel.intermediates} >= {"faster_1_5_rates", "faster_2_rates"}


class TestValues:
    def test_bits_are_those_of_each_alone(self):
        rows = {"rate": np.linspace(0.001, 0.018, 7), "efficiency": np.linspace(0.2, 0.6, 7)}
        both, codes = run(*made({**STARTS, "cycle": [5, 20]}), rows, ("rh", "stock"))
        assert not any(code.any() for code in codes.values())
        for k, start in enumerate(("steady", "cold")):
            options = slow.Options(start=start)
            alone, _ = run(slow.KERNEL, options, rows, ("rh", "stock"))
            for name, values in alone.items():
                for cycle in range(2):
                    np.testing.assert_array_equal(both[name][:, k, cycle], values)
        assert (both["rh"][:, 0] != both["rh"][:, 1]).any()

    def test_a_member_fails_where_one_of_them_does(self):
        rows = {"slow_rate": [0.0195, 0.01], "quick_rate": [0.05, 0.05], "efficiency": [0.4, 0.4]}
        values, codes = run(*made(SOILS), rows, ("stock",))
        assert (codes["slow"] != 0).tolist() == [[True, False]] * 5
        assert np.isnan(values["stock"][:, 0, 0]).all()
        assert np.isfinite(values["stock"][:, 1]).all()


@dataclass(frozen=True)
class Named:
    """An option that has the name of an output."""

    stock: Literal["a", "b"] = "a"


def test_an_option_may_not_have_the_name_of_an_output(monkeypatch):
    monkeypatch.setattr(slow, "KERNEL", changed(slow.KERNEL, options=Named))
    with pytest.raises(Unfit, match="'stock' is also something else's name in the kernel"):
        made({"name": "chained.slow", "stock": ["a", "b"]})


def test_code_of_every_kernel_counts():
    alone, both = fingerprint(slow.KERNEL), fingerprint(made(SOILS)[0])
    code = {n for n in alone if not n.startswith("chained.slow.")}
    assert code <= both.keys()
    assert "chained.quick.open_pools" in both
    assert fingerprint(made(SOILS)[0]) == both
    other = [SOILS[0], {"name": "chained.quick", "faster": 1.6}]
    assert fingerprint(made(other)[0]) != both


FAULTS = {
    "one kernel": (["chained.slow"], "", "found a list of one; needed two kernels or more"),
    "no kernel": ([], "", "found a list of none; needed two kernels or more"),
    "one twice": (
        ["chained.slow", "chained.slow"], "[1]", "'slow' is [0] too; give one a name with as:",
    ),
    "no such kernel": (["chained.slow", "slo"], "[1]", "no kernel 'slo'"),
    "a number": (["chained.slow", 3], "[1]", "found 3; needed a kernel's name"),
    "a chain": (
        ["chained.slow", {"name": "chain", "chain": ["chained.quick"]}], "[1]",
        "found 'chain' in a list of kernels; write one chain, whose models: stand side by side",
    ),
    "a wrong option": (
        ["chained.slow", {"name": "chained.quick", "fast": 2}], "[1].fast",
        "kernel 'chained.quick' has no option 'fast'; did you mean 'faster'?",
    ),
    "a list inside a list": (
        ["chained.slow", {"name": "chained.quick", "faster": [1.0, 2.0]}], "[1].faster",
        "found [1.0, 2.0]; needed",
    ),
    "nothing in common": (
        ["chained.leaves", "chained.slow"], "", "leaves, slow have no output in common",
    ),
    "empty": ({"name": "chained.slow", "start": []}, "start", "found an empty list; needed one"),
    "one value": (
        {"name": "chained.slow", "start": ["cold"]}, "start", "found a list of cold alone; needed",
    ),
    "twice": (
        {"name": "chained.slow", "start": ["cold", "steady", "cold"]}, "start[2]",
        "found cold a second time; needed each once",
    ),
    "unknown value": (
        {"name": "chained.slow", "start": ["cold", "stedy"]}, "start[1]",
        "found 'stedy'; needed 'steady', 'cold' or 'spinup'",
    ),
    "wrong elsewhere": (
        {"name": "chained.slow", "start": ["cold", "steady"], "cycle": "x"}, "cycle",
        "found 'x'; needed a whole number",
    ),
    "unlike layers": (
        {"name": "mimics_profile", "layers": [[5.0, 5.0], [10.0]]}, "layers[1]",
        "dimension 'layer' of 'layers_10' is not that of 'layers_5_5'; give both the same layers",
    ),
    "unlike drivers": (
        {"name": "mimics_profile", "mode": ["steady", "transient"]}, "mode[1]",
        "kernels side by side need both the same",
    ),
    "a value of no combination": (
        {"name": "mimics_profile", "carbon14": ["tracer", "separate"], "mode": "transient"},
        "carbon14[0]", "found tracer, which is of an equilibrium",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", FAULTS)
def test_misuse_is_told_at_its_place(case):
    words, where, text = FAULTS[case]
    with pytest.raises(Unfit) as caught:
        made(words)
    found = [(fault.where, fault.text) for fault in caught.value.faults]
    assert any(place == where and text in said for place, said in found), found


def test_values_of_one_wrong_option_are_told_once():
    words = {"name": "chained.slow", "start": ["cold", "steady"], "cycle": "x"}
    with pytest.raises(Unfit) as caught:
        made(words)
    assert len(caught.value.faults) == 1


def test_what_one_value_brings_about_is_told_there_alone():
    words = {"name": "mimics_profile", "layers": [[5.0, 5.0], [10.0], [20.0]]}
    words |= {"carbon14": ["none", "tracer"]}
    with pytest.raises(Unfit) as caught:
        made(words)
    assert [fault.where for fault in caught.value.faults] == ["layers[1]", "layers[2]"]


def test_files_with_other_defaults_by_location_are_refused():
    def derive(options, drivers, coords):
        rate = np.full(5, 0.01 if options.start == "cold" else 0.02)
        return {"rate": kernels.Derived(rate, np.zeros(5), np.ones(5))}

    kernel = changed(slow.KERNEL, derive=derive)
    link = variants.Variant(kernel, slow.Options(), "steady", "start[0]")
    other = changed(link, options=slow.Options(start="cold"), label="cold")
    options = variants.Options(((link, other),), (variants.Axis("start", ("steady", "cold")),))
    whole = kernels.get(variants.NAME).made(options, None)
    with pytest.raises(ValueError, match="parameter 'rate' is one of several kernels, and has ot"):
        whole.derive(options, drivers(), {})
    # Nor may one alone say it for both.
    plain = changed(other, kernel=slow.KERNEL)
    options = changed(options, links=((link, plain),))
    with pytest.raises(ValueError, match="parameter 'rate' is one of several kernels, and has ot"):
        kernels.get(variants.NAME).made(options, None).derive(options, drivers(), {})


def test_it_is_listed_with_the_kernels():
    assert variants.NAME in kernels.names()
    assert isinstance(kernels.get(variants.NAME), Kernel)
    assert quick.KERNEL.lanes == 1
