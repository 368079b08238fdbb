"""Records as one location: their number is what a kernel knows the table by."""

import numpy as np
import pytest
from commandline import soilsweep
from forcing_law.examples.training_records import EXAMPLE

from kernels.forest.shared.predictors import NUMBERS, RECORDS
from scenarios import ScenarioError, forcing

READERS = ({"reader": "training_records", "path": "t.csv"}, {"reader": "synthetic_records"})


def read(folder, words, needs=(RECORDS,)):
    EXAMPLE.write(folder)
    spec = forcing.READERS.get(words["reader"]).Spec(**words, pooled=True)
    (found,) = spec.read(list(needs), folder)
    return found


@pytest.mark.parametrize(("words", "count"), [(READERS[0], 6), (READERS[1], 320)])
def test_the_location_is_all_records_and_its_driver_their_number(tmp_path, words, count):
    found = read(tmp_path, words)
    assert found.locations.names == ("all records",)
    assert not found.locations.columns
    np.testing.assert_array_equal(found.drivers["records"], [count])
    assert found.provenance["reader"] == words["reader"]
    assert bool(found.synthetic) == (words["reader"] == "synthetic_records")


@pytest.mark.parametrize("words", READERS)
def test_what_each_record_has_of_its_own_is_refused(tmp_path, words):
    with pytest.raises(ScenarioError) as refused:
        read(tmp_path, words, (RECORDS, NUMBERS[0]))
    assert "pooled: true has no mat, of which each record has its own" in str(refused.value)


def test_some_records_are_not_all(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    EXAMPLE.write(tmp_path)
    said = soilsweep(
        "validate", "forest-importance",
        "--set", "forcing={reader: training_records, path: t.csv, pooled: true, records: ['2']}",
    )  # fmt: skip
    assert said.code == 2
    assert "pooled: true is of all records; leave records out" in said.err
