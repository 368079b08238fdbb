"""How long blocks are: one function of what a scenario asks for, and of nothing else.

Never of workers, of this machine's memory or of a clock: every machine cuts a run alike. Who
knows better says so in ``block:``, and a store that is begun keeps the lengths that it has.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

BLOCKS = 32
"""What a run is cut into at least, while blocks are long enough: so many workers have one."""

LEAST_SECONDS = 0.1
"""Declared work of a block below which a run is not cut further: committing takes 1-3 ms."""

TARGET_SECONDS = 10.0
"""What blocks are put together to at most: an error or a kill costs no more than that."""

MOST_SECONDS = 60.0
"""Above this even what is best kept whole is cut: long blocks do not fit the end of a job."""

SPLIT_SECONDS = 1.0
"""What each part of samples of one location takes at least, where they are split for more blocks:
parts have sums of their own, to be written and merged."""

ARRAY_NBYTES = 64 << 20
"""Of the largest array of a block, which is one chunk."""

HELD_NBYTES = 128 << 20
"""Of everything that a block holds: arrays, rows of the design, sums, and what these become."""


@dataclass(frozen=True)
class Needs:
    """What the rule may know of a run.

    Attributes
    ----------
    forcings, locations, samples : int
    together : int
        Samples that belong together: blocks hold multiples.
    seconds : float
        Declared work of one member.
    shared_seconds : float
        Declared work that one sample takes once for all locations of a block. Where there is any,
        blocks keep locations whole and cut samples.
    array_nbytes, location_array_nbytes : float
        The largest array of members, by member; and of what locations have, by location.
    member_nbytes, location_nbytes, sample_nbytes : float
        All that is held, by member, by location, and by sample whatever the locations.
    lanes : int
        Locations that a call wants at once, to vectorise.
    depth : int
        Samples that outweigh the sums made of them: shorter parts of a location would write more
        sums than members. Quantiles want their bins, indices their resamples.
    locations_together : bool
        Whether every sample has sums over all locations that outweigh its members at one: then
        blocks keep locations whole and cut samples.
    """

    forcings: int
    locations: int
    samples: int
    together: int = 1
    seconds: float = 0.0
    shared_seconds: float = 0.0
    array_nbytes: float = 0.0
    location_array_nbytes: float = 0.0
    member_nbytes: float = 0.0
    location_nbytes: float = 0.0
    sample_nbytes: float = 0.0
    lanes: int = 1
    depth: int = 1
    locations_together: bool = False

    def takes(self, locations: int, samples: int) -> float:
        """Return the declared work of a block, seconds."""
        return samples * (self.shared_seconds + locations * self.seconds)

    def holds(self, locations: int, samples: int) -> float:
        """Return the bytes that a block holds."""
        of_locations = locations * (samples * self.member_nbytes + self.location_nbytes)
        return of_locations + samples * self.sample_nbytes

    def fits(self, locations: int, samples: int) -> bool:
        """Return whether a block may be so large."""
        largest = max(samples * self.array_nbytes, self.location_array_nbytes)
        held = self.holds(locations, samples)
        return locations * largest <= ARRAY_NBYTES and held <= HELD_NBYTES

    def is_worth(self, locations: int, samples: int) -> bool:
        """Return whether so large a part of what is best kept whole may be a block of its own."""
        if self.takes(locations, samples) < SPLIT_SECONDS:
            return False
        if self.shared_seconds:
            # Every part pays again what all would share.
            return locations * self.seconds >= self.shared_seconds
        return samples >= self.depth


def block_lengths(
    needs: Needs, *, location: int | None = None, sample: int | None = None
) -> tuple[int, int]:
    """Return how many locations and samples a block has.

    Samples of a location are kept whole, and locations put together until a block is long enough;
    or the other way round, where locations share work. What is kept whole is cut for three
    reasons alone: it does not fit, it takes too long, or the other axis cannot give blocks enough
    and each part is worth its own.

    Parameters
    ----------
    needs : Needs
    location, sample : int, optional
        What the scenario says; it wins, in whole groups of samples.

    Returns
    -------
    tuple of int
        1 or more, at most as many as there are; samples a multiple of ``together``, or all.
    """
    cut = _Cut(needs)
    groups = sample and max(1, min(cut.groups, sample // needs.together))
    places = location and min(needs.locations, location)
    stated = (places, groups) if cut.by_sample else (groups, places)
    whole = stated[0] or cut.whole_length(stated[1])
    return cut.size(whole, stated[1] or cut.other_length(whole))


class _Cut:
    """A run along two axes: the one that is best kept whole, and the other, in groups of rows."""

    def __init__(self, needs: Needs) -> None:
        self.needs = needs
        self.by_sample = needs.shared_seconds > 0 or needs.locations_together
        self.groups = math.ceil(needs.samples / needs.together)
        axes = (self.groups, needs.locations)
        self.whole, self.other = reversed(axes) if self.by_sample else axes

    def size(self, whole: int, other: int) -> tuple[int, int]:
        """Return locations and samples of so many units along both axes."""
        places, groups = (whole, other) if self.by_sample else (other, whole)
        return places, min(self.needs.samples, groups * self.needs.together)

    def whole_length(self, stated: int | None) -> int:
        """Return the length along the axis that is best kept whole."""
        needs, beside = self.needs, stated or 1

        def bearable(n: int) -> bool:
            size = self.size(n, beside)
            return needs.fits(*size) and needs.takes(*size) <= MOST_SECONDS

        parts = math.ceil(self.whole / _most(bearable, self.whole))
        wanted = math.ceil(BLOCKS / (needs.forcings * math.ceil(self.other / beside)))
        if wanted > parts and needs.is_worth(*self.size(self.whole, beside)):
            least = 1 + _most(lambda n: not needs.is_worth(*self.size(n, beside)), self.whole, 0)
            parts = max(parts, min(wanted, self.whole // least))
        return _length(self.whole, parts)

    def other_length(self, whole: int) -> int:
        """Return the length along the other axis, which is cut first."""
        needs = self.needs

        def bearable(n: int) -> bool:
            size = self.size(whole, n)
            return needs.fits(*size) and needs.takes(*size) <= TARGET_SECONDS

        def is_short(n: int) -> bool:
            return needs.takes(*self.size(whole, n)) < LEAST_SECONDS

        parts = math.ceil(self.other / _most(bearable, self.other))
        wanted = math.ceil(BLOCKS / (needs.forcings * math.ceil(self.whole / whole)))
        least = max(1 + _most(is_short, self.other, 0), 1 if self.by_sample else needs.lanes)
        return _length(self.other, max(parts, min(wanted, self.other // least)))


def _length(size: int, parts: int) -> int:
    """Return the length that cuts an axis evenly, into so many parts at least."""
    longest = size if parts <= 1 else math.ceil(size / (parts - 1)) - 1
    return math.ceil(size / math.ceil(size / max(1, longest)))


def _most(holds: Callable[[int], bool], high: int, low: int = 1) -> int:
    """Return the largest number up to ``high`` of which something holds that holds of all below.

    ``low``, if of no other.
    """
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if holds(middle) else (low, middle - 1)
    return low
