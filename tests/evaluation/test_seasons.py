"""Benchmark `seasons`: cycles of regions, and the line that a soil model has to beat."""

from pathlib import Path

import netCDF4
import numpy as np
import pytest
import site_pairs
from evaluation_tasks import DAYS, cells, halves, output, points, records, scores, task
from support import DATA, needs_data

from ensemble.members.benchmarks import seasons
from ensemble.scores import seasons as cycles
from scenarios import ScenarioError, observations

# Specification, table T4: records, days, single ones, R2, RMSE.
NORTH = {
    "tropical": (265, 180, 123, 0.288571, 1.478969),
    "arid": (332, 147, 76, 0.005736, 1.029518),
    "temperate": (2960, 360, 22, 0.526620, 1.410140),
    "mediterranean": (178, 123, 89, 0.433989, 1.827653),
    "boreal": (2114, 338, 48, 0.535064, 1.018671),
    "arctic": (88, 75, 63, 0.004518, 1.516857),
}


def read(reader, **words):
    return observations.get(reader)(reader=reader, **words).read(Path())


SITES = points([40, 50, -30], [-100, 20, 20])
CLASSES = {"koeppen": halves("temperate", "boreal")}


def spec(**words):
    return seasons.Spec(compare="seasons", output="rh", same_as="x", **words)


def wave(peak, mean=2.0, size=1.0):
    return mean + size * np.cos(2 * np.pi * (DAYS - peak) / 365)


def every_day(lat, lon, values, days=DAYS):
    return records(values, [lat] * len(days), [lon] * len(days), [1990] * len(days), days)


def test_means_of_days_are_compared_by_region():
    seen = every_day(40, -100, wave(190))
    values = np.stack([wave(200), wave(10), wave(20)])[:, :, None]
    about = task("s", output(years=(2000,), daily=True), SITES, seen, classes=CLASSES)
    prepared, found = scores(
        seasons, spec(window=0, scores=list(seasons.Spec.SCORES)[:7]), about, values
    )
    assert prepared.groups == ("global", "temperate")
    assert found["phase"][1, 0] == pytest.approx(10, abs=0.01)
    assert found["rmse"][1, 0] == pytest.approx(np.sqrt(((wave(200) - wave(190)) ** 2).mean()))
    r = np.corrcoef(wave(200), wave(190))[0, 1]
    assert found["r2"][1, 0] == pytest.approx(r**2)
    assert found["bias"][1, 0] == pytest.approx(0, abs=1e-12)
    months = [[wave(p)[cycles.month_of(DAYS) == m].mean() for m in range(12)] for p in (200, 190)]
    assert found["rmse_months"][1, 0] == pytest.approx(np.sqrt(np.mean(np.subtract(*months) ** 2)))
    for value in found.values():
        assert value[0, 0] == pytest.approx(value[1, 0])


def test_records_of_one_day_are_a_mean_and_the_other_hemisphere_is_left_out():
    days = np.array([10, 10, 100, 200])
    seen = records([1, 3, 4, 9], [40, 50, 50, -30], [-100, 20, 20, 20], [1990] * 4, days)
    values = np.ones((3, 365, 1)) * np.array([5.0, 7, 9])[:, None, None]
    about = task("s", output(years=(2000,), daily=True), SITES, seen, classes=CLASSES)
    prepared, _ = scores(seasons, spec(), about, values)
    assert prepared.left_out == {"of the other hemisphere": 1}
    modelled = {"pairs": np.array([5.0, 7, 7])}
    table = seasons.control(spec(), prepared, modelled)["seasons"].columns
    assert table["season_region"].tolist() == ["temperate", "boreal", "boreal"]
    assert table["season_day"].tolist() == [10, 10, 100]
    assert table["season_n"].tolist() == [1, 1, 1]
    assert np.isnan(table["season_observed_interval"]).all()
    both = scores(seasons, spec(hemisphere="both"), about, values)[0]
    assert both.pairs["pairs"].groups == 4
    south = scores(seasons, spec(hemisphere="south"), about, values)[0]
    assert south.pairs["pairs"].observed.tolist() == [9]


