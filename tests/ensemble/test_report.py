"""The page of a run: its numbers against xarray, its markup, its figures, its honesty."""

import re
import tracemalloc
from typing import get_args
from xml.etree import ElementTree

import numpy as np
import pytest
from jinja2 import UndefinedError
from pages import Page
from support import SMALL, run

import ensemble
from ensemble.report import Picture, Run, figures, write_report
from ensemble.report.data.series import all_series
from ensemble.report.figures.parts.style import figure, finish, look, pretty, short
from ensemble.report.html.rendering import rendered
from ensemble.report.parts import (
    Banner,
    Code,
    Fingerprint,
    Heading,
    Image,
    Listing,
    Notes,
    Pairs,
    Part,
    Section,
    Top,
    Verbatim,
)
from ensemble.store.reading import read
from ensemble.tables.responses import Table
from ensemble.tables.results import Results

LABEL = "synthetic models S16"
TEXT = "{http://www.w3.org/2000/svg}text"
EVIL = "</title><script>alert('x')</script><img src=x onerror=alert(1)> $\\alpha$ & \"q\""


def page_of(path, tmp_path):
    return Page(write_report(path, tmp_path / "page.html").read_text(encoding="utf-8"))


def number(cell):
    return float(cell.replace("\N{MINUS SIGN}", "-").replace(",", ""))


def spread(cell):
    return [number(part) for part in cell.split(" \N{PLUS-MINUS SIGN} ")]


REFERENCE = """
reference:
  citation: Somebody (1999)
  label: somebody's models
  responses: {d_total: {unconstrained: 170, constrained: 244}}
"""


@pytest.fixture(scope="module")
def complete(tmp_path_factory):
    """Return a finished run and its page."""
    folder = tmp_path_factory.mktemp("complete")
    _, outcome = run(folder, "block.sample=75", text=SMALL + REFERENCE)
    return ensemble.open_run(outcome.path), page_of(outcome.path, folder), outcome


def pictures_of(store):
    """Return how many pictures each figure draws of a store, those that draw none left out."""
    with look():
        run = Run(read(store))
        mine = [f for f in figures.every()[0] if run.store.work in f.works]
        found = {f.name: sum(isinstance(one, Picture) for one in f.draw(run)) for f in mine}
    return {name: count for name, count in found.items() if count}


# --- numbers ---


def test_numbers_of_the_page_are_those_of_the_members(complete):
    tree, page, _ = complete
    rows = {row[0]: row[1:] for row in page.table("forcing", "control", "ensemble")}
    for k, name in enumerate(tree["forcing"].values):
        for column, response in ((0, "d_total"), (2, "d_soil")):
            members = tree[response].values[k, 0]
            control = float(tree[f"control/{response}"][k, 0])
            assert number(rows[name][column]) == pytest.approx(control, abs=0.051)
            expected = [members.mean(), members.std()]
            assert spread(rows[name][column + 1]) == pytest.approx(expected, abs=0.051)
    means = tree["d_total"].values.mean(axis=(1, 2))
    assert spread(rows["all, mean of means"][1])[0] == pytest.approx(means.mean(), abs=0.051)
    assert number(rows["all, SD of means"][1]) == pytest.approx(means.std(), abs=0.051)


def test_published_numbers_stand_beside_ours_and_say_whose_they_are(complete):
    _, page, _ = complete
    rows = page.table("response", "numbers of")
    assert [row[1] for row in rows] == ["this run", "somebody's models", "this run"]
    assert rows[1][2:4] == ["170", "244"]
    assert rows[1][-2:] == ["74", "30%"]
    assert "They are those of somebody's models; nothing here was computed" in page.said
    assert any("published: somebody" in picture for picture in page.pictures)


def test_shares_of_the_page_are_those_of_the_members(complete):
    tree, page, _ = complete
    assert "sensitivity" not in tree.children
    rows = {row[0]: row[1:] for row in page.table("term", "d_total", "d_soil")}
    for column, response in enumerate(("d_total", "d_soil")):
        values = tree[response].values.reshape(4, 8, 25)
        soil = values.mean(axis=(0, 1)).var() / values.var()
        # As many digits as the interval leaves.
        share, half = spread(rows["tau_soil_obs"][column])
        assert share == pytest.approx(soil, abs=0.0051)
        assert 0 < half < 0.5 * share
        parts = [spread(row[column].removesuffix(" *"))[0] for row in rows.values()]
        assert sum(parts) == pytest.approx(1, abs=0.0051 * len(parts))


