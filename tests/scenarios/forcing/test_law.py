"""The law of readers: each says what it reads, and no malformed file becomes other numbers.

For every reader there is an example (``forcing_law/examples/<reader>.py``), and for every kind
of malformation a trap (``forcing_law/table_traps.py``, ``netcdf_traps.py``) that is made of what
the reader declares. After a change that leaves the meaning alone the arrays are the same, or the
file is refused in words; after one that destroys it, the file is refused, naming the file, the
column or variable and the line, or the value is gone and the provenance says so. Never other
numbers in silence, never a traceback, never words of a library.
"""

import shutil

import forcing_law.netcdf_traps
import forcing_law.table_traps  # noqa: F401
import pytest
from covered import covered
from forcing_law import netcdf, tables
from forcing_law.example import example_of, has_example, read
from forcing_law.judging import named, numbers, outcome
from forcing_law.not_yet import NOT_YET
from forcing_law.trap import TRAPS

from scenarios import forcing

_MADE = {}
COVERED = covered(forcing.READERS)


def folder_of(reader, factory):
    """Return the folder of a reader's good files, and what it reads there; made once."""
    if reader not in _MADE:
        folder = factory.mktemp(reader)
        example = example_of(reader)
        example.write(folder)
        _MADE[reader] = folder, read(reader, example, folder)
    return _MADE[reader]


def broken(reader, name, folder):
    """Yield what a trap does to a reader's example in a folder, and what may become of it."""
    example = example_of(reader)
    for one in forcing.get(reader).reads:
        if trap := TRAPS[name].get(one.format):
            for change in trap.breaks(folder, one, example):
                yield change, trap.may | change.may


def pairs():
    """Return readers and traps that go together: the reader declares files of the format."""
    return [
        (reader, name)
        for reader in COVERED
        for name, formats in TRAPS.items()
        if has_example(reader) and any(one.format in formats for one in reads(reader))
    ]


def reads(reader):
    """Return what a reader declares; nothing where it does not, or is no reader yet."""
    return getattr(getattr(forcing.READERS.get(reader), "Spec", None), "reads", ())


@pytest.mark.parametrize("reader", COVERED)
def test_every_reader_says_what_it_reads(reader):
    assert hasattr(forcing.READERS.get(reader), "Spec"), f"{reader} has no Spec: it is no reader"
    where = "scenarios/forcing/common/declared.py says how"
    assert "reads" in dir(forcing.get(reader)), f"{reader} declares nothing as `reads`: {where}"
    for one in forcing.get(reader).reads:
        assert one.holds
        assert one.missing
        assert one.quantities
        assert len({q.name for q in one.quantities}) == len(one.quantities)
        for quantity in one.quantities:
            assert quantity.units or quantity.said in ("none", "file or scenario"), quantity


@pytest.mark.parametrize("reader", COVERED)
def test_every_reader_has_an_example_that_it_reads(reader, tmp_path_factory):
    """And every file that provenance names is one that the reader declares."""
    folder, found = folder_of(reader, tmp_path_factory)
    assert numbers(found)
    example = example_of(reader)
    declared = {name for one in forcing.get(reader).reads for name in example.of(one)}
    for name in declared:
        assert (folder / name).is_file(), name
    files = {file["name"] for one in found for file in one.provenance.get("files", ())}
    assert files == set() or declared, f"{reader} reads {files} and declares none"


def without_unit(folder, one, example):
    """Return the files of an input in which no quantity has the unit that the file is to say."""
    said = {q: example.called(q) for q in one.of("driver", "observation") if "file" in q.said}
    names = {name for called in said.values() for name in called}
    silent = []
    for name in example.of(one):
        if one.format == "table":
            table = tables.load(folder / name)
            units = [table.unit(column) for column in names if table.at(column) >= 0]
        elif one.format == "netcdf":
            held = netcdf.load(folder / name).variables
            units = [held[column].attrs.get("units", "") for column in names if column in held]
        else:
            continue
        silent += [name] if units and not all(units) else []
    return silent if said else []


@pytest.mark.parametrize("reader", COVERED)
def test_what_a_file_says_of_units_is_in_the_example_for_traps_to_break(reader, tmp_path_factory):
    """Else no trap would change a unit, and the law would say nothing of them without a word."""
    folder, _ = folder_of(reader, tmp_path_factory)
    silent = {
        name for one in reads(reader) for name in without_unit(folder, one, example_of(reader))
    }
    assert not silent, (
        f"no unit found of every quantity in {sorted(silent)}: write it into the example, 'NAME "
        "[UNIT]' in a header or as the attribute 'units', or declare said='layout' if the layout "
        "alone says it"
    )


def kept(reader, name, factory, tmp_path):
    """Return what is wrong with what a reader makes of a trap's files; and how many there were."""
    good, expected = folder_of(reader, factory)
    example, folder = example_of(reader), tmp_path / "files"
    wrong, count = [], 0
    shutil.copytree(good, folder)
    for one, may in broken(reader, name, folder):
        before = one.file.read_bytes()
        one.change()
        assert one.file.read_bytes() != before, f"{one.said}: nothing changed"
        count += 1
        found = outcome(lambda: read(reader, example, folder), expected)
        text = f"{one.said}: {found.kind}: {found.said[:300]}"
        if found.kind not in may and not (found.told and "noted" in may):
            wrong.append(text)
        elif found.kind == "refused" and "same" not in may:
            lacking = named(found.said, one.file, one.words, one.line)
            wrong += [f"without {', '.join(lacking)}: {text}"] if lacking else []
        shutil.copytree(good, folder, dirs_exist_ok=True)
    return wrong, count


LARGE = ("soil_profiles", "seasonal_climatology", "testbed_means", "testbed_seasons")
"""Readers whose files take long to be read, again and again: CI tries them."""


def every_pair():
    """Yield every reader with every trap that its files may hold."""
    for reader, trap in pairs():
        marks = [pytest.mark.slow] if reader in LARGE else []
        yield pytest.param(reader, trap, id=f"{reader}-{trap}", marks=marks)


@pytest.mark.parametrize(("reader", "trap"), list(every_pair()))
def test_no_malformed_file_becomes_other_numbers(reader, trap, tmp_path, tmp_path_factory):
    wrong, count = kept(reader, trap, tmp_path_factory, tmp_path)
    if (reader, trap) in NOT_YET:
        assert wrong, f"{reader} obeys {trap}: take it out of NOT_YET"
        pytest.xfail(NOT_YET[reader, trap])
    assert not wrong, "\n".join(wrong)
    if not count:
        pytest.skip("nothing of the kind in these files")


def test_what_is_not_obeyed_yet_is_among_the_pairs():
    assert NOT_YET.keys() <= set(pairs())
