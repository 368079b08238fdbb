"""The reader of tables of sites: what it reads, in which units, and what it refuses."""

import hashlib
import re

import numpy as np
import pandas as pd
import pytest

from kernels import Variable
from scenarios import ScenarioError
from scenarios.forcing.site_table import Spec

CLAY = Variable("clay", "1", "clay", ())
WARMTH = Variable("soil_temperature", "degC", "temperature", ())
LITTER = Variable("litter_input", "g C m-2 yr-1", "litter", ())
NEEDS = (CLAY, WARMTH, LITTER)
CHANGING = (CLAY, Variable("litter_input", "g C m-2 yr-1", "litter"))
TEXT = (
    "location,lat,clay [percent],soil_temperature [K],litter_input [kg C m-2 yr-1]\n"
    "ARC,68.6,5,266.15,0.07\n"
    "HFR,42.5,15,280.25,0.372\n"
)
SITES = "location,clay [1]\nA,0.1\nB,0.2\n"


def read(tmp_path, text=TEXT, needs=NEEDS, series=None, **words):
    (tmp_path / "sites.csv").write_text(text)
    if series is not None:
        (tmp_path / "years.csv").write_text(series)
        words["series"] = {"path": "years.csv"} | words.pop("by", {})
    (found,) = Spec(reader="site_table", path="sites.csv", **words).read(needs, tmp_path)
    return found


def refused(tmp_path, *how, **words):
    with pytest.raises(ScenarioError) as error:
        read(tmp_path, *how, **words)
    return str(error.value)


def by_year(*rows):
    header = "location,year,litter_input [g C m-2 yr-1]\n"
    return header + "".join(f"{site},{year},{value}\n" for site, year, value in rows)


EVEN = [("A", 2001, 100), ("A", 2002, 110), ("B", 2001, 200), ("B", 2002, 220)]


class TestChosenSites:
    @pytest.mark.parametrize(
        "row", ["B,much\n", "B,-9999\n", "B,0.1\nB,0.2\n", "B,0.1,7\n", "B\n", ",1\n"]
    )
    def test_rows_of_others_stop_nothing(self, tmp_path, row):
        text = f"location,clay [1]\nA,0.1\n{row}"
        found = read(tmp_path, text, needs=(CLAY,), sites=["A"])
        np.testing.assert_array_equal(found.drivers["clay"], [0.1])
        refused(tmp_path, text, (CLAY,))

    @pytest.mark.parametrize(
        "row", ["B,soon,1\n", "B,2001,1\nB,2001,2\n", "B,2001,dry\n", "B,2001\n"]
    )
    def test_nor_do_their_years(self, tmp_path, row):
        series = by_year(*EVEN[:2]) + row
        found = read(tmp_path, SITES, CHANGING, series, sites=["A"])
        np.testing.assert_array_equal(found.drivers["litter_input"], [[100.0, 110.0]])
        refused(tmp_path, SITES, CHANGING, series)


