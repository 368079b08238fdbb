"""Profiles of carbon and radiocarbon: rules, units, drivers from grids, and the real file."""

import csv
import gzip
from itertools import pairwise
from math import exp

import netCDF4
import numpy as np
import pytest
from pydantic import ValidationError
from support import DATA, needs_data

from kernels import Variable
from scenarios import ScenarioError
from scenarios.forcing.common.nearest_cells import distances
from scenarios.forcing.profile_files.atmosphere import zone
from scenarios.forcing.profile_files.columns import COLUMNS
from scenarios.forcing.soil_profiles import UNITS, Spec

NEEDS = [
    Variable(name, unit, name, ("atmosphere_year",) if name == "atmosphere" else ())
    for name, unit in UNITS.items()
]
OWN = {
    "pc_dataset_name": "One_2000", "ProfileID": "7", "Lat": "45.1", "Lon": "10.2",
    "Country": "Italy", "SampleYear": "2000.0", "D14C_err": "5", "MAT": "9.5",
    "BulkDensity": "1.2", "BulkDensity_original": "1.2", "pct_C": "2.0", "D14C_BulkLayer": "50",
    "sand_pct": "40", "silt_pct": "40", "clay_pct": "20", "Abovegd_litterfall": "150",
}  # fmt: skip


def layer(top, bottom, **changes):
    depths = {"Layer_top": top, "Layer_top_norm": top, "Layer_bottom_norm": bottom}
    return {**OWN, **{k: str(v) for k, v in depths.items()}, **changes}


def layers(*edges, **changes):
    return [layer(a, b, **changes) for a, b in pairwise(edges)]


GOOD = layers(0, 5, 10, 20, 50)


