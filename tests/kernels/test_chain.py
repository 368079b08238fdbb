"""Chains of kernels: names, what feeds what, the laws of a kernel, and every misuse."""

from dataclasses import replace

import numpy as np
import pytest
import stages
from chained import forcing as data
from chained import leaves, quick, slow
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

import kernels
from kernels import Coordinate, Derived, Kernel, Unfit, Variable
from kernels.contract.fingerprint import fingerprint
from scenarios import read_options

CHAIN = kernels.get("chain")
SOILS = {"models": ["chained.slow", {"name": "chained.quick", "faster": 1.5}]}
WORDS = {"links": ["chained.leaves", SOILS]}
COORDS = {"year": data.YEARS, "date": np.arange(data.N), "model": np.arange(2)}


def options(words):
    return read_options(words, CHAIN)


def made(words=WORDS):
    return CHAIN.made(options(words), None)


def drivers():
    return {n: np.array(v, np.float64) for n, v in data.forcing().drivers.items()}


def defaults(kernel, samples=1):
    return {p.name: np.full(samples, p.default) for p in kernel.parameters}


class TestTables:
    def test_parameters_are_one_where_their_rows_are_the_same(self):
        names = [p.name for p in made().parameters]
        assert names == ["share", "slow_rate", "efficiency", "quick_rate"]

    def test_outputs_of_all_models_are_one_along_model(self):
        kernel = made()
        assert {v.name: v.dims for v in kernel.outputs} == {
            "litter": ("date",),
            "c_leaf": ("time",),
            "slow_carbon": ("time",),
            "rh": ("model", "time"),
            "stock": ("model",),
        }
        assert kernel.coords["model"].labels == ("slow", "quick")
        assert {v.name for v in kernel.intermediates} == {
            *("slow_rh", "quick_rh", "slow_stock", "quick_stock", "rates")
        }

    def test_what_models_mean_by_one_name_is_said_of_each(self, monkeypatch):
        words = {v.name: v.meaning for v in made().outputs}
        assert words["rh"] == next(v.meaning for v in slow.OUTPUTS if v.name == "rh")
        outputs = tuple(
            replace(v, meaning="of slow soil") if v.name == "rh" else v for v in slow.OUTPUTS
        )
        monkeypatch.setattr(slow, "KERNEL", replace(slow.KERNEL, outputs=outputs))
        words = {v.name: v.meaning for v in made().outputs}
        other = next(v.meaning for v in quick.KERNEL.outputs if v.name == "rh")
        assert words["rh"] == f"slow: of slow soil; quick: {other}"

    def test_drivers_are_those_that_no_earlier_link_makes(self):
        assert [d.name for d in made().drivers] == ["gpp", "soil_temperature", "clay"]
        alone = made({"links": [SOILS]})
        assert [d.name for d in alone.drivers] == ["litter", "soil_temperature", "clay"]

    def test_a_link_alone_is_the_kernel_itself(self):
        kernel = made({"links": ["chained.slow"]})
        for table in ("parameters", "drivers", "outputs", "balance"):
            assert getattr(kernel, table) == getattr(slow.KERNEL, table)
        assert kernel.coords == {}

    def test_stages_name_what_they_read(self):
        found = {s.name: (s.parameters, s.drivers, s.upstream) for s in made().stages}
        assert found == {
            "leaves": (("share",), ("gpp",), ()),
            "slow": (("slow_rate", "efficiency"), ("soil_temperature", "clay"), ("litter",)),
            "quick.rates": (("quick_rate",), ("clay",), ()),
            "quick.pools": (("efficiency",), ("soil_temperature",), ("rates", "litter")),
            "model.rh": ((), (), ("slow_rh", "quick_rh")),
            "model.stock": ((), (), ("slow_stock", "quick_stock")),
        }

    def test_costs_lanes_and_what_is_said_of_it(self):
        kernel = made()
        assert kernel.seconds(None, {"time": 3}) == pytest.approx(6e-5)
        assert kernel.lanes == 4
        assert kernel.title == "Leaves that fall, then A slow soil beside A quick soil"
        assert kernel.source == "tests"
        # Respiration is of all models, and no entry of a balance is along models.
        assert kernel.balance == ()

    def test_one_kernel_twice_has_two_names(self):
        twice = {"models": ["chained.slow", {"name": "chained.slow", "as": "other"}]}
        kernel = made({"links": ["chained.leaves", twice]})
        assert kernel.coords["model"].labels == ("slow", "other")
        assert [p.name for p in kernel.parameters] == ["share", "rate", "efficiency"]
        assert kernel.variable("slow_carbon").dims == ("model", "time")

    def test_the_nearest_link_above_feeds(self, monkeypatch):
        more = {"name": "chained.leaves", "as": "needles"}
        kernel = made({"links": ["chained.leaves", more, "chained.slow"]})
        assert kernel.stages[-1].upstream == ("needles_litter",)
        assert {v.name for v in kernel.outputs} >= {"litter", "needles_litter"}

    def test_options_spread_to_all_links_that_have_them(self):
        words = {**WORDS, "start": "cold", "cycle": 7}
        words["links"] = ["chained.leaves", {"models": ["chained.slow", "chained.quick"]}]
        found = [link.options for group in options(words).links for link in group]
        assert found == [
            leaves.Options(start="cold"),
            slow.Options(start="cold", cycle=7),
            quick.Options(start="cold"),
        ]

    def test_what_a_link_says_itself_goes_before_what_is_said_for_all(self):
        words = {"links": ["chained.leaves", {"name": "chained.slow", "start": "spinup"}]}
        found = options({**words, "start": "cold"}).links
        assert [group[0].options.start for group in found] == ["cold", "spinup"]

    def test_derived_ranges_keep_the_names_of_the_chain(self):
        twice = {"models": ["two_box", {"name": "two_box", "as": "other"}]}
        kernel = made({"chain": [twice]})
        example = stages.example("two_box")
        found = kernel.derive(None, example.drivers, example.coords)
        alone = kernels.get("two_box")
        expected = alone.derive(alone.options(), example.drivers, example.coords)
        assert found.keys() == expected.keys()
        for name, one in expected.items():
            np.testing.assert_array_equal(found[name].default, one.default)

    @pytest.mark.parametrize(("driver", "expected"), [("clay", ["rate"]), ("litter", [])])
    def test_what_forcing_gives_a_fed_link_is_derived_from(self, monkeypatch, driver, expected):
        def derive(options, drivers, coords):
            return {"rate": Derived(drivers[driver] / 100, np.zeros(2), np.ones(2))}

        monkeypatch.setattr(slow, "KERNEL", replace(slow.KERNEL, derive=derive))
        kernel = made({"links": ["chained.leaves", "chained.slow"]})
        assert list(kernel.derive(None, {"clay": np.array([0.1, 0.2])}, {})) == expected


