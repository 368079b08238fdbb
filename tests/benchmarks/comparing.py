"""Ours and its references, timed in turn inside one benchmark."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

Row = tuple[str, str, str, str, str]

LARGE = 1 << 16


@dataclass(frozen=True)
class Against:
    """A reference: what it is called, what runs it, the ratio to reach."""

    name: str
    run: Callable[[], object]
    reach: str = ""


class Compare:
    """Time ours and its references in turn, so that a drift of the machine meets them all."""

    def __init__(self, benchmark, rows: list[Row]) -> None:
        self._benchmark = benchmark
        self._rows = rows

    @property
    def enabled(self) -> bool:
        """Return whether anything is timed; otherwise sizes may be small."""
        return not self._benchmark.disabled

    def __call__(self, figure, ours, *references, rounds=11, fresh=()) -> None:
        """Run every reference and ours in turn, once or, when enabled, for many rounds.

        Parameters
        ----------
        figure : str
            Name of the row in the table.
        ours : callable
        references : Against
        rounds : int
        fresh : sequence of Path
            What ours and each reference write: set aside before it runs, untimed.
        """
        times = self.times(ours, *(r.run for r in references), rounds=rounds, fresh=fresh)
        if not times:
            return
        mine, *others = map(np.array, times)
        if not references:
            self.measured(figure, in_words(np.median(mine)))
        for reference, theirs in zip(references, others, strict=True):
            # Round by round: the machine's drift cancels.
            ratio = float(np.median(mine / theirs))
            self._benchmark.extra_info[f"ratio to {reference.name}"] = ratio
            named = f"{in_words(np.median(theirs))} {reference.name}"
            ours_in_words = in_words(np.median(mine))
            self.measured(figure, ours_in_words, named, f"{ratio:.2f}", reference.reach)

    def times(self, *runs, rounds=11, fresh=()) -> list[list[float]]:
        """Return the seconds of each round of each, the first being ours; nothing if disabled."""
        seconds: list[list[float]] = [[] for _ in runs]

        def run(k: int) -> None:
            begun = time.perf_counter()
            runs[k]()
            seconds[k].append(time.perf_counter() - begun)

        def the_others() -> None:
            for path in fresh:
                set_aside(path)
            for k in range(1, len(runs)):
                run(k)

        warm = 1 if self.enabled else 0
        self._benchmark.pedantic(
            run, args=(0,), rounds=rounds, warmup_rounds=warm, setup=the_others
        )
        return [found[warm:] for found in seconds] if self.enabled else []

    def once(self, run):
        """Run something that measures itself, and return what it found."""
        return self._benchmark.pedantic(run)

    def measured(self, figure, ours, reference="", ratio="", reach="") -> None:
        """Add a row to the table."""
        if self.enabled:
            self._rows.append((figure, ours, reference, ratio, reach))


def set_aside(folder: Path) -> None:
    """Empty the large files of a folder and give it another name.

    Deleting it would slow what runs next: ext4 passes over the inodes that were deleted in the
    last seconds one by one, and a new file costs ten times as much.
    """
    if not folder.exists():
        return
    for file in folder.rglob("*"):
        if file.is_file() and file.stat().st_size > LARGE:
            os.truncate(file, 0)
    folder.rename(folder.with_name(f"{folder.name}.{time.time_ns()}"))


def in_words(seconds: float) -> str:
    """Return a duration with three digits and its unit."""
    for unit, factor in (("s", 1.0), ("ms", 1e3), ("us", 1e6)):
        if seconds * factor >= 1:
            return f"{seconds * factor:.3g} {unit}"
    return f"{seconds * 1e9:.3g} ns"