def write(folder, rows):
    with (folder / "p.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="")
        writer.writeheader()
        writer.writerows(rows)


BIOME = """IGBP vegetation type,,,
vegtype,,,
x,,,
4,3,Deciduous Broadleaf Forest,
15,0,permanent snow and ice,
NV2,Calloc_leaf,Calloc_wood,Calloc_froot
vegtype,fraction,fraction,fraction
4,0.3,0.2,0.5
15,0.5,0,0.5
nv3,C:N leaf ,C:N froot,Ntrans_leaf,Ntrans_frt,lignin leaf,lignin froot
vegtype,gc/gn,gC/gN,fraction,fraction,g/gC,g/gC
4,50,41,0.5,0.9,0.2,0.22
15,40,41,0.5,0.9,0.1,0.1
"""
HUA = '"Year.AD","mean.Delta14C","mean.F14C"\n'


def write_grids(folder):
    (folder / "grids").mkdir()
    rows = "lat,lon,MAT_C,litterfall_gC_m2_yr\n45.25,10.25,11.0,250\n45.25,10.75,12.0,\n"
    with gzip.open(folder / "grids" / "derived_predictors_0p5deg.csv.gz", "wt") as file:
        file.write(rows)
    forcing = folder / "testbed" / "clm45_cruncep"
    forcing.mkdir(parents=True)
    (folder / "testbed" / "params").mkdir()
    (folder / "testbed" / "params" / "pftlookup_igbp_updated4.csv").write_text(BIOME)
    # As there: cells numbered otherwise than the NetCDF file, rows ending in a comma, ice beside.
    with gzip.open(forcing / "gridinfo_soil_clm2.csv.gz", "wt") as file:
        file.write("ijcam,lat,lon,sand,clay\n9,46.0,10.0,0.4,0.31,\n8,45.1,10.1,0.4,0.11,\n")
    with gzip.open(forcing / "gridinfo_igbpz.csv.gz", "wt") as file:
        file.write("ijcam,lat,lon,ivt_igbp,ilat,ilo\n9,46.0,10.0,4,2,1\n8,45.1,10.1,15,1,2\n")
    with netCDF4.Dataset(forcing / "drivers_mean_2000_2010.nc", "w") as dataset:
        dataset.createDimension("lat", 2)
        dataset.createDimension("lon", 2)
        npp = dataset.createVariable("cnpp", "f4", ("lat", "lon"))
        npp.units = "gC m-2 day-1"
        npp[:] = [[9.0, 9.0], [2.0, 9.0]]


def write_atmosphere(folder):
    (folder / "air").mkdir()
    for i, name in enumerate(("NHZone1", "NHZone2", "NHZone3", "SHZone12", "SHZone3")):
        # Two in 1950, none in 1951 and 1953, one in 1952 and 1954.
        rows = [(1950.1, 0.9), (1950.9, 1.0), (1952.5, 1.15), (1954.5, 1.35)]
        text = HUA + "".join(f"{y},0,{v + i / 100}\n" for y, v in rows)
        (folder / "air" / f"Hua2013_{name}.csv").write_text(text)


@pytest.fixture
def folder(tmp_path):
    write(tmp_path, GOOD)
    write_grids(tmp_path)
    write_atmosphere(tmp_path)
    return tmp_path


ALL = {"atmosphere": "air", "grids": "grids", "testbed": "testbed", "minimum_layers": 4}


def read(folder, needs=NEEDS, **words):
    spec = Spec.model_validate({"reader": "soil_profiles", "path": "p.csv", **ALL, **words})
    return spec.read(needs, folder)[0]


def refused(folder, **words):
    with pytest.raises(ScenarioError) as error:
        read(folder, **words)
    return str(error.value)


def test_observations_in_their_units(folder):
    found = read(folder)
    assert found.locations.names == ("One_2000-7",)
    soc, modern = found.observations["soc"], found.observations["fraction_modern"]
    np.testing.assert_allclose(soc.values, [[24.0] * 4])
    np.testing.assert_array_equal(soc.top, [[0, 5, 10, 20]])
    np.testing.assert_array_equal(soc.bottom, [[5, 10, 20, 50]])
    assert (soc.units, modern.units) == ("mg C cm-3", "1")
    np.testing.assert_allclose(modern.values, [[1.05 * exp(50 / 8267)] * 4], rtol=1e-14)
    np.testing.assert_allclose(modern.error, [[0.005] * 4], rtol=1e-14)
    assert found.locations.columns["lon"] == [10.2]


def test_drivers_of_the_profile_itself(folder):
    found = read(folder)
    assert {name: list(found.drivers[name]) for name in ("soil_temperature", "litter_above")} == {
        "soil_temperature": [9.5],
        "litter_above": [150.0],
    }
    np.testing.assert_allclose(found.drivers["clay"], [0.2])
    np.testing.assert_array_equal(found.drivers["sampling_year"], [2000.0])
    assert found.sources["clay"] == ("the profile, clay_pct",)


def test_drivers_of_grids(folder):
    write(folder, layers(0, 5, 10, 20, 50, MAT="", clay_pct="", Abovegd_litterfall=""))
    found = read(folder)
    np.testing.assert_allclose(found.drivers["soil_temperature"], [11.0])
    np.testing.assert_allclose(found.drivers["litter_above"], [250.0])
    # The nearer cell is ice, and has no plants.
    np.testing.assert_allclose(found.drivers["clay"], [0.31])
    np.testing.assert_allclose(found.drivers["annual_npp"], [730.0])
    np.testing.assert_allclose(found.drivers["litter_below"], [365.0])
    np.testing.assert_allclose(found.drivers["lignin_n_above"], [0.2 * 50])
    np.testing.assert_allclose(found.drivers["lignin_n_below"], [0.22 * 41])
    said = "the half-degree predictors, cell 45.25, 10.25, 17 km away"
    assert found.sources["litter_above"] == (said,)
    assert (
        "times 0.5 to fine roots of Deciduous Broadleaf Forest" in found.sources["litter_below"][0]
    )


def test_units_of_the_kernel(folder):
    needs = [Variable("clay", "percent", "", ()), Variable("annual_npp", "kg C m-2 yr-1", "", ())]
    found = read(folder, needs)
    np.testing.assert_allclose(found.drivers["clay"], [20.0])
    np.testing.assert_allclose(found.drivers["annual_npp"], [0.73])
    assert not found.coords


def test_atmosphere_by_year_and_zone(folder):
    rows = [*GOOD, *layers(0, 5, 10, 20, 50, ProfileID="8", Lat="-30", SampleYear="1956")]
    write(folder, rows)
    grid = {"grids_within": 20000, "testbed_within": 20000}
    found = read(folder, **grid)
    years = found.coords["atmosphere_year"]
    assert (years[0], years[-1], len(years)) == (1949, 2000, 52)
    expected = [0.95, 0.95, 1.05, 1.15, 1.25, 1.35, 1.35]
    np.testing.assert_allclose(found.drivers["atmosphere"][0, :7], expected)
    np.testing.assert_allclose(found.drivers["atmosphere"][1, :7], np.add(expected, 0.03))
    assert found.sources["atmosphere"] == ("hua2013, NHZone1", "hua2013, SHZone12")
    one = read(folder, zone="NHZone3", **grid).drivers["atmosphere"]
    np.testing.assert_allclose(one[:, 0], [0.97, 0.97])


@pytest.mark.parametrize(
    ("lat", "lon", "name"),
    [
        (52, 10, "NHZone1"), (40.1, -100, "NHZone1"), (39.9, -100, "NHZone2"),
        (30, 140, "NHZone2"), (20, 75, "NHZone3"), (5, 20, "NHZone3"), (0, 0, "NHZone3"),
        (-3, -60, "SHZone3"), (-23, -47, "SHZone12"), (-38, 145, "SHZone12"),
        (-12, 131, "SHZone3"), (-2, -110, "SHZone12"), (12, 180, "NHZone2"),
    ],
)  # fmt: skip
def test_zones(lat, lon, name):
    assert zone(lat, lon) == name


def test_distances_are_great_circles():
    quarter = np.pi / 2 * 6371
    found = distances(0.0, 179.0, np.array([0.0, 90.0, 0.0]), np.array([-179.0, 5.0, 89.0]))
    np.testing.assert_allclose(found, [2 / 90 * quarter, quarter, quarter])


SKIPPED = {
    "organic, above the mineral soil": layer(-8, 0),
    "across the surface of the mineral soil": layer(-2, 3),
    "without thickness": layer(60, 60),
    "without depths": layer("", 60),
    "deeper in the mineral soil than in the profile": layer(60, 70, Layer_top="10"),
    "overlaps line 5": layer(45, 70),
    "without carbon and radiocarbon": layer(60, 70, pct_C="0", D14C_BulkLayer=""),
    "without radiocarbon": layer(60, 70, D14C_BulkLayer=""),
    "without carbon content or bulk density": layer(60, 70, BulkDensity=""),
}


@pytest.mark.parametrize("reason", SKIPPED)
def test_layers_left_out_have_a_reason(folder, reason):
    write(folder, [*GOOD, SKIPPED[reason]])
    found = read(folder)
    assert found.observations["soc"].values.shape == (1, 4)
    said = found.provenance["skipped_layers"]["One_2000-7"]
    assert said == [f"line 6: {reason}"]
    assert f"p.csv:6: profile 'One_2000-7': layer {reason}" in refused(
        folder, profiles=["One_2000-7"], minimum_layers=5
    )


def test_a_repeated_layer_is_left_out(folder):
    write(folder, [GOOD[0], *GOOD])
    assert read(folder).provenance["skipped_layers"]["One_2000-7"] == ["line 3: overlaps line 2"]


def test_any_keeps_what_has_one_of_both(folder):
    rows = [*GOOD, layer(50, 60, D14C_BulkLayer=""), layer(60, 70, pct_C="0")]
    write(folder, rows)
    found = read(folder, usable="any", minimum_layers=6)
    nan = np.nan
    np.testing.assert_allclose(found.observations["soc"].values, [[24, 24, 24, 24, 24, nan]])
    assert np.isnan(found.observations["fraction_modern"].values[0, 4])
    assert found.observations["fraction_modern"].values[0, 5] > 1


@pytest.mark.parametrize(
    ("column", "kept"),
    [("106", True), ("1.06", True), ("105.0", True), ("102.5", False), ("1.10", False),
     ("modern", False), ("", True)],
)  # fmt: skip
def test_the_other_column_of_radiocarbon_is_compared(folder, column, kept):
    write(folder, [*GOOD, layer(50, 60, FractionModern=column)])
    found = read(folder)
    modern = found.observations["fraction_modern"].values[0]
    assert len(modern) == (5 if kept else 4)
    if kept and column:
        assert modern[4] == pytest.approx(float(column) / (100 if float(column) > 2 else 1))
        said = "D14C_BulkLayer in 4, FractionModern in 1 of 5 layers, sampled in 2000"
        assert found.sources["fraction_modern"] == (said,)


@pytest.mark.parametrize(
    ("age", "delta", "expected"),
    [
        ("1000", "-117.0", exp(-1000 / 8033)),
        # That Delta14C is corrected, or is of something else.
        ("1000", "-122.3", 0.8777 * exp(50 / 8267)),
        ("", "-117.0", 0.883 * exp(50 / 8267)),
    ],
)
def test_an_age_tells_whether_delta_is_corrected(folder, age, delta, expected):
    write(folder, [*GOOD, layer(50, 60, D14C_BulkLayer=delta, **{"14C_age": age})])
    found = read(folder).observations["fraction_modern"].values[0, 4]
    assert found == pytest.approx(expected, rel=1e-12)


def test_measured_density_alone(folder):
    write(folder, [*GOOD, layer(50, 60, BulkDensity_original="")])
    assert read(folder).observations["soc"].values.shape == (1, 5)
    found = read(folder, density="measured")
    assert found.observations["soc"].values.shape == (1, 4)
    said = "pct_C; bulk density measured in 4 of 4 layers"
    assert found.sources["soc"] == (said,)


def test_clay_of_layers_is_weighted_and_zeros_are_gaps(folder):
    rows = layers(0, 5, 10, 20, 50)
    rows[0] |= {"clay_pct": "50", "sand_pct": "30", "silt_pct": "20"}
    rows[1] |= {"clay_pct": "0", "sand_pct": "0", "silt_pct": "0"}
    write(folder, rows)
    np.testing.assert_allclose(read(folder).drivers["clay"], [(5 * 0.5 + 40 * 0.2) / 45])


@pytest.mark.parametrize(("original", "taken"), [("", 11.0), ("9.5", 9.5)])
def test_a_longitude_without_its_sign(folder, original, taken):
    rows = layers(0, 5, 10, 20, 50, Country="US", MAT_original=original)
    write(folder, rows)
    found = read(folder, grids_within=20000, testbed_within=20000)
    assert found.locations.columns["lon"] == [-10.2]
    assert found.provenance["longitudes whose sign was missing"] == ["One_2000-7"]
    # What was looked up at the wrong place is not used.
    assert found.drivers["soil_temperature"] == [taken]


def test_a_longitude_in_the_other_convention(folder):
    rows = layers(0, 5, 10, 20, 50, Lon="349.8", Country="US")
    rows[1]["Lon"] = "-10.2"
    write(folder, rows)
    found = read(folder, grids_within=20000, testbed_within=20000)
    np.testing.assert_allclose(found.locations.columns["lon"], [-10.2])
    assert found.provenance["longitudes whose sign was missing"] == []


REFUSED = {
    "has no SampleYear": {"SampleYear": ""},
    "was sampled in 1947; needed 1950 or later": {"SampleYear": "1947"},
    "has no Lat; has no Lon": {"Lat": "", "Lon": ""},
}


@pytest.mark.parametrize("said", REFUSED)
def test_profiles_refused_are_listed_with_their_reason(folder, said):
    write(folder, [*GOOD, *layers(0, 5, 10, 20, 50, ProfileID="8", **REFUSED[said])])
    found = read(folder)
    assert found.locations.names == ("One_2000-7",)
    assert found.provenance["refused"]["One_2000-8"].startswith(said)
    assert found.provenance["profiles"] == {"in the file": 2, "taken": 1}
    assert f"profile 'One_2000-8': {said}" in refused(folder, profiles=["One_2000-8"])


def test_a_place_far_from_every_cell_is_refused_once(folder):
    write(folder, layers(0, 5, 10, 20, 50, Lat="-60"))
    text = refused(folder)
    assert "p.csv:2: profile 'One_2000-7': has no litter_below, lignin_n_above, " in text
    assert "km away; needed at most 300 km" in text
    assert len(text.splitlines()) == 1


def test_a_profile_of_two_places_is_refused(folder):
    rows = [dict(row) for row in GOOD]
    rows[2]["Lat"] = "46"
    write(folder, rows)
    assert "has Lat 45.1 and 46; needed one" in refused(folder)


def test_profiles_of_two_data_sets_may_share_a_number(folder):
    write(folder, [*GOOD, *layers(0, 5, 10, 20, 50, pc_dataset_name="Two_2001")])
    assert read(folder).locations.names == ("One_2000-7", "Two_2001-7")
    one = read(folder, profiles=["Two_2001-7"])
    assert one.locations.names == ("Two_2001-7",)


BAD = {
    "column 'Lon': found 400; needed degrees east, -180 to 180": {"Lon": "400"},
    "column 'clay_pct': found 120; needed percent": {"clay_pct": "120"},
    "column 'clay_pct': found -3; needed percent": {"clay_pct": "-3"},
    "column 'pct_C': found -1; needed percent": {"pct_C": "-1"},
    "column 'pct_C': found 120; needed percent, 0 to 100: divide g kg-1": {"pct_C": "120"},
    "column 'BulkDensity': found 1200; needed g cm-3, 0 to 2.7: divide": {"BulkDensity": "1200"},
    "column 'BulkDensity': found -1.2; needed g cm-3": {"BulkDensity": "-1.2"},
    "column 'D14C_BulkLayer': found -1200; needed per mil": {"D14C_BulkLayer": "-1200"},
    "column 'SampleYear': found 20; needed a calendar year": {"SampleYear": "20"},
    "column 'pct_C': 'two' is not a number": {"pct_C": "two"},
}


@pytest.mark.parametrize("said", BAD)
def test_what_cannot_be_costs_its_layer_or_is_an_error_of_the_file(folder, said):
    write(folder, [GOOD[0], GOOD[1] | BAD[said], *GOOD[2:]])
    assert f"p.csv:3: {said}" in refused(folder, strict=True)
    found = read(folder, minimum_layers=3)
    np.testing.assert_array_equal(found.observations["soc"].top, [[0, 10, 20]])
    (told,) = found.provenance["impossible_values"]
    assert told.startswith(f"One_2000-7, line 3, {said}")
    assert found.provenance["skipped"] == {"with an impossible value": 1}
    (layer_,) = found.provenance["skipped_layers"]["One_2000-7"]
    assert layer_.startswith(f"line 3: with an impossible value ({said}")
    (warning,) = found.provenance["warnings"]
    assert warning.startswith(f"p.csv: 1 impossible value costs its layer, the first of {told}")


@pytest.mark.parametrize("said", BAD)
def test_where_it_leaves_too_little_the_cell_is_said(folder, said):
    write(folder, [GOOD[0], GOOD[1] | BAD[said], *GOOD[2:]])
    text = refused(folder)
    assert f"p.csv:3: profile 'One_2000-7': layer with an impossible value ({said}" in text
    assert "has 3 usable layers; needed 4 (1 with an impossible value)" in text


def test_a_bad_cell_of_one_profile_stops_no_other(folder):
    other = layers(0, 5, 10, 20, 50, ProfileID="8")
    bad = [other[0] | {"FractionModern": "-80"}, other[1] | {"SampleYear": "-9999"}, *other[2:]]
    write(folder, [*GOOD, *bad])
    assert read(folder).locations.names == ("One_2000-7",)
    found = read(folder, minimum_layers=2)
    assert found.locations.names == ("One_2000-7", "One_2000-8")
    assert len(found.provenance["impossible_values"]) == 2
    # Who does not ask for it does not hear of it, strict or not.
    for strict in (False, True):
        found = read(folder, profiles=["One_2000-7"], strict=strict)
        assert found.provenance["impossible_values"] == []
        assert "warnings" not in found.provenance


def test_a_column_that_is_not_used_stops_nothing(folder):
    rows = [row | {"MAT": "warm", "clay_pct": "-3", "Abovegd_litterfall": "1e9"} for row in GOOD]
    write(folder, rows)
    values = {"soil_temperature": 9.0, "clay": 0.2, "litter_above": 150.0}
    assert read(folder, values=values, strict=True).locations.names == ("One_2000-7",)
    # Nor has it to be there.
    text = (folder / "p.csv").read_text().splitlines()
    at = text[0].split(",").index("MAT")
    cut = [",".join(c for k, c in enumerate(line.split(",")) if k != at) for line in text]
    (folder / "p.csv").write_text("\n".join(cut) + "\n")
    assert read(folder, values=values).locations.names == ("One_2000-7",)
    assert "no column 'MAT'" in refused(folder)


def test_a_row_of_another_length_costs_itself(folder):
    write(folder, [*GOOD, *layers(0, 5, 10, 20, 50, ProfileID="8")])
    lines = (folder / "p.csv").read_text().splitlines()
    lines[6] += ",1"
    (folder / "p.csv").write_text("\n".join(lines) + "\n")
    said = f"line 7, has {len(COLUMNS) + 1} cells; needed {len(COLUMNS)}, as the header has"
    found = read(folder, minimum_layers=3)
    assert found.provenance["impossible_values"] == [said]
    assert found.provenance["layers"] == {
        "in the file": 8,
        "taken": 7,
        "without an error of radiocarbon": 0,
    }
    assert "p.csv:7: has 23 cells" in refused(folder, strict=True, minimum_layers=3)
    alone = read(folder, profiles=["One_2000-7"], strict=True)
    assert alone.provenance["impossible_values"] == []


def test_all_problems_at_once(folder):
    write(folder, [GOOD[0] | {"Lon": "400"}, GOOD[1] | {"pct_C": "-1"}, *GOOD[2:]])
    assert len(refused(folder, strict=True).splitlines()) == 2


@pytest.mark.parametrize(
    ("header", "said"),
    [
        ("mean.F14C [percent]", ""),
        ("mean.F14C [permil per year]", "Hua2013_NHZone1.csv:1: column 'mean.F14C': "),
        ("Year.AD [yr BP]", "Hua2013_NHZone1.csv:1: column 'Year.AD': is in 'yr BP'; needed cal"),
    ],
)
def test_the_unit_in_a_header_of_the_atmosphere_is_read(folder, header, said):
    before = read(folder).drivers["atmosphere"]
    path = folder / "air" / "Hua2013_NHZone1.csv"
    text = path.read_text().replace(header.partition(" ")[0], header)
    if said:
        path.write_text(text)
        assert said in refused(folder)
        return
    rows = [line.rsplit(",", 1) for line in text.splitlines()]
    path.write_text(
        "\n".join([",".join(rows[0]), *(f"{a},{100 * float(b):.6g}" for a, b in rows[1:])])
    )
    np.testing.assert_allclose(read(folder).drivers["atmosphere"], before, rtol=1e-5)


WORDS = {
    "forcing.profiles[0]: no profile 'One_2000-9'": {"profiles": ["One_2000-9"]},
    "forcing.profiles[1]: 'One_2000-7' is there twice": {"profiles": ["One_2000-7"] * 2},
    "forcing.testbed: driver 'litter_below' is from the testbed; say testbed: DIR": {"testbed": ""},
    "forcing.atmosphere: driver 'atmosphere' is from the record": {"atmosphere": ""},
    "forcing.values.clai: the kernel has no driver 'clai'; did": {"values": {"clai": 0.1}},
    "forcing.values.atmosphere: driver 'atmosphere' is a record": {"values": {"atmosphere": 1}},
    "has 4 usable layers; needed 5": {"minimum_layers": 5},
    "Hua2013_NHZone1.csv: no such file": {"atmosphere": "grids"},
    "derived_predictors_0p5deg.csv.gz: no such file": {"grids": "air"},
    "drivers_mean_2000_2010.nc: no such file": {"testbed": "air"},
}


@pytest.mark.parametrize("said", WORDS)
def test_words_that_do_not_fit(folder, said):
    assert said in refused(folder, **WORDS[said])


@pytest.mark.parametrize(
    ("need", "said"),
    [
        (Variable("clay", "degC", "", ()), "driver 'clay' is needed in 'degC'"),
        (
            Variable("clay", "1", ""),
            "driver 'clay' has dimensions (time) and this",
        ),
        (Variable("rain", "mm", "", ()), "driver 'rain' is none of this reader's; available"),
        (Variable("atmosphere", "1", "", ()), "has dimensions (none) and this reader gives (atm"),
    ],
)
def test_drivers_that_cannot_be_given(folder, need, said):
    assert said in refused(folder, needs=[need])


@pytest.mark.parametrize("word", ["record", "zone", "usable", "density"])
def test_unknown_words(folder, word):
    with pytest.raises(ValidationError, match=word):
        read(folder, **{word: "graven"})


def test_a_value_for_all_profiles(folder):
    found = read(folder, values={"litter_below": 200.0, "annual_npp": 500.0, "lignin_n_above": 20,
                                 "lignin_n_below": 21}, testbed="")  # fmt: skip
    np.testing.assert_array_equal(found.drivers["litter_below"], [200.0])
    assert found.sources["litter_below"] == ("the scenario",)


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("1955.5,0,-0.1", "found -0.1 in 1955.5; needed a fraction modern of 0.5 to 2.5"),
        ("1955.5,0,105", "found 105 in 1955.5; needed a fraction modern"),
        ("1955.5,0,", "is empty"),
    ],
)
def test_a_record_of_the_atmosphere_is_checked(folder, row, said):
    with (folder / "air" / "Hua2013_NHZone1.csv").open("a") as file:
        file.write(row + "\n")
    assert f"Hua2013_NHZone1.csv:6: {said}" in refused(folder).replace(
        ": columns ('Year.AD', 'mean.F14C')", ""
    )


