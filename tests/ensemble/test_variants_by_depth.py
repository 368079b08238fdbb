"""Options of MIMICS by depth side by side: bits, Morris effects, extension, figures."""

import numpy as np
import pytest
import xarray as xr
from support import plan

import ensemble
from ensemble.report.data.profiles import all_profiles
from ensemble.report.figures.importance_by_depth import all_by_depth
from ensemble.runs.analyze import analyze_store
from ensemble.runs.extend import extend
from ensemble.runs.verify import verify
from ensemble.store.reading import read as read_store
from ensemble.tables.results import Results

TEXT = """
version: 1
name: depth
kernel: {name: mimics_profile, layers: [10, 20, 40], carbon14: [tracer, separate]}
forcing: {reader: synthetic_profiles}
design:
  method: morris
  trajectories: 2
  parameters: {x_v: {uniform: [5, 12]}, alpha_r: {uniform: [1, 30]}}
seed: 3
precision: float64
outputs: {soc: all, fraction_modern: all}
responses:
  j: {output: fraction_modern, cost: COST, carbon14: tracer}
  j_apart: {output: fraction_modern, cost: COST, carbon14: separate}
statistics:
  soc: [mean, mu_star, theta]
  fraction_modern: [mean, std, mu_star, theta]
  j: [mu_star]
  j_apart: [mu_star]
""".replace("COST", "{observed: fraction_modern, relative_error: 0.1}")


def run(folder, text=TEXT, store="run.zarr"):
    planned = plan(folder, text=text, store=store)
    assert ensemble.run(planned, workers=1).complete
    return planned


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    return run(tmp_path_factory.mktemp("depth"))


@pytest.mark.parametrize(("value", "response"), [("tracer", "j"), ("separate", "j_apart")])
def test_bits_are_those_of_the_option_alone(finished, tmp_path, value, response):
    other = "j_apart" if response == "j" else "j"
    lines = [line for line in TEXT.splitlines() if not line.startswith(f"  {other}: ")]
    text = "\n".join(lines).replace(f", carbon14: {value}}}", "}")
    text = text.replace("[tracer, separate]", value)
    alone = xr.open_datatree(run(tmp_path, text).path, engine="zarr")
    both = xr.open_datatree(finished.path, engine="zarr")
    names = ("mu_star", "theta", "std")
    made = ("soc", *(f"statistics/fraction_modern_{name}" for name in names))
    for name in (*made, "fraction_modern", "control/fraction_modern"):
        np.testing.assert_array_equal(both[name].sel(carbon14=value), alone[name], err_msg=name)
    for name in (response, f"control/{response}", f"statistics/{response}_mu_star"):
        np.testing.assert_array_equal(both[name], alone[name], err_msg=name)


def test_figures_by_depth_are_of_each(finished):
    analyze_store(finished.path)
    results = Results(read_store(finished.path))
    profiles = {profile.name: profile for profile in all_profiles(results)}
    tree = xr.open_datatree(finished.path, engine="zarr")
    for value in ("tracer", "separate"):
        profile = profiles[f"fraction_modern, carbon14 {value}"]
        control = tree["control/fraction_modern"].sel(carbon14=value)
        np.testing.assert_array_equal(profile.line, control[0])
        mean, std = (tree[f"statistics/fraction_modern_{w}"].sel(carbon14=value)[0]
                     for w in ("mean", "std"))  # fmt: skip
        np.testing.assert_array_equal(profile.band[0], mean - std)
        assert profile.meaning.endswith(f", carbon14 {value}")
    shown = {one.name: one for one in all_by_depth(results, {})}
    assert set(shown) >= {f"soc, carbon14 {value}" for value in ("tracer", "separate")}
    theta = tree["statistics/soc_theta"].sel(carbon14="tracer").values[0]
    drawn = shown["soc, carbon14 tracer"].theta
    np.testing.assert_array_equal(drawn[np.isfinite(drawn)], theta[np.isfinite(drawn)])


def test_extended_it_is_what_it_would_have_been(finished, tmp_path):
    begun = run(tmp_path)
    extend(begun.path, until=1e-12, most=4, workers=1)
    whole = run(tmp_path, TEXT.replace("trajectories: 2", "trajectories: 4"), "whole.zarr")
    one, other = (xr.open_datatree(path, engine="zarr") for path in (begun.path, whole.path))
    for name in ("soc", "fraction_modern", "j", "j_apart"):
        np.testing.assert_array_equal(one[name], other[name], err_msg=name)
    # Sums are added in the order of blocks, which are longer where a design is from the start.
    theirs = other["statistics/soc_mu_star"]
    np.testing.assert_allclose(one["statistics/soc_mu_star"], theirs, rtol=1e-12)
    assert not verify(read_store(begun.path), rerun=3).damage
