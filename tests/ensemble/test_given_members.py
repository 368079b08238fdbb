"""A sample that is stored is analysed as it is: arrays, tables, figures and the map."""

import html
import re

import numpy as np
import pytest
import xarray as xr
from layered import forcing as data
from support import give, plan, run

import ensemble
from ensemble.analysis.given_data import OfDesign
from ensemble.analysis.indices import results
from ensemble.members.reopening import open_layout
from ensemble.report import Picture, Run, figures, write_report
from ensemble.report.data.fields import all_leading
from ensemble.report.figures.parts.style import look
from ensemble.runs.analyze import analyze_store
from ensemble.store.reading import read
from ensemble.tables.results import Results

TEXT = """
version: 1
name: sample
kernel: layered.model
forcing: {reader: synthetic_models, n: 1}
design: DESIGN
seed: 3
precision: float64
outputs: {soc: all}
responses:
  top: {output: soc, layer: 1}
"""
SPAN = "{scale: {uniform: [5, 95]}, shape: {uniform: [0, 0.2]}}"
HYPERCUBE = f"{{method: latin_hypercube, n: 80, parameters: {SPAN}}}"
CORRELATED = (
    f"{{method: monte_carlo, n: 80, parameters: {SPAN}, rank_correlation: [[scale, shape, 0.7]]}}"
)


@pytest.fixture(autouse=True)
def _forcings(monkeypatch):
    give(monkeypatch, [data.forcing(observations={})])


def finished(tmp_path, design=HYPERCUBE):
    planned = plan(tmp_path, text=TEXT.replace("DESIGN", design))
    assert ensemble.run(planned, workers=1).complete
    return planned.path


def test_indices_of_every_response_and_cell_are_those_of_the_estimator(tmp_path):
    path = finished(tmp_path)
    analyze_store(path)
    root = xr.open_zarr(path)
    found = xr.open_zarr(path, group="sensitivity")
    assert list(found.effect.values) == ["scale", "shape", "dummy"]
    assert found.top_S1.dims == ("forcing", "location", "effect")
    assert found.soc_SRC.dims == ("forcing", "location", "layer", "effect")
    assert found.soc_R2.dims == ("forcing", "location", "layer")
    assert (found.top_effective == 80).all()
    assert found.top_S1.attrs["units"] == "1"
    layout = open_layout(read(path))
    analysis = OfDesign(layout.sampler.first)
    rows = layout.sampler.rows(0, slice(0, 3), slice(0, 80)).values
    for name, values in (("top", root.top[0]), ("soc", root.soc[0])):
        expected = analysis.analyze(values.values, rows)
        for index in ("S1", "SRC", "SRRC", "R2", "S1_conf", "distinguishable"):
            np.testing.assert_allclose(found[f"{name}_{index}"].values[0], expected[index])


def test_the_tables_say_what_a_sample_tells(tmp_path):
    (table, *others) = analyze_store(finished(tmp_path))
    assert table["title"] == "sensitivity of top, a"
    assert [row[1] for row in table["rows"]] == ["scale", "shape", "dummy"]
    said = " ".join(table["notes"])
    assert "80 of 80 members; none left out" in said
    assert "a linear regression explains R2" in said
    assert "correlated" not in said
    (record,) = [r for r in table["records"] if r["index"] == "SRC"]
    assert record["distinguishable"] == [1, 1, 0]
    assert any(t["title"].startswith("sensitivity of soc") for t in others)


def test_correlated_parameters_are_named_where_shares_are_shown(tmp_path):
    path = finished(tmp_path, CORRELATED)
    table, *_ = analyze_store(path)
    said = " ".join(table["notes"])
    assert "parameters are correlated (scale with shape 0.7): an S1 holds what its partners" in said
    assert "correlated" in read(path).specs["sensitivity/top_S1"].attrs["comment"]


def test_the_page_draws_the_sample_and_maps_what_leads(tmp_path):
    path = finished(tmp_path)
    analyze_store(path)
    page = write_report(path, tmp_path / "page.html", import_kernel=True).read_text("utf-8")
    said = html.unescape(re.sub(r"<[^>]+>", " ", page))
    assert "First-order shares of variance (S1) and standardised regression" in said
    store = read(path)
    (one,) = [d for d in all_leading(Results(store), results(store)) if d.name == "top"]
    assert one.terms == ("scale", "shape")
    share = xr.open_zarr(path, group="sensitivity").top_S1.values[0, :, :2]
    np.testing.assert_array_equal(one.which, share.argmax(axis=-1))
    assert one.apart.all()
    with look():
        drawn = figures.FIGURES.get("dominant").draw(Run(store))
        captions = [p.caption for p in drawn if isinstance(p, Picture)]
    assert sum("largest first-order share" in caption for caption in captions) <= 1


def test_a_small_sample_is_refused_with_what_it_would_take(tmp_path):
    path = finished(tmp_path, HYPERCUBE.replace("n: 80", "n: 30"))
    with pytest.raises(ValueError, match="or 40 members of latin_hypercube or monte_carlo"):
        analyze_store(path)


@pytest.mark.slow
def test_more_members_narrow_the_intervals(tmp_path):
    text = TEXT.replace(
        "DESIGN", CORRELATED.replace(", rank_correlation: [[scale, shape, 0.7]]", "")
    )
    widths = []
    for n in (80, 800):
        _, outcome = run(tmp_path, text=text.replace("n: 80", f"n: {n}"), store=f"{n}.zarr")
        analyze_store(outcome.path)
        found = xr.open_zarr(outcome.path, group="sensitivity")
        widths.append(float(found.top_SRC_conf.sel(effect="scale").max()))
    assert widths[1] < 0.5 * widths[0]