def test_another_unit_of_npp_is_refused(folder):
    file = folder / "testbed" / "clm45_cruncep" / "drivers_mean_2000_2010.nc"
    with netCDF4.Dataset(file, "a") as dataset:
        dataset["cnpp"].units = "kgC m-2 s-1"
    assert "g C m-2 d-1; needed -10 to 60: check its unit" in refused(folder)
    with netCDF4.Dataset(file, "a") as dataset:
        dataset["cnpp"].units = "mol m-2 d-1"
    assert "a mass is needed: of C or CO2, multiply by 12.011" in refused(folder)


DAMAGED = {
    "grids/derived_predictors_0p5deg.csv.gz": "derived_predictors_0p5deg.csv.gz: cannot be read (",
    "testbed/clm45_cruncep/gridinfo_soil_clm2.csv.gz": "gridinfo_soil_clm2.csv.gz: cannot be read",
    "testbed/clm45_cruncep/drivers_mean_2000_2010.nc": "drivers_mean_2000_2010.nc: cannot be read",
    "testbed/params/pftlookup_igbp_updated4.csv": "no column 'Calloc_froot' of numbers",
    "air/Hua2013_NHZone1.csv": "Hua2013_NHZone1.csv: is binary",
    "p.csv": "p.csv: is binary; needed text",
}


