"""Maps and figures by latitude on the page: numbers against xarray, labels, odd grids."""

import base64
import re
from dataclasses import replace
from types import SimpleNamespace
from xml.etree import ElementTree

import numpy as np
import pytest
import xarray as xr
from gridded import forcing as data
from support import give, plan

import ensemble
from ensemble.analysis import shares as splitting
from ensemble.report import write_report
from ensemble.report.data.fields import Dominant, all_dominant, all_fields, places_of
from ensemble.report.data.space_sums import all_lines, gaps
from ensemble.report.figures import dominant, maps
from ensemble.report.figures.parts.ground import limits
from ensemble.report.figures.parts.style import look
from ensemble.runs.analyze import analyze_store
from ensemble.store.reading import read
from ensemble.tables.results import Results

LABEL = "no real climate"
TEXT = """
version: 1
name: grid
kernel: gridded.model
forcing: {reader: synthetic_models, n: 1}
design:
  method: monte_carlo
  n: 40
  parameters: {level: {uniform: [1, 9.3]}, slope: {uniform: [0.1, 0.9]}}
seed: 3
precision: float64
outputs: {rh: all, stock: all}
responses: {change: {output: litter, change: [2000, 2002]}}
statistics: {litter: [mean]}
aggregates: {rh: [global, zonal_mean], ratio: [zonal_mean], change: [global]}
block: {location: 9, sample: 16}
"""


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    folder = tmp_path_factory.mktemp("grid")
    with pytest.MonkeyPatch.context() as patch:
        give(patch, data.both(30, synthetic=LABEL))
        planned = plan(folder, text=TEXT)
    assert ensemble.run(planned, workers=1).complete
    analyze_store(planned.path)
    return planned.path


def test_fields_are_means_over_samples(finished):
    numbers, tree = Results(read(finished)), xr.open_datatree(finished, engine="zarr")
    fields = {field.name: field for field in all_fields(numbers)}
    assert list(fields) == ["rh", "stock", "litter", "change"]
    rh = fields["rh"]
    assert rh.models == ("alpha", "beta", "gamma")
    assert rh.words == "mean over samples, 2002"
    last = tree.rh.isel(time=-1).transpose("model", "forcing", "location", "sample").values
    np.testing.assert_allclose(rh.values, np.nanmean(last, axis=-1), rtol=1e-12)
    ran = (tree.status.values == 0).all(axis=0)
    assert not ran.all()
    both = np.nanmean(np.where(ran, last, np.nan), axis=-1)
    np.testing.assert_allclose(rh.common, both, rtol=1e-12)
    litter = tree["statistics/litter_mean"].values[..., -1]
    np.testing.assert_array_equal(fields["litter"].values[0], litter)
    assert fields["change"].models == ("",)
    assert not fields["litter"].paired


def test_what_dominates_is_the_largest_share(finished):
    numbers = Results(read(finished))
    shown = {one.name: one for one in all_dominant(numbers, splitting.stored(numbers.store))}
    assert shown.keys() == {"rh", "stock", "change"}
    shares = xr.open_datatree(finished, engine="zarr")["variance"].rh_share.values[:, -1]
    known = np.isfinite(shares).all(axis=1)
    np.testing.assert_array_equal(shown["rh"].which[known], shares[known].argmax(axis=1))
    # At the poles it is always as warm, so nothing changes and nothing dominates.
    assert (shown["change"].which[:2] == -1).all()
    assert not shown["change"].apart[:2].any()
    half = xr.open_datatree(finished, engine="zarr")["variance"].rh_share_conf.values[:, -1]
    for place in np.flatnonzero(known):
        (most, *others) = np.argsort(-shares[place])
        above = shares[place] - half[place] > (shares[place] + half[place])[others].max()
        assert shown["rh"].apart[place] == above[most]


