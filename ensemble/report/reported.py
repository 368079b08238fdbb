"""What every page reads of a store, whatever work it is of."""

from collections.abc import Sequence
from typing import Any, Protocol

from ensemble.report.data.evaluated import Evaluated
from ensemble.report.parts import Banner
from ensemble.store.committed import Committed
from ensemble.store.grid import Grid
from ensemble.store.store import Store
from scenarios import and_more, most_named

MOST_DAMAGE = 10
"""Chunks that cannot be read and are named."""


class Known(Protocol):
    """What a store holds so far: only what a line of a journal vouches for."""

    @property
    def damage(self) -> list[str]:
        """Return what was committed and cannot be read; filled while reading."""
        ...

    @property
    def committed(self) -> Committed:
        """Return the blocks that are committed."""
        ...

    @property
    def grid(self) -> Grid:
        """Return the blocks of the store."""
        ...

    @property
    def forcings(self) -> tuple[str, ...]:
        """Return the names of the forcings."""
        ...

    @property
    def complete(self) -> bool:
        """Return whether every block is committed."""
        ...


class Reported:
    """A store that is reported.

    Parameters
    ----------
    store : Store

    Attributes
    ----------
    attrs, scenario : mapping
        Attributes of the store, and the scenario among them.
    synthetic : str
        What made-up data is called, on every figure; empty where data is real.
    unfinished : str
        What numbers and figures of an unfinished run are of.
    """

    unfinished = ""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.attrs = store.attrs
        self.synthetic = str(self.attrs["synthetic"] or "")
        self.scenario: Any = self.attrs["identity"]["scenario"]

    @property
    def benchmarks(self) -> Sequence[Evaluated]:
        """Return what models of the store are held against."""
        return ()

    def against(self, compare: str) -> list[Evaluated]:
        """Return the benchmarks of one kind, such as ``map``."""
        return [one for one in self.benchmarks if one.spec.compare == compare]

    @property
    def description(self) -> str:
        """Return what the scenario says of itself, paragraphs apart by an empty line."""
        return str(self.scenario["description"] or "")

    @property
    def state(self) -> Sequence[Banner]:
        """Return whether the run is complete, and what cannot be read."""
        results = self.known
        done, total = len(results.committed), results.grid.blocks
        if results.complete:
            found = [Banner([f"Complete: {done:,}/{total:,} blocks are committed."], "good")]
        else:
            begun = f"Unfinished: {done:,}/{total:,} blocks are committed."
            found = [Banner([begun, self.unfinished])]
        if damage := results.damage[: most_named(MOST_DAMAGE)]:
            more = and_more(len(results.damage) - len(damage)).strip()
            lines = ["Some committed values cannot be read; see `soilsweep verify`:", *damage]
            found.append(Banner([*lines, more] if more else lines))
        return found

    @property
    def known(self) -> Known:
        """Return what the store holds so far."""
        raise NotImplementedError

    @property
    def cards(self) -> Sequence[tuple[str, str]]:
        """Return key numbers of the run, and what each is of."""
        raise NotImplementedError

    def said(self, error: Exception) -> str:
        """Return an error's text without the store's path, which is no part of a page."""
        return str(error).removeprefix(f"{self.store.path}: ")
