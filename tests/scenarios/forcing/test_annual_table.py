"""Facts of the reader of annual tables; what it refuses is in test_refusals.py."""

import hashlib
import json
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from kernels import Variable
from scenarios import ScenarioError
from scenarios.forcing.annual_table import Spec

NPP = Variable("npp", "Pg C yr-1", "net primary production")
RH = Variable("rh", "Pg C yr-1", "heterotrophic respiration")
C_VEG = Variable("c_veg_model", "Pg C", "vegetation carbon")
C_SOIL = Variable("c_soil_model", "Pg C", "soil carbon, litter included")
NEEDS = (NPP, RH, C_VEG, C_SOIL)

ROOT = Path(__file__).resolve().parents[3]
DATA = Path(os.environ.get("SOILSWEEP_DATA", ROOT / ".." / "shared" / "data"))
TRENDY = DATA / "trendy_v9_s2"


def read(tmp_path, text, needs=(NPP,), **words):
    (tmp_path / "t.csv").write_text(text)
    return Spec(reader="annual_table", path="t.csv", **words).read(needs, tmp_path)


def test_every_model_is_a_forcing_in_order_of_first_appearance(tmp_path):
    text = "year,model,NPP [Pg C yr-1]\n1902,B,2\n1901,B,1\n1901,A,3\n1902,A,4\n"
    b, a = read(tmp_path, text)
    assert (b.name, a.name) == ("B", "A")
    np.testing.assert_array_equal(b.drivers["npp"], [[1.0, 2.0]])
    np.testing.assert_array_equal(a.drivers["npp"], [[3.0, 4.0]])
    assert b.coords["year"].tolist() == [1901, 1902]
    assert b.coords["year"].dtype == np.int64
    assert b.locations.names == ("global",)
    assert b.synthetic == ""


def test_members_choose_and_order(tmp_path):
    text = "year,model,NPP [Pg C yr-1]\n" + "".join(
        f"{year},{model},1\n" for model in "ABC" for year in (1901, 1902)
    )
    assert [f.name for f in read(tmp_path, text, members=["C", "A"])] == ["C", "A"]


OTHERS = {
    "a word": "1901,B,many\n",
    "no year": "soon,B,1\n",
    "a year twice": "1901,B,1\n1901,B,2\n",
    "no name": "1901,,1\n",
    "too long": "1901,B,1,2\n",
    "too short": "1901,B\n",
}


@pytest.mark.parametrize("what", OTHERS)
def test_rows_of_models_that_nobody_asks_for_stop_nothing(tmp_path, what):
    text = f"year,model,NPP [Pg C yr-1]\n1901,A,3\n1902,A,4\n{OTHERS[what]}"
    (found,) = read(tmp_path, text, members=["A"])
    np.testing.assert_array_equal(found.drivers["npp"], [[3.0, 4.0]])
    with pytest.raises(ScenarioError):
        read(tmp_path, text)
    if what != "no name":
        with pytest.raises(ScenarioError):
            read(tmp_path, text.replace("B", "A"), members=["A"])


def test_a_model_that_is_not_there_has_the_nearest_of_all(tmp_path):
    text = "year,model,NPP [Pg C yr-1]\n1901,VISIT,3\n1902,VISIT,4\n"
    with pytest.raises(ScenarioError, match=r"no model 'VISIS'.*did you mean 'VISIT'"):
        read(tmp_path, text, members=["VISIS"])


@pytest.mark.parametrize(
    ("header", "words"),
    [
        ("year,model,NPP [Pg C yr-1]", {}),
        ("year,model,NPP (PgC/yr)", {}),
        ("year,model,npp", {"units": {"npp": "Pg C yr-1"}}),
        ("year,model,NPP", {"units": {"NPP": "Pg C yr-1"}}),
        ("year,model,prod", {"columns": {"npp": "prod"}, "units": {"npp": "GtC yr-1"}}),
        ("year,model,NPP [GtC/yr]", {"units": {"npp": "Pg C yr-1"}}),
    ],
)
def test_units_from_header_or_scenario(tmp_path, header, words):
    (found,) = read(tmp_path, f"{header}\n1901,A,50\n1902,A,51\n", **words)
    np.testing.assert_array_equal(found.drivers["npp"], [[50.0, 51.0]])