def test_the_report_only_reads_and_is_the_same_each_time(complete, tmp_path):
    _, _, outcome = complete

    def content():
        return {f: f.read_bytes() for f in outcome.path.rglob("*") if f.is_file()}

    before = content()
    first = write_report(outcome.path, tmp_path / "deep" / "a.html")
    second = write_report(outcome.path, tmp_path / "b.html")
    assert first.read_bytes() == second.read_bytes()
    assert content() == before


def test_design_and_provenance_are_told(complete):
    tree, page, outcome = complete
    store = read(outcome.path)
    said = page.said
    assert "complete" in said.lower()
    assert store.digest() in said
    assert store.attrs["identity"]["scenario_sha256"] in said
    assert all(h in said for h in store.attrs["identity"]["forcings"].values())
    assert "two_box" in said
    parameters = {row[0]: row for row in page.table("parameter", "units", "distribution")}
    soil = parameters["tau_soil_obs"]
    assert soil[2] == "normal (mean 38.3, sd 11), lower 2"
    admissible = store.attrs["design"]["admissible"]["tau_soil_obs"]["lower"]
    assert soil[5] == f"lower {admissible:.6g}"
    share = store.attrs["design"]["truncated_share"]["tau_soil_obs"]
    assert soil[3] == f"{share:.2%}"
    drawn = tree["tau_soil_obs"].values
    assert soil[6] == f"{drawn.min():.4g} to {drawn.max():.4g}"
    hosts = page.table("host", "process")
    assert sum(number(row[3]) for row in hosts) == len(store.committed())
    assert store.attrs["scenario"].strip().splitlines()[0] in said


# --- labels and markup ---


def test_made_up_data_is_named_on_top_and_in_every_figure(complete):
    _, page, outcome = complete
    assert f"Synthetic data: {LABEL}" in page.said
    drawn = pictures_of(outcome.path)
    assert len(page.pictures) == sum(drawn.values())
    # Two responses in one figure, shares, two series, the sampled parameters.
    expected = {"responses": 1, "variance_split": 1, "series": 2, "drawn_parameters": 1}
    assert expected.items() <= drawn.items()
    for drawn in page.pictures:
        assert f"SYNTHETIC DATA: {LABEL}" in drawn
        ElementTree.fromstring(drawn)


def test_the_page_needs_nothing_from_outside(complete):
    _, page, _ = complete
    for tag_, name, value in page.attributes:
        if name in ("href", "src", "action", "data", "background"):
            assert value.startswith(("#", "data:")), (tag_, name, value)
        assert not name.startswith("on")
    assert not {"script", "link", "iframe", "object", "embed", "base"} & set(page.tags)
    assert "url(" not in page.text
    assert "@import" not in page.text
    policy = [v for t, n, v in page.attributes if t == "meta" and n == "content"]
    assert any("default-src 'none'" in value for value in policy)


HEADER = "year,model,NPP [Pg C yr-1],Rh [Pg C yr-1],cVeg [Pg C],cSoil [Pg C]"
QUOTED = EVIL.replace('"', '""')


def test_words_of_a_scenario_and_names_of_data_are_never_markup(tmp_path):
    lines = [HEADER]
    for k in range(2):
        npp, veg, soil = 50.0, 450.0, 1200.0
        for year in range(1901, 2019):
            npp *= 1.002
            veg = (veg + npp) / (1 + 1 / 9)
            soil = (soil + veg / 9) / (1 + 1 / (24 + k))
            lines.append(f'{year},"{QUOTED}{k}",{npp!r},{soil / (24 + k)!r},{veg!r},{soil!r}')
    (tmp_path / "evil.csv").write_text("\n".join(lines))
    quoted = EVIL.replace("'", "''")
    text = SMALL.replace("title: Small", f"title: '{quoted}'\ndescription: '{quoted}'").replace(
        "{reader: synthetic_models, n: 4}", "{reader: annual_table, path: evil.csv}"
    )
    reference = REFERENCE.replace("somebody's models", f"'{quoted}'")
    _, outcome = run(tmp_path, text=text + reference.replace("Somebody (1999)", f"'{quoted}'"))
    page = page_of(outcome.path, tmp_path)
    assert not {"script", "iframe"} & set(page.tags)
    assert len([t for t in page.tags if t == "img"]) == len(page.pictures)
    assert page.tags.count("title") == 1
    assert page.said.count(" ".join(EVIL.split())) >= 5
    assert "SYNTHETIC" not in "".join(page.pictures)
    assert "Synthetic" not in page.said
    for drawn in page.pictures:
        root = ElementTree.fromstring(drawn)
        assert not [e for e in root.iter() if e.tag.endswith(("script", "foreignObject"))]


