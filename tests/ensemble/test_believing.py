"""One ranking that can be believed and one that is noise, on the console, the page and in JSON."""

import html
import json
import re

import numpy as np
import pytest
from commandline import soilsweep
from layered import forcing as data
from support import give, plan

import ensemble
from ensemble.analysis import noise
from ensemble.report import Picture, Run, figures, write_report
from ensemble.report.figures.parts.style import look
from ensemble.runs.analyze import analyze_store
from ensemble.store.reading import read
from ensemble.tables.believing import Believed

TEXT = """
version: 1
name: layers
kernel: layered.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: morris
  trajectories: 8
  parameters: {scale: {uniform: [5, 95]}, shape: {uniform: [0, 0.2]}}
seed: 3
precision: float64
responses:
  top: {output: soc, layer: 1}
  bottom: {output: soc, layer: 90}
"""
"""At the top both parameters act evenly; at the bottom those few members whose shape is least."""


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    """Return an analysed store of one location."""
    with pytest.MonkeyPatch.context() as patch:
        give(patch, [data.forcing(observations={})])
        planned = plan(tmp_path_factory.mktemp("believing"), text=TEXT)
        assert ensemble.run(planned, workers=1).complete
        analyze_store(planned.path)
    return planned.path


def tables_of(path):
    return {t["title"].split(",")[0].split()[-1]: t for t in analyze_store(path)}


def test_noise_is_withheld_and_the_rest_has_its_intervals(path):
    tables = tables_of(path)
    top, bottom = tables["top"], tables["bottom"]
    assert [row[1] for row in top["rows"][:2]] == ["scale", "shape"]
    column = top["header"].index("mu_star")
    assert all(" +- " in row[column] for row in top["rows"])
    (row,) = {tuple(row[1:]) for row in bottom["rows"]}
    assert row == ("withheld", *["\N{EN DASH}"] * 4, "8")
    said = " ".join(bottom["notes"])
    assert "mu_star and theta are noise and withheld" in said
    assert "soilsweep extend" in said
    assert "transform: log10" in said
    for note in top["notes"]:
        assert "not separated" not in note
    assert "8 of 8 trajectories; none left out; largest over median" in said
    assert "withheld" not in " ".join(top["notes"])


def test_programs_are_given_the_numbers_and_told_that_they_are_withheld(path):
    said = soilsweep("analyze", path, "--json")
    assert said.code == 0, said.err
    tree = ensemble.open_run(path)["sensitivity"]
    for table in json.loads(said.out):
        for record in table["records"]:
            name, index = record["response"], record["index"]
            assert record["withheld"] == (name == "bottom")
            assert bool(record["why"]) == record["withheld"]
            assert (record["entered"], record["of"], record["units"]) == (8, 8, "trajectories")
            place = list(tree.location.values).index(record["location"])
            for effect in record["effects"]:
                at = {"effect": effect["effect"], "location": record["location"]}
                kept = tree[f"{name}_{index}"].isel(forcing=0).sel(at)
                assert effect["value"] == pytest.approx(float(kept), nan_ok=True)
                half = tree[f"{name}_{index}_conf"].isel(forcing=0).sel(at)
                assert effect["half_width"] == pytest.approx(float(half))
            over = tree[f"{name}_largest_over_median"].values[0, place]
            assert record["largest_over_median"] == pytest.approx(float(over))


def test_the_store_keeps_the_numbers_and_says_which_are_noise(path):
    tree = ensemble.open_run(path)["sensitivity"]
    assert (tree.bottom_mu_star_withheld.values != noise.BELIEVED).all()
    assert (tree.top_mu_star_withheld.values == noise.BELIEVED).all()
    assert np.isfinite(tree.bottom_mu_star.values).all()
    flags = tree.bottom_mu_star_withheld.attrs
    assert len(flags["flag_values"]) == len(flags["flag_meanings"].split()) == len(noise.CODES)
    assert list(tree.reason.values) == ["failed", "excluded", "not_finite"]
    assert tree.top_left_out.dims == ("forcing", "location", "reason")


def test_the_page_neither_prints_nor_draws_noise(path, tmp_path):
    page = write_report(path, tmp_path / "page.html", import_kernel=True).read_text("utf-8")
    said = html.unescape(re.sub(r"<[^>]+>", " ", page))
    assert "Effects are not drawn. bottom: 3 of 3 locations are withheld" in said
    mu, sigma = "\N{GREEK SMALL LETTER MU}*", "\N{GREEK SMALL LETTER SIGMA}"
    assert f"bottom: {mu} and {sigma} not drawn, as the ranking is noise" in said
    index = read(path).read_whole("sensitivity/bottom_mu_star")
    assert not any(f"{value:.4g}" in said for value in index.ravel())
    with look():
        run = Run(read(path))
        for name in ("effect_indices", "screening", "importance"):
            drawn = [p for p in figures.FIGURES.get(name).draw(run) if isinstance(p, Picture)]
            assert not any(">bottom" in p.svg.decode() for p in drawn), name
        (one,) = [p for p in figures.FIGURES.get("screening").draw(run) if isinstance(p, Picture)]
        assert ">top:" in one.svg.decode()
        assert "Whiskers: bootstrap intervals" in one.caption


@pytest.mark.parametrize(
    ("method", "way"),
    [
        ("latin_hypercube", "in a run of a larger design; this one cannot be extended"),
        ("sobol", "`soilsweep extend`"),
    ],
)
def test_what_cannot_be_extended_is_not_told_to_be(method, way):
    found = Believed("x", {}, [], {}, "members", 1, 1, method=method)
    assert found.remedy() == f"more members ({way}) would narrow them"