@pytest.mark.parametrize("name", DAMAGED)
@pytest.mark.parametrize("whole", [True, False])
def test_damaged_files_are_refused_by_name(folder, name, whole):
    content = (folder / name).read_bytes()
    packed = content if name.endswith((".gz", ".nc")) else b"\0" * 50
    (folder / name).write_bytes(b"\0rubbish\0" if whole else packed[: len(packed) // 2])
    assert DAMAGED[name] in refused(folder)


def test_cells_beyond_the_grid_are_refused(folder):
    file = folder / "testbed" / "clm45_cruncep" / "gridinfo_igbpz.csv.gz"
    with gzip.open(file, "wt") as packed:
        packed.write("lat,lon,ivt_igbp,ilat,ilo\n46,10,4,3,1\n45.1,10.1,15,1,2\n")
    assert "has rows or columns (ilat, ilo) beyond the (2, 2) cells" in refused(folder)
    with gzip.open(file, "wt") as packed:
        packed.write("lat,lon,ivt_igbp,ilat,ilo\n46,10,4,2,1\n")
    assert "has 1 cells and gridinfo_soil_clm2.csv.gz 2; needed the same" in refused(folder)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("0.4,0.11", "0.4,sandy", "gridinfo_soil_clm2.csv.gz:3: found sandy in column 'clay'"),
        (
            "0.4,0.11",
            "0.4,11",
            "gridinfo_soil_clm2.csv.gz:3: found 11 in column 'clay'; needed a",
        ),
        ("8,45.1", "8,-9999", "gridinfo_soil_clm2.csv.gz:3: found -9999 in column 'lat'"),
    ],
)
def test_what_a_grid_cannot_hold_is_refused(folder, old, new, said):
    file = folder / "testbed" / "clm45_cruncep" / "gridinfo_soil_clm2.csv.gz"
    text = gzip.decompress(file.read_bytes()).decode()
    file.write_bytes(gzip.compress(text.replace(old, new).encode()))
    assert said in refused(folder)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("0.9,0.1,0.1", "0.9,1_0,0.1", ":13: found '1_0' in column 'lignin leaf'; needed a number"),
        ("0.9,0.1,0.1", "0.9,-9999,0.1", ":13: found '-9999' in column 'lignin leaf'; needed"),
        ("4,50,41", "4,T,41", ":12: found 'T' in column 'C:N leaf'; needed a number from 1 to"),
        ("15,0.5,0,0.5\n", "", ":6: no column 'Calloc_froot' of numbers for class 15"),
        ("15,0.5,0,0.5", "4,0.5,0,0.5", ":9: found class 4; needed every named class once"),
    ],
)
def test_a_row_of_a_class_that_cannot_be_read_is_refused(folder, old, new, said):
    """Not left out with every class below it."""
    file = folder / "testbed" / "params" / "pftlookup_igbp_updated4.csv"
    file.write_text(BIOME.replace(old, new))
    assert f"{file.name}{said}" in refused(folder)


