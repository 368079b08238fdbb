"""What is farmed out: works, cut into blocks, each of which can be run alone and again."""

from collections.abc import Callable, Iterable, Mapping
from typing import Protocol, Self

from ensemble.store.arrays import ArraySpec
from ensemble.store.grid import Grid, Result
from ensemble.store.journal import Entry, Key
from ensemble.store.store import Store

RunBlock = Callable[[Key], Result]

Leave = Callable[[], bool]
"""Asked inside a block: whether this process has to go."""


def stay() -> bool:
    """Return that nobody has to go."""
    return False


Tell = Callable[[int, int], None]
"""Told inside a block, as often as one likes: members done, and all of the block."""


def untold(done: int, of: int) -> None:
    """Tell nobody."""


class Paused(RuntimeError):
    """A block was left where it stands, and goes on from there when it is run again."""


class Part(Protocol):
    """Members of a block that can be tried without the others, to find the one that is fatal."""

    @property
    def members(self) -> int:
        """Return how many; one is not halved."""
        ...

    @property
    def numbers(self) -> tuple[int, ...]:
        """Return the part as JSON says it, and `Work.probe` takes it."""
        ...

    def halves(self) -> tuple[Self, Self]:
        """Return two parts that make up this one."""
        ...

    def member(self) -> tuple[Key, str]:
        """Return key and name of the member that a part of one is, for the quarantine."""
        ...


class Work(Protocol):
    """An ensemble, a batch of calibrations: blocks that any process may run, in any order."""

    @property
    def grid(self) -> Grid:
        """Return axes and block lengths."""
        ...

    @property
    def arrays(self) -> tuple[ArraySpec, ...]:
        """Return what blocks fill; created once, before any runs."""
        ...

    @property
    def seconds_per_block(self) -> float:
        """Return what a block takes, seconds, as declared; used until blocks have been timed."""
        ...

    @property
    def time_limit(self) -> float:
        """Return the seconds after which a member gives itself up; 0 where none does."""
        ...

    @property
    def pauses(self) -> bool:
        """Return whether blocks can be left inside, and so be begun however little time is left."""
        ...

    def open(self, leave: Leave = stay, tell: Tell = untold) -> RunBlock:
        """Return a function that runs blocks in this thread, and tells how far each has come.

        Where ``leave()`` turns true inside a block of a work that `pauses`, it raises `Paused`.
        """
        ...

    def compile(self) -> None:
        """Compile what blocks need, and run nothing: one member may be fatal."""
        ...

    def parts(self, key: Key) -> Iterable[Part]:
        """Return the parts that make up a block."""
        ...

    def probe(self, key: Key, numbers: tuple[int, ...]) -> None:
        """Run a part of a block, by its numbers, for what it does to this process."""
        ...

    def finish(self, store: Store, committed: Mapping[Key, Entry]) -> None:
        """Write what a run ends with; idempotent, whoever commits the last block."""
        ...