class TestSites:
    def test_rows_are_locations_in_kernel_units(self, tmp_path):
        found = read(tmp_path)
        assert found.locations.names == ("ARC", "HFR")
        np.testing.assert_array_equal(found.locations.columns["lat"], [68.6, 42.5])
        np.testing.assert_allclose(found.drivers["clay"], [0.05, 0.15], rtol=1e-15)
        np.testing.assert_allclose(found.drivers["soil_temperature"], [-7.0, 7.1], rtol=1e-12)
        np.testing.assert_allclose(found.drivers["litter_input"], [70.0, 372.0], rtol=1e-15)
        assert all(v.shape == (2,) and v.dtype == np.float64 for v in found.drivers.values())
        assert found.coords == {}
        assert found.name == "sites"
        assert found.synthetic == ""

    def test_provenance(self, tmp_path):
        told = read(tmp_path, values={"clay": 0.3}).provenance
        assert told["reader"] == "site_table"
        (file,) = told["files"]
        assert file["sha256"] == hashlib.sha256(TEXT.encode()).hexdigest()
        assert told["drivers"]["clay"] == {"from": "the scenario", "value": 0.3}
        assert told["drivers"]["soil_temperature"]["converted"] == "to degC"

    def test_sites_choose_and_order(self, tmp_path):
        found = read(tmp_path, sites=["HFR", "ARC"], name="lter")
        assert found.locations.names == ("HFR", "ARC")
        np.testing.assert_allclose(found.drivers["clay"], [0.15, 0.05], rtol=1e-15)
        assert found.name == "lter"

    def test_a_value_for_all_sites(self, tmp_path):
        found = read(tmp_path, values={"clay": 0.3})
        np.testing.assert_array_equal(found.drivers["clay"], [0.3, 0.3])

    def test_columns_and_units_of_the_scenario(self, tmp_path):
        text = "Site,CLAY,MAT,leaf,root\nX,20,283.15,100,50\n"
        columns = {"clay": "CLAY", "soil_temperature": "MAT", "litter_input": ["leaf", "root"]}
        units = {"CLAY": "percent", "MAT": "K", "litter_input": "g C m-2 yr-1"}
        found = read(tmp_path, text, location="Site", columns=columns, units=units)
        assert {n: v.item() for n, v in found.drivers.items()} == {
            "clay": pytest.approx(0.2),
            "soil_temperature": pytest.approx(10.0),
            "litter_input": 150.0,
        }

    def test_parquet(self, tmp_path):
        (tmp_path / "a").mkdir()
        frame = pd.DataFrame({"location": ["A", "B"], "clay [1]": [0.1, 0.2]})
        frame.to_parquet(tmp_path / "sites.parquet")
        spec = Spec(reader="site_table", path="sites.parquet")
        (found,) = spec.read((CLAY,), tmp_path)
        np.testing.assert_array_equal(found.drivers["clay"], [0.1, 0.2])


class TestSeries:
    def test_what_changes_and_what_lasts(self, tmp_path):
        found = read(tmp_path, SITES, CHANGING, series=by_year(*EVEN[::-1]))
        np.testing.assert_array_equal(found.drivers["litter_input"], [[100, 110], [200, 220]])
        np.testing.assert_array_equal(found.drivers["clay"], [0.1, 0.2])
        assert found.coords["year"].tolist() == [2001, 2002]
        assert found.coords["year"].dtype == np.int64
        assert list(found.coords) == ["year"]
        assert [f["name"] for f in found.provenance["files"]] == ["sites.csv", "years.csv"]

    def test_what_has_no_series_is_repeated(self, tmp_path):
        needs = (*CHANGING, Variable("lignin_n", "1", "lignin"))
        text = "location,clay [1],lignin_n [1]\nA,0.1,20\nB,0.2,30\n"
        found = read(tmp_path, text, needs, series=by_year(*EVEN))
        np.testing.assert_array_equal(found.drivers["lignin_n"], [[20, 20], [30, 30]])
        found = read(tmp_path, SITES, needs, series=by_year(*EVEN), values={"lignin_n": 25})
        np.testing.assert_array_equal(found.drivers["lignin_n"], np.full((2, 2), 25.0))

    def test_days(self, tmp_path):
        rows = "".join(f"{s},2001,{d},{d + (s == 'B')}\n" for s in "AB" for d in range(1, 366))
        series = f"location,year,doy,litter_input [g C m-2 yr-1]\n{rows}"
        found = read(tmp_path, SITES, CHANGING, series=series, by={"day": "doy"})
        np.testing.assert_array_equal(found.drivers["litter_input"][1], np.arange(2, 367))
        assert found.coords["day"].tolist() == list(range(1, 366))
        assert set(found.coords["year"].tolist()) == {2001}