def shown(*parts, text="x"):
    """Return a page of these parts alone, with one text in all its other places."""
    top = Top(text, text, [text], [Banner([text])], [(text, text)])
    page = rendered("page.html", top=top, sections=[Section(text, text, parts)])
    return Page(page.encode("utf-8", "strict").decode())


def every_part(text):
    """Return a part of each kind, with a text in all its places."""
    return [
        text,
        Table(text, [f"{text} a", text], [[text, text]], [text], (0,), ((text, 1), ("", 1))),
        Notes([text]),
        Banner([text], text, [text], aside=True),
        Heading(text),
        Verbatim(text),
        Pairs([(text, text), (text, Code(text, text))]),
        Listing([text], [[text], [Code(text, text)]]),
        Fingerprint(text, [text]),
        Image(text, text, text),
    ]


@pytest.mark.parametrize(
    "text",
    ["<b>", "a & b", "'\"", EVIL, "{{ 1 }}{% raw %}", "\x00\x1b[0m", "\ud800", "\u202e日本"],
)
def test_whatever_is_put_into_a_template_is_text(text):
    assert {type(part) for part in every_part(text)} == set(get_args(Part))
    other = "x" * len(text)
    page, plain = (shown(*every_part(words), text=words) for words in (text, other))
    assert page.tags == plain.tags
    names = [[(tag, name) for tag, name, _ in p.attributes] for p in (page, plain)]
    assert names[0] == names[1]
    printed = re.sub(r"[\x00-\x1f\ud800]", "\N{REPLACEMENT CHARACTER}", text)
    assert page.said.count(" ".join(printed.split())) == plain.said.count(other)


def test_a_name_that_a_template_does_not_get_is_an_error():
    with pytest.raises(UndefinedError, match="sections"):
        rendered("page.html", top=Top("t", "s", [], [], []))


def test_a_table_sets_numbers_right_and_names_as_they_are():
    table = Table(
        "<t>", ["name", "x [u] a", "b"], [["a +- -1", "-1.5 +- 0.2", "\N{EN DASH}"]], [], (0,),
        (("", 1), ("x [u]", 2)),
    )  # fmt: skip
    page = shown(table)
    first, second, row = page.tables[0]
    assert first == ["", "x [u]"]
    assert second == ["name", "a", "b"]
    assert row == ["a +- -1", "\N{MINUS SIGN}1.5 \N{PLUS-MINUS SIGN} 0.2", "\N{EN DASH}"]
    assert ("td", "class", "right") in page.attributes


def test_text_in_figures_is_text():
    with look():
        drawn = figure(2, "made up $x$ <b>")
        drawn.subplots().set_title("a $\\frac{1}{2$ -- <script> & \x07 日本")
        picture = finish(drawn, "<i>")
    words = [" ".join(text.itertext()) for text in ElementTree.fromstring(picture.svg).iter(TEXT)]
    assert "a $\\frac{1}{2$ -- <script> &  日本" in words
    assert any("made up $x$ <b>" in line for line in words)
    page = shown(Image.of(picture, "bare"))
    (on_page,) = page.pictures
    dark = re.compile(r"@media \(prefers-color-scheme: dark\) {.*?\n}\n", re.S)
    assert dark.sub("", on_page) == picture.svg.decode()
    assert [tag for tag in page.tags if tag in ("figure", "img", "figcaption", "i")] == [
        "figure",
        "img",
        "figcaption",
    ]
    assert page.taken == {"bare.svg": picture.svg}


def test_names_and_units_as_they_are_printed():
    assert short("a very long name of a land model", 16) == "a very lon…model"
    assert len(short("x" * 99, 26)) == 26
    assert short("short") == "short"
    assert pretty("kg C m-2 yr-1") == "kg C m⁻² yr⁻¹"
    assert pretty("kg CO2 m2") == "kg CO2 m²"


