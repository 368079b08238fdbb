"""What the law of readers asks of one kind of reader, of forcing or of observations."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from covered import covered
from forcing_law import netcdf, tables
from forcing_law.judging import named, outcome
from forcing_law.trap import TRAPS

from scenarios.plugins import Plugins


@dataclass(frozen=True)
class Law:
    """The readers of a kind, their examples, and what is read of them.

    Attributes
    ----------
    plugins : Plugins
    examples : str
        Package of their examples.
    read : callable
        Returns a list of what a reader, by its name, makes of its example in a folder.
    numbers : callable
        Returns every number of that list, by a key.
    """

    plugins: Plugins
    examples: str
    read: Callable[[str, Any, Any], list[Any]]
    numbers: Callable[[Any], dict[tuple[str, ...], Any]]
    _made: dict[str, Any] = field(default_factory=dict)

    @property
    def covered(self):
        """Return the names of the readers that it is about."""
        return covered(self.plugins)

    def has_example(self, reader):
        """Return whether there is a file with the example of a reader."""
        return find_spec(f"{self.examples}.{reader}") is not None

    def example_of(self, reader):
        """Return `EXAMPLE` of the file of a reader's name."""
        if not self.has_example(reader):
            file = f"tests/{self.examples.replace('.', '/')}/{reader}.py"
            raise LookupError(f"no example files for reader {reader!r}; add {file} with EXAMPLE")
        return import_module(f"{self.examples}.{reader}").EXAMPLE

    def reads(self, reader):
        """Return what a reader declares; nothing where it does not, or is no reader yet."""
        return getattr(getattr(self.plugins.get(reader), "Spec", None), "reads", ())

    def folder_of(self, reader, factory):
        """Return the folder of a reader's good files, and what it reads there; made once."""
        if reader not in self._made:
            folder = factory.mktemp(reader)
            example = self.example_of(reader)
            example.write(folder)
            self._made[reader] = folder, self.read(reader, example, folder)
        return self._made[reader]

    def pairs(self):
        """Return readers and traps that go together: the reader declares files of the format."""
        return [
            (reader, name)
            for reader in self.covered
            for name, formats in TRAPS.items()
            if self.has_example(reader) and any(one.format in formats for one in self.reads(reader))
        ]

    def says_what_it_reads(self, reader):
        """Assert that a reader declares its files, and says all of them."""
        where = "scenarios/forcing/common/declared.py says how"
        spec = getattr(self.plugins.get(reader), "Spec", None)
        assert spec is not None, f"{reader} has no Spec: it is no reader"
        assert "reads" in dir(spec), f"{reader} declares nothing as `reads`: {where}"
        for one in spec.reads:
            assert one.holds
            assert one.missing
            assert one.quantities
            assert len({q.name for q in one.quantities}) == len(one.quantities)
            for quantity in one.quantities:
                assert quantity.units or quantity.said in ("none", "file or scenario"), quantity

    def reads_its_example(self, reader, factory):
        """Assert that it does, and that every file of its provenance is one that it declares."""
        folder, found = self.folder_of(reader, factory)
        assert self.numbers(found)
        example = self.example_of(reader)
        declared = {name for one in self.reads(reader) for name in example.of(one)}
        for name in declared:
            assert (folder / name).is_file(), name
        files = {file["name"] for one in found for file in one.provenance.get("files", ())}
        assert files == set() or declared, f"{reader} reads {files} and declares none"

    def silent_of_units(self, reader, factory):
        """Return the files of an example in which a unit is not said that is to be."""
        folder, _ = self.folder_of(reader, factory)
        example = self.example_of(reader)
        found = {name for one in self.reads(reader) for name in without_unit(folder, one, example)}
        return sorted(found)

    def broken_by(self, reader, trap, factory, tmp_path):
        """Return what is wrong with what becomes of a trap's files; and how many there are."""
        good, expected = self.folder_of(reader, factory)
        example, folder = self.example_of(reader), tmp_path / "files"
        wrong, count = [], 0
        shutil.copytree(good, folder)
        for one, may in broken(self.reads(reader), trap, example, folder):
            before = one.file.read_bytes()
            one.change()
            assert one.file.read_bytes() != before, f"{one.said}: nothing changed"
            count += 1
            found = outcome(lambda: self.read(reader, example, folder), expected, self.numbers)
            text = f"{one.said}: {found.kind}: {found.said[:300]}"
            if found.kind not in may and not (found.told and "noted" in may):
                wrong.append(text)
            elif found.kind == "refused" and "same" not in may:
                lacking = named(found.said, one.file, one.words, one.line)
                wrong += [f"without {', '.join(lacking)}: {text}"] if lacking else []
            shutil.copytree(good, folder, dirs_exist_ok=True)
        return wrong, count


def broken(reads, name, example, folder):
    """Yield what a trap does to an example in a folder, and what may become of it."""
    for one in reads:
        if trap := TRAPS[name].get(one.format):
            for change in trap.breaks(folder, one, example):
                yield change, trap.may | change.may


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
