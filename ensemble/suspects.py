"""What to do with a block whose process died or hung: find out, in child processes.

Whatever the cause, the block runs again under supervision. If it then comes to its end, nothing
was wrong with it: a lost node, an end of walltime. If it dies again, its members are halved
until those at fault are alone; they are put in quarantine, and the block runs without them.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from ensemble import quarantine
from ensemble.children import Death, supervise
from ensemble.journal import Key
from ensemble.quarantine import CONTROL, Case
from ensemble.store import Store
from ensemble.work import Grid

SHORTEST = 5.0
"""A part of a hanging block is given its share of the limit, and never less; seconds."""

ROUNDS = 3
"""Times a block may die under supervision before all of it is given up."""


@dataclass(frozen=True)
class Part:
    """Members of a block: locations x samples, or the control members of some locations."""

    locations: slice
    samples: slice | None

    @property
    def members(self) -> int:
        """Return how many."""
        return _length(self.locations) * (1 if self.samples is None else _length(self.samples))

    def halves(self) -> tuple["Part", "Part"]:
        """Return two parts that make up this one, cut along the longer side."""
        if self.samples is None or _length(self.locations) > _length(self.samples):
            low, high = _halves(self.locations)
            return Part(low, self.samples), Part(high, self.samples)
        low, high = _halves(self.samples)
        return Part(self.locations, low), Part(self.locations, high)

    def numbers(self) -> list[int]:
        """Return it as `children.perform` takes it."""
        spans = [s for s in (self.locations, self.samples) if s is not None]
        return [n for span in spans for n in (span.start, span.stop)]


Probe = Callable[[Part, float], Death | None]
"""Runs a part of a block within so many seconds in a child process; how it died."""


def settle(store: Store, grid: Grid, key: Key, *, sync: bool, seconds: float) -> int:
    """Commit a suspect block, its members at fault in quarantine.

    Parameters
    ----------
    store : Store
    grid : Grid
    key : tuple of int
    sync : bool
    seconds : float
        What the block may take before it counts as hung.

    Returns
    -------
    int
        Number of child processes it took.

    Raises
    ------
    Hindered
        The disk is full, or the store cannot be used.
    """
    tried = 0

    def run(part: Part | None, limit: float) -> Death | None:
        nonlocal tried
        tried += 1
        task = {"store": str(store.path), "block": list(key), "sync": sync, "seconds": limit}
        return supervise(task if part is None else {**task, "part": part.numbers()}, limit)

    for patient in (False, True, True)[:ROUNDS]:
        death = run(None, seconds)
        if death is None:
            return tried
        for part, cause in _culprits(_whole(grid, key), run, seconds, patient=patient):
            quarantine.record(store.path, _case(store, key[0], part, cause))
    death = run(None, seconds)
    if death is None:
        return tried
    # No member dies alone, all of them together do: give up the block rather than the run.
    for part in _alone(grid, key):
        quarantine.record(store.path, _case(store, key[0], part, death))
    if run(None, seconds) is not None:
        raise RuntimeError(
            f"{store.path}: block {list(key)} dies even without members: {death.cause}"
        )
    return tried


def _whole(grid: Grid, key: Key) -> list[Part]:
    """Return the parts of a block: its members and, where it runs them, its controls."""
    locations, samples = grid.spans(key)[1:]
    controls = [Part(locations, None)] if key[2] == 0 else []
    return [Part(locations, samples), *controls]


def _alone(grid: Grid, key: Key) -> Iterator[Part]:
    waiting = _whole(grid, key)
    while waiting:
        part = waiting.pop()
        if part.members == 1:
            yield part
        else:
            waiting += part.halves()


def _culprits(
    parts: list[Part], probe: Probe, seconds: float, *, patient: bool
) -> Iterator[tuple[Part, Death]]:
    """Yield the members that die when they run alone, each with how it died.

    About two children per halving: the number grows with the logarithm of the block. A part
    that hangs is given up after its share of the limit, unless ``patient``; the verdict on a
    member alone is never hurried.
    """
    whole = max(1, sum(part.members for part in parts))
    waiting = list(parts)
    while waiting:
        part = waiting.pop()
        share = seconds * part.members / whole
        limit = seconds if patient or part.members == 1 else min(seconds, max(SHORTEST, share))
        death = probe(part, limit)
        if death is None:
            continue
        if part.members == 1:
            yield part, death
        else:
            waiting += part.halves()


def _case(store: Store, forcing: int, part: Part, death: Death) -> Case:
    sample = CONTROL if part.samples is None else part.samples.start
    member = (forcing, part.locations.start, sample)
    name = "/".join(map(str, member[:2])) + ("/control" if sample == CONTROL else f"/{sample}")
    return Case(member, death.status, death.cause, f"soilsweep replay {store.path} {name}")


def _length(span: slice) -> int:
    return int(span.stop - span.start)


def _halves(span: slice) -> tuple[slice, slice]:
    middle = (span.start + span.stop) // 2
    return slice(span.start, middle), slice(middle, span.stop)