# --- honesty ---


def stop_after(blocks):
    asked = iter(range(blocks))
    return lambda: next(asked, None) is None


def test_an_unfinished_run_says_so_and_shows_what_there_is(complete, tmp_path):
    _, whole, _ = complete
    _, outcome = run(
        tmp_path, "block.sample=75", text=SMALL + REFERENCE, workers=1, stop=stop_after(7)
    )
    page = page_of(outcome.path, tmp_path)
    assert "Unfinished: 7/12 blocks are committed." in page.said
    assert "Complete:" not in page.said
    found = {row[0]: row for row in page.table("forcing", "control", "ensemble")}
    expected = {row[0]: row for row in whole.table("forcing", "control", "ensemble")}
    for name in ("S01", "S02"):
        assert found[name] == expected[name]
    for name in ("S03", "S04"):
        assert set(found[name][1:]) == {"\N{EN DASH}"}
    assert "2 of 4, mean of means" in found
    assert "An unfinished run is not analysed." in page.said
    assert "(of the blocks committed so far)" in page.said
    drawn = pictures_of(outcome.path)
    assert len(page.pictures) == sum(drawn.values())
    assert "variance_split" not in drawn
    assert {"responses": 1, "series": 2, "drawn_parameters": 1}.items() <= drawn.items()


def test_a_run_that_has_hardly_begun_gives_a_page(tmp_path):
    _, outcome = run(tmp_path, workers=1, stop=lambda: True)
    page = page_of(outcome.path, tmp_path)
    assert "Unfinished: 0/4 blocks are committed." in page.said
    assert page.pictures == []


def test_lost_chunks_are_told(tmp_path):
    _, outcome = run(tmp_path)
    (outcome.path / "c_veg" / "c.1.0.0.0").unlink()
    page = page_of(outcome.path, tmp_path)
    assert "Some committed values cannot be read" in page.said
    assert "c_veg, block [1, 0, 0]" in page.said


WIDE = SMALL.replace("{normal: [38.3, 11], lower: 2}", "{normal: [8, 11]}").replace(
    "seed: 7", "seed: 7\nout_of_range: flag\nfailed_limit: 1"
)


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    """Return a run with failed members and its page."""
    folder = tmp_path_factory.mktemp("failing")
    _, outcome = run(folder, "block.sample=75", text=WIDE)
    return ensemble.open_run(outcome.path), page_of(outcome.path, folder), outcome


def test_failures_are_counted_named_and_advised(failing):
    tree, page, _ = failing
    status = tree["status"].values
    bad = status != 0
    assert bad.any()
    assert set(np.unique(status)) == {0, 2}
    (row,) = page.table("status", "members", "share")
    assert row[0] == "out_of_range"
    assert number(row[1]) == bad.sum()
    assert row[2] == f"{bad.mean():.2%}"
    forcing = tree["forcing"].values
    first = [f"{forcing[f]}/global/{s}" for f, _, s in np.argwhere(bad)[:3]]
    assert row[3] == ", ".join(first)
    assert "bound the parameter's distribution" in row[4]
    by_forcing = {row[0]: number(row[1]) for row in page.table("forcing", "failed")}
    for k, name in enumerate(forcing):
        assert by_forcing.get(name, 0) == bad[k].sum()


def test_the_page_says_where_in_parameter_space_failures_sit(failing):
    tree, page, _ = failing
    bad = tree["status"].values[:, 0] != 0
    rows = {row[0]: row for row in page.table("parameter", "units", "all members")}
    for name in ("tau_soil_obs", "tau_veg_obs"):
        values = np.broadcast_to(tree[name].values, bad.shape)
        low, high = values.min(), values.max()
        failed = values[bad]
        row = [cell.replace("\N{MINUS SIGN}", "-") for cell in rows[name]]
        assert row[2] == f"{low:.4g} to {high:.4g}"
        assert row[3] == f"{failed.min():.4g} to {failed.max():.4g}"
        quarter = (values < low + (high - low) / 4).reshape(-1)
        assert row[4] == f"{bad.reshape(-1)[quarter].mean():.1%}"
    # What tells failures apart comes first: the soil's turnover time, whose low end fails.
    assert next(iter(rows)) == "tau_soil_obs"
    assert rows["tau_soil_obs"][7] == "0.0%"
    assert "Where failures sit" in page.said
    assert any("share failed" in drawn for drawn in page.pictures)


