"""Growing a design: every whole block kept, the same bytes as a run from the start."""

import json
import os

import numpy as np
import pytest
from commandline import members, refused, soilsweep
from extended import DESIGNS, from_the_start, text
from support import load, run

import ensemble
from ensemble.errors import PlanError
from ensemble.runs import growing, longer
from ensemble.runs.analyze import analyze_store
from ensemble.runs.extend import extend
from ensemble.runs.intervals import half_width
from ensemble.runs.verify import verify
from ensemble.store import exchange
from ensemble.store.reading import read
from ensemble.store.writing import with_attributes


def visible(path):
    """Return what a reader sees, but for what an analysis added."""
    return members(path)


@pytest.mark.parametrize(
    "more",
    [
        "block: {sample: 18}",
        *(pytest.param(more, marks=pytest.mark.slow) for more in ("", "block:\n  location: 1")),
    ],
)
@pytest.mark.parametrize("method", DESIGNS)
def test_an_extended_store_is_one_of_the_longer_design(tmp_path, method, more):
    _, outcome = run(tmp_path, text=text(method, more=more))
    before = read(outcome.path)
    found = extend(outcome.path, until=1e-9, most=50 if method == "morris" else 64)
    assert not found.reached
    assert found.complete
    last = found.steps[-1]
    assert last.length == (50 if method == "morris" else 64)
    grown = read(outcome.path)
    written = grown.attrs["scenario"]
    assert f": {last.length}\n" in written
    assert "# the design of a first look" in written
    assert "# of the rows" in written
    straight = from_the_start(tmp_path, outcome.path)
    assert read(straight).digest() == grown.digest()
    assert visible(straight) == visible(outcome.path)
    assert not verify(grown, rerun=3).damage
    assert grown.attrs["identity"]["block"] == before.attrs["identity"]["block"]
    assert not list(tmp_path.glob(".run.zarr*"))


@pytest.mark.parametrize("method", DESIGNS)
def test_no_member_of_a_whole_block_is_run_again(tmp_path, method):
    _, outcome = run(tmp_path, text=text(method, more="block: {sample: 18}"))
    old = read(outcome.path)
    samples = old.specs["status"].shape[2]
    whole = [key for key in old.committed() if (key[2] + 1) * 18 <= samples]
    before = {key: entry.at for key, entry in old.committed().items()}
    found = extend(outcome.path, until=1e-9, most=2 * found_units(old))
    after = read(outcome.path).committed()
    assert len(found.steps) == 2
    step = found.steps[1]
    assert step.reused == 18 * len(whole)
    assert step.rerun == 2 * samples - step.reused
    assert [after[key].at for key in whole] == [before[key] for key in whole]
    cut = set(before) - set(whole)
    assert cut
    assert all(after[key].at != before[key] for key in cut)


def found_units(store):
    design = store.attrs["identity"]["scenario"]["design"]
    return design[growing.length_field(store)]


def test_it_stops_when_the_interval_is_narrow_enough(tmp_path):
    _, outcome = run(tmp_path, text=text("morris"))
    first = extend(outcome.path, until=1e9)
    assert len(first.steps) == 1
    wide = first.steps[0].width
    found = extend(outcome.path, until=wide.value / 2.5, of=["d_soil"])
    assert found.reached
    widths = [step.width.value for step in found.steps]
    assert widths[-1] <= wide.value / 2.5 < widths[-2]
    assert found.steps[-1].length > 60
    # What is said is what the analysis of the grown store finds.
    analyze_store(outcome.path)
    half = ensemble.open_run(outcome.path)["sensitivity/d_soil_mu_star_conf"].values
    assert half.max() == pytest.approx(widths[-1], rel=1e-12)
    # Nothing is left to do.
    again = extend(outcome.path, until=wide.value / 2.5, of=["d_soil"])
    assert len(again.steps) == 1


def test_whole_blocks_are_grown_so_that_none_is_run_twice(tmp_path):
    _, outcome = run(tmp_path, text=text("morris", more="block: {sample: 18}"))
    found = extend(outcome.path, until=1e-9, most=100)
    assert [step.length for step in found.steps] == [20, 42, 84, 100]
    assert [step.rerun > 0 for step in found.steps] == [False, True, False, False]


