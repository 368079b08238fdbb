"""The location table: joined by name, words left out, every fault told with its line."""

import numpy as np
import pytest

from scenarios import ScenarioError
from scenarios.forcing import Locations
from scenarios.locations import join
from scenarios.sections import LocationTable

THREE = Locations(("a", "b", "c"), {"lat": np.array([1.0, 2.0, 3.0])})


def joined(tmp_path, text, locations=THREE, taken=(), **words):
    (tmp_path / "l.csv").write_text(text)
    return join(locations, LocationTable(table="l.csv", **words), tmp_path, taken)


def faults(tmp_path, text, **words):
    with pytest.raises(ScenarioError) as caught:
        joined(tmp_path, text, **words)
    return [(p.line, p.where, p.text) for p in caught.value.problems]


def test_columns_are_in_the_order_of_the_locations(tmp_path):
    found = joined(tmp_path, "location,tau\nc,3\nunused,9\na,1e0\nb,2\n")
    assert found.names == ("a", "b", "c")
    np.testing.assert_array_equal(found.columns["tau"], [1, 2, 3])
    np.testing.assert_array_equal(found.columns["lat"], [1, 2, 3])


def test_columns_of_words_are_labels_and_left_out(tmp_path):
    text = "location,biome,plant type (PFT),tau\na,tundra,C3,1\nb,boreal forest,C4,2\nc,desert,,3\n"
    found = joined(tmp_path, text.replace("desert,,", "desert,none at all,"))
    assert set(found.columns) == {"lat", "tau"}


def test_comments_blank_lines_and_spaces_are_passed_over(tmp_path):
    found = joined(tmp_path, "# biomes\n\nlocation, tau\na, 1\n# b is uncertain\nb , 2\n\nc,3\n")
    np.testing.assert_array_equal(found.columns["tau"], [1, 2, 3])


def test_the_column_of_names_may_be_called_otherwise(tmp_path):
    found = joined(tmp_path, "biome,tau\na,1\nb,2\nc,3\n", key="biome")
    assert set(found.columns) == {"lat", "tau"}


def test_all_faults_are_told_with_their_lines(tmp_path):
    text = "location,tau,area\na,1,5\nb,nan,x\nc,,inf\n"
    assert [(line, where) for line, where, _ in faults(tmp_path, text)] == [
        (3, "column 'tau', location 'b'"),
        (4, "column 'tau', location 'c'"),
        (3, "column 'area', location 'b'"),
        (4, "column 'area', location 'c'"),
    ]


@pytest.mark.parametrize("name", ["status", "time", "journal", "c_soil", "../up", "a b", "1st"])
def test_a_name_that_the_store_cannot_give_is_refused(tmp_path, name):
    ((line, where, _),) = faults(tmp_path, f"location,{name}\na,1\nb,2\nc,3\n", taken=("c_soil",))
    assert (line, where) == (1, f"column {name!r}")


def test_many_missing_locations_are_counted(tmp_path):
    many = Locations(tuple(f"cell{k}" for k in range(1000)))
    ((_, _, text),) = faults(tmp_path, "location,tau\nx,1\n", locations=many)
    assert (
        "'cell4' and 995 more (SOILSWEEP_ALL=1 lists them); the table has 'x'; add one each" in text
    )


def test_places_have_units_and_spellings(tmp_path):
    found = joined(tmp_path, "location,Longitude,area [km2]\na,350,25\nb,-10,30\nc,0,35\n")
    np.testing.assert_array_equal(found.columns["lon"], [350, -10, 0])
    np.testing.assert_allclose(found.columns["area"], [25e6, 30e6, 35e6], rtol=1e-12)


@pytest.mark.parametrize(
    ("header", "cell", "line", "said"),
    [
        ("area", "25", 1, "no unit is given and 25 could be m2 or km2; say which in the header"),
        ("lat", "95", 2, "found 95; needed degrees north"),
        ("tau", "-9999", 2, "'-9999' looks like a fill value"),
        ("tau", "3_0", 2, "'3_0' is not a number"),
    ],
)
def test_places_and_cells_that_cannot_be(tmp_path, header, cell, line, said):
    one = Locations(("a",), {})
    ((found, _, text),) = faults(tmp_path, f"location,{header}\na,{cell}\n", locations=one)
    assert (found, said in text) == (line, True)


def test_row_numbers_are_no_column_of_the_store(tmp_path):
    found = joined(tmp_path, '"",location,tau\n1,a,1\n2,b,2\n3,c,3\n')
    assert set(found.columns) == {"lat", "tau"}


@pytest.mark.parametrize(
    ("data", "said"),
    [
        ("location,tau\na,1\n".encode("utf-16"), "is UTF-16 ('Unicode text'); needed UTF-8"),
        (b"location;tau\na;1,5\n", "needed commas, found ';'"),
        (
            b'"location","tau"\n"1","a",1\n"2","b",2\n',
            "every row 3 cells, the first '1': row names",
        ),
        (b'"location" "tau"\n"1" "a" 1\n"2" "b" 2\n', "has blanks between its columns"),
        (b"location tau\na 1\nb 2\n", "needed commas: is it from R? write it with write.csv(x, "),
    ],
)
def test_text_of_another_kind_is_said_once(tmp_path, data, said):
    (tmp_path / "l.csv").write_bytes(data)
    with pytest.raises(ScenarioError) as caught:
        join(THREE, LocationTable(table="l.csv"), tmp_path)
    (problem,) = caught.value.problems
    assert said in problem.text
