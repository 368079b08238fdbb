"""Figures in Python and as files, their numbers, and responses with parameters as a table."""

import gzip
import inspect
import io

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from commandline import refused, soilsweep
from frozen import unpack
from pages import Page

import ensemble
from ensemble import plot
from ensemble.errors import PlanError
from ensemble.report import FORMATS, Picture, Run, figures, write_report
from ensemble.report.figures.parts.numbers import numbers
from ensemble.store.reading import read


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    """Return a finished store of two forcings and one location."""
    return unpack("two-box", tmp_path_factory.mktemp("two-box"))


@pytest.fixture(scope="module")
def soils(tmp_path_factory):
    """Return a finished store of one forcing and four locations."""
    return unpack("profile", tmp_path_factory.mktemp("profile"))


# --- numbers of a figure ---


def test_the_table_of_a_figure_has_what_is_drawn():
    drawn = plt.figure()
    above, below = drawn.subplots(2, 1)
    above.set_title("a title", loc="left")
    above.set_xlabel("year")
    above.plot([2001.0, 2002.0, np.nan], [1.0, 2.0, 3.0], "--", color="red")
    above.fill_between([1.0, 2.0, 3.0], [0.0, -1.0, 0.0], [1.0, 2.0, 3.0], color="blue", alpha=0.2)
    above.axhline(0.5)
    above.axhline(0.75, label="observed total")
    above.axvspan(1.5, 2.5, label="its interval")
    above.errorbar([1.0], [5.0], yerr=[[1.0], [2.0]], fmt="o", color="green", capsize=3)
    trend = plt.Line2D([], [], color="red", ls="--", label="trend")
    points = plt.Line2D([], [], color="green", marker="o", label="observed")
    above.legend(handles=[trend, points])
    below.barh([0, 1], [0.25, 0.75], left=[0.5, 0.0], label="share")
    below.set_yticks([0, 1], ["first", "second"])
    table = numbers(drawn)
    plt.close(drawn)
    rows = {key: part.dropna(axis=1) for key, part in table.groupby(["panel", "mark"])}
    marks = ("line", "band", "point", "interval", "line across", "band across")
    assert set(rows) == {*((1, mark) for mark in marks), (2, "bar")}
    assert rows[1, "line across"][["series", "y"]].to_numpy().tolist() == [["observed total", 0.75]]
    span = rows[1, "band across"][["series", "x_low", "x_high"]].to_numpy().tolist()
    assert span == [["its interval", 1.5, 2.5]]
    line = rows[1, "line"]
    assert line[["x", "y"]].to_numpy().tolist() == [[2001.0, 1.0], [2002.0, 2.0]]
    assert {*line["series"], *line["title"], *line["x_axis"]} == {"trend", "a title", "year"}
    ends = rows[1, "band"][["x", "y_low", "y_high"]].to_numpy().tolist()
    assert ends == [[1.0, 0.0, 1.0], [2.0, -1.0, 2.0], [3.0, 0.0, 3.0]]
    assert rows[1, "point"]["series"].tolist() == ["observed"]
    assert rows[1, "interval"][["series", "x", "y_low", "y_high"]].to_numpy().tolist() == [
        ["observed", 1.0, 4.0, 7.0]
    ]
    assert rows[2, "bar"][["series", "y", "x_low", "x_high"]].to_numpy().tolist() == [
        ["share", "first", 0.5, 0.75],
        ["share", "second", 0.0, 0.75],
    ]


def test_the_table_of_a_map_has_its_cells_and_of_a_histogram_its_bins():
    drawn = plt.figure()
    left, right = drawn.subplots(1, 2)
    values = np.ma.masked_invalid([[1.0, np.nan], [3.0, 4.0]])
    mesh = left.pcolormesh([0.0, 2.0, 4.0], [10.0, 20.0, 30.0], values)
    drawn.colorbar(mesh, ax=left, label="carbon [kg]")
    right.stairs([3, 5], [0.0, 0.5, 1.0], fill=True, label="members")
    table = numbers(drawn)
    plt.close(drawn)
    cells = table[table["mark"] == "cell"]
    assert cells[["x", "y", "value"]].to_numpy().tolist() == [[1, 15, 1], [1, 25, 3], [3, 25, 4]]
    assert set(cells["value_of"]) == {"carbon [kg]"}
    bins = table[table["mark"] == "histogram"]
    assert bins[["x_low", "x_high", "y"]].to_numpy().tolist() == [[0.0, 0.5, 3.0], [0.5, 1.0, 5.0]]
    assert set(bins["series"]) == {"members"}