def test_lines_are_sums_over_space(finished):
    numbers, tree = Results(read(finished)), xr.open_datatree(finished, engine="zarr")
    shown = {one.name: one for one in all_lines(numbers)}
    # A sum that is one number has no line.
    assert shown.keys() == {"rh_global", "rh_zonal_mean", "ratio_zonal_mean"}
    sums = tree["aggregates"]
    mean = sums.rh_global.mean("sample").transpose("model", "forcing", "time")
    np.testing.assert_allclose(shown["rh_global"].mean, mean, rtol=1e-12)
    zonal = shown["rh_zonal_mean"]
    last = sums.rh_zonal_mean.isel(time=-1)
    order = ("model", "forcing", "band")
    np.testing.assert_allclose(zonal.std, last.std("sample").transpose(*order), rtol=1e-9)
    control = tree["aggregates/control/rh_zonal_mean"].isel(time=-1)
    np.testing.assert_array_equal(zonal.control, control.transpose(*order))
    assert zonal.words == "2002"
    np.testing.assert_array_equal(zonal.at, sums.band)


def captions_of(path, tmp_path):
    """Return the captions of a page, all of whose pictures are labelled."""
    # The kernel of these tests is not one of the package.
    write_report(path, tmp_path / "page.html", import_kernel=True)
    pictures = re.findall(r'base64,([^"]+)" alt="([^"]*)"', (tmp_path / "page.html").read_text())
    for encoded, _ in pictures:
        svg = base64.b64decode(encoded).decode()
        assert f"SYNTHETIC DATA: {LABEL}" in svg
        ElementTree.fromstring(svg)
    return " ".join(caption for _, caption in pictures)


@pytest.mark.slow
def test_every_picture_is_on_the_page_and_labelled(finished, tmp_path):
    captions = captions_of(finished, tmp_path)
    for words in (
        "Respiration: mean over samples, 2002, by soil model and forcing.",
        "each forcing less now, of the samples that ran under all.",
        "each model less alpha.",
        "Mean by area over bands of 5 degrees of respiration, 2002: mean and standard deviation",
        "of the largest share of the variance",
        "Shares of the variance over all stored members",
    ):
        assert words in captions


def test_without_an_analysis_sums_are_split_for_the_page_alone(tmp_path, monkeypatch):
    give(monkeypatch, data.both(20, synthetic=LABEL))
    text = TEXT[: TEXT.index("outputs:")] + "aggregates: {rh: [zonal_mean]}\n"
    planned = plan(tmp_path, text=text)
    ensemble.run(planned, workers=1)
    captions = captions_of(planned.path, tmp_path)
    assert "Mean by area over bands of 5 degrees of respiration, 2002: mean and" in captions
    assert "Shares of the variance over all stored members" in captions
    assert not [p for p in read(planned.path).specs if p.startswith("variance/")]


def test_a_map_its_differences_and_what_dominates_are_drawn(finished):
    numbers = Results(read(finished))
    fields = [field for field in all_fields(numbers) if field.name == "stock"]
    here, shown = places_of(numbers), all_dominant(numbers, splitting.stored(numbers.store))
    with look():
        drawn = list(maps.maps(fields, here, numbers.forcings, LABEL))
        drawn += dominant.dominant(list(shown), here, LABEL)
    assert [one.caption.partition(",")[0] for one in drawn[:3]] == ["Carbon: mean over samples"] * 3
    assert "each forcing less now, of the samples that ran under all." in drawn[1].caption
    assert "each model less alpha." in drawn[2].caption
    assert all(f"SYNTHETIC DATA: {LABEL}" in one.svg.decode() for one in drawn)
    assert len(drawn) == 4


def test_where_nothing_is_clear_or_apart_is_seen_and_counted():
    lat, lon = np.meshgrid(np.arange(0.0, 20, 2), np.arange(0.0, 20, 2))
    which = np.arange(100) % 4 - 1  # a quarter of none
    apart = (np.arange(100) < 40) & (which >= 0)
    one = Dominant("stock", "alpha", ("a", "b", "c"), which, apart)
    count = {"b": 25, "a": 25, "c": 25}
    shade = dominant.shade(one, list(count))
    assert set(shade[which < 0]) == {6}
    assert set(shade[apart]) == {0, 1, 2}
    assert set(shade[(which >= 0) & ~apart]) == {3, 4, 5}
    assert (shade[which == 1] % 3 == 0).all()
    with look():
        (drawn,) = dominant.dominant(
            [one], places(lat.ravel(), lon.ravel()), LABEL, "Most.", "none"
        )
        (plain,) = dominant.dominant(
            [replace(one, which=abs(which), intervals=False)], places(lat.ravel(), lon.ravel()), ""
        )
    assert "stock, alpha: 75 of 100 cells, in 30 of them apart" in drawn.caption
    assert "paler: not apart from the next" in drawn.svg.decode()
    # Of a store without intervals nothing is said of what is apart.
    assert "100 of 100 cells." in plain.caption
    assert "apart" not in plain.caption + plain.svg.decode()