def test_classes_have_numbers_of_fortran(folder):
    file = folder / "testbed" / "params" / "pftlookup_igbp_updated4.csv"
    file.write_text(BIOME.replace("4,50,41,0.5,0.9,0.2", "4,5D1,41,0.5,0.9,2-1"))
    np.testing.assert_allclose(read(folder).drivers["lignin_n_above"], [0.2 * 50])


@pytest.mark.parametrize("found", ["-0.5", "-50"])
def test_less_than_no_radiocarbon_is_refused(folder, found):
    file = folder / "p.csv"
    header, *rows = file.read_text().splitlines()
    at = header.split(",").index("FractionModern")
    cells = rows[0].split(",")
    cells[at] = found
    file.write_text("\n".join([header, ",".join(cells), *rows[1:]]) + "\n")
    assert "FractionModern" in refused(folder)
    assert "FractionModern" in refused(folder, strict=True)
    assert f"found {float(found):g}" in refused(folder)


# --- the real file ---

REAL = {
    "path": str(DATA / "radiocarbon" / "soil_profiles.csv"),
    "atmosphere": str(DATA / "radiocarbon" / "atmosphere"),
    "grids": str(DATA / "gridded_0p5deg"),
    "testbed": str(DATA / "testbed"),
    "minimum_layers": 5,
}


