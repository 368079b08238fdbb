"""What every plan has, whether of an ensemble or of a calibration."""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from ensemble.members.experiment import Experiment
from ensemble.planning.notices import Notice
from ensemble.planning.outlook import Outlook
from ensemble.store.arrays import ArraySpec
from ensemble.store.grid import Grid
from scenarios import Loaded


class _Cut(Protocol):
    """What a plan asks of its layout."""

    @property
    def grid(self) -> Grid: ...
    @property
    def arrays(self) -> Sequence[ArraySpec]: ...


class Planned:
    """A scenario with its data, a layout, a place for its store, and what is foretold of it."""

    scenario: Loaded
    experiment: Experiment
    layout: _Cut
    path: Path
    outlook: Outlook

    @property
    def blocks(self) -> int:
        """Return the number of blocks."""
        return self.layout.grid.blocks

    @property
    def driver_nbytes(self) -> int:
        """Return the bytes of the drivers that the store keeps, as wide as they come."""
        every = (one for drivers in self.experiment.drivers for one in drivers.values())
        return sum(one.nbytes for one in every)

    @property
    def nbytes(self) -> int:
        """Return the store's size before compression, bytes; its drivers are not compressed."""
        return sum(spec.nbytes for spec in self.layout.arrays) + self.driver_nbytes

    @property
    def warnings(self) -> list[Notice]:
        """Return what makes the run worth a second look; `str` of each is a line for people."""
        return list(self.outlook.notices)