class TestLaws:
    """What `test_contract.py` says of kernels with tables of their own."""

    def separately(self, rows):
        """Return (name, model) to (L, *dims, S), each kernel run for each member alone."""
        found = {}
        for s in range(len(rows["share"])):
            row = {name: values[s : s + 1] for name, values in rows.items()}
            own = drivers()
            plant = stages.run(leaves.KERNEL, leaves.Options(), own, COORDS, row)
            own["litter"] = np.ascontiguousarray(plant.out["litter"][..., 0])
            for kernel, chosen in ((slow.KERNEL, slow.Options()), (quick.KERNEL, None)):
                label = kernel.name.removeprefix("chained.")
                one = stages.run(
                    kernel,
                    chosen or quick.Options(faster=1.5),
                    {d.name: own[d.name] for d in kernel.drivers},
                    COORDS,
                    {"rate": row[f"{label}_rate"], "efficiency": row["efficiency"]},
                    outputs=[o.name for o in kernel.outputs],
                )
                for name, values in one.out.items():
                    found.setdefault((name, label), []).append(values)
        return {key: np.concatenate(values, axis=-1) for key, values in found.items()}

    @given(seed=st.integers(0, 1000), lanes=st.sampled_from([1, 3, 10, 1000]), share=st.booleans())
    @hypothesis_settings(max_examples=12, deadline=None)
    def test_the_chain_has_the_bits_of_its_links(self, seed, lanes, share):
        random = np.random.default_rng(seed)
        samples = int(random.integers(1, 12))
        rows = {
            "share": random.choice([0.3, 0.5, 0.6, 0.97], samples),
            "slow_rate": random.choice([0.001, 0.01], samples),
            "quick_rate": random.uniform(0.01, 0.05, samples),
            "efficiency": random.choice([0.2, 0.4], samples),
        }
        with pytest.MonkeyPatch.context() as patched:
            for module in (slow, quick):
                patched.setattr(module, "KERNEL", replace(module.KERNEL, lanes=lanes))
            kernel = made()
            found = stages.run(kernel, None, drivers(), COORDS, rows, share=share)
        for (name, label), values in self.separately(rows).items():
            whole = found.out[name]
            mine = whole[:, ("slow", "quick").index(label)] if name != "slow_carbon" else whole
            np.testing.assert_array_equal(mine, values, err_msg=f"{name}, {label}")
        bad = rows["share"] > 0.95
        assert (found.status[:, bad] != 0).all()
        assert (found.status[:, ~bad] == 0).all()

    def test_a_call_of_few_samples_holds_as_many_lanes_as_it_likes(self):
        from chained import CALLS

        rows = {"share": np.linspace(0.2, 0.9, 8), "slow_rate": np.full(8, 0.01)}
        rows = {**defaults(made(), 8), **rows}
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(slow, "KERNEL", replace(slow.KERNEL, lanes=20))
            CALLS.made.clear()
            stages.run(made(), None, drivers(), COORDS, rows)
        # Five locations and eight rows of litter: four rows at once are twenty lanes.
        assert [c for c in CALLS.made if c[0] == "slow"] == [("slow", 20, 1)] * 2
        assert [c for c in CALLS.made if c[0] == "quick.pools"] == [("quick.pools", 5, 1)] * 8

    def test_the_fingerprint_holds_all_links(self, monkeypatch):
        before = fingerprint(made())
        assert {"chained.slow.open_", "chained._soil.step", "chained.slow.Options"} <= before.keys()
        assert "chained.slow.START" in before
        assert before == fingerprint(made())
        monkeypatch.setitem(slow.START, "cold", 1.0)
        changed = fingerprint(made())
        assert {n for n in before if before[n] != changed[n]} >= {"chained.slow.START"}

    def test_options_of_links_count_in_the_fingerprint(self):
        words = {"links": ["chained.leaves", {**SOILS}], "gain": 2.0}
        one, two = fingerprint(made()), fingerprint(made(words))
        assert {n for n in one if one[n] != two.get(n)} == {"chain.stages"}


