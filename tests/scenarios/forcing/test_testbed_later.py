"""Many daily files of the testbed: a plan reads headers and twelve days, a run all of them once."""

import os

import numpy as np
import pytest
import small_testbed as small
from forcing_law.examples.testbed import EXAMPLE
from support import run

from ensemble.errors import PlanError
from ensemble.store.reading import read as read_store
from scenarios import ScenarioError
from scenarios.forcing import Filed, Made, sources, testbed
from scenarios.forcing.testbed import DAILY, DAYS, LOOKED_AT, Spec, looked_at
from scenarios.forcing.testbed_files.met import RULES, MetFile

YEARS = 3
FILES = {"grid": "grid.csv", "soil": "soil.csv", "years": [1901, 1903]}
SEEN, UNSEEN = looked_at(YEARS)[5], looked_at(YEARS)[5] + 1
assert SEEN // DAYS == 1


def read(folder, **words):
    (found,) = Spec(reader="testbed", **{**FILES, **words}).read(EXAMPLE.needs, folder)
    return found


def refused(act):
    with pytest.raises(ScenarioError) as error:
        act()
    return str(error.value)


def broken(day, name="gpp", value=-1.0):
    """Return a change of cell 3 on a day of all, from 0, which is of the second year."""
    return small.broken(name, 3, day - DAYS + 1, value)


@pytest.fixture
def folder(tmp_path):
    small.tables(tmp_path)
    small.met(tmp_path, YEARS)
    return tmp_path


@pytest.fixture
def many(monkeypatch):
    """Let no files be few."""
    monkeypatch.setattr(testbed, "FEW_BYTES", 0)


@pytest.fixture
def counted(monkeypatch):
    """Return the days of variables that are read from files, one for each time."""
    days, whole = [], MetFile._unpacked

    def unpacked(self, name, which):
        found = whole(self, name, which)
        days.extend([(self.path.name, name)] * len(found))
        return found

    monkeypatch.setattr(MetFile, "_unpacked", unpacked)
    return days


def test_a_plan_reads_twelve_days_and_a_store_every_day_once(folder, many, counted):
    found = read(folder)
    assert len(counted) == LOOKED_AT * len(RULES)
    assert all(isinstance(found.drivers[name], Made) for name in DAILY)
    (source,) = sources(found.drivers)
    counted.clear()
    assert sum(1 for _ in source.slabs()) == YEARS
    assert len(counted) == YEARS * DAYS * len(RULES)


def test_days_are_of_the_first_year_the_last_and_every_season():
    for years in (1, 2, 3, 110):
        days = looked_at(years)
        assert len(days) == LOOKED_AT
        assert (np.diff(days) > 0).all()
        assert {0, years - 1} <= set(days // DAYS)
        assert np.diff(np.sort(days % DAYS)).max() <= DAYS // LOOKED_AT + 1
        assert days[-1] < DAYS * years


@pytest.mark.parametrize("words", [{}, {"precision": "float32", "cells": [3, 5]}])
def test_values_are_those_of_files_that_are_read_at_once(folder, words, monkeypatch):
    whole = read(folder, **words)
    monkeypatch.setattr(testbed, "FEW_BYTES", 0)
    later = read(folder, **words)
    assert later.provenance == whole.provenance
    assert (later.locations.names, whole.recipe) == (whole.locations.names, "")
    for name, expected in whole.drivers.items():
        driver = later.drivers[name]
        assert (driver.shape, driver.dtype) == (expected.shape, expected.dtype)
        assert np.asarray(driver).tobytes() == expected.tobytes()
        assert driver[[1, 0]].tobytes() == expected[[1, 0]].tobytes()
    (source,) = sources(later.drivers)
    for name, values in source.looked_at.items():
        assert values.tobytes() == whole.drivers[name][:, source.at].tobytes()


def test_what_is_wrong_on_a_day_that_is_looked_at_is_told_at_once(folder, many):
    small.met(folder, YEARS, change=broken(SEEN))
    text = refused(lambda: read(folder))
    assert f"cell 3 (30, 0), 1902 day {SEEN - DAYS + 1}: found -1" in text


def test_what_is_wrong_on_another_is_told_when_it_is_read(folder, many, monkeypatch):
    small.met(folder, YEARS, change=broken(UNSEEN))
    found = read(folder)
    later = refused(lambda: np.asarray(found.drivers["gpp"]))
    assert f"cell 3 (30, 0), 1902 day {UNSEEN - DAYS + 1}: found -1" in later
    monkeypatch.undo()
    assert later == refused(lambda: read(folder))


def test_what_is_wrong_with_a_file_is_told_at_once(folder, many):
    (folder / "met_1902_1902.nc").unlink()
    assert "met_1902_1902.nc" in refused(lambda: read(folder))


def test_flags_are_of_what_was_read(folder, many):
    small.met(folder, YEARS, change=small.broken("liquid", 3, UNSEEN - DAYS + 1, 0.6, layer=2))
    found = read(folder)
    assert found.provenance["flags"] == []
    np.asarray(found.drivers["gpp"])
    (flag,) = found.provenance["flags"]
    assert f"cell 3 (30, 0), 1902 day {UNSEEN - DAYS + 1}, layer 2" in flag


def test_a_recipe_is_of_the_time_of_files_too(folder, many):
    one = read(folder)
    assert read(folder).recipe == one.recipe
    os.utime(folder / "met_1902_1902.nc")
    assert read(folder).recipe != one.recipe


TEXT = """
version: 1
name: daily
kernel: {chain: [casa_vegetation], start: steady, cycle: 1}
forcing: {reader: testbed, grid: grid.csv, soil: soil.csv, years: [1901, 1903]}
design: {method: grid, parameters: {x_sla: [0.9, 1.1]}}
outputs: {litter_met: last}
"""


def files(path):
    return {
        str(file.relative_to(path)): file.read_bytes()
        for file in sorted(path.rglob("c*"))
        if file.is_file() and "journal" not in file.parts
    }


def test_a_store_is_that_of_files_that_are_read_at_once(folder, monkeypatch):
    _, whole = run(folder, text=TEXT, store="whole.zarr")
    monkeypatch.setattr(testbed, "FEW_BYTES", 0)
    planned, later = run(folder, text=TEXT, store="later.zarr")
    assert isinstance(sources(planned.experiment.drivers[0])[0], Filed)
    assert files(later.path) == files(whole.path)
    made, known = (read_store(one.path).attrs["identity"]["forcings"] for one in (later, whole))
    assert made == known


def test_a_store_is_gone_on_with_where_files_are_the_same(folder, many, counted):
    run(folder, text=TEXT)
    counted.clear()
    assert run(folder, text=TEXT)[1].ran == 0
    assert len(counted) == LOOKED_AT * len(RULES)
    # Of another time: compared, value by value.
    os.utime(folder / "met_1902_1902.nc")
    counted.clear()
    assert run(folder, text=TEXT)[1].ran == 0
    assert len(counted) == (LOOKED_AT + YEARS * DAYS) * len(RULES)
    small.met(folder, YEARS, change=broken(UNSEEN, value=1.5))
    with pytest.raises(PlanError, match="forcing: testbed"):
        run(folder, text=TEXT)


def test_a_run_of_wrong_values_is_refused_and_leaves_nothing(folder, many):
    small.met(folder, YEARS, change=broken(UNSEEN))
    before = {path.name for path in folder.iterdir()}
    text = refused(lambda: run(folder, text=TEXT))
    assert "1902 day" in text
    assert {path.name for path in folder.iterdir()} - before == {"small.yaml"}