def test_units_are_converted_and_told(tmp_path):
    (found,) = read(tmp_path, "year,model,NPP [Tg C yr-1]\n1901,A,50000\n1902,A,51000\n")
    np.testing.assert_allclose(found.drivers["npp"], [[50.0, 51.0]], rtol=1e-15)
    told = found.provenance["drivers"]["npp"]
    assert told == {"from": "NPP", "units": {"NPP": "Tg C yr-1"}, "converted": "to Pg C yr-1"}


def test_litter_in_its_own_column_is_added_to_soil(tmp_path):
    text = "year,model,cSoil [Pg C],cLitter [Tg C]\n1901,A,1000,50000\n1902,A,1001,50000\n"
    (found,) = read(tmp_path, text, (C_SOIL,))
    np.testing.assert_allclose(found.drivers["c_soil_model"], [[1050.0, 1051.0]])
    assert found.provenance["drivers"]["c_soil_model"]["from"] == "cSoil + cLitter"
    (alone,) = read(tmp_path, text, (C_SOIL,), columns={"c_soil_model": "cSoil"})
    np.testing.assert_array_equal(alone.drivers["c_soil_model"], [[1000.0, 1001.0]])


def test_columns_add_and_subtract(tmp_path):
    text = "year,model,gpp [Pg C yr-1],ra [Pg C yr-1]\n1901,A,100,48\n1902,A,101,50\n"
    (found,) = read(tmp_path, text, columns={"npp": ["gpp", "-ra"]})
    np.testing.assert_array_equal(found.drivers["npp"], [[52.0, 51.0]])


def test_any_driver_of_any_kernel_is_found_by_its_name(tmp_path):
    needs = (Variable("soil_temperature", "K", "of the top metre"),)
    text = "year,model,SoilTemperature [degC]\n1901,A,-3\n1902,A,4\n"
    (found,) = read(tmp_path, text, needs)
    np.testing.assert_array_equal(found.drivers["soil_temperature"], [[270.15, 277.15]])


def test_locations_are_rows_of_the_first_axis(tmp_path):
    rows = [f"{y},{m},{p},{v}" for m in "AB" for p, v in (("tundra", 2), ("forest", 20))
            for y in (1901, 1902)]  # fmt: skip
    text = "\n".join(["year,model,type,NPP [Pg C yr-1]", *rows])
    a, b = read(tmp_path, text, location="type")
    assert a.locations.names == b.locations.names == ("tundra", "forest")
    np.testing.assert_array_equal(b.drivers["npp"], [[2.0, 2.0], [20.0, 20.0]])


def test_years_default_to_the_common_span_and_can_be_said(tmp_path):
    text = "year,model,NPP [Pg C yr-1]\n"
    text += "".join(f"{y},A,{y - 1900}\n" for y in range(1901, 1911))
    text += "".join(f"{y},B,{y - 1900}\n" for y in range(1903, 1921))
    a, b = read(tmp_path, text)
    assert a.coords["year"].tolist() == b.coords["year"].tolist() == list(range(1903, 1911))
    a, b = read(tmp_path, text, years=(1905, 1907))
    np.testing.assert_array_equal(b.drivers["npp"], [[5.0, 6.0, 7.0]])
    assert b.provenance["years"] == [1905, 1907]


def test_what_is_not_used_is_not_checked(tmp_path):
    text = (
        "year,model,NPP [Pg C yr-1],note\n"
        "1900,A,,before the years asked\n1901,A,50,\n1902,A,51,\n1901,B,oops,not a member\n"
    )
    (found,) = read(tmp_path, text, members=["A"], years=(1901, 1902))
    np.testing.assert_array_equal(found.drivers["npp"], [[50.0, 51.0]])


