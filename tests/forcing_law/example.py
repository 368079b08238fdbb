"""A good set of small files for a reader, and where in them its declaration's quantities are."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from kernels import Variable
from scenarios import forcing
from scenarios.forcing import Forcing
from scenarios.forcing.common.declared import Input, Quantity


@dataclass(frozen=True)
class Example:
    """What makes a reader read: files, the words of a scenario, drivers that are asked for.

    Attributes
    ----------
    write : callable
        Makes the files in a folder.
    words : mapping
        Of ``forcing:`` or ``observed:``, besides ``reader:``.
    needs : sequence of Variable
    files : mapping
        For each input's key and format (``"path"``, or ``"months:netcdf"`` where one key has two
        formats), the files of that kind, relative to the folder.
    columns : mapping
        Of a quantity that the declaration puts in angle brackets: what it is called in files.
    """

    write: Callable[[Path], None]
    words: Mapping[str, Any]
    needs: Sequence[Variable] = ()
    files: Mapping[str, Sequence[str]] = field(default_factory=dict)
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)

    def of(self, one: Input) -> tuple[str, ...]:
        """Return the files of an input."""
        return tuple(self.files.get(f"{one.key}:{one.format}", self.files.get(one.key, ())))

    def called(self, quantity: Quantity) -> tuple[str, ...]:
        """Return the columns or variables of a quantity."""
        return tuple(self.columns.get(quantity.name, (quantity.name,)))


def read(reader: str, example: Example, folder: Path) -> list[Forcing]:
    """Return what the reader makes of the files in a folder."""
    spec = forcing.get(reader).model_validate({"reader": reader, **example.words})
    return spec.read(example.needs, folder)