def other(kernel, **changes):
    return replace(kernel, **changes)


def with_litter(**changes):
    changed = tuple(replace(d, **changes) if d.name == "litter" else d for d in slow.KERNEL.drivers)
    return other(slow.KERNEL, drivers=changed)


MISUSE = {
    "nothing": ({}, "links", "is missing; needed one kernel or more, such as [two_box] or"),
    "no links": ({"links": []}, "links", "is missing; needed one kernel or more"),
    "no links and an option": ({"links": [], "start": "cold"}, "links", "is missing; needed one"),
    "both spellings": (
        {"links": ["two_box"], "chain": ["two_box"]},
        "links",
        "found links: and chain:; needed one of them",
    ),
    "one model and an option": (
        {"links": [{"models": ["two_box"]}], "scheme": "implicit"},
        "links[0].models",
        "needed a list of two kernels or more",
    ),
    "a number": ({"links": [3]}, "links[0]", "found 3; needed a kernel's name, {name: kernel}"),
    "no name": ({"links": [{"start": "cold"}]}, "links[0]", "needed a kernel's name"),
    "no such kernel": ({"chain": ["two_bx"]}, "chain[0]", "no kernel 'two_bx'; did you mean"),
    "no such model": (
        {"links": [{"models": ["two_box", "mimic"]}]},
        "links[0].models[1]",
        "no kernel 'mimic'; did you mean 'mimics'?",
    ),
    "an option that it has not": (
        {"links": [{"name": "two_box", "schem": "explicit"}]},
        "links[0].schem",
        "kernel 'two_box' has no option 'schem'; did you mean 'scheme'?",
    ),
    "an option that none has": (
        {"links": ["two_box", "mimics"], "shceme": "explicit"},
        "shceme",
        "no link has an option 'shceme'; did you mean 'scheme'?",
    ),
    "a value of its own": (
        {"links": [{"name": "two_box", "scheme": "exact"}]},
        "links[0].scheme",
        "found 'exact'; needed 'implicit', 'explicit' or 'exponential'",
    ),
    "a value for all": (
        {"links": ["two_box"], "scheme": "exact"},
        "scheme",
        "found 'exact'; needed 'implicit', 'explicit' or 'exponential' (link 'two_box')",
    ),
    "options that make no kernel": (
        {"links": ["chained.leaves", {"name": "mimics", "form": "reverse"}]},
        "links[1].form",
        "set 'wieder2015' is of the forward form and form: says reverse",
    ),
    "options for all that make no kernel": (
        {"links": ["mimics"], "form": "reverse"},
        "form",
        "says reverse; say form: forward, or a set of the reverse form",
    ),
    "one model": (
        {"links": [{"models": ["two_box"]}]},
        "links[0].models",
        "found ['two_box']; needed a list of two kernels or more",
    ),
    "a key beside models": (
        {"links": [{"models": ["two_box", "mimics"], "start": "cold"}]},
        "links[0].start",
        "unknown key 'start'; say it of one of the models, or for all beside links:",
    ),
    "two of a name": (
        {"links": [{"models": ["two_box", "two_box"]}]},
        "links[0].models[1]",
        "'two_box' is links[0].models[0] too; give one a name with as:",
    ),
    "a name with a blank": (
        {"links": [{"name": "two_box", "as": "a b"}]},
        "links[0].as",
        "found 'a b'; needed a name of letters, digits and '_', a letter first",
    ),
    "a chain in a chain": (
        {"links": [{"name": "chain", "links": ["two_box"]}]},
        "links[0]",
        "found 'chain' in a chain; write its links here instead",
    ),
    "models twice": (
        {"links": [SOILS, {"models": [{"name": "chained.slow", "as": n} for n in "ab"]}]},
        "links[1]",
        "found models: a second time",
    ),
}