def test_a_run_in_which_all_failed_gives_a_page(tmp_path):
    text = WIDE.replace("{normal: [8, 11]}", "{uniform: [-9, -8]}")
    _, outcome = run(tmp_path, text=text)
    page = page_of(outcome.path, tmp_path)
    assert "800 (100.00%)" in page.said
    assert "No ensemble is complete with members that ran" in page.said
    assert "too many members failed" in page.said


# --- any kernel, any scenario ---

WITHOUT = SMALL[: SMALL.index("outputs:")]
OTHERS = {
    "outputs": "outputs: {c_veg: last, c_soil: {at: [1901, 1950, 2018]}}\n",
    "statistics": "statistics: {c_soil: [mean, std, q50], c_veg: [max]}\n",
    "responses": "responses: {veg: {output: c_veg, at: 2018}}\n",
}


@pytest.mark.parametrize("kept", OTHERS)
@pytest.mark.parametrize("forcings", [1, 7])
def test_any_scenario_gives_a_page(tmp_path, kept, forcings):
    _, outcome = run(tmp_path, f"forcing.n={forcings}", text=WITHOUT + OTHERS[kept])
    page = page_of(outcome.path, tmp_path)
    assert "Complete:" in page.said
    headings = [t for t in page.tags if t == "h2"]
    assert len(headings) >= 4
    for drawn in page.pictures:
        ElementTree.fromstring(drawn)


@pytest.mark.parametrize(
    "design",
    [
        "{method: sobol, n: 128, second_order: true, parameters: {tau_veg_obs: {uniform: [6, 15]}, "
        "tau_soil_obs: {uniform: [20, 60]}}}",
        "{method: morris, trajectories: 4, parameters: {tau_veg_obs: {uniform: [6, 15]}}}",
        pytest.param(
            "{method: latin_hypercube, n: 20, parameters: {tau_veg_obs: {uniform: [6, 15]}}}",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_any_design_gives_a_page(tmp_path, design):
    text = re.sub(r"design:.*?(?=seed)", f"design: {design}\n", SMALL, flags=re.DOTALL)
    _, outcome = run(tmp_path, text=text)
    page = page_of(outcome.path, tmp_path)
    if "latin" in design:
        assert "No analysis: a latin_hypercube design has no indices of its own" in page.said
    else:
        assert page.table("forcing", "effect")
        drawn = pictures_of(outcome.path)
        assert len(page.pictures) == sum(drawn.values())
        # Responses, two responses' indices, two series, the sampled parameters; of Morris their
        # screening too, and importance where there are parameters to be beside.
        expected = {"responses": 1, "effect_indices": 2, "series": 2, "drawn_parameters": 1}
        expected |= {"screening": 1} if "morris" in design else {}
        assert expected.items() <= drawn.items()
        assert "importance" not in drawn


# --- memory ---


def test_series_are_those_of_the_members(complete):
    tree, _, outcome = complete
    found = {s.name: s for s in all_series(Results(read(outcome.path)), 0)}
    assert set(found) == {"c_veg", "c_soil"}
    for name, series in found.items():
        members = tree[name].values[:, 0].astype(np.float64)
        np.testing.assert_allclose(series.mean, members.mean(-1), rtol=1e-6)
        np.testing.assert_allclose(series.std, members.std(-1), rtol=1e-4)
        np.testing.assert_array_equal(series.control, tree[f"control/{name}"].values[:, 0])
        assert list(series.years[[0, -1]]) == [1901, 2018]


def test_members_are_read_one_chunk_at_a_time(tmp_path, monkeypatch):
    text = SMALL[: SMALL.index("statistics:")].replace("n: 25", "n: 1000")
    _, outcome = run(tmp_path, "block.sample=1000", "outputs={c_veg: {all: year}}", text=text)
    monkeypatch.setattr("ensemble.report.data.series.PIECE", 20_000)
    numbers = Results(read(outcome.path))
    spec = numbers.store.specs["c_veg"]
    assert spec.nbytes == 32 * spec.chunk_nbytes
    list(all_series(Results(read(outcome.path)), 0))  # imports are not what is measured
    tracemalloc.start()
    list(all_series(numbers, 0))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 5 * spec.chunk_nbytes
