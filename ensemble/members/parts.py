"""Parts of a block that can be tried alone: some members, or the control members of some places."""

from dataclasses import dataclass

from ensemble.members.quarantined import CONTROL
from ensemble.store.grid import Grid
from ensemble.store.journal import Key


@dataclass(frozen=True)
class Part:
    """Members of a block: locations x samples, or the control members of some locations."""

    forcing: int
    locations: slice
    samples: slice | None

    @property
    def members(self) -> int:
        """Return how many."""
        return _length(self.locations) * (1 if self.samples is None else _length(self.samples))

    @property
    def numbers(self) -> tuple[int, ...]:
        """Return first and last + 1 location and sample; of control members, locations alone."""
        spans = [s for s in (self.locations, self.samples) if s is not None]
        return tuple(n for span in spans for n in (span.start, span.stop))

    def halves(self) -> tuple["Part", "Part"]:
        """Return two parts that make up this one, cut along the longer side."""
        if self.samples is None or _length(self.locations) > _length(self.samples):
            low, high = _halves(self.locations)
            return Part(self.forcing, low, self.samples), Part(self.forcing, high, self.samples)
        low, high = _halves(self.samples)
        return Part(self.forcing, self.locations, low), Part(self.forcing, self.locations, high)

    def member(self) -> tuple[Key, str]:
        """Return the member that a part of one is: its key, and its name for ``replay``."""
        place = f"{self.forcing}/{self.locations.start}"
        if self.samples is None:
            return (self.forcing, self.locations.start, CONTROL), f"{place}/control"
        sample = self.samples.start
        return (self.forcing, self.locations.start, sample), f"{place}/{sample}"


def parts_of(grid: Grid, key: Key) -> list[Part]:
    """Return the parts of a block: its members and, where it runs them, its controls."""
    locations, samples = grid.spans(key)[1:]
    controls = [Part(key[0], locations, None)] if key[2] == 0 else []
    return [Part(key[0], locations, samples), *controls]


def _length(span: slice) -> int:
    return int(span.stop - span.start)


def _halves(span: slice) -> tuple[slice, slice]:
    middle = (span.start + span.stop) // 2
    return slice(span.start, middle), slice(middle, span.stop)
