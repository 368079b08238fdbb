"""The law of readers: each says what it reads, and no malformed file becomes other numbers.

For every reader there is an example (``forcing_law/examples/<reader>.py``), and for every kind
of malformation a trap (``forcing_law/table_traps.py``, ``netcdf_traps.py``) that is made of what
the reader declares. After a change that leaves the meaning alone the arrays are the same, or the
file is refused in words; after one that destroys it, the file is refused, naming the file, the
column or variable and the line, or the value is gone and the provenance says so. Never other
numbers in silence, never a traceback, never words of a library.
"""

import dataclasses

import forcing_law.netcdf_traps
import forcing_law.table_traps  # noqa: F401
import pytest
from forcing_law.example import read
from forcing_law.judging import of_forcings
from forcing_law.law import Law
from forcing_law.not_yet import NOT_YET

from scenarios import forcing

LAW = Law(forcing.READERS, "forcing_law.examples", read, of_forcings)


@pytest.mark.parametrize("reader", LAW.covered)
def test_every_reader_says_what_it_reads(reader):
    LAW.says_what_it_reads(reader)


@pytest.mark.parametrize("reader", LAW.covered)
def test_every_reader_has_an_example_that_it_reads(reader, tmp_path_factory):
    """And every file that provenance names is one that the reader declares."""
    LAW.reads_its_example(reader, tmp_path_factory)


def lists(reader):
    """Return the word that lists locations; nothing where there is none, or no reader yet."""
    return getattr(getattr(LAW.plugins.get(reader), "Spec", None), "lists", "")


@pytest.mark.parametrize("reader", list(filter(lists, LAW.covered)))
def test_locations_may_be_listed_by_their_names(reader, tmp_path_factory):
    folder, made = LAW.folder_of(reader, tmp_path_factory)
    names, example = made[0].locations.names, LAW.example_of(reader)
    assert len(names) > 1
    words = {**example.words, lists(reader): list(names[1:])}
    again = read(reader, dataclasses.replace(example, words=words), folder)
    assert again[0].locations.names == names[1:]


def may_be_invented(reader):
    """Return whether a reader takes a label of what is made up."""
    spec = getattr(LAW.plugins.get(reader), "Spec", None)
    return "invented" in getattr(spec, "model_fields", ())


@pytest.mark.parametrize("reader", list(filter(may_be_invented, LAW.covered)))
def test_what_is_made_up_has_its_label_and_no_other(reader, tmp_path_factory):
    folder, made = LAW.folder_of(reader, tmp_path_factory)
    example = LAW.example_of(reader)
    words = {**example.words, "invented": "invented by hand"}
    again = read(reader, dataclasses.replace(example, words=words), folder)
    assert {one.synthetic for one in again} == {"invented by hand"}
    assert {one.synthetic for one in made} == {""}


@pytest.mark.parametrize("reader", LAW.covered)
def test_what_a_file_says_of_units_is_in_the_example_for_traps_to_break(reader, tmp_path_factory):
    """Else no trap would change a unit, and the law would say nothing of them without a word."""
    silent = LAW.silent_of_units(reader, tmp_path_factory)
    assert not silent, (
        f"no unit found of every quantity in {silent}: write it into the example, 'NAME "
        "[UNIT]' in a header or as the attribute 'units', or declare said='layout' if the layout "
        "alone says it"
    )


LARGE = (
    "predictor_grid",
    "soil_profiles",
    "seasonal_climatology",
    "testbed_means",
    "testbed_seasons",
)
"""Readers whose files take long to be read, again and again: CI tries them."""


def every_pair():
    """Yield every reader with every trap that its files may hold."""
    for reader, trap in LAW.pairs():
        marks = [pytest.mark.slow] if reader in LARGE else []
        yield pytest.param(reader, trap, id=f"{reader}-{trap}", marks=marks)


@pytest.mark.parametrize(("reader", "trap"), list(every_pair()))
def test_no_malformed_file_becomes_other_numbers(reader, trap, tmp_path, tmp_path_factory):
    wrong, count = LAW.broken_by(reader, trap, tmp_path_factory, tmp_path)
    if (reader, trap) in NOT_YET:
        assert wrong, f"{reader} obeys {trap}: take it out of NOT_YET"
        pytest.xfail(NOT_YET[reader, trap])
    assert not wrong, "\n".join(wrong)
    if not count:
        pytest.skip("nothing of the kind in these files")


def test_what_is_not_obeyed_yet_is_among_the_pairs():
    assert NOT_YET.keys() <= set(LAW.pairs())
