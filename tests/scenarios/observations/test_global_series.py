"""Annual values of the globe, with and without a header."""

import numpy as np
import pytest
from support import DATA, needs_data

from scenarios import ScenarioError
from scenarios.observations import get

BARE = "#DataThief\n2001, 50.5\n2000, 51\n2002, 52.25\n"


def read(folder, text=BARE, **words):
    (folder / "rh.txt").write_text(text)
    words = {"path": "rh.txt", "units": "Pg C yr-1", **words}
    return get("global_series").model_validate({"reader": "global_series", **words}).read(folder)


def test_a_file_without_a_header_is_read_by_year(tmp_path):
    found = read(tmp_path, interval=2.24)
    np.testing.assert_array_equal(found.years, [2000, 2001, 2002])
    np.testing.assert_array_equal(found.values, [[51.0, 50.5, 52.25]])
    assert (found.names, found.units, found.interval) == (("rh",), "Pg C yr-1", 2.24)
    assert found.provenance["files"][0]["name"] == "rh.txt"


def test_a_header_names_columns_and_units(tmp_path):
    text = "rh [g yr-1],year\n51e15,2000\n50e15,2001\n"
    found = read(tmp_path, text, value="rh", units="", name="Hashimoto")
    assert (found.names, found.units) == (("Hashimoto",), "g yr-1")
    np.testing.assert_array_equal(found.values, [[51e15, 50e15]])


@pytest.mark.parametrize(
    ("text", "words", "said"),
    [
        (BARE, {"units": ""}, "no unit; say units:, such as 'Pg C yr-1'"),
        (BARE, {"units": "g C m-2 yr-1"}, "cannot become 'Pg C yr-1'"),
        ("51, 2000\n52, 2001\n", {}, "rh.txt:1: column 'year': found '51'; needed a year, 1000"),
        ("51.02, 2000\n", {}, "rh.txt:1: column 'year': found '51.02'; needed a year"),
        ("2000, 51, 3\n", {}, "no header and 3 columns; needed year,value, or a header"),
        ("2000, 51\n2000, 52\n", {}, "rh.txt:2: column 'year': 2000 is there again, first in line"),
        ("2000, NA\n", {}, "rh.txt:1: column 'value': is missing ('NA'); needed a number"),
        ("year,rh\n2000, 51\n", {}, "no column 'value'"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path, text, words, said):
    with pytest.raises(ScenarioError) as refused:
        read(tmp_path, text, **words)
    assert said in str(refused.value)


@needs_data
def test_the_published_series_have_the_means_of_the_specification():
    """Table T1c of the specification."""
    for file, first, mean in (
        ("hashimoto2015_rh.txt", (1990, 2012, 51.511609), 51.465629),
        ("tang2020_rh.txt", (1980, 2016, 57.210954), 57.177876),
    ):
        words = {"reader": "global_series", "path": f"benchmarks/{file}", "units": "Pg C yr-1"}
        found = get("global_series").model_validate(words).read(DATA)
        assert (found.years[0], found.years[-1]) == first[:2]
        assert found.means()[0] == pytest.approx([first[2]], abs=5e-7)
        assert found.within(1990, 2010).means()[0] == pytest.approx([mean], abs=5e-7)
