"""The page of a calibration: its numbers against xarray, figures, and what fails."""

import calibrated
import numpy as np
import pytest
from commandline import soilsweep
from pages import Page

import ensemble
import scenarios
from ensemble.calibration.stored import WORK
from ensemble.report import Picture, figures, write_report
from ensemble.report.calibrated import Calibrated
from ensemble.report.figures.parts.style import WIDTH, look
from ensemble.store.reading import read
from kernels import module_names

FIGURES = [
    name
    for name in module_names(figures.__path__)
    if WORK in figures.figure_of(name, figures.FIGURES.get(name)).works
]

BY_SITE = calibrated.TWINS.replace("groups: {column: biome}", "groups: location")


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    folder = tmp_path_factory.mktemp("noisy")
    calibrated.write(folder)
    calibrated.add_errors(folder)
    return folder


@pytest.fixture(scope="module")
def halves(sites):
    """Return the store, the results and the page of three groups, half of each held back."""
    setting = "calibration.validation={column: half, calibrate: CAL}"
    outcome, found = calibrated.run(sites, setting, store="halves.zarr", workers=1)
    return outcome.path, found, page_of(outcome.path)


@pytest.fixture(scope="module")
def by_site(sites):
    """Return the same of twelve groups of one observation each: two parameters, one number."""
    outcome, found = calibrated.run(sites, text=BY_SITE, store="sites.zarr", workers=1)
    return outcome.path, found, page_of(outcome.path)


@pytest.fixture(scope="module")
def profiles(tmp_path_factory):
    """Return the same of two invented profiles, half of whose layers are held back."""
    settings = [
        "forcing.n=2",
        "calibration.algorithm={name: levenberg_marquardt, starts: 2, iterations: 3}",
        "calibration.budget=200",
        "calibration.validation={split: alternate, of: layers}",
    ]
    loaded = scenarios.load("mimics-calibration", settings=settings)
    path = tmp_path_factory.mktemp("profiles") / "profiles.zarr"
    outcome = ensemble.run_calibration(ensemble.plan_calibration(loaded, store=path), workers=1)
    return outcome.path, calibrated.opened(path), page_of(path)


def page_of(path):
    written = write_report(path, path.with_suffix(".html"))
    return Page(written.read_text(encoding="utf-8"))


def number(cell):
    return float(cell.strip("[]").replace("\N{MINUS SIGN}", "-").replace(",", ""))


def best(found):
    """Return what each group's best search found, as (G, n)."""
    cost = found.cost.values
    return found.parameters.values[np.arange(len(cost)), np.argmin(cost, axis=1)]


def captions(page):
    return [value for tag, name, value in page.attributes if (tag, name) == ("img", "alt")]


# --- numbers ---


def test_what_was_asked_stands_first(halves):
    _, found, page = halves
    asked = dict(next(rows for rows in page.tables if rows[0][0] == "made small"))
    assert asked["made small"] == "j"
    assert asked["groups"] == "by the column biome of locations: 3"
    assert asked["search"].startswith("sceua, complexes 2")
    assert asked["budget"] == "400 evaluations of a search at most"
    assert asked["held back"] == "of layers, column half, calibrate CAL"
    unit = found.lower.attrs["parameter_units"].split("; ")[1]
    assert page.table("parameter", "units", "range", "searched") == [
        ["tau_extra", "1", "0.3 to 3", "in its logarithm"],
        ["D1", unit, "3e-06 to 6e-05", "in its logarithm"],
    ]
    assert page.table("response", "observed", "calibrated on")[0][2:4] == ["6", "6"]


def test_best_parameters_are_those_of_the_store(halves):
    _, found, page = halves
    rows = page.table("group", "tau_extra")
    assert [row[0] for row in rows] == list(found.group.values)
    values = [[number(cell) for cell in row[1:]] for row in rows]
    np.testing.assert_allclose(values, best(found), rtol=1e-5)
    costs = [number(row[1]) for row in page.table("group", "cost")]
    np.testing.assert_allclose(costs, found.cost.values.min(axis=1), rtol=1e-5)