def test_relative_widths_are_shares_of_the_largest_index_of_the_row(tmp_path):
    _, outcome = run(tmp_path, text=text("sobol"))
    analyze_store(outcome.path)
    found = ensemble.open_run(outcome.path)["sensitivity"]
    value, half = found["d_soil_ST"].values, found["d_soil_ST_conf"].values
    expected = (half / np.abs(value).max(axis=-1, keepdims=True)).max()
    width = half_width(read(outcome.path), "ST", (), True)
    assert width.value == pytest.approx(expected, rel=1e-12)
    plain = half_width(read(outcome.path), "ST", (), False)
    assert plain.value == pytest.approx(half.max(), rel=1e-12)
    assert "d_soil" in plain.where


def test_intervals_from_inside_the_run_need_no_member(tmp_path):
    words = text("sobol", outputs="").replace(
        "responses:\n  d_soil: {output: c_soil, change: [1901, 2018]}", ""
    )
    words = words.replace(", d_soil: [std]", "")
    _, outcome = run(tmp_path, text=words)
    found = extend(outcome.path, until=1e-9, most=32)
    half = ensemble.open_run(outcome.path)["statistics/c_soil_ST_conf"].values
    assert found.steps[-1].width.value == pytest.approx(np.nanmax(half), rel=1e-12)
    assert visible(from_the_start(tmp_path, outcome.path)) == visible(outcome.path)


def test_an_analysis_that_was_there_is_made_anew(tmp_path):
    _, outcome = run(tmp_path, text=text("morris"))
    analyze_store(outcome.path)
    extend(outcome.path, until=1e-9, most=40)
    left = ensemble.open_run(outcome.path)["sensitivity/d_soil_effective"].values
    assert (left == 40).all()


def test_a_stored_output_can_be_what_is_looked_at(tmp_path):
    _, outcome = run(tmp_path, text=text("morris", statistics=""))
    found = extend(outcome.path, until=1e-9, of=["c_soil"], most=40)
    analyze_store(outcome.path)
    half = ensemble.open_run(outcome.path)["sensitivity/c_soil_mu_star_conf"].values
    assert found.steps[-1].width.value == pytest.approx(half.max(), rel=1e-12)


# --- killed and stopped ---


def test_stopped_in_the_middle_the_same_call_goes_on(tmp_path):
    _, outcome = run(tmp_path, text=text("morris", more="block: {sample: 18}"))
    before = members(outcome.path)
    asked = iter([False, False, True])
    stopped = extend(outcome.path, until=1e-9, most=60, workers=1, stop=lambda: next(asked, True))
    assert not stopped.complete
    assert members(outcome.path) == before
    found = extend(outcome.path, until=1e-9, most=60)
    assert found.steps[-1].length == 60
    assert visible(from_the_start(tmp_path, outcome.path)) == visible(outcome.path)


@pytest.mark.parametrize(
    "name",
    [
        *("take_place", "rename 1"),
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("create_store", "_link", "mend", "discard", "rename 2")
        ),
    ],
)
def test_killed_anywhere_the_same_call_goes_on(tmp_path, monkeypatch, name):
    class Killed(BaseException):
        pass

    def kill(*args, **kwargs):
        raise Killed

    _, outcome = run(tmp_path, text=text("sobol", more="block: {sample: 18}"))
    with monkeypatch.context() as patch:
        if name.startswith("rename"):
            renames, real = [], os.rename

            def rename(source, target, **ends):
                if outcome.path in (source, target):
                    renames.append(source)
                if len(renames) == int(name[-1]):
                    raise Killed
                real(source, target, **ends)

            patch.setattr(exchange, "exchange", lambda one, other: False)
            patch.setattr(os, "rename", rename)
        elif name == "create_store":
            patch.setattr(growing.creating, name, kill)
        elif name == "mend":
            # The first call is that of the start.
            calls, start = [], longer.mend
            patch.setattr(longer, name, lambda p: kill() if calls else calls.append(start(p)))
        else:
            patch.setattr(growing if name == "_link" else longer, name, kill)
        with pytest.raises(Killed):
            extend(outcome.path, until=1e-9, most=32)
    found = extend(outcome.path, until=1e-9, most=32)
    assert found.steps[-1].length == 32
    assert visible(from_the_start(tmp_path, outcome.path)) == visible(outcome.path)
    assert not list(tmp_path.glob(".run.zarr*"))


# --- refusals ---


