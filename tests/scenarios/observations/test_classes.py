"""Classes of cells: climates in a workbook, land cover in a table."""

import numpy as np
import pytest
from observation_examples.koeppen_classes import ROWS
from observation_examples.land_classes import CELLS, MAPPING
from support import DATA, needs_data
from workbooks import workbook

from scenarios import ScenarioError
from scenarios.observations import get


def koeppen(folder, rows=ROWS, **words):
    (folder / "a.xlsx").write_bytes(workbook(rows))
    words = {"reader": "koeppen_classes", "path": "a.xlsx", **words}
    return get("koeppen_classes").model_validate(words).read(folder)


def named(found):
    return [[found.names.get(code, "") for code in row] for row in found.codes.tolist()]


def test_climates_are_regions_on_a_grid(tmp_path):
    found = koeppen(tmp_path)
    assert named(found) == [["boreal", "tropical"], ["", "mediterranean"]]
    np.testing.assert_array_equal(found.grid.lat, [60.25, 60.75])
    by_class = koeppen(tmp_path, by="class")
    assert named(by_class) == [["dfb", "as"], ["", "csb"]]
    assert by_class.meanings[0] == "As"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([*ROWS, (60.25, 10.25, "Dfb")], "cell 60.25, 10.25 is there 2 times"),
        ([*ROWS, (61.25, 10.25, "Dxx")], "row 5, column 'ClimateTypes': 'Dxx' is no class"),
        ([*ROWS, (61.6, 10.25, "Dfb")], "latitudes are 0.5 apart and 61.6 is between two"),
        ([*ROWS, (61.25, "", "Dfb")], "row 5: is empty; needed degrees"),
        ([*ROWS, (161.25, 10.25, "Dfb")], "found a cell at 161.25, 10.25"),
        ([("Latitude", "Longitude", "Class"), *ROWS[1:]], "no column 'ClimateTypes', or two"),
        ([(*ROWS[0], ""), *((*row, 7) for row in ROWS[1:])], "row 2 has 4 cells; needed 3"),
        (ROWS[:1], "holds no rows"),
    ],
)
def test_what_is_wrong_in_a_workbook_is_said_with_its_row(tmp_path, rows, said):
    rows = [row if row[-1] != "" or i else row[:-1] for i, row in enumerate(rows)]
    with pytest.raises(ScenarioError) as refused:
        koeppen(tmp_path, rows)
    assert said in str(refused.value)


@pytest.mark.parametrize("data", [b"Latitude,Longitude\n1,2\n", b"", workbook(ROWS)[:300]])
def test_what_is_no_workbook_is_refused(tmp_path, data):
    (tmp_path / "a.xlsx").write_bytes(data)
    words = {"reader": "koeppen_classes", "path": "a.xlsx"}
    with pytest.raises(ScenarioError, match="no workbook"):
        get("koeppen_classes").model_validate(words).read(tmp_path)


def land(folder, cells=CELLS, mapping=MAPPING, **words):
    (folder / "cells.csv").write_text(cells)
    (folder / "mapping.csv").write_text(mapping)
    words = {"reader": "land_classes", "path": "cells.csv", "mapping": "mapping.csv", **words}
    return get("land_classes").model_validate(words).read(folder)


def test_codes_without_a_meaning_are_told_and_cells_without_one_are_counted(tmp_path):
    found = land(tmp_path)
    expected = [["igbp_1", "igbp_17", "igbp_0"], ["igbp_16", "", ""]]
    assert named(found) == expected
    assert found.left_out == {"without a class": 1}
    assert found.notes == ("code 17 is not in mapping.csv: 1 cells",)
    assert found.meanings == {0: "WAT", 1: "ENF", 16: "BSV", 17: "not in the mapping"}
    assert named(land(tmp_path, by="group")) == [["ef", "igbp_17", "wat"], ["bsv", "", ""]]


@needs_data
@pytest.mark.slow
def test_cells_of_climates_are_as_many_as_the_specification_says():
    """Section 4 of the specification."""
    words = {"reader": "koeppen_classes", "path": "gridded_0p5deg/KoeppenGeigerASCII.xlsx"}
    found = get("koeppen_classes").model_validate(words).read(DATA)
    counts = {name: int((found.codes == code).sum()) for code, name in found.names.items()}
    assert counts == {
        "tropical": 11_048, "arid": 15_770, "temperate": 7_727, "mediterranean": 1_918,
        "boreal": 20_785, "arctic": 35_491,
    }  # fmt: skip


@needs_data
@pytest.mark.slow
def test_code_17_of_the_published_table_is_not_in_its_mapping():
    folder = "gridded_0p5deg"
    words = {"path": f"{folder}/derived_predictors_0p5deg.csv.gz"}
    words |= {"reader": "land_classes", "mapping": f"{folder}/igbp_mapping.csv"}
    found = get("land_classes").model_validate(words).read(DATA)
    assert int((found.codes >= 0).sum()) == 85_794
    assert found.notes[0].endswith("1,895 cells")