class TestRefusals:
    @pytest.mark.parametrize(
        ("text", "words", "said"),
        [
            (TEXT.replace("HFR", "ARC"), {}, r":3: .*'ARC'.*is there again, first in line 2"),
            (TEXT.replace("HFR", " "), {}, ":3: .*needed the name of a site"),
            (TEXT.replace("location", "Site"), {}, "no column 'location'.*say location: NAME"),
            (TEXT.replace(",15,", ",,"), {}, ":3: .*'HFR'.*is empty; needed a number"),
            (TEXT.replace(",15,", ",-9999,"), {}, "looks like a fill value"),
            (TEXT.replace(" [percent]", ""), {}, "no units for clay"),
            (TEXT.replace("percent", "kg"), {}, "'clay \\[kg\\]'|'kg'"),
            (TEXT.replace("clay", "CLY"), {}, "clay.*or values: {clay: NUMBER}"),
            (TEXT, {"columns": {"caly": "clay"}}, "no driver 'caly'; did you mean 'clay'"),
            (TEXT, {"values": {"caly": 1}}, "no driver 'caly'; did you mean 'clay'"),
            (TEXT, {"values": {"clay": 1}, "columns": {"clay": "clay"}}, "a column and a value"),
            (TEXT, {"sites": ["HFX"]}, "no site 'HFX'.*'HFR'"),
            (TEXT, {"sites": ["HFR", "HFR"]}, "'HFR' is there twice"),
            (TEXT, {"series": by_year(*EVEN)}, "no driver of the kernel changes in time"),
        ],
    )
    def test_of_sites(self, tmp_path, text, words, said):
        found = refused(tmp_path, text, **words)
        assert re.search(said, found.replace("\n", " ")), found

    @pytest.mark.parametrize(
        ("rows", "said"),
        [
            (EVEN[:3], "'B': no row for year 2002; needed the same times for every site"),
            (EVEN[:2], "'B': no row for year 2001"),
            ([*EVEN, EVEN[0]], "is there again, first in line 2"),
            ([(s, y + (y > 2001), v) for s, y, v in EVEN], "2003 follows year 2001; needed year"),
            ([("A", "late", 1), *EVEN], "'late' is not a whole number"),
        ],
    )
    def test_of_series(self, tmp_path, rows, said):
        assert said in refused(tmp_path, SITES, CHANGING, series=by_year(*rows))

    def test_of_days(self, tmp_path):
        def days(*listed):
            rows = "".join(f"{s},2001,{d},1\n" for s in "AB" for d in listed)
            return f"location,year,day,litter_input [g C m-2 yr-1]\n{rows}"

        for listed, said in (
            ((1, 2, 4), "year 2001, day 4 follows year 2001, day 2"),
            ((2, 3), "begins with year 2001, day 2; needed day 1"),
            ((366,), "'366' is not a whole number from 1 to 365"),
        ):
            how = {"series": days(*listed), "by": {"day": "day"}}
            assert said in refused(tmp_path, SITES, CHANGING, **how)

    def test_no_series_where_one_is_needed(self, tmp_path):
        assert "needed series:" in refused(tmp_path, SITES, CHANGING)

    def test_other_dimensions(self, tmp_path):
        needs = (Variable("clay", "1", "clay", ("layer",)),)
        assert "use another reader" in refused(tmp_path, SITES, needs)

    def test_every_problem_at_once(self, tmp_path):
        text = TEXT.replace("266.15", "cold").replace("0.372", "")
        found = refused(tmp_path, text)
        assert "'cold' is not a number" in found
        assert "is empty" in found