def test_a_member_without_a_value_has_no_score_and_costs_no_other():
    seen = every_day(40, -100, wave(190), DAYS)
    values = np.repeat(np.stack([wave(200), wave(10), wave(20)])[:, :, None], 2, axis=2)
    values[0, 30, 0] = np.nan
    about = task("s", output(years=(2000,), daily=True), SITES, seen, classes=CLASSES)
    _, found = scores(seasons, spec(), about, values)
    for value in found.values():
        assert np.isnan(value[:, 0]).all()
        assert np.isfinite(value[:, 1]).all()


def test_what_cannot_be_compared_is_refused():
    daily = output(years=(2000,), daily=True)
    seen = every_day(40, -100, wave(190))
    annual = records([1], [40], [-100], [1990], [np.nan], span="year")
    for about, words, says in (
        (task("s", daily, SITES, seen), {}, "no map of classes 'koeppen'"),
        (task("s", daily, SITES, annual, classes=CLASSES), {}, "of whole years have no seasons"),
        (
            task("s", daily, SITES, seen, classes=CLASSES),
            {"scores": ["r2_q10"]},
            "needs temperature",
        ),
        (
            task("s", daily, SITES, seen, classes=CLASSES),
            {"hemisphere": "south"},
            "of the south is left",
        ),
    ):
        with pytest.raises(ScenarioError, match=says):
            seasons.prepare(spec(**words), about)


@pytest.mark.slow
@needs_data
def test_a_q10_of_two_on_annual_means_reaches_what_is_found_of_soil_models():
    """Specification, table T4: CASA's annual means against unmanipulated records of the north."""
    with netCDF4.Dataset(site_pairs.CASA) as file:
        rate = np.ma.filled(file["cresp"][:], np.nan).astype(np.float64)
        lat, lon = (np.asarray(file[name][:], np.float64) for name in ("lat", "lon"))
    grown = rate > 0
    grids = DATA / "gridded_0p5deg"
    seen = read("dgrsd", path=str(site_pairs.RECORDS), manipulation="none")
    classes = {"koeppen": read("koeppen_classes", path=str(grids / "KoeppenGeigerASCII.xlsx"))}
    about = task("dgrsd", output(), cells(lat, lon, grown), seen, classes=classes)
    warm = {"reader": "netcdf_map", "path": str(grids / "worldclim_monthly_0p5deg.nc")}
    warm |= {"variable": "tmean", "units": "degC", "by": "month"}
    asked = spec(scores=["rmse", "rmse_q10", "r2_q10"], temperature=warm)
    prepared, found = scores(seasons, asked, about, rate[grown][:, None, None])
    assert len(prepared.pairs["pairs"].place) == 5937
    modelled = {n: rate[grown][p.place] for n, p in prepared.pairs.items()}
    table = seasons.control(asked, prepared, modelled)["seasons"].columns
    for region, (records_of, days, single, r2, rmse) in NORTH.items():
        k = prepared.groups.index(region)
        assert found["r2_q10"][k, 0] == pytest.approx(r2, abs=1e-6)
        assert found["rmse_q10"][k, 0] == pytest.approx(rmse, rel=1e-6)
        n = table["season_n"][table["season_region"] == region]
        assert (n.sum(), len(n), (n == 1).sum()) == (records_of, days, single)
    # Of a run by years the model itself has no seasons.
    assert prepared.notes[-1].endswith("annual mean used")
    day = np.flatnonzero((table["season_region"] == "boreal") & (table["season_day"] == 198))[0]
    assert table["season_n"][day] == 26
    assert table["season_observed"][day] == pytest.approx(3.135769, rel=1e-6)
    assert table["season_observed_interval"][day] == pytest.approx(0.504010, rel=1e-5)
    assert table["season_q10"][day] == pytest.approx(3.769382, rel=1e-6)
    assert table["season_q10_interval"][day] == pytest.approx(0.588801, rel=1e-5)


def test_regions_are_zones_of_latitude_where_there_is_no_map():
    seen = records([1, 2, 3], [10, -40, 60], [0, 0, 0], [1990] * 3, [10] * 3)
    places = points([10, -40, 60], [0, 0, 0])
    about = task("s", output(years=(2000,), daily=True), places, seen)
    asked = spec(hemisphere="both", regions="latitude")
    prepared = seasons.prepare(asked, about)
    zones = ("low_latitudes", "middle_latitudes", "high_latitudes")
    assert prepared.groups == ("global", *zones)
    assert prepared.pairs["pairs"].observed[np.argsort(prepared.pairs["pairs"].group)].tolist() == [
        *(1, 2, 3),
    ]
