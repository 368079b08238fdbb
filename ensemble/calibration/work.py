"""The work of a calibration: blocks of groups, each searched to its end."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from ensemble.calibration.checkpoints import Checkpoints, Clock
from ensemble.calibration.layout import GROUP, Layout
from ensemble.calibration.results import BESIDE, places_of_all, result
from ensemble.calibration.rounds import Places
from ensemble.calibration.searches import Batch, Task, Told, begin
from ensemble.calibration.searching import Searching
from ensemble.farming.work import Leave, Paused, RunBlock, Tell, stay, untold
from ensemble.store.arrays import ArraySpec
from ensemble.store.grid import Grid, Result
from ensemble.store.journal import Entry, Key
from ensemble.store.quarantine import Case
from ensemble.store.store import Store


@dataclass(frozen=True)
class Part:
    """Searches of a block: groups x restarts, counted in the whole run."""

    groups: slice
    restarts: slice

    @property
    def members(self) -> int:
        """Return how many searches."""
        first, last, low, high = self.numbers
        return int((last - first) * (high - low))

    @property
    def numbers(self) -> tuple[int, ...]:
        """Return first and last + 1 group and restart."""
        groups, restarts = self.groups, self.restarts
        return (groups.start, groups.stop, restarts.start, restarts.stop)

    def halves(self) -> tuple["Part", "Part"]:
        """Return two parts that make up this one: of groups, and of the restarts of one."""
        a, b, c, d = self.numbers
        if b - a > 1:
            middle = (a + b) // 2
            return Part(slice(a, middle), self.restarts), Part(slice(middle, b), self.restarts)
        middle = (c + d) // 2
        return Part(self.groups, slice(c, middle)), Part(self.groups, slice(middle, d))

    def member(self) -> tuple[Key, str]:
        """Return the search that a part of one is, and its name."""
        member = self.groups.start, self.restarts.start
        return member, "/".join(map(str, member))


class CalibrationWork:
    """A batch of calibrations, ready to be farmed out.

    Parameters
    ----------
    layout : Layout
    quarantined : mapping of (group, restart) to Case
        Searches that are not run.
    store : Store, optional
        Where checkpoints are; none are written without.
    """

    time_limit = 0.0

    def __init__(
        self,
        layout: Layout,
        quarantined: Mapping[Key, Case] | None = None,
        store: Store | None = None,
    ) -> None:
        self.layout = layout
        self.quarantined = quarantined or {}
        self.checkpoints = None if store is None else Checkpoints(store)
        self.grid: Grid = layout.grid
        self.arrays: tuple[ArraySpec, ...] = layout.arrays

    @property
    def seconds_per_block(self) -> float:
        """Return what a block takes at most by the kernel's own account."""
        return self.layout.seconds_per_block

    @property
    def pauses(self) -> bool:
        """Return whether searches go on from checkpoints: in a store."""
        return self.checkpoints is not None

    def open(self, leave: Leave = stay, tell: Tell = untold) -> RunBlock:
        """Return a function that runs blocks in this thread."""
        return lambda key: self._run(key, leave, tell)

    def _run(self, key: Key, leave: Leave, tell: Tell) -> Result:
        groups, _ = self.grid.spans(key)
        cases = {m: c for m, c in self.quarantined.items() if groups.start <= m[0] < groups.stop}
        searching = Searching(self.layout, groups, cases.keys())
        clock, held = Clock(), self.checkpoints
        # Of a search that goes on from a checkpoint, what it asks for from there on.
        most, asked = len(searching.searches) * self.layout.section.budget, 0

        def after(batch: Batch, more: int) -> None:
            nonlocal asked
            asked += more
            tell(asked, most)
            if held is None:
                return
            left = leave()
            if left or clock.due:
                clock.run(lambda: held.save(key, batch.state(), cases))
            if left:
                raise Paused

        ended = searching.run(None if held is None else held.load(key, cases), after)
        return result(searching, ended, key, cases, places_of_all(searching))

    def compile(self) -> None:
        """Compile what blocks need, and run no candidate: one may be fatal."""
        layout = self.layout
        first = [one[:1] for one in layout.every_place[:1]]
        keep = [None] * len(layout.objective.terms)
        places = Places(layout.experiment, layout.objective, first, layout.space.names, keep)
        places.tiler.compile(layout.experiment.drivers[0], layout.experiment.coords)
        _search_of_nothing(layout)

    def parts(self, key: Key) -> list[Part]:
        """Return the parts of a block: its searches."""
        groups, restarts = self.grid.spans(key)
        return [Part(groups, restarts)]

    def probe(self, key: Key, numbers: tuple[int, ...]) -> None:
        """Run some searches from their start, for what they do to this process."""
        first, last, low, high = numbers
        restarts = range(self.grid.axes[1].size)
        others = [(g, r) for g in range(first, last) for r in restarts if not low <= r < high]
        left_out = {*others, *self.quarantined}
        Searching(self.layout, slice(first, last), left_out).run()

    def finish(self, store: Store, committed: Mapping[Key, Entry]) -> None:
        """Write what is modelled beside each observation, from the blocks' places. Idempotent."""
        whole = {
            f"{kind}/{term.name}": np.full(term.pairs.there.shape, np.nan)
            for kind in (BESIDE if self.layout.folds is not None else BESIDE[:1])
            for term in self.layout.objective.terms
        }
        for key in self.grid.keys():
            groups, _ = self.grid.spans(key)
            places = np.concatenate([*self.layout.every_place[groups], np.empty((0, 2), np.int64)])
            held = store.read_partials(key)
            for name, values in whole.items():
                values[places[:, 0], places[:, 1]] = held[name]
        for name, values in whole.items():
            store.write_whole(f"{GROUP}/{name.replace('/', '_', 1)}", values)
        if self.checkpoints is not None:
            self.checkpoints.clear()


def _search_of_nothing(layout: Layout) -> None:
    """Search a bowl with the least budget, and forget it: what a search compiles takes long.

    Inside a block it would be counted as the block's, which would be ended as one that hangs.
    """
    n, has = layout.space.size, layout.objective.has_residuals
    task = Task(
        seed=0,
        groups=("",),
        restarts=(0,),
        parameters=n,
        budget=layout.spec.least_budget(n, residuals=has),
        residuals=np.array([n]) if has else None,
        include=np.empty((0, n)),
        equifinal=layout.section.keep.equifinal,
        tallies=len(layout.tallied),
    )
    batch = begin(layout.spec, task)
    while len(asked := batch.ask()):
        rows = asked.u - 0.5
        within = np.zeros(len(asked)) if layout.objective.limits else None
        tallies = np.zeros((len(asked), task.tallies), np.int64)
        batch.tell(Told((rows**2).sum(axis=1), within, rows if has else None, tallies))
    batch.restore(batch.state())
    batch.equifinal(batch.found().cost)