# --- grids ---


def places(lat, lon):
    count = len(lat)
    numbers = SimpleNamespace(
        store=SimpleNamespace(specs={"lat": None, "lon": None}),
        locations=tuple(map(str, range(count))),
        whole={"lat": np.asarray(lat, float), "lon": np.asarray(lon, float)}.get,
    )
    return places_of(numbers)


def test_cells_of_a_regular_grid_with_holes():
    lat, lon = np.meshgrid(np.arange(-85, 90, 10), np.arange(2.5, 360, 5), indexing="ij")
    keep = np.random.default_rng(0).random(lat.size) < 0.3
    found = places(lat.ravel()[keep], lon.ravel()[keep])
    assert found.lon.max() <= 180
    raster = found.raster
    np.testing.assert_allclose(np.diff(raster.lat), 10)
    np.testing.assert_allclose(np.diff(raster.lon), 5)
    values = np.arange(float(keep.sum()))
    filled = raster.fill(values)
    assert np.isfinite(filled).sum() == keep.sum()
    middle = (raster.lat[raster.row] + raster.lat[raster.row + 1]) / 2
    np.testing.assert_allclose(middle, found.lat)
    np.testing.assert_array_equal(filled[raster.row, raster.column], values)


def test_latitudes_of_two_decimals_are_those_of_a_regular_grid():
    every = np.round(np.linspace(-90, 90, 96), 2)
    lat, lon = np.meshgrid(every[18:90], np.arange(0, 360, 2.5), indexing="ij")
    raster = places(lat.ravel(), lon.ravel()).raster
    assert (raster.row.max(), raster.column.max()) == (71, 143)
    np.testing.assert_allclose(np.diff(raster.lat), 180 / 95, rtol=1e-4)


def test_sites_are_points_and_few_are_no_map():
    random = np.random.default_rng(0)
    assert places(random.uniform(-60, 60, 40), random.uniform(-180, 180, 40)).raster is None
    twice = np.tile(np.arange(20.0), 2)
    assert places(twice, twice).raster is None
    assert places(np.arange(19.0), np.arange(19.0)) is None
    assert places([np.nan, *np.arange(29.0)], np.arange(30.0)) is None


def test_points_are_drawn_too():
    from ensemble.report.data.fields import Field

    random = np.random.default_rng(0)
    values = random.random((1, 2, 40))
    field = Field("c", "kg C m-2", "carbon", "control members", ("",), values, values, False)
    here = places(random.uniform(-60, 60, 40), random.uniform(-180, 180, 40))
    with look():
        drawn = list(maps.maps([field], here, ("a", "b"), LABEL))
    assert len(drawn) == 2
    assert all(f"SYNTHETIC DATA: {LABEL}" in one.svg.decode() for one in drawn)


@pytest.mark.parametrize(
    ("values", "signed", "expected"),
    [
        ([np.nan], False, (0.0, 1.0, "neither")),
        ([5.0, 5.0, np.nan], False, (5.0, 10.0, "neither")),
        ([0.0, 0.0], True, (-1.0, 1.0, "neither")),
        ([-3.0, 1.0], True, (-2.96, 2.96, "min")),
    ],
)
def test_limits_of_colours(values, signed, expected):
    low, high, beyond = limits(np.array(values), signed)
    assert (low, high) == pytest.approx(expected[:2])
    assert beyond == expected[2]


def test_lines_end_where_bands_are_missing():
    at, (values,) = gaps(np.array([2.5, 7.5, 22.5]), [np.array([1.0, 2.0, 3.0])], 5.0)
    np.testing.assert_array_equal(at, [2.5, 7.5, 15, 22.5])
    np.testing.assert_array_equal(values, [1, 2, np.nan, 3])