def test_metrics_are_those_of_the_observations_of_each_part(halves):
    _, found, page = halves
    observed, modelled = found.observed_j.values[0, :, 0], found.modelled_j.values[0, :, 0]
    part = found.part_j.values[0, :, 0]
    rows = {tuple(row[:2]): row[2:] for row in page.table("group", "observations", "n", "rmse")}
    for code, words in enumerate(("calibrated on", "held back")):
        apart = (modelled - observed)[part == code]
        n, rmse, bias = map(number, rows["all", words][:3])
        assert n == len(apart) == 6
        assert rmse == pytest.approx(np.sqrt((apart**2).mean()), rel=1e-3)
        assert bias == pytest.approx(apart.mean(), rel=1e-3)
    for g, name in enumerate(found.group.values):
        stored = found.metrics.sel(metric="rmse").values[g, :, 0]
        told = [number(rows[name, words][1]) for words in ("calibrated on", "held back")]
        np.testing.assert_allclose(told, stored, rtol=1e-3)


def test_restarts_that_come_apart_are_named(by_site):
    _, found, page = by_site
    values = found.parameters.values
    apart = np.ptp(values, axis=1) / (found.upper.values - found.lower.values)
    rows = page.table("parameter", "median", "largest")
    for j, row in enumerate(rows):
        assert number(row[2].rstrip("%")) == pytest.approx(100 * apart[:, j].max(), abs=0.051)
        assert number(row[3]) == (apart[:, j] > 0.1).sum() > 0
    wide = int((apart[:, 0] > 0.1).sum())
    text = f"tau_extra: restarts differ by more than 10% of its range in {wide} of 12 groups"
    assert text in page.said


def test_what_data_do_not_determine_is_told_in_words(by_site):
    _, found, page = by_site
    assert "The data of a group determine 1 of 2 directions" in page.said
    rows = page.table("group", "well determined", "largest singular value")
    assert {row[1] for row in rows} == {"1 of 2"}
    assert {row[5] for row in rows} == {"tau_extra and D1"}
    first = [number(row[2]) for row in rows]
    np.testing.assert_allclose(first, found.jacobian_sv.values[:, 0], rtol=1e-5)


def test_parameters_at_a_bound_and_worse_than_the_defaults_are_marked(sites):
    text = calibrated.TWINS.replace("tau_extra: {loguniform: [0.3, 3]}",
                                    "tau_extra: {loguniform: [2.5, 3]}")  # fmt: skip
    outcome, found = calibrated.run(sites, text=text, store="worse.zarr", workers=1)
    ours, theirs = (found[name].sel(metric="rmse").values[:, 0, 0]
                    for name in ("metrics", "default_metrics"))  # fmt: skip
    page = page_of(outcome.path)
    assert (ours > theirs).any()
    assert "Calibrated parameters do worse than the kernel's defaults, by RMSE:" in page.said
    first = int(np.argmax(ours > theirs))
    assert f"RMSE above that of the defaults in {found.group.values[first]}" in page.said
    rows = page.table("group", "tau_extra")
    sides = found.at_bound.values
    assert sides.any()
    for row, here in zip(rows, sides, strict=True):
        for cell, side in zip(row[1:], here, strict=True):
            assert (cell.startswith("["), cell.endswith("]")) == (side < 0, side > 0)


# --- figures ---


def test_figures_of_both_parts_stand_side_by_side(halves):
    _, _, page = halves
    assert "Real data." in page.said
    shown = captions(page)
    assert all(text.strip().endswith(".") for text in shown)
    assert any("left: calibrated on, right: held back" in text for text in shown)
    assert any("one line for each restart" in text for text in shown)
    assert sum("against each parameter" in text for text in shown) == 3
    assert not any("by depth" in text for text in shown)
    assert len(page.pictures) == len(shown) == 7
    assert not any("SYNTHETIC" in picture for picture in page.pictures)


