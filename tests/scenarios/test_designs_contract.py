"""Laws of every design, found by its file; what is true of one alone is in designs/."""

import json
import pickle
import subprocess
import sys
from functools import cache
from itertools import pairwise

import numpy as np
import pytest
from covered import covered
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from kernels import Parameter
from scenarios import ScenarioError, designs
from scenarios.designs import Context

PARAMETERS = {
    name: Parameter(name, "yr", default, 1.0, 500.0, "turnover time", "test")
    for name, default in (("tau_veg_obs", 10.3), ("tau_soil_obs", 38.3), ("tau_litter_obs", 3.0))
}
CSV = "tau_veg_obs,tau_soil_obs\n8.5,30.0\n8.5,40.5\n10.0,40.5\n12.5,40.5\n12.5,40.5\n"
NORMAL = {"normal": [38.3, 11.0], "lower": 2.0, "upper": 90.0}
VARIANTS = [
    {"method": "monte_carlo", "n": 30, "parameters": "all"},
    {
        "method": "monte_carlo",
        "n": 40,
        "parameters": {
            "tau_veg_obs": {"lognormal": [2.3, 0.2]},
            "tau_litter_obs": {"triangular": [1.0, 3.0, 9.0]},
            "tau_soil_obs": NORMAL,
        },
        "rank_correlation": [["tau_soil_obs", "tau_veg_obs", -0.6]],
    },
    {
        "method": "sobol",
        "n": 8,
        "parameters": "all",
        "second_order": True,
        "groups": {"above": ["tau_veg_obs", "tau_litter_obs"]},
    },
    {"method": "sobol", "n": 1, "parameters": ["tau_veg_obs"], "scramble": False},
    {"method": "sobol", "n": 8, "parameters": "all", "second_order": True, "resamples": 0},
    {"method": "morris", "trajectories": 6, "parameters": "all", "levels": 6},
    {
        "method": "morris",
        "trajectories": 9,
        "parameters": "all",
        "groups": {"dead": ["tau_soil_obs", "tau_litter_obs"]},
    },
    {"method": "morris", "trajectories": 9, "parameters": "all", "optimal": 3},
    {"method": "latin_hypercube", "n": 12, "parameters": "all", "optimization": "random-cd"},
    {"method": "one_at_a_time", "parameters": ["tau_soil_obs", "tau_veg_obs"], "change": [-0.1, 2]},
    {
        "cross": [
            {"method": "grid", "parameters": {"tau_veg_obs": [8.0, 9.0, 11.0]}},
            {
                "cross": [
                    {"method": "table", "path": "litter.csv"},
                    {"method": "morris", "trajectories": 3, "parameters": {"tau_soil_obs": NORMAL}},
                ]
            },
        ]
    },
    {
        "cross": [
            {"method": "quantiles", "n": 3, "parameters": {"tau_veg_obs": {"normal": [10, 1]}}},
            {"method": "monte_carlo", "n": 4, "parameters": {"tau_litter_obs": None}},
            {"method": "sobol", "n": 2, "parameters": {"tau_soil_obs": NORMAL}},
        ]
    },
]


COVERED = covered(designs.DESIGNS)


def shown(name):
    """Return the examples that a design shows; none where it has none, or is no design yet."""
    spec = getattr(designs.DESIGNS.get(name), "Spec", None)
    extra = getattr(spec, "model_config", {}).get("json_schema_extra")
    return extra.get("examples", []) if isinstance(extra, dict) else []


def examples():
    found = [(name, example) for name in COVERED for example in shown(name)]
    found += [(variant.get("method", "cross"), variant) for variant in VARIANTS]
    return [pytest.param(e, id=f"{name}-{number}") for number, (name, e) in enumerate(found)]


every_design = pytest.mark.parametrize("example", examples())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    base = tmp_path_factory.mktemp("scenario")
    (base / "samples.csv").write_text(CSV)
    (base / "litter.csv").write_text("tau_litter_obs\n2.0\n2.0\n4.0\n")
    return base


