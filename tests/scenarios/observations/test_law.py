"""The law of readers, of observations: no malformed file becomes other numbers.

Traps and judgement are those of the forcing readers (``tests/forcing_law``), made of what a reader
declares; its example is ``tests/observation_examples/<reader>.py``.
"""

import forcing_law.netcdf_traps
import forcing_law.table_traps  # noqa: F401
import numpy as np
import pytest
from forcing_law.law import Law

from scenarios import observations
from scenarios.observations import (
    ClassMap,
    GridMap,
    GridMaps,
    LatitudeSeries,
    SiteRecords,
    YearSeries,
)
from scenarios.units import factor


def read(reader, example, folder):
    """Return what a reader makes of the files in a folder."""
    words = {"reader": reader, **example.words}
    return [observations.get(reader).model_validate(words).read(folder)]


LIKE = ("g C m-2 d-1", "g C m-2 yr-1", "Pg C yr-1", "Pg C", "kg C m-2")
"""Units of what examples hold; values are compared in the first that they can be in."""


def scale(unit):
    """Return what values are multiplied by to be in the first unit that they can be in."""
    for like in LIKE:
        try:
            return factor(unit, like)
        except ValueError:
            continue
    return 1.0


def numbers(found):
    """Return every number of observations, whatever the order of their files."""
    (one,) = found
    return {key: np.asarray(values, dtype=np.float64) for key, values in parts(one).items()}


def parts(one):
    by = scale(one.units)
    if isinstance(one, SiteRecords):
        texts = [np.unique(one.study, return_inverse=True)[1]]
        held = [one.values * by, one.lat, one.lon % 360.0, one.year, one.month, one.day]
        order = np.lexsort((*reversed(held), *texts))
        names = ("values", "lat", "lon", "year", "month", "day")
        return {(n,): values[order] for n, values in zip(names, held, strict=True)} | {
            ("study", *sorted(set(one.study.tolist()))): np.ones(1)
        }
    if isinstance(one, YearSeries):
        return {
            (name, member): np.where(np.isfinite(row), row * by, np.nan)
            for name, member, row in zip(one.names, one.realisations, one.values, strict=True)
        } | {("years",): one.years}
    if isinstance(one, LatitudeSeries):
        return {("values",): one.values * by, ("latitude",): one.latitude}
    if isinstance(one, GridMaps):
        return {(n, *key): v for n, m in one.maps.items() for key, v in parts(m).items()}
    lat, lon = np.argsort(one.grid.lat), np.argsort(one.grid.lon % 360.0)
    held = {("lat",): one.grid.lat[lat], ("lon",): (one.grid.lon % 360.0)[lon]}
    if isinstance(one, ClassMap):
        codes = one.codes[np.ix_(lat, lon)]
        return held | {("codes",): np.where(codes < 0, np.nan, codes)}
    assert isinstance(one, GridMap)
    held |= {("values",): by * one.values[..., lat[:, None], lon]}
    land = one.land_area
    if land is None:
        return held
    return held | {("land",): np.where(land > 0, land, np.nan)[np.ix_(lat, lon)]}


OTHERWISE = {
    ("netcdf_map", "units_of_another_dimension"): "values keep their unit: who compares converts",
    ("netcdf_map", "a_year_less_of_one_file"): "one file alone has years; provenance says which",
}
"""Traps that are none to a reader, and why."""

LAW = Law(observations.OBSERVATIONS, "observation_examples", read, numbers)


@pytest.mark.parametrize("reader", LAW.covered)
def test_every_reader_says_what_it_reads_and_gives(reader):
    LAW.says_what_it_reads(reader)
    assert issubclass(observations.get(reader).gives, observations.Observations)


@pytest.mark.parametrize("reader", LAW.covered)
def test_every_reader_has_an_example_that_it_reads(reader, tmp_path_factory):
    LAW.reads_its_example(reader, tmp_path_factory)
    (found,) = LAW.folder_of(reader, tmp_path_factory)[1]
    assert isinstance(found, observations.get(reader).gives)
    assert all(count > 0 for count in found.left_out.values())
    assert found.provenance["reader"] == reader


@pytest.mark.parametrize("reader", LAW.covered)
def test_what_a_file_says_of_units_is_in_the_example_for_traps_to_break(reader, tmp_path_factory):
    assert not LAW.silent_of_units(reader, tmp_path_factory)


@pytest.mark.parametrize(("reader", "trap"), LAW.pairs())
def test_no_malformed_file_becomes_other_numbers(reader, trap, tmp_path, tmp_path_factory):
    if (reader, trap) in OTHERWISE:
        pytest.skip(OTHERWISE[reader, trap])
    wrong, count = LAW.broken_by(reader, trap, tmp_path_factory, tmp_path)
    assert not wrong, "\n".join(wrong)
    if not count:
        pytest.skip("nothing of the kind in these files")