@pytest.mark.parametrize(
    ("old", "new", "match"),
    [
        ("levels: 8", "levels: 8\n  optimal: 5", "optimal: 5 trajectories were chosen together"),
        (DESIGNS["morris"], "method: latin_hypercube\n  n: 12", "a latin_hypercube design has no"),
        ("levels: 8", "levels: 8\n  resamples: 0", "no interval of 'mu_star'; needed resamples"),
    ],
)
def test_what_cannot_grow_says_what_to_do(tmp_path, old, new, match):
    words = text("morris", statistics="").replace(old, new)
    _, outcome = run(tmp_path, text=words)
    before = members(outcome.path)
    with pytest.raises(PlanError, match=match):
        extend(outcome.path, until=1.0)
    assert members(outcome.path) == before


def test_histograms_of_a_pilot_would_have_other_edges(tmp_path):
    words = text("morris", statistics="statistics: {d_soil: [q50]}")
    _, outcome = run(tmp_path, text=words)
    with pytest.raises(PlanError, match=r"histograms: \{edges: \{d_soil"):
        extend(outcome.path, until=1e-9)
    fixed = words + "\nhistograms: {edges: {d_soil: [-500, 1500]}}\n"
    _, outcome = run(tmp_path, text=fixed, store="fixed.zarr")
    extend(outcome.path, until=1e-9, most=40)
    assert visible(from_the_start(tmp_path, outcome.path)) == visible(outcome.path)


@pytest.mark.parametrize("precision", ["float64", "float32"])
def test_a_run_grows_to_which_a_statistic_was_added(tmp_path, precision):
    words = text(
        "morris",
        outputs="outputs: {c_soil: all}",
        more=f"precision: {precision}\nblock: {{sample: 12}}",
    )
    _, outcome = run(tmp_path, text=words)
    more = words.replace("theta]", "theta, max]")
    assert more != words
    run(tmp_path, text=more, accept_changes="the largest one is asked for")
    extend(outcome.path, until=1e-9, most=25)
    store = read(outcome.path)
    assert [one["reason"] for one in store.attrs["accepted_changes"]] == [
        "the largest one is asked for"
    ]
    assert not verify(store, rerun=5).damage
    straight = read(from_the_start(tmp_path, outcome.path))
    for path in straight.specs:
        if path.startswith("statistics/") and straight.specs[path].dtype != "string":
            found, expected = store.read_whole(path), straight.read_whole(path)
            # Kept blocks were added up of members in the store's precision.
            np.testing.assert_allclose(found, expected, rtol=1e-5, err_msg=path)


def test_a_run_whose_code_was_changed_does_not_grow(tmp_path):
    _, outcome = run(tmp_path, text=text("morris"))
    store = read(outcome.path)
    accepted = [{"reason": "faster", "changes": ["kernel: kernels.two_box.step has changed"]}]
    with_attributes(store, {**store.attrs, "accepted_changes": accepted})
    with pytest.raises(
        PlanError, match=r"not all of one kind \(kernel: kernels\.two_box\.step has"
    ):
        extend(outcome.path, until=1e-9, most=25)


def test_other_names_and_unfinished_runs_are_refused(tmp_path):
    _, outcome = run(tmp_path, text=text("morris"))
    with pytest.raises(PlanError, match="'d_sol' are stored; did you mean 'd_soil'"):
        extend(outcome.path, until=1.0, of=["d_sol"])
    with pytest.raises(PlanError, match="of 'tau_veg_obs' are stored"):
        extend(outcome.path, until=1.0, of=["tau_veg_obs"])
    with pytest.raises(PlanError, match="no interval of 'ST'"):
        extend(outcome.path, until=1.0, index="ST")
    with pytest.raises(PlanError, match="needed a half width above 0"):
        extend(outcome.path, until=0.0)
    asked = iter([False, True])
    more = {"workers": 1, "stop": lambda: next(asked, True)}
    _, half = run(tmp_path, text=text("morris"), store="half.zarr", **more)
    with pytest.raises(PlanError, match=r"/\d+ blocks are committed; run it to the end"):
        extend(half.path, until=1.0)


# --- the command ---


