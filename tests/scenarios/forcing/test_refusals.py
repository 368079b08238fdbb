"""Every malformed file is refused with the place, what was found and what was needed."""

import re

import netCDF4
import numpy as np
import pandas as pd
import pytest

from kernels import Variable
from scenarios import ScenarioError
from scenarios.forcing.annual_table import Spec as AnnualTable
from scenarios.forcing.common import table as _table
from scenarios.forcing.global_means import Spec as GlobalMeans

NEEDS = (
    Variable("npp", "Pg C yr-1", "net primary production"),
    Variable("c_soil_model", "Pg C", "soil carbon"),
)
HEADER = "year,model,NPP [Pg C yr-1],cSoil [Pg C]"
GOOD = [f"{year},{model},50.5,1500" for model in ("VISIT", "JULES") for year in range(1901, 1906)]


def table(*rows, header=HEADER):
    return "\n".join([header, *rows]) + "\n"


def changed(line, text):
    """Return the good table with one line (from 1, the header) changed, or left out."""
    lines = [HEADER, *GOOD]
    lines[line - 1 : line] = [] if text is None else [text]
    return "\n".join(lines) + "\n"


def message(read):
    with pytest.raises(ScenarioError) as error:
        read()
    return str(error.value)


TABLES = {
    "gap": (changed(4, None), {}, ["t.csv: model 'VISIT'", "no row for 1903", "1901-1905"]),
    "repeated year": (
        changed(4, GOOD[1]),
        {},
        ["t.csv:4: model 'VISIT', year 1902: is there again, first in line 3", "one row per model"],
    ),
    "years asked": (
        table(*GOOD),
        {"years": (1850, 1905)},
        ["model 'VISIT': no row for 1850-1900", "found 1901-1905: correct years:"],
    ),
    "no common years": (
        table("1901,A,50,1500", "1902,A,50,1500", "1902,B,50,1500", "1903,B,50,1500"),
        {},
        ["share fewer than two years", "A 1901-1902", "B 1902-1903"],
    ),
    "empty cell": (
        changed(3, "1902,VISIT,,1500"),
        {},
        ["t.csv:3: model 'VISIT', year 1902, column 'NPP': is empty; needed a number"],
    ),
    "NaN": (changed(3, "1902,VISIT,NaN,1500"), {}, ["t.csv:3: ", "'NPP': is missing ('NaN')"]),
    "NA": (changed(3, "1902,VISIT,NA,1500"), {}, ["t.csv:3: ", "'NPP': is missing ('NA')"]),
    "infinite": (changed(3, "1902,VISIT,inf,1500"), {}, ["t.csv:3: ", "'inf' is not finite"]),
    "text": (changed(3, "1902,VISIT,fifty,1500"), {}, ["t.csv:3: ", "'fifty' is not a number"]),
    "decimal comma": (
        changed(3, '1902,VISIT,"50,5",1500'),
        {},
        ["t.csv:3: ", "'50,5' is not a number; needed a number"],
    ),
    "underscore": (changed(3, "1902,VISIT,5_0,1500"), {}, ["t.csv:3: ", "'5_0' is not a number"]),
    "fill value": (
        changed(3, "1902,VISIT,-9999,1500"),
        {},
        ["t.csv:3: ", "'-9999' looks like a fill value"],
    ),
    "fill value of float32": (
        changed(3, "1902,VISIT,1.0000000200408773e20,1500"),
        {},
        ["t.csv:3: ", "looks like a fill value"],
    ),
    "negative stock": (
        changed(3, "1902,VISIT,50,-3"),
        {},
        ["t.csv:3: model 'VISIT', year 1902, column 'cSoil': found -3 Pg C", "0 or more"],
    ),
    "wrong sign": (
        changed(3, "1902,VISIT,-50,1500"),
        {},
        ["t.csv:3: ", "found -50 Pg C yr-1; needed a positive", "positive into the land"],
    ),
    "zero flux": (changed(3, "1902,VISIT,0,1500"), {}, ["found 0 Pg C yr-1", "positive"]),
    "wrong sign of a difference": (
        table(
            *(f"{y},A,40,90,1500" for y in (1901, 1902)),
            header="year,model,gpp [Pg C yr-1],ra [Pg C yr-1],cSoil [Pg C]",
        ),
        {"columns": {"npp": ["gpp", "-ra"]}},
        ["model 'A', year 1901, gpp - ra: found -50 Pg C yr-1", "positive into the land"],
    ),
    "implausible": (
        changed(1, HEADER.replace("[Pg C]", "[kg C]"))
        .replace(",1500", ",1.5e18"),
        {},
        ["t.csv:2: ", "found 1.5e+18 kg C; needed at most 100000 Pg C", "check the unit"],
    ),
    "wrong dimension": (
        changed(1, HEADER.replace("[Pg C]", "[Pg C yr-1]")),
        {},
        ["column 'cSoil': 'Pg C yr-1' cannot become 'Pg C'; a stock is needed"],
    ),
    "unknown unit": (
        changed(1, HEADER.replace("[Pg C]", "[Pgg C]")),
        {},
        ["column 'cSoil': ", "'Pgg C'", "put it after a mass"],
    ),
    "no units": (
        changed(1, "year,model,NPP,cSoil [Pg C]"),
        {},
        ["no units for NPP: say units: {npp: Pg C yr-1}"],
    ),
    "two units": (
        table(*GOOD),
        {"units": {"npp": "Tg C yr-1"}},
        ["the scenario says NPP is in 'Tg C yr-1' and the file says 'Pg C yr-1'"],
    ),
    "unit of nothing": (
        table(*GOOD),
        {"units": {"np": "Pg C yr-1"}},
        ["forcing.units.np: the kernel has no driver 'np'; did you mean"],
    ),
    "column of nothing": (
        table(*GOOD),
        {"columns": {"nppp": "NPP"}},
        ["forcing.columns.nppp: the kernel has no driver 'nppp'; did you mean 'npp'?"],
    ),
    "no such column": (
        table(*GOOD),
        {"columns": {"c_soil_model": ["cSoil", "cLiter"]}},
        ["driver 'c_soil_model': no column 'cLiter'"],
    ),
    "no column of that name": (
        changed(1, "year,model,prod,cSoil [Pg C]"),
        {},
        ["no column is named like driver 'npp'", "say columns: {npp: NAME}", "prod, cSoil"],
    ),
    "gpp and ra alone": (
        changed(1, "year,model,GPP,Ra"),
        {},
        ["no column is named like driver 'npp'; say columns: {npp: [GPP, -Ra]}"],
    ),
    "two columns of one name": (
        changed(1, "year,model,NPP,npp"),
        {},
        ["columns 'NPP' and 'npp' may both be meant; say columns: {npp: NPP}"],
    ),
    "no year column": (
        changed(1, HEADER.replace("year", "Year")),
        {},
        ["no column 'year'; did you mean 'Year'?; say year: NAME"],
    ),
    "no model column": (
        changed(1, HEADER.replace("model", "gcm")),
        {},
        ["no column 'model'", "say model: NAME in the scenario"],
    ),
    "no location column": (table(*GOOD), {"location": "biome"}, ["no column 'biome'"]),
    "bad year": (
        changed(3, "19o2,VISIT,50,1500"),
        {},
        ["t.csv:3: column 'year': '19o2' is not a year; needed a whole number such as 1901"],
    ),
    "part of a year": (changed(3, "1902.5,VISIT,50,1500"), {}, ["t.csv:3: ", "'1902.5' is not a"]),
    "no model name": (
        changed(3, "1902,,50,1500"),
        {},
        ["t.csv:3: column 'model': is empty; needed a name"],
    ),
    "unknown member": (
        table(*GOOD),
        {"members": ["VISIT", "JULE"]},
        ["forcing.members[1]: no model 'JULE' in", "did you mean 'JULES'?"],
    ),
    "ragged row": (
        changed(3, "1902,VISIT,50"),
        {},
        ["t.csv:3: has 3 cells; needed 4, as the header has"],
    ),
    "open quote": (
        changed(3, '1902,"VISIT,50,1500'),
        {},
        ["is not CSV", "check the quotes"],
    ),
    "repeated column": (
        changed(1, "year,model,cSoil [Pg C],cSoil [Pg C]"),
        {},
        ["column 'cSoil' is there 2 times"],
    ),
    "semicolons": (
        table(*GOOD).replace(",", ";"),
        {},
        ["the header has one column", "needed commas, found ';'"],
    ),
    "header alone": (HEADER + "\n", {}, ["has a header and no rows; needed one row per model"]),
    "empty": ("", {}, ["t.csv: is empty; needed a table with columns such as year,model"]),
    "comments alone": ("# nothing\n", {}, ["holds no header"]),
    "binary": (b"\x89HDF\r\n\x1a\n\0\0", {}, ["is binary; needed text in UTF-8 (CSV)"]),
    "latin-1": (
        changed(3, "1902,Le\xf3n,50,1500").encode("latin-1"),
        {},
        ["byte 0xf3 in line 3 is not UTF-8; save the table as UTF-8"],
    ),
    "a location less": (
        table(
            *(f"{y},{m},{t},50,1500" for y in (1901, 1902) for m in "AB" for t in ("x", "y")
              if (m, t) != ("B", "y")),
            header=HEADER.replace("model", "model,type"),
        ),
        {"location": "type"},
        ["model 'B', location 'y': has not this location", "the same locations for every model"],
    ),
    "a location more": (
        table(
            *(f"{y},{m},{t},50,1500" for y in (1901, 1902) for m in "AB" for t in ("x", "y")
              if (m, t) != ("A", "y")),
            header=HEADER.replace("model", "model,type"),
        ),
        {"location": "type"},
        ["model 'B', location 'y': has a location the first model has not"],
    ),
    "gap in a location": (
        table(
            *(f"{y},A,{t},50,1500" for y in (1901, 1902, 1903) for t in ("x", "y")
              if (y, t) != (1902, "y")),
            header=HEADER.replace("model", "model,type"),
        ),
        {"location": "type"},
        ["model 'A', location 'y': no row for 1902"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", TABLES)
def test_a_malformed_table_is_refused(tmp_path, case):
    content, words, parts = TABLES[case]
    data = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "t.csv").write_bytes(data)
    spec = AnnualTable(reader="annual_table", path="t.csv", **words)
    found = message(lambda: spec.read(NEEDS, tmp_path))
    assert [part for part in parts if part not in found] == [], found


def test_the_good_table_is_good(tmp_path):
    (tmp_path / "t.csv").write_text(table(*GOOD))
    spec = AnnualTable(reader="annual_table", path="t.csv")
    assert len(spec.read(NEEDS, tmp_path)) == 2


def make_folder(path):
    (path / "t.csv").mkdir()


def make_broken_parquet(path):
    pd.DataFrame({"year": [1901], "model": ["A"]}).to_parquet(path / "t.parquet")
    data = (path / "t.parquet").read_bytes()
    (path / "t.parquet").write_bytes(data[: len(data) // 2])


def make_text_as_parquet(path):
    (path / "t.parquet").write_text(table(*GOOD))


PATHS = {
    "missing": (lambda p: (p / "u.csv").touch(), "t.csv", ["no such file", "did you mean 'u.csv'"]),
    "missing folder": (lambda p: None, "a/t.csv", ["no such file, nor its folder"]),
    "a folder": (make_folder, "t.csv", ["is a folder; needed a CSV or Parquet table"]),
    "half a Parquet": (make_broken_parquet, "t.parquet", ["is not Parquet, or not all of it"]),
    "text as Parquet": (make_text_as_parquet, "t.parquet", ["is not Parquet"]),
}


@pytest.mark.parametrize("case", PATHS)
def test_a_path_that_is_no_table_is_refused(tmp_path, case):
    make, name, parts = PATHS[case]
    make(tmp_path)
    spec = AnnualTable(reader="annual_table", path=name)
    found = message(lambda: spec.read(NEEDS, tmp_path))
    assert found.startswith(str(tmp_path / name))
    assert [part for part in parts if part not in found] == [], found


def test_a_huge_table_is_refused_unread(tmp_path, monkeypatch):
    monkeypatch.setattr(_table, "_LIMIT", 3 * 1024**2)
    with (tmp_path / "t.csv").open("wb") as file:
        file.truncate(5 * 1024**2)
    spec = AnnualTable(reader="annual_table", path="t.csv")
    assert "has 5 MB and a table at most 3" in message(lambda: spec.read(NEEDS, tmp_path))


def write(folder, name, values, *, variable=None, dims=("time",), **time):
    with netCDF4.Dataset(folder / f"{name}.nc", "w") as dataset:
        values = np.asanyarray(values)
        for dim, size in zip(dims, values.shape, strict=True):
            dataset.createDimension(dim, size)
        kind = str if values.dtype.kind == "U" else "f8"
        made = dataset.createVariable(variable or name.split("_")[1], kind, dims)
        made[:] = values.astype(object) if kind is str else values
        if time:
            coordinate = dataset.createVariable("time", "f8", ("time",))
            coordinate[:] = time["time"]
            coordinate.units = time.get("units", "days since 1900-01-01")
            coordinate.calendar = time.get("calendar", "noleap")


NPP, SOIL = np.full(36, 0.0015), np.full(36, 15.0)
MIDDLE = np.cumsum(np.tile([31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31], 3)) - 15.0


def at(values, index, value):
    values = values.copy()
    values[index] = value
    return values


def truncate(path):
    data = path.read_bytes()
    path.write_bytes(data[: len(data) // 2])


def replace_by_folder(path):
    path.unlink()
    path.mkdir()


A = {"A": {"start": 1900}}
NETCDF = {
    "truncated": (
        lambda p: truncate(p / "A_npp.nc"),
        {},
        ["A_npp.nc: model 'A', variable 'npp': is not NetCDF, or not all of it"],
    ),
    "text": (
        lambda p: (p / "A_npp.nc").write_text("year,npp\n"),
        {},
        ["A_npp.nc: ", "is not NetCDF, or not all of it"],
    ),
    "zero bytes": (
        lambda p: (p / "A_npp.nc").write_bytes(b""),
        {},
        ["A_npp.nc: ", "is not NetCDF"],
    ),
    "folder": (
        lambda p: replace_by_folder(p / "A_npp.nc"),
        {},
        ["A_npp.nc: ", "is a folder; needed a NetCDF file of npp"],
    ),
    "missing file": (
        lambda p: (p / "A_npp.nc").unlink(),
        {},
        ["model 'A', driver 'npp': no variable is named like driver 'npp'", "A_{variable}.nc"],
    ),
    "missing file asked for": (
        lambda p: None,
        {"variables": {"npp": "nppp"}},
        ["model 'A', driver 'npp': no variable 'nppp'; did you mean 'npp'?"],
    ),
    "missing model": (
        lambda p: None,
        {"members": {"AA": {"start": 1900}}},
        ["forcing.members.AA: no file of model 'AA' fits '{model}_{variable}.nc'", "A"],
    ),
    "wrong variable": (
        lambda p: write(p, "A_npp", NPP, variable="gpp"),
        {},
        ["A_npp.nc: ", "holds gpp; needed npp: correct pattern: or the file"],
    ),
    "part of a year": (
        lambda p: write(p, "A_npp", NPP[:-1]),
        {},
        ["A_npp.nc: ", "has 35 months; needed whole years, January to December"],
    ),
    "no months": (lambda p: write(p, "A_npp", NPP[:0]), {}, ["has 0 months"]),
    "too short": (
        lambda p: write(p, "A_npp", NPP[:24]),
        {"years": (1900, 1902)},
        ["A_npp.nc: model 'A', variable 'npp': has 1900-1901; needed 1900-1902: correct years:"],
    ),
    "too late": (lambda p: None, {"years": (1899, 1902)}, ["has 1900-1902; needed 1899-1902"]),
    "nothing in common": (
        lambda p: write(p, "B_npp", NPP) or write(p, "B_cSoil", SOIL),
        {"members": {**A, "B": {"start": 1950}}},
        ["share fewer than two years", "A npp 1900-1902", "B npp 1950-1952"],
    ),
    "NaN": (
        lambda p: write(p, "A_npp", at(NPP, 14, np.nan)),
        {},
        ["A_npp.nc: model 'A', variable 'npp', 1901-03: is missing (NaN, or a fill value"],
    ),
    "fill value": (
        lambda p: write(p, "A_npp", np.ma.masked_greater(at(NPP, 14, 1.0), 0.9)),
        {},
        ["1901-03: is missing"],
    ),
    "fill value that is not said": (
        lambda p: write(p, "A_npp", at(NPP, 14, 1e20)),
        {},
        ["1901-03: is missing"],
    ),
    "infinite": (
        lambda p: write(p, "A_npp", at(NPP, 14, np.inf)),
        {},
        ["1901-03: is infinite; needed a number"],
    ),
    "negative stock": (
        lambda p: write(p, "A_cSoil", -SOIL),
        {},
        ["A_cSoil.nc: model 'A', variable 'cSoil', 1900-01: found -15; needed 0 or more"],
    ),
    "wrong sign": (
        lambda p: write(p, "A_npp", -NPP),
        {},
        ["variable 'npp', year 1900: found -4", "needed a positive", "into the land"],
    ),
    "text values": (
        lambda p: write(p, "A_npp", np.full(36, "x")),
        {},
        ["A_npp.nc: ", "needed numbers"],
    ),
    "a map": (
        lambda p: write(p, "A_npp", np.ones((36, 2)), dims=("time", "cell")),
        {},
        ["has shape (36, 2) over (time, cell); needed one value a month: average over"],
    ),
    "no area": (
        lambda p: None,
        {"area": None},
        ["'kg C m-2' cannot become 'Pg C'; a total is needed: multiply by the area; say area:"],
    ),
    "wrong unit": (
        lambda p: None,
        {"units": {"npp": "kg C m-2", "c_soil_model": "kg C m-2"}},
        ["variable 'npp': 'kg C m-2' cannot become 'Pg C yr-1'; a rate is needed"],
    ),
    "no unit": (
        lambda p: None,
        {"units": {"npp": "kg C m-2 d-1"}},
        ["A_cSoil.nc: ", "no units for cSoil: say units: {c_soil_model: UNIT}"],
    ),
    "unit of nothing": (
        lambda p: None,
        {"members": {"A": {"start": 1900, "units": {"rn": "K"}}}},
        ["forcing.members.A.units.rn: the kernel has no driver 'rn'"],
    ),
    "no start": (
        lambda p: None,
        {"members": {"A": {}}},
        ["forcing.members.A: the files have no time coordinate; say start: YEAR"],
    ),
    "another start": (
        lambda p: write(p, "A_npp", NPP, time=MIDDLE),
        {"members": {"A": {"start": 1901}}},
        ["A_npp.nc: ", "begins in 1900 and the scenario says start: 1901; leave it out"],
    ),
    "a month left out": (
        lambda p: write(p, "A_npp", NPP[:24], time=np.delete(MIDDLE, range(5, 17))),
        {},
        ["A_npp.nc: ", "1900-05 is followed by 1901-06; 12 missing"],
    ),
    "begins in July": (
        lambda p: write(p, "A_npp", NPP[:24], time=MIDDLE[6:30]),
        {},
        ["begins with 1900-07; needed whole years: leave out what is before 1901"],
    ),
    "time without units": (
        lambda p: write(p, "A_npp", NPP, time=MIDDLE, units="days"),
        {},
        ["has a time coordinate that cannot be read (units 'days'); write CF time"],
    ),
    "unknown calendar": (
        lambda p: write(p, "A_npp", NPP, time=MIDDLE, calendar="lunar"),
        {},
        ["has calendar 'lunar'; needed 360_day"],
    ),
    "another calendar": (
        lambda p: write(p, "A_npp", NPP, time=np.arange(36) * 30 + 15.0, calendar="360_day"),
        {},
        ["has calendar 360_day and the scenario equal; say calendar: 360_day"],
    ),
}


@pytest.mark.parametrize("case", NETCDF)
def test_a_malformed_netcdf_is_refused(tmp_path, case):
    spoil, words, parts = NETCDF[case]
    write(tmp_path, "A_npp", NPP)
    write(tmp_path, "A_cSoil", SOIL)
    spoil(tmp_path)
    units = {"npp": "kg C m-2 d-1", "c_soil_model": "kg C m-2"}
    words = {"members": A, "units": units, "area": 8.5e13, "steps": "months", **words}
    spec = GlobalMeans(reader="global_means", path=".", pattern="{model}_{variable}.nc", **words)
    found = message(lambda: spec.read(NEEDS, tmp_path))
    assert [part for part in parts if part not in found] == [], found
    assert re.search(r"\n\n|None", found) is None


def test_no_folder_and_a_file_in_its_place(tmp_path):
    (tmp_path / "file").touch()
    for path, text in (("none", "no such folder"), ("file", "is a file")):
        spec = GlobalMeans(
            reader="global_means", path=path, pattern="{model}_{variable}.nc", members=A
        )
        assert text in message(lambda spec=spec: spec.read(NEEDS, tmp_path))


def test_a_driver_that_is_not_annual_is_refused(tmp_path):
    (tmp_path / "t.csv").write_text(table(*GOOD))
    needs = (Variable("npp", "Pg C yr-1", "", dims=("time", "layer")),)
    spec = AnnualTable(reader="annual_table", path="t.csv")
    text = "driver 'npp' has dimensions (time, layer) and this reader gives (time)"
    assert text in message(lambda: spec.read(needs, tmp_path))