def test_numbers_beside_a_figure_are_those_of_the_store(store):
    run = ensemble.open_run(store)
    table = plot.responses(run).numbers
    spread = table[table["series"] == "ensemble mean \N{PLUS-MINUS SIGN} 1 SD"]
    points = spread[spread["mark"] == "point"]
    for panel, name in enumerate(("d_total", "d_soil"), 1):
        here = points[points["panel"] == panel]
        found = dict(zip(here["y"], here["x"], strict=True))
        mean = run[name].isel(location=0).mean("sample")
        assert found == pytest.approx(dict(zip(("S01", "S02"), mean.values, strict=True)), rel=1e-9)


# --- in Python ---


def test_plot_lists_every_figure_and_says_what_each_is():
    assert dir(plot) == figures.names() == dir(ensemble.plot)
    for name in dir(plot):
        drawing = getattr(plot, name)
        assert list(inspect.signature(drawing).parameters) == ["run", "ax", "number"]
        assert inspect.getdoc(drawing).startswith(figures.FIGURES.get(name).__doc__.split(".")[0])
    with pytest.raises(AttributeError, match=r"no figure 'absent'; dir\(\) lists them"):
        _ = plot.absent


def test_a_figure_takes_the_place_of_axes(store):
    drawn, (left, right) = plt.subplots(1, 2, figsize=(12, 5))
    left.plot([0, 1])
    picture = plot.responses(ensemble.open_run(store), ax=right)
    alone = plot.responses(store)
    assert right not in drawn.axes
    assert left in drawn.axes
    assert picture.caption == alone.caption
    pd.testing.assert_frame_equal(picture.numbers, alone.numbers)
    # Legends beside panels and panels beside each other have room.
    assert picture.written("png").startswith(b"\x89PNG")
    boxes = [ax.get_tightbbox() for ax in picture.drawn.axes]
    assert all(box.x0 >= left.get_window_extent().x1 for box in boxes)
    plt.close(drawn)


def test_a_figure_of_which_there_are_several_is_asked_for_by_number(soils):
    with pytest.raises(
        ValueError, match="profiles: found no number; needed number=1 to 3 of\n  1:"
    ):
        plot.profiles(soils)
    second = plot.profiles(soils, number=2)
    assert isinstance(second, Picture)
    assert second.caption.startswith("14C of SOM")
    with pytest.raises(ValueError, match="found number=4"):
        plot.profiles(soils, number=4)
    with pytest.raises(ValueError, match="zonal: there is nothing to draw of this run"):
        plot.zonal(soils)
    with pytest.raises(
        ValueError, match=r"of stores of ensemble.calibration, not ensemble.members"
    ):
        plot.dotty_plots(soils)
    with pytest.raises(ValueError, match=r"needed what ensemble.open_run returned"):
        plot.profiles(3)


def test_parameters_are_coordinates_of_samples(store, soils):
    run = ensemble.open_run(store)
    assert run["d_total"]["tau_veg_obs"].dims == ("sample",)
    assert {"tau_veg_obs", "tau_soil_obs"} <= {*run["d_total"].coords}
    assert run.encoding["source"] == str(store)
    low = run["d_total"].where(run["d_total"]["tau_veg_obs"] < 10, drop=True)
    assert 0 < low.sizes["sample"] < 24
    # What is of a location, or of none, is no coordinate of samples.
    assert {n for n, c in ensemble.open_run(soils).coords.items() if "sample" in c.dims} == {
        "x_v",
        "beta",
    }


def test_responses_are_a_table_with_the_parameters_of_each_member(store):
    run = ensemble.open_run(store)
    table = ensemble.to_dataframe(run, ["d_total", "d_soil"])
    assert table.index.names == ["forcing", "location", "sample"]
    assert [*table.columns] == ["tau_soil_obs", "tau_veg_obs", "d_total", "d_soil", "status"]
    assert len(table) == 2 * 24
    row = table.loc[("S02", "global", 7)]
    for name in ("tau_veg_obs", "d_soil"):
        where = {"forcing": "S02", "location": "global"} if name == "d_soil" else {}
        assert row[name] == run[name].sel(where).values[7]
    pd.testing.assert_frame_equal(
        ensemble.to_dataframe(store, "d_total"), table.drop(columns="d_soil")
    )