def test_the_command(tmp_path):
    _, outcome = run(tmp_path, text=text("morris"))
    said = soilsweep("extend", outcome.path, "--until", "0.1", "--relative", "--most", 4000)
    assert said.code == 0, said.err
    assert "half width" in said.out
    assert "needed 0.1, a share of the largest index" in said.out
    more = soilsweep("extend", outcome.path, "--until", "1e-9", "--most", 21, "--json")
    assert json.loads(more.out)["reached"] is False
    refused(more, "half width", "--most", code=3)
    refused(soilsweep("extend", tmp_path / "no.zarr", "--until", "1"), "not a store")


def test_settings_of_the_command_line_are_named_where_the_text_has_no_place(tmp_path):
    words = text("morris").replace("seed: 5   # of the rows", "seed: 5 # of the rows")
    loaded = load(tmp_path, words, "design.trajectories=24")
    outcome = ensemble.run(ensemble.plan(loaded, store=tmp_path / "run.zarr"))
    extend(outcome.path, until=1e-9, most=48)
    attrs = read(outcome.path).attrs
    assert attrs["identity"]["scenario"]["design"]["trajectories"] == 48
    assert "trajectories: 48\n" in attrs["scenario"]


def test_a_lost_chunk_is_to_be_repaired_first(tmp_path):
    _, outcome = run(tmp_path, text=text("morris"))
    (outcome.path / "c_soil" / "c.0.0.0").unlink()
    with pytest.raises(PlanError, match=r"verify .*run.zarr --repair"):
        extend(outcome.path, until=1e-9, most=40)
    verify(read(outcome.path), repair=True)
    extend(outcome.path, until=1e-9, most=40)
    assert visible(from_the_start(tmp_path, outcome.path)) == visible(outcome.path)


def test_a_file_system_without_links_gets_copies(tmp_path, monkeypatch):
    def no_links(*args, **ends):
        raise OSError(95, "Operation not supported")

    _, outcome = run(tmp_path, text=text("morris"))
    monkeypatch.setattr(os, "link", no_links)
    extend(outcome.path, until=1e-9, most=40)
    assert visible(from_the_start(tmp_path, outcome.path)) == visible(outcome.path)


def test_a_location_table_and_its_columns_stay(tmp_path):
    names = [f"S{k:02d}" for k in range(1, 3)]
    (tmp_path / "places.csv").write_text("location,b_soil,a_area\nglobal,38.5,2.0\n")
    words = text("morris", more="locations: {table: places.csv}")
    words = words.replace(
        "{uniform: [20, 60]}", "{normal: {mean: {column: b_soil}, sd: 3}, lower: 20, upper: 60}"
    )
    _, outcome = run(tmp_path, text=words)
    assert set(ensemble.open_run(outcome.path)["forcing"].values) == set(names)
    extend(outcome.path, until=1e-9, most=40)
    assert visible(from_the_start(tmp_path, outcome.path)) == visible(outcome.path)


def write_types(folder):
    """Write two models of three vegetation types."""
    lines = ["year,model,type,NPP [Pg C yr-1],Rh [Pg C yr-1],cVeg [Pg C],cSoil [Pg C]"]
    for model in "AB":
        for k, name in enumerate(("forest", "tundra", "steppe")):
            npp = 5.0 + k + (model == "B")
            veg, soil = npp * (7 + k), npp * (20 + 5 * k)
            for year in range(1901, 2019):
                npp *= 1.002
                veg = (veg + npp) / (1 + 1 / (7 + k))
                soil = (soil + veg / (7 + k)) / (1 + 1 / (20 + 5 * k))
                row = (year, model, name, npp, soil / (20 + 5 * k), veg, soil)
                lines.append(",".join(map(str, row)))
    (folder / "types.csv").write_text("\n".join(lines))


@pytest.mark.slow
@pytest.mark.parametrize("independent", ["[]", "[location]", "[forcing, location]"])
@pytest.mark.parametrize("method", DESIGNS)
def test_every_location_grows(tmp_path, method, independent):
    write_types(tmp_path)
    more = f"block: {{location: 2, sample: 18}}\nindependent: {independent}"
    words = text(method, more=more).replace(
        "{reader: synthetic_models, n: 2}",
        "{reader: annual_table, path: types.csv, location: type}",
    )
    _, outcome = run(tmp_path, text=words)
    found = extend(outcome.path, until=1e-9, most=2 * found_units(read(outcome.path)))
    assert found.steps[-1].reused > 0
    assert visible(from_the_start(tmp_path, outcome.path)) == visible(outcome.path)
    assert not verify(read(outcome.path)).damage