@cache
def adapter():
    return TypeAdapter(designs.AnyDesign)


@cache
def _opened_once(example, folder):
    return opened(json.loads(example), folder, seed=0)


def design_of(example, folder):
    """Opened once: some take a second, and hypothesis asks many times."""
    return _opened_once(json.dumps(example), folder)


def opened(example, folder, **context):
    given_ = {"seed": 0, "path": "design", "parameters": PARAMETERS, "base": folder, **context}
    return adapter().validate_python(example).open(Context(**given_))


def ranges(design, data):
    start = data.draw(st.integers(0, design.size), label="start")
    return start, data.draw(st.integers(start, design.size), label="stop")


def same(left, right):
    return left.keys() == right.keys() and all(np.array_equal(left[n], right[n]) for n in left)


@pytest.mark.parametrize("name", COVERED)
def test_every_design_shows_an_example(name):
    wanted = f"Spec.model_config = ConfigDict(json_schema_extra={{'examples': [{{'method': {name!r}"
    assert shown(name), f"the design {name!r} shows no example; add {wanted}, ...}}]}})"
    assert all(example.get("method", "cross") == name for example in shown(name))


@every_design
def test_rows_are_finite_and_shaped(example, folder):
    design = design_of(example, folder)
    rows = design.rows(0, design.size)
    assert tuple(rows) == design.parameters
    for values in rows.values():
        assert values.shape == (1, design.size)
        assert values.dtype == np.float64
        assert np.isfinite(values).all()


@every_design
@settings(max_examples=20)
@given(data=st.data())
def test_any_split_of_the_rows_is_equal_to_the_bit(example, folder, data):
    design = design_of(example, folder)
    cuts = sorted(data.draw(st.lists(st.integers(0, design.size), max_size=4)))
    edges = [0, *cuts, design.size]
    parts = [design.rows(a, b) for a, b in pairwise(edges)]
    joined = {n: np.concatenate([part[n] for part in parts], axis=1) for n in design.parameters}
    assert same(joined, design.rows(0, design.size))


@every_design
@settings(max_examples=30)
@given(data=st.data())
def test_levels_stand_for_the_rows(example, folder, data):
    design = design_of(example, folder)
    start, stop = ranges(design, data)
    names = data.draw(st.sets(st.sampled_from(design.parameters)))
    first, level = design.levels(names, start, stop)
    rows = design.rows(start, stop)
    assert level.shape == (stop - start,)
    for name in names:
        assert np.array_equal(rows[name][:, first][:, level], rows[name])
    # Numbered as they appear, each standing for itself.
    assert np.array_equal(np.sort(first), first)
    assert np.array_equal(level[first], np.arange(len(first)))
    if not names:
        assert len(first) == min(1, stop - start)


@every_design
def test_the_same_seed_gives_the_same_table_and_survives_pickling(example, folder):
    design = opened(example, folder, seed=7)
    again = pickle.loads(pickle.dumps(opened(example, folder, seed=7)))
    assert same(design.rows(0, design.size), again.rows(0, design.size))
    assert design.attributes == again.attributes


@every_design
def test_attributes_are_json_and_complete(example, folder):
    attributes = design_of(example, folder).attributes
    assert json.loads(json.dumps(attributes, allow_nan=False)) == attributes
    needed = {"method", "size", "seed", "path", "stream", "parameters", "admissible", "warnings"}
    assert needed <= attributes.keys()


@every_design
def test_names_are_known_without_opening(example, folder):
    spec = adapter().validate_python(example)
    design = design_of(example, folder)
    assert "*" in spec.names() or spec.names() == design.parameters


@every_design
def test_rows_outside_the_design_are_a_mistake(example, folder):
    design = design_of(example, folder)
    with pytest.raises(IndexError, match="rows"):
        design.rows(0, design.size + 1)
    with pytest.raises(IndexError, match="rows"):
        design.levels(set(), -1, 2)