def test_bom_comments_blank_lines_quotes_and_spaces(tmp_path):
    text = (
        "\ufeff# TRENDY v9\n\nyear, model , NPP [Pg C yr-1] \r\n"
        '1901,"LPJ, wsl", 50 \r\n\r\n1902.0,"LPJ, wsl",51\r\n,,\r\n'
    )
    (found,) = read(tmp_path, text)
    assert found.name == "LPJ, wsl"
    np.testing.assert_array_equal(found.drivers["npp"], [[50.0, 51.0]])


def test_parquet_gives_what_csv_gives(tmp_path):
    years = np.arange(1901, 1911)
    frame = pd.DataFrame(
        {"year": years, "model": "A", "NPP [Pg C yr-1]": np.linspace(50, 51, years.size)}
    )
    frame.to_parquet(tmp_path / "t.parquet")
    frame.to_csv(tmp_path / "t.csv", index=False)
    frame.set_index(["model", "year"]).to_parquet(tmp_path / "indexed.parquet")
    found = [
        Spec(reader="annual_table", path=name).read((NPP,), tmp_path)[0]
        for name in ("t.csv", "t.parquet", "indexed.parquet")
    ]
    for other in found[1:]:
        np.testing.assert_array_equal(other.drivers["npp"], found[0].drivers["npp"])


def test_parquet_problems_name_the_row(tmp_path):
    frame = pd.DataFrame({"year": [1901, 1902], "model": "A", "npp": [50.0, np.nan]})
    frame.to_parquet(tmp_path / "t.parquet")
    spec = Spec(reader="annual_table", path="t.parquet", units={"npp": "Pg C yr-1"})
    with pytest.raises(ScenarioError, match="row 2, model 'A', year 1902, column 'npp': is miss"):
        spec.read((NPP,), tmp_path)