def test_what_is_no_number_of_members_is_refused_all_at_once(store):
    with pytest.raises(PlanError) as told:
        ensemble.to_dataframe(store, ["d_total", "absent", "c_soil"])
    said = str(told.value)
    assert "'absent' is no array of members" in said
    assert "'c_soil' has c_soil_year, too" in said
    assert "It keeps of members" in said
    with pytest.raises(PlanError, match="found no name"):
        ensemble.to_dataframe(store, [])


def test_members_that_failed_or_are_excluded_are_rows_without_numbers(tmp_path_factory):
    for kind, name in (("failed", "y_end"), ("limits", "d_total")):
        path = unpack(kind, tmp_path_factory.mktemp(kind))
        run = ensemble.open_run(path).to_dataset()
        table = ensemble.to_dataframe(path, name)
        lost = run["status"].values != 0
        if "excluded" in run:
            lost |= run["excluded"].values == 1
            assert table["excluded"].sum() > 0
        assert len(table) == run["status"].size
        assert lost.any()
        assert (table[name].isna() == lost.ravel()).all()


# --- files ---


@pytest.mark.parametrize("form", FORMATS)
def test_every_figure_is_written_with_its_numbers(form, store, tmp_path):
    page = tmp_path / "page.html"
    folder = tmp_path / "figures"
    done = soilsweep("report", store, "-o", page, "--figures", folder, "--format", form)
    assert done.code == 0, done.err
    held = Page(page.read_text(encoding="utf-8")).taken
    assert len(held) >= 6
    written = {path.name: path.read_bytes() for path in folder.iterdir()}
    names = {name.partition(".")[0] for name in held}
    assert {*written} == {f"{n}.{form}" for n in names} | {f"{n}.csv" for n in names} | {
        "captions.txt"
    }
    start = {"svg": b"<?xml", "pdf": b"%PDF", "png": b"\x89PNG"}[form]
    assert all(b.startswith(start) for n, b in written.items() if n.endswith(form))
    for name, content in held.items():
        assert form != "svg" or written[name.removesuffix(".gz")] == content
        if name.endswith((".csv", ".gz")):
            text = gzip.decompress(content) if name.endswith("gz") else content
            assert written[name.removesuffix(".gz")] == text
            assert "SYNTHETIC" in pd.read_csv(io.BytesIO(text))["data"][0]
    captions = written["captions.txt"].decode()
    assert all(f"{name}.{form}: " in captions for name in names)


def test_a_format_or_folder_that_is_none_is_refused_before_anything_is_written(store, tmp_path):
    page, file = tmp_path / "page.html", tmp_path / "a-file"
    file.write_text("")
    for words in (("--figures", tmp_path / "f", "--format", "gif"), ("--figures", file)):
        done = soilsweep("report", store, "-o", page, *words)
        assert done.code == 2
        assert "needed svg, pdf, png" in done.err or "needed a folder" in done.err
    assert {*tmp_path.iterdir()} == {file}


def test_a_figure_of_some_locations_says_of_how_many(soils):
    every, some = Run(read(soils)), Run(read(soils), ["DBF", "EBF"])
    assert every.left_out() == ""
    assert every.places(2) == [0, 3]
    assert every.left_out(2).startswith("Of 2 of 4 locations, evenly chosen; `soilsweep report")
    assert some.places() == [2, 1]
    assert some.left_out() == "Of 2 of 4 locations, as asked."


@pytest.mark.slow
def test_locations_are_chosen_or_evenly_taken(soils, tmp_path):
    done = soilsweep("report", soils, "-o", tmp_path / "page.html", "--at", "ENFF", "--at", "DBF")
    refused(done, "no location 'ENFF'; did you mean 'ENF'?")
    assert not (tmp_path / "page.html").exists()
    pages = {
        asked: write_report(soils, tmp_path / "page.html", locations=asked).read_text("utf-8")
        for asked in ((), ("DBF",), ("all",))
    }
    rows = {asked: Page(text).taken["responses-1.csv"].decode() for asked, text in pages.items()}
    assert ",DBF," in rows[("DBF",)]
    assert ",ENF," not in rows[("DBF",)]
    assert rows[()] == rows[("all",)]