def test_many_groups_have_a_median_and_a_band(by_site):
    _, _, page = by_site
    shown = captions(page)
    assert any("median and 10 to 90 % of the searches, 24 of 24" in text for text in shown)
    assert "Dotty plots of 3 of 12 groups, evenly chosen." in page.said
    assert any("12 that move nothing at all are not drawn" in text for text in shown)


@pytest.fixture(scope="module")
def placed(tmp_path_factory):
    """Return the store and results of thirty sites with places and types, some at a bound."""
    folder = tmp_path_factory.mktemp("placed")
    calibrated.write(folder, 30)
    head, *lines = (folder / "types.csv").read_text().split("\n")
    rows = [f"{line},{k % 3 + 1},{k - 10},{4 * k - 60}" for k, line in enumerate(lines)]
    (folder / "types.csv").write_text("\n".join([f"{head},pft,lat,lon", *rows]))
    text = BY_SITE.replace("tau_extra: {loguniform: [0.3, 3]}", "tau_extra: {uniform: [0.9, 1.1]}")
    settings = ["calibration.algorithm={name: levenberg_marquardt, starts: 2}"]
    settings += ["calibration.restarts=1", "calibration.budget=60"]
    outcome, found = calibrated.run(folder, *settings, text=text, store="placed.zarr", workers=1)
    return read(outcome.path), found


def test_best_parameters_are_drawn_by_type_and_in_space_with_those_at_an_end(placed):
    run, found = Calibrated(placed[0]), placed[1]
    np.testing.assert_array_equal(run.found.classes["pft"], np.arange(30) % 3 + 1)
    assert run.found.classes.keys() == {"pft"}
    with look():
        by_type, in_space = figures.FIGURES.get("calibrated_parameters").draw(run)
    at = (found.at_bound.values != 0).sum(axis=0)
    assert at[0] > 0
    told = ", ".join(f"{n} {k}" for n, k in zip(("tau_extra", "D1"), at, strict=True) if k)
    assert f"Groups at an end of a range: {told}." in by_type.caption
    assert "30 of 30 groups, a row for each value of the column pft" in by_type.caption
    assert "30 of 30 locations" in in_space.caption
    assert "Rings: at an end" in in_space.caption


def test_invented_profiles_are_drawn_by_depth_and_called_so(profiles):
    path, found, page = profiles
    assert "Synthetic data: synthetic profiles (invented; not measured)" in page.said
    assert "2 groups" in page.said
    shown = captions(page)
    of_depth = [text for text in shown if "by depth" in text]
    assert len(of_depth) == 2
    assert all("Hollow: held back from the search." in text for text in of_depth)
    assert found.observed_j_soc.attrs["units"] == "mg C cm-3"
    with look():
        run = Calibrated(read(path))
        drawn = [p for n in FIGURES for p in figures.FIGURES.get(n).draw(run)]
    pictures = [one for one in drawn if isinstance(one, Picture)]
    assert len(pictures) == len(page.pictures) == len(shown)
    assert all(b"SYNTHETIC DATA" in picture.svg for picture in pictures)
    assert all(picture.width <= WIDTH for picture in pictures)
    one = next(c for c in run.compared if c.name == "j_soc")
    assert one.places == run.found.locations
    there = np.isfinite(found.observed_j_soc.values[0])
    assert (one.bottom > one.top)[there].all()
    assert (one.part[there] <= 1).all()
    assert one.held_back