def test_provenance_is_json_with_a_digest_and_no_folder(tmp_path):
    (found,) = read(tmp_path, "year,model,NPP [Pg C yr-1]\n1901,A,50\n1902,A,51\n")
    data = (tmp_path / "t.csv").read_bytes()
    file = {"name": "t.csv", "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}
    assert found.provenance["files"] == [file]
    assert str(tmp_path) not in json.dumps(dict(found.provenance))


def test_all_problems_at_once_and_ten_of_a_kind(tmp_path):
    rows = [f"{1900 + i},A,,x" for i in range(47)]
    text = "\n".join(["year,model,NPP [Pg C yr-1],Rh", *rows])
    with pytest.raises(ScenarioError) as error:
        read(tmp_path, text, (NPP, RH), members=["A", "Bb"], columns={"nppp": "NPP"})
    message = str(error.value)
    assert message.count("is empty; needed a number") == 10
    assert "... and 84 more bad values" in message
    assert "no units for Rh: say units: {rh: Pg C yr-1}" in message
    assert "no model 'Bb'" in message
    assert "no driver 'nppp'; did you mean 'npp'?" in message
    assert f"{tmp_path}/t.csv:2: model 'A', year 1900, column 'NPP'" in message


@pytest.mark.skipif(not TRENDY.is_dir(), reason=f"real TRENDY data is not at {TRENDY}")
def test_trendy_v9():
    units = {"NPP": "Pg C yr-1", "Rh": "Pg C yr-1", "cVeg": "Pg C", "cSoil": "Pg C"}
    spec = Spec(reader="annual_table", path="annual_global.csv", units=units)
    visit, jules = spec.read(NEEDS, TRENDY)
    assert (visit.name, jules.name) == ("VISIT", "JULES-ES-1p0")
    assert visit.coords["year"].tolist() == list(range(1901, 2019))
    assert visit.drivers["npp"][0, [0, -1]].tolist() == [40.8203, 51.37484]
    assert jules.drivers["c_soil_model"][0, 0] == 1428.23475
    for found in (visit, jules):
        assert all(values.shape == (1, 118) for values in found.drivers.values())
        # The land model's own balance, with soil turnover inside the paper's 13-36 yr.
        tau = found.drivers["c_soil_model"] / found.drivers["rh"]
        assert 13 < tau[0, -37:].mean() < 36


@pytest.mark.parametrize("name", ["", '""', "Unnamed: 0"])
def test_row_numbers_without_a_name_are_added_to_nothing(tmp_path, name):
    rows = [f"{k + 1},{1980 + k},A,{50 + k}" for k in range(3)]
    text = "\n".join([f"{name},year,model,NPP [Pg C yr-1]", *rows, ""])
    (found,) = read(tmp_path, text)
    np.testing.assert_array_equal(found.drivers["npp"], [[50.0, 51.0, 52.0]])
    assert found.provenance["drivers"]["npp"]["from"] == "NPP"
    assert found.provenance["files"][0]["unnamed_columns_left_out"] == 1


def test_the_index_of_a_parquet_file_is_added_to_nothing(tmp_path):
    frame = pd.DataFrame({"year": [1980, 1981], "model": "A", "NPP [Pg C yr-1]": [50.0, 51.0]})
    frame.set_index(pd.Index([7, 8])).to_parquet(tmp_path / "t.parquet")
    (found,) = Spec(reader="annual_table", path="t.parquet").read((NPP,), tmp_path)
    np.testing.assert_array_equal(found.drivers["npp"], [[50.0, 51.0]])


def test_places_of_locations_are_kept(tmp_path):
    rows = [f"{year},A,{site},1,{lat},20,1.5e6" for site, lat in (("x", 10), ("y", 30))
            for year in (1901, 1902)]  # fmt: skip
    text = "\n".join(["year,model,site,NPP [Pg C yr-1],Latitude,lon,area [km2]", *rows, ""])
    (found,) = read(tmp_path, text, location="site")
    np.testing.assert_array_equal(found.locations.columns["lat"], [10, 30])
    np.testing.assert_allclose(found.locations.columns["area"], [1.5e12, 1.5e12])
    with pytest.raises(ScenarioError, match="in another row of the location, 30; needed one"):
        read(tmp_path, text.replace("1902,A,y,1,30", "1902,A,y,1,40"), location="site")


def test_each_model_is_compared_with_its_own_stocks_or_with_those_of_a_file(tmp_path):
    text = "year,model,NPP [Pg C yr-1],stock [Pg C],SE [Tg C]\n"
    text += "1901,A,1,10,100\n1901,B,2,20,\n1902,A,3,NA,100\n1902,B,4,40,200\n"
    own = {"c_soil": "stock", "error": "SE"}
    a, b = read(tmp_path, text, observed=own)
    seen = b.observations["c_soil"]
    assert (seen.units, seen.top, seen.meaning) == ("Pg C", None, "observed c_soil")
    np.testing.assert_array_equal(seen.values, [[20.0, 40.0]])
    np.testing.assert_array_equal(seen.year, [[1901, 1902]])
    np.testing.assert_allclose(seen.error, [[np.nan, 0.2]])
    np.testing.assert_array_equal(a.observations["c_soil"].values, [[10.0]])
    assert a.provenance["observed"]["c_soil"]["without_value"] == 1
    assert Spec(reader="annual_table", path="t.csv", observed=own).compared() == {
        "c_soil": "forcing.observed.c_soil"
    }
    for head, rows in (("when,stock [Pg C]", "1901,5"), ("when,model,stock [Pg C]", "1901,A,5")):
        (tmp_path / "seen.csv").write_text(f"{head}\n{rows}\n")
        words = {"path": "seen.csv", "year": "when", "c_soil": "stock"}
        both = read(tmp_path, text, observed=words)
        sizes = [one.observations["c_soil"].values.size for one in both]
        assert sizes == [1, int("model" not in head)]
        assert [file["name"] for file in both[0].provenance["files"]] == ["t.csv", "seen.csv"]