@pytest.fixture(scope="module")
def real(tmp_path_factory):
    return read(tmp_path_factory.mktemp("real"), **REAL)


@needs_data
def test_every_profile_of_the_file_is_taken_or_refused(real):
    said = real.provenance
    assert said["profiles"] == {"in the file": 350, "taken": 83}
    assert said["layers"]["in the file"] == 2317
    assert said["layers"]["taken"] == 886
    errors = real.observations["fraction_modern"].error
    without = np.isfinite(real.observations["fraction_modern"].values) & np.isnan(errors)
    assert said["layers"]["without an error of radiocarbon"] == without.sum() == 461
    assert len(said["refused"]) == 350 - 83
    # 100 profiles have five complete layers; those that the grids do not reach are on islands.
    far = [name for name, why in said["refused"].items() if "km away" in why]
    assert len(far) == 17
    assert sum(name.startswith(("Torn_1997", "Schuur", "Marin")) for name in far) == 7
    assert said["refused"]["Torn_2002-32"] == "was sampled in 1900; needed 1950 or later"
    assert said["skipped_layers"]["Leavitt_2007-332"] == ["line 3: without radiocarbon"]


@needs_data
def test_a_profile_of_the_file_by_hand(real):
    k = real.locations.names.index("Leavitt_2007-332")
    soc, modern = real.observations["soc"], real.observations["fraction_modern"]
    # Line 3 says 'modern'. Densities are 1.66 - 0.308 sqrt(pct_C), rounded.
    np.testing.assert_allclose(soc.values[k, :3], [11.97 * 2.26, 12.87 * 1.47, 13.81 * 0.82])
    np.testing.assert_allclose(modern.values[k, :3], [0.978, 0.894, 0.817])
    np.testing.assert_array_equal(soc.top[k, :3], [5, 10, 19])
    assert np.isnan(soc.values[k, 9:]).all()
    assert real.sources["soc"][k] == "pct_C; bulk density measured in 0 of 9 layers"
    # Croplands of Missouri: lignin 0.1 and C:N 30.
    assert real.drivers["lignin_n_above"][k] == pytest.approx(0.1 * 30)
    assert real.drivers["lignin_n_below"][k] == pytest.approx(0.1 * 41)
    assert real.drivers["litter_below"][k] == pytest.approx(0.65 * real.drivers["annual_npp"][k])
    assert real.drivers["clay"][k] == pytest.approx(0.32215)
    assert real.drivers["litter_above"][k] == 256.68
    assert real.drivers["soil_temperature"][k] == 12.80606061


