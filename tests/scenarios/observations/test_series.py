"""Series of models and of latitudes: what weighs, what is flagged, and signs."""

import numpy as np
import pytest
from support import DATA, needs_data

from scenarios import ScenarioError
from scenarios.observations import get

TEXT = """year,model,ensemble,experiment,units,value
2000,A,r1,historical,g yr-1,4e16
2001,A,r1,historical,g yr-1,6e16
2000,A,r2,historical,g yr-1,1e16
2001,A,r2,historical,g yr-1,3e16
2001,B,r1,historical,g yr-1,5e16
"""


def read(folder, text=TEXT, **words):
    (folder / "rh.csv").write_text(text)
    words = {"reader": "model_series", "path": "rh.csv", **words}
    return get("model_series").model_validate(words).read(folder)


def test_a_model_of_many_realisations_weighs_as_one_of_one(tmp_path):
    found = read(tmp_path)
    assert found.models == ("A", "B")
    assert found.realisations == ("r1", "r2", "r1")
    np.testing.assert_allclose(found.means()[0], [3.5e16, 5e16])
    # Trap 18: of all rows it would be 3.8e16.
    assert found.means()[0].mean() == pytest.approx(4.25e16)
    assert found.notes == ("B r1 has no value of 2000",)
    assert found.units == "g yr-1"


def test_the_models_and_words_that_are_asked_for_are_taken(tmp_path):
    text = TEXT + "2000,A,r1,ssp585,g yr-1,9e16\n"
    words = {"where": {"experiment": "historical"}, "models": ["A"]}
    found = read(tmp_path, text, **words)
    assert found.models == ("A",)
    assert found.left_out == {"row of others": 2}
    with pytest.raises(ScenarioError) as refused:
        read(tmp_path, text, where={"experiment": "historcal"})
    assert "no row has experiment 'historcal'; did you mean 'historical'?" in str(refused.value)


@pytest.mark.parametrize(
    ("change", "words", "said"),
    [
        (("2001,A,r2", "2000,A,r2"), {}, "A r2 of this year is there again, first in line 4"),
        (("2001,B,r1,historical", "2001,B,r1,ssp585"), {}, "where: {experiment: historical}"),
        (("g yr-1,5e16", "kg yr-1,5e13"), {}, "needed one unit"),
        (("", ""), {"units": "Pg C yr-1"}, "'g yr-1' and the scenario says 'Pg C yr-1'"),
        (("units", "unit of value"), {}, "column 'value': has no unit; say units:"),
    ],
)
def test_what_is_of_different_things_is_refused(tmp_path, change, words, said):
    with pytest.raises(ScenarioError) as refused:
        read(tmp_path, TEXT.replace(*change), **words)
    assert said in str(refused.value)


@needs_data
def test_means_of_models_are_those_of_the_specification():
    """Table T1d: 15 models, their mean, and the wrong one over all rows."""
    words = {"reader": "model_series", "path": "benchmarks/cmip6_rh_global_1980-2015.csv"}
    whole = get("model_series").model_validate(words).read(DATA)
    found = whole.within(1990, 2010)
    means, years = found.means()
    pairs = zip((means / 1e15).tolist(), years.tolist(), strict=True)
    held = dict(zip(found.models, pairs, strict=True))
    for model, mean in {
        "ACCESS-ESM1-5": 59.578860, "CESM2": 40.942408, "CESM2-WACCM-FV2": 42.582629,
        "CNRM-ESM2-1": 42.562859, "IPSL-CM6A-LR": 45.158252, "NorCPM1": 29.628851,
        "SAM0-UNICON": 44.354874,
    }.items():  # fmt: skip
        assert held[model][0] == pytest.approx(mean, abs=5e-7)
    assert held["CESM2-WACCM-FV2"][1] == 12
    assert means.mean() / 1e15 == pytest.approx(47.030511, abs=5e-7)
    assert np.nanmean(found.values) / 1e15 == pytest.approx(43.899532, abs=5e-7)
    assert (held["IPSL-CM6A-LR"][1], found.names.count("IPSL-CM6A-LR")) == (21, 32)
    # 2015 exists for one model alone, which all others are told to lack.
    assert sum("has no value of 2015" in note for note in whole.notes) > 14


@needs_data
def test_the_table_of_trendy_is_read_by_column():
    words = {"reader": "model_series", "path": "trendy_v9_s2/annual_global.csv"}
    found = get("model_series").model_validate({**words, "value": "Rh", "units": "Pg C yr-1"})
    assert found.read(DATA).models == ("JULES-ES-1p0", "VISIT")
    stock = get("model_series").model_validate({**words, "value": "cSoil", "units": "Pg C"})
    assert stock.read(DATA).units == "Pg C"


BANDS = "lat nee\n-45\t-0.5\n45\tNaN\n15\t0.25\n-15\t1.5\n"


def bands(folder, text=BANDS, **words):
    (folder / "nee.dat").write_text(text)
    words = {"path": "nee.dat", "value": "nee", "units": "g C m-2 d-1", **words}
    return (
        get("latitude_series").model_validate({"reader": "latitude_series", **words}).read(folder)
    )


def test_latitudes_rise_and_those_without_land_stay(tmp_path):
    found = bands(tmp_path, positive="to_air")
    np.testing.assert_array_equal(found.latitude, [-45, -15, 15, 45])
    np.testing.assert_array_equal(found.values, [-0.5, 1.5, 0.25, np.nan])
    np.testing.assert_array_equal(found.bounds[0], [-60, -30])
    assert found.left_out == {"no land": 1}
    turned = bands(tmp_path, positive="to_land")
    np.testing.assert_array_equal(turned.values, -found.values)


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        (BANDS, {}, "nee may be positive to the air or to the land; say positive: to_air"),
        (BANDS, {"positive": "to_air", "units": ""}, "has no unit; say units:"),
        (BANDS.replace("-15\t1.5\n", ""), {"positive": "to_air"}, "a row is missing"),
        (BANDS.replace("\n45\t", "\n-45\t"), {"positive": "to_air"}, "-45 is there again"),
    ],
)
def test_latitudes_that_say_too_little_are_refused(tmp_path, text, words, said):
    with pytest.raises(ScenarioError) as refused:
        bands(tmp_path, text, **words)
    assert said in str(refused.value)


@needs_data
def test_published_latitudes_are_read_with_both_separators():
    for path, value, unit, rows in (
        ("fluxnet_latgradient.dat", "gpp", "g C m-2 d-1", 360),
        ("lat_mean.csv", "NPP_mean", "kg C m-2 yr-1", 3600),
    ):
        words = {"path": f"benchmarks/{path}", "value": value, "units": unit}
        spec = get("latitude_series").model_validate({"reader": "latitude_series", **words})
        found = spec.read(DATA)
        assert found.latitude.size == rows
        assert found.bounds[0, 0] == pytest.approx(-90, abs=1e-9)
        assert 0 < found.left_out["no land"] < rows