class TestPlaces:
    @pytest.mark.parametrize(
        ("header", "words"),
        [
            ("Latitude,LONG,area [km2]", {}),
            ("lat_deg,lon,area_km2", {}),
            ("lat [radians],lon,area (ha)", {}),
            ("LAT,longitude,area", {"units": {"area": "km2"}}),
            ("y,x,area [km2]", {"columns": {"lat": "y", "lon": "x"}}),
        ],
    )
    def test_whatever_they_are_called(self, tmp_path, header, words):
        lat = float(np.radians(40.0)) if "radians" in header else 40.0
        area = 2500 if "ha)" in header else 25
        found = read(tmp_path, f"location,clay [1],{header}\nA,0.1,{lat!r},350,{area}\n", (CLAY,),
                     **words)  # fmt: skip
        columns = found.locations.columns
        np.testing.assert_allclose(columns["lat"], [40.0], rtol=1e-12)
        np.testing.assert_allclose(columns["lon"], [350.0], rtol=1e-12)
        np.testing.assert_allclose(columns["area"], [25e6], rtol=1e-12)

    @pytest.mark.parametrize(
        ("header", "row", "said"),
        [
            ("area", "25", "sites.csv:1: column 'area': no unit is given and 25 could be m2 or"),
            ("lat", "95", "sites.csv:2: column 'lat', location 'A': found 95; needed degrees"),
            ("Longitude", "-200", "column 'Longitude', location 'A': found -200; needed degrees"),
            ("area [m]", "25", "'m' cannot become 'm2'"),
            ("area [m2]", "1e15", "found 1e+15; needed 0 to 5.1e+14 m2, the whole Earth"),
            ("area_km2 [m2]", "25", "is said to be in 'm2' and in 'km2'; correct one of them"),
            ("lat,latitude", "1,2", "columns 'lat' and 'latitude' may both be lat"),
        ],
    )
    def test_refused(self, tmp_path, header, row, said):
        assert said in refused(tmp_path, f"location,clay [1],{header}\nA,0.1,{row}\n", (CLAY,))

    def test_a_driver_of_latitude_is_the_same_column(self, tmp_path):
        need = Variable("latitude", "degrees_north", "latitude", ())
        found = read(tmp_path, "location,Lat [degrees]\nA,40\n", (need,))
        np.testing.assert_array_equal(found.drivers["latitude"], [40.0])
        np.testing.assert_array_equal(found.locations.columns["lat"], [40.0])


class TestCells:
    @pytest.mark.parametrize("cell", ["-99", "-999", "-9999", "1e20", "9.96921e36", "1_0", "0x1"])
    def test_what_stands_for_missing_is_refused_with_its_line(self, tmp_path, cell):
        need = Variable("soil_temperature", "degC", "temperature", ())
        said = refused(tmp_path, f"location,soil_temperature [degC]\nA,{cell}\n", (need,))
        assert f"sites.csv:2: location 'A', column 'soil_temperature': '{cell}'" in said

    @pytest.mark.parametrize("value", [-99.0, -998.0, -1000.0])
    def test_14C_of_minus_99_permil_is_real(self, tmp_path, value):
        need = Variable("delta", "permille", "14C", ())
        found = read(tmp_path, f"location,delta [per mil]\nA,{value}\n", (need,))
        np.testing.assert_array_equal(found.drivers["delta"], [value])

    def test_14C_of_minus_999_permil_stands_for_missing(self, tmp_path):
        need = Variable("delta", "permille", "14C", ())
        said = refused(tmp_path, "location,delta [per mil]\nA,-999\n", (need,))
        assert "'-999' looks like a fill value" in said

    def test_columns_without_a_name_are_nobodys(self, tmp_path):
        found = read(tmp_path, '"","location","clay [1]",Unnamed: 3\n"1",A,0.1,7\n', (CLAY,))
        np.testing.assert_array_equal(found.drivers["clay"], [0.1])
        assert found.provenance["files"][0]["unnamed_columns_left_out"] == 2


def test_advice_for_a_share_can_be_copied_and_does_not_invite_percent(tmp_path):
    said = refused(tmp_path, "location,clay\nA,0.1\n", (CLAY,))
    assert "say units: {clay: fraction} or {clay: percent}" in said
    for unit in ("fraction", "1", 1):
        found = read(tmp_path, "location,clay\nA,0.1\n", (CLAY,), units={"clay": unit})
        np.testing.assert_array_equal(found.drivers["clay"], [0.1])
    found = read(tmp_path, "location,clay\nA,10\n", (CLAY,), units={"clay": "percent"})
    np.testing.assert_allclose(found.drivers["clay"], [0.1], rtol=1e-15)


def test_a_unit_that_is_none_gives_way_to_the_scenarios(tmp_path):
    text = "location,clay [g per 100 g soil]\nA,10\n"
    assert "is not a unit" in refused(tmp_path, text, (CLAY,))
    found = read(tmp_path, text, (CLAY,), units={"clay": "percent"})
    np.testing.assert_allclose(found.drivers["clay"], [0.1], rtol=1e-15)


def test_semicolons_are_said_once(tmp_path):
    said = refused(tmp_path, "location;clay [1]\nA;0,1\nB;0,2\n", (CLAY,))
    assert said.count("\n") == 0
    assert "needed commas, found ';': save the table with commas and decimal points" in said
