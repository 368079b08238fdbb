"""What a trap is: one way of spelling or spoiling files, and what must become of it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from forcing_law.example import Example

from scenarios.forcing.common.declared import Format, Input


@dataclass(frozen=True)
class Broken:
    """One change of an example's files.

    Attributes
    ----------
    said : str
        What was done, for the report of a failure.
    file : Path
        Where.
    change : callable
        Does it.
    words : tuple of str
        Names of which a refusal has one.
    line : int or None
        That a refusal of a table has.
    may : frozenset of str
        Outcomes that are right besides the trap's own: a value that is left out may be one that
        nothing is made of.
    """

    said: str
    file: Path
    change: Callable[[], None]
    words: tuple[str, ...] = ()
    line: int | None = None
    may: frozenset[str] = frozenset()


Breaks = Callable[[Path, Input, Example], Iterator[Broken]]


@dataclass(frozen=True)
class Trap:
    """Changes of one kind, made of a reader's declaration.

    Attributes
    ----------
    name : str
    format : str
    may : frozenset of str
        Outcomes that are right.
    breaks : callable
        Yields the changes that an input of an example, in a folder, can be given; none where
        the trap does not apply. Each is done on fresh files.
    """

    name: str
    format: Format
    may: frozenset[str]
    breaks: Breaks = field(compare=False)


TRAPS: dict[str, dict[Format, Trap]] = {}
"""Every trap by its name, and by the format of the files that it breaks."""


def trap(format: Format, *may: str) -> Callable[[Breaks], Breaks]:
    """Register a trap under its function's name."""

    def register(breaks: Breaks) -> Breaks:
        formats = TRAPS.setdefault(breaks.__name__, {})
        assert format not in formats, breaks.__name__
        formats[format] = Trap(breaks.__name__, format, frozenset(may), breaks)
        return breaks

    return register


def settled(one: Broken) -> Broken:
    """Return a change whose meaning the range of the values may settle: then they are the same.

    Areas of all cells that would be more than the Earth in km2 are m2.
    """
    return replace(one, may=one.may | {"same"})