@every_design
def test_units_fill_the_design(example, folder):
    design = design_of(example, folder)
    assert design.size % design.rows_together == 0


@every_design
def test_an_extended_design_keeps_its_first_rows(example, folder):
    design = design_of(example, folder)
    grown = extended(example)
    if grown is None or not design.extendable:
        pytest.skip("this design cannot be extended")
    longer = opened(grown, folder)
    assert longer.size > design.size
    assert same(longer.rows(0, design.size), design.rows(0, design.size))


def extended(example):
    if "cross" in example:
        slowest = extended(example["cross"][0])
        return slowest and {"cross": [slowest, *example["cross"][1:]]}
    field = next((f for f in ("n", "trajectories") if f in example), None)
    return field and {**example, field: 2 * example[field]}


@every_design
def test_indices_end_in_the_effects(example, folder):
    design = design_of(example, folder)
    response = np.random.default_rng(1).normal(size=(2, 3, design.size))
    response[1, 2, 0] = np.nan
    found = design.analyze(response)
    assert bool(found) == ("effects" in design.attributes)
    for name, values in found.items():
        effects = len(design.attributes["effects"])
        assert values.shape[:3] == (2, 3, effects), name
        assert values.shape[3:] == ((effects,) if name.startswith("S2") else ())
    for name in found:
        lone = design.analyze(response[1, 2])
        np.testing.assert_allclose(found[name][1, 2], lone[name], rtol=1e-9, atol=1e-12)


@every_design
def test_the_admissible_range_is_kept_or_refused(example, folder):
    bounds = {"lower": {"tau_soil_obs": np.array([25.0])}, "upper": {}}
    try:
        design = opened(example, folder, **bounds)
    except ScenarioError as error:
        told = str(error)
    else:
        rows = design.rows(0, design.size)
        kept = rows.get("tau_soil_obs", np.array([25.0])).min() >= 25.0
        said = design.attributes["admissible"].get("tau_soil_obs", {"lower": 25.0})
        told = "tau_soil_obs kept to 25.0 yr" if kept and said == {"lower": 25.0} else ""
    assert "25.0 yr" in told
    assert "tau_soil_obs" in told


@every_design
def test_an_unknown_parameter_meets_the_nearest_name(example, folder):
    others = {name: PARAMETERS[name] for name in ("tau_veg_obs", "tau_litter_obs")}
    others["tau_soil_observed"] = PARAMETERS["tau_soil_obs"]
    if not names_soil(example):
        pytest.skip("takes whatever the kernel has")
    with pytest.raises(ScenarioError) as caught:
        opened(example, folder, parameters=others)
    assert "did you mean 'tau_soil_observed'?" in str(caught.value)


def names_soil(example):
    return "tau_soil_obs" in json.dumps(example) or example.get("path") == "samples.csv"


def test_the_schema_describes_every_word():
    schema = adapter().json_schema()
    silent = [
        f"{title}.{key}"
        for title, model in schema["$defs"].items()
        for key, field in model.get("properties", {}).items()
        if "description" not in field and key != "method"
    ]
    assert silent == []


def test_designs_import_only_numpy_and_pydantic():
    code = (
        "import sys; from scenarios import designs; designs.DESIGNS.every()\n"
        "heavy = {'scipy', 'pandas', 'numba', 'SALib', 'pint', 'pyarrow', 'xarray'}\n"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_a_normal_monte_carlo_runs_without_scipy():
    code = """
import sys
from kernels import Parameter
from scenarios.designs import Context, get
table = {"k": Parameter("k", "yr", 10.0, 1.0, 50.0, "", "")}
words = {"method": "monte_carlo", "n": 10, "parameters": {"k": {"normal": [9, 2], "lower": 2}}}
design = get("monte_carlo").model_validate(words).open(Context(0, "design", table))
design.rows(0, 10)
print(sorted({'scipy', 'pandas', 'SALib', 'pint', 'pyarrow'} & sys.modules.keys()))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