@pytest.mark.parametrize("name", MISUSE)
def test_misuse_is_told_with_its_place(name):
    words, where, text = MISUSE[name]
    with pytest.raises(Unfit) as error:
        made(words)
    assert [(f.where, text in f.text) for f in error.value.faults] == [(where, True)], error.value


UNFIT = {
    "other units feed it": (
        with_litter(units="kg C m-2 d-1"),
        "driver 'litter' of 'slow' is in 'kg C m-2 d-1' along (date), and 'leaves' makes it in "
        "'g C m-2 d-1' along (date); a chain needs both the same",
    ),
    "other dims feed it": (
        with_litter(dims=()),
        "is in 'g C m-2 d-1' along (nothing), and 'leaves' makes it in 'g C m-2 d-1' along (date)",
    ),
    "a forcing gives one thing": (
        other(slow.KERNEL, drivers=(*slow.KERNEL.drivers, Variable("gpp", "1", "", ("date",)))),
        "driver 'gpp' of 'slow' is in '1' along (date), and 'leaves' needs it in 'g C m-2 d-1'",
    ),
}


@pytest.mark.parametrize("name", UNFIT)
def test_links_that_do_not_fit_are_refused_with_both_said(monkeypatch, name):
    kernel, text = UNFIT[name]
    monkeypatch.setattr(slow, "KERNEL", kernel)
    with pytest.raises(Unfit) as error:
        made({"links": ["chained.leaves", "chained.slow"]})
    (fault,) = error.value.faults
    assert fault.where == "links[1]"
    assert text in fault.text


def test_a_link_that_makes_what_one_before_it_needs_is_out_of_order():
    with pytest.raises(Unfit) as error:
        made({"links": ["chained.slow", "chained.leaves"]})
    (fault,) = error.value.faults
    assert fault.where == "links[0]"
    assert fault.text == (
        "driver 'litter' of 'slow' is made by 'leaves', which is later; put 'leaves' before 'slow'"
    )


def test_dimensions_of_one_name_must_be_the_same(monkeypatch):
    pools = {"pool": Coordinate.named(("a", "b"), "pools")}
    monkeypatch.setattr(leaves, "KERNEL", replace(leaves.KERNEL, coords=pools))
    monkeypatch.setattr(
        slow, "KERNEL", replace(slow.KERNEL, coords={"pool": Coordinate.named("ac", "pools")})
    )
    with pytest.raises(Unfit, match="dimension 'pool' of 'slow' is not that of an earlier link"):
        made({"links": ["chained.leaves", "chained.slow"]})


def test_a_driver_that_models_make_side_by_side_has_a_dimension_too_many(monkeypatch):
    reader = replace(
        leaves.KERNEL,
        name="after",
        drivers=(Variable("rh", "g C m-2 yr-1", "respiration"), *leaves.KERNEL.drivers),
    )
    monkeypatch.setattr(leaves, "KERNEL", reader)
    with pytest.raises(Unfit, match=r"'slow and quick' makes it .* along \(model, time\)"):
        made({"links": [SOILS, "chained.leaves"]})


def test_the_chain_itself_has_no_tables():
    assert isinstance(CHAIN, Kernel)
    assert CHAIN.read is not None
    assert CHAIN.made(options(WORDS), None).make is CHAIN.make
