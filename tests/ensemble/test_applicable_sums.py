"""Totals with and without what is outside, and what is below 0, against members by hand."""

import numpy as np
import pytest
from support import run

import ensemble
from ensemble.members.stored import read_ensemble
from ensemble.report import Run, figures
from ensemble.report.figures.parts.style import look
from ensemble.store.reading import read
from ensemble.tables.results import Results
from ensemble.tables.sums import sum_tables

pytest.importorskip("sklearn", reason="needs the extra 'forest'")

TEXT = """
version: 1
name: totals
kernel: {name: random_forest, training: invented, soil_respiration: invented, trees: 3,
         draw: by_class}
forcing: {reader: synthetic_predictors}
design: {method: grid, parameters: {seed: [0, 1, 2, 3]}}
outputs: {rh: all, ra: all, outside: all}
statistics: {outside: [mean], ra: [mean]}
aggregates: {rh: [global], rh_inside: [global], ra: [global, veg]}
"""


def parts(store):
    with ensemble.open_run(store) as found:
        held = {n: found[n][0].to_numpy().astype(float) for n in ("rh", "ra", "outside")}
        return held, found["area"].to_numpy(), found["veg"].to_numpy()


def test_a_table_has_totals_with_and_without_what_is_outside(tmp_path):
    store = run(tmp_path, text=TEXT, workers=1)[1].path
    table = sum_tables(Results(read_ensemble(store)))[0]
    held, area, veg = parts(store)
    assert table.title == "sums over all locations [Pg C yr-1]"
    assert [row[0] for row in table.rows] == ["rh_global", "rh_inside_global", "ra_global"]
    weight, outside = area * 1e-15, held["outside"]
    for row, values in zip(
        table.rows, (held["rh"], held["rh"] * (1 - outside), held["ra"]), strict=True
    ):
        totals = weight @ values
        mean, spread = map(float, row[2].split(" +- "))
        assert mean == pytest.approx(totals.mean(), rel=1e-3)
        assert spread == pytest.approx(totals.std(), rel=0.05)
    # The area of applicability is of all records: members have the same.
    assert (np.ptp(outside, axis=1) == 0).all()
    where = outside[:, 0] == 1
    words = f"{where.sum()} of {where.size} cells ({where.mean():.1%}) and "
    words += f"{100 * area[where].sum() / area.sum():.2g} % of their area"
    assert any(f"outside the area of applicability: {words}" in note for note in table.notes)
    below = held["ra"].mean(axis=1) < 0
    assert 0 < below.sum() < 100
    (said,) = [note for note in table.notes if "below 0" in note]
    share = f"{100 * area[below].sum() / area.sum():.2g}"
    assert f"ra is below 0, as a mean over members, at {below.sum()} of 673 locations" in said
    assert f"{share} % of their area" in said
    count = np.bincount(veg[below].astype(int), minlength=11)[1:]
    assert f"{['ENF', 'EBF'][int(count[1] > count[0])]} {max(count[:2])}" in said


@pytest.mark.slow
def test_blocks_change_no_total(tmp_path):
    found = []
    for block in ("{location: 61, sample: 3}", "{location: 673, sample: 1}"):
        folder = tmp_path / block[11:13]
        folder.mkdir()
        store = run(folder, text=f"{TEXT}block: {block}\n", workers=1)[1].path
        with ensemble.open_run(store) as one:
            names = ("rh_global", "rh_inside_global", "ra_global", "ra_veg")
            found.append({name: one[f"aggregates/{name}"].to_numpy() for name in names})
    for name, values in found[0].items():
        np.testing.assert_array_equal(values, found[1][name])


def test_fluxes_of_one_unit_are_lines_of_one_figure_by_latitude(tmp_path):
    text = TEXT.replace(
        "rh: [global], rh_inside: [global], ra: [global, veg]", "rh: [zonal], ra: [zonal]"
    )
    store = run(tmp_path, text=text, workers=1)[1].path
    with look():
        (picture,) = figures.FIGURES.get("zonal").draw(Run(read(store)))
    shown = picture.numbers[picture.numbers["mark"] == "line"]
    with ensemble.open_run(store) as found:
        for name in ("rh", "ra"):
            lines = shown[shown["series"] == name]["y"].to_numpy(float)
            expected = found[f"aggregates/{name}_zonal"][0].to_numpy().mean(axis=-1)
            assert np.isclose(lines[:, None], expected, rtol=1e-6).any(axis=0).all()
    assert picture.caption.startswith("Lines are rh, sum over bands of 5 degrees of heterotrophic")
    assert "; ra, sum over bands of 5 degrees of respiration of roots" in picture.caption
    assert "a line per sum" in picture.caption


def test_a_sum_alone_says_what_it_is_without_and_where_it_is_below_0(tmp_path):
    several = "{rh: [global], rh_inside: [global], ra: [global, veg]}"
    for word, said in (("ra", "ra is below 0"), ("rh_inside", "outside the area of")):
        folder = tmp_path / word
        folder.mkdir()
        text = TEXT.replace(several, f"{{{word}: [global]}}")
        store = run(folder, text=text, workers=1)[1].path
        (table,) = sum_tables(Results(read_ensemble(store)))
        assert table.title == f"{word}_global [Pg C yr-1]"
        assert any(said in note for note in table.notes)


def test_one_sample_has_no_spread_and_all_its_digits(tmp_path):
    text = TEXT.replace("[0, 1, 2, 3]", "[0]")
    store = run(tmp_path, text=text, workers=1)[1].path
    with ensemble.open_run(store) as found:
        total = float(found["aggregates/rh_global"].squeeze())
    row = sum_tables(Results(read_ensemble(store)))[0].rows[0]
    assert row == ["rh_global", f"{total:.15g}", f"{total:.15g}"]