@pytest.mark.parametrize("name", FIGURES)
def test_a_figure_needs_nothing_that_is_not_kept(sites, name):
    """Nothing is spared here: what it yields are pictures with captions, or sentences."""
    path = sites / "bare.zarr"
    if not path.exists():
        keep = "calibration.keep={population: false, trace: false}"
        calibrated.run(sites, keep, "calibration.restarts=1", store=path.name, workers=1)
    with look():
        for one in figures.FIGURES.get(name).draw(Calibrated(read(path))):
            assert str(one.caption if isinstance(one, Picture) else one).strip().endswith(".")


def test_what_was_not_kept_is_said(sites):
    test_a_figure_needs_nothing_that_is_not_kept(sites, FIGURES[0])
    page = page_of(sites / "bare.zarr")
    assert "Populations were not kept" in page.said
    assert "Traces were not kept" in page.said
    assert "how far the restarts" not in page.said


def test_a_cost_that_is_no_sum_of_squares_has_a_page(sites):
    text = calibrated.TWINS.replace("relative_error: 0.1}", "relative_error: 0.1, huber: 2}")
    assert text != calibrated.TWINS
    outcome, found = calibrated.run(sites, text=text, store="huber.zarr", workers=1)
    page = page_of(outcome.path)
    assert "so what data determine cannot be told" in page.said
    assert "it compares no values one by one" in page.said
    values = [[number(c) for c in row[1:]] for row in page.table("group", "tau_extra")]
    np.testing.assert_allclose(values, best(found), rtol=1e-5)


# --- what fails ---


def test_groups_without_a_result_are_named_with_their_reason(sites, tmp_path):
    for name in ("sites.csv", "types.csv"):
        (tmp_path / name).write_text((sites / name).read_text())
    head, *lines = (sites / "observed.csv").read_text().split("\n")
    (tmp_path / "observed.csv").write_text("\n".join([head, *lines[1:]]))
    outcome, _ = calibrated.run(tmp_path, text=BY_SITE, store="few.zarr", workers=1)
    page = page_of(outcome.path)
    assert page.table("group", "reasons of its searches") == [["S00", "too few observations"]]
    assert ["too few observations", "2"] in page.table("reason", "searches")
    assert page.table("group", "tau_extra")[0][1:] == ["-", "-"]


def test_an_unfinished_calibration_shows_what_is_committed_alone(sites, by_site):
    outcome = ensemble.run_calibration(
        calibrated.plan(sites, text=BY_SITE, store="none.zarr"), stop=lambda: True
    )
    assert outcome.committed == 0
    page = page_of(outcome.path)
    assert "Unfinished: 0/" in page.said
    assert "No search that is committed came to a result" in page.said
    assert page.pictures == []
    # As if it had been killed behind its first block: chunks of others are there, and no line.
    done = by_site[0]
    (journal,) = (done / "journal").glob("*.jsonl")
    lines = journal.read_text().splitlines(keepends=True)
    assert len(lines) > 2
    try:
        journal.write_text("".join(lines[:2]))
        part = page_of(done)
    finally:
        journal.write_text("".join(lines))
    known = [row for row in part.table("group", "tau_extra") if row[1] != "-"]
    total = outcome.blocks
    assert f"Unfinished: 1/{total}" in part.said
    assert 0 < len(known) < 12
    assert "What is modelled beside observations is known when all searches have ended." in (
        part.said
    )


def test_a_damaged_chunk_costs_itself_and_is_named(sites):
    outcome, _ = calibrated.run(sites, store="damaged.zarr", workers=1)
    chunk = next((outcome.path / "calibration" / "jacobian_sv").glob("c*"))
    chunk.write_bytes(b"nothing")
    page = page_of(outcome.path)
    assert "Some committed values cannot be read; see `soilsweep verify`:" in page.said
    assert "calibration/jacobian_sv, block" in page.said
    assert len(page.table("group", "tau_extra")) == 3


def test_the_command_writes_the_page_beside_the_store(halves):
    path, _, _ = halves
    said = soilsweep("report", str(path))
    assert said.code == 0, said.err
    assert said.out.strip().endswith("halves.html")
    assert not said.err