@needs_data
def test_the_atmosphere_of_the_records(real):
    years = real.coords["atmosphere_year"]
    assert (years[0], years[-1]) == (1949, real.drivers["sampling_year"].max())
    air, zones = real.drivers["atmosphere"], real.sources["atmosphere"]
    assert air.shape == (83, len(years))
    # The first rows of the files of the north, and the one year that the south lacks.
    north = air[zones.index("hua2013, NHZone1")]
    np.testing.assert_allclose(north[:3], [0.9743, 0.9743, 0.9747])
    south = air[zones.index("hua2013, SHZone12")]
    np.testing.assert_allclose(south[1:5], [0.9755, 0.9756, (0.9756 + south[4]) / 2, south[4]])
    # The bomb peak is higher and earlier in the north.
    assert north.max() > 1.8 > 1.7 > south.max()
    assert years[north.argmax()] <= years[south.argmax()]


@needs_data
def test_numbers_of_the_file_are_in_their_units(real):
    found = {name: (v.min(), v.max()) for name, v in real.drivers.items()}
    assert 0.0 < found["clay"][0] < found["clay"][1] < 0.9
    assert 30 < found["annual_npp"][0] < found["annual_npp"][1] < 1600
    assert -20 < found["soil_temperature"][0] < found["soil_temperature"][1] < 30
    assert 4 < found["lignin_n_below"][0] < 40
    assert 3 <= found["lignin_n_above"][1] < 40
    soc = real.observations["soc"].values
    assert 0.2 < np.nanmin(soc) < np.nanmax(soc) < 230
    modern = real.observations["fraction_modern"].values
    assert 0.03 < np.nanmin(modern) < np.nanmax(modern) < 1.4
