"""Grow a design until the indices are known well enough, running new members alone."""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from ensemble.errors import PlanError
from ensemble.farming.farm import Progress
from ensemble.members.evaluation.asked import EVALUATED
from ensemble.members.layout import KEEP_SAMPLES
from ensemble.members.stored import read_ensemble
from ensemble.planning.plan import Plan
from ensemble.runs import growing, longer
from ensemble.runs import run as running
from ensemble.runs.analyze import analyze_store
from ensemble.runs.intervals import Width, half_width
from ensemble.store.lock import locked, locked_name
from ensemble.store.names import beside
from ensemble.store.store import Store

DEFAULT = {"morris": "mu_star", "sobol": "ST"}
"""Indices whose intervals are looked at unless another is named."""

MARGIN = 1.1
"""More than the law of the square root asks for: an interval is itself uncertain."""


@dataclass(frozen=True)
class Step:
    """A design as it was when its intervals were looked at.

    Attributes
    ----------
    length : int
        Trajectories or base samples.
    members : int
        Of all forcings and locations.
    width : Width
    reused, rerun : int
        Members taken from the shorter design, and those of it that were run again because
        their block was cut.
    """

    length: int
    members: int
    width: Width
    reused: int = 0
    rerun: int = 0


@dataclass
class Extension:
    """What `extend` did.

    Attributes
    ----------
    path : Path
    index : str
    until : float
    relative : bool
    steps : list of Step
        The first is the store as it was extension.
    complete : bool
        False where it was stopped in the middle; the same call goes on.
    warnings : list of str
    """

    path: Path
    index: str
    until: float
    relative: bool
    steps: list[Step] = field(default_factory=list)
    complete: bool = True
    warnings: list[str] = field(default_factory=list)

    @property
    def reached(self) -> bool:
        """Return whether the intervals are as narrow as asked."""
        return self.complete and self.steps[-1].width.value <= self.until


def _no_progress(plan: Plan) -> AbstractContextManager[Progress | None]:
    return nullcontext()


def extend(
    path: str | Path,
    *,
    until: float,
    of: Sequence[str] = (),
    index: str = "",
    relative: bool = False,
    most: int | None = None,
    workers: int | None = None,
    progress: Callable[[Plan], AbstractContextManager[Progress | None]] = _no_progress,
    say: Callable[[str], None] = lambda text: None,
    stop: Callable[[], bool] = lambda: False,
    replaceable: bool = False,
) -> Extension:
    """Grow a run's design until the half widths of an index are at most ``until``.

    Parameters
    ----------
    path : str or Path
        A complete run of a Morris design (not ``optimal``) or a Sobol design.
    until : float
        In units of the index, or a share with ``relative``.
    of : sequence of str
        Responses, outputs or targets of statistics; default every response, or else every
        target whose intervals were computed inside the run.
    index : str
        ``mu_star``, ``S1``, ``ST`` or ``S2``; default ``mu_star`` or ``ST``.
    relative : bool
        Measure a half width as a share of the largest index of its row: of the effects of
        one response at one forcing, location, layer and year.
    most : int, optional
        Trajectories or base samples beyond which it does not grow; default as many as leave
        the store its parameters and responses.
    workers : int, optional
        Instead of the scenario's.
    progress, say, stop, replaceable : optional
        As those of `run`; ``progress(plan)`` opens one for each longer design.

    Returns
    -------
    Extension
        ``reached`` is False where ``most`` or ``stop`` came first.

    Raises
    ------
    PlanError
        The design cannot grow, the run is not complete, there is no interval to look at, or
        code or data have changed; or another process extends it.
    StoppedEarly
        As `run`; the same call goes on.
    """
    place = _place(path)
    if not (math.isfinite(until) and until > 0):
        raise PlanError(f"{place}: found until: {until}; needed a half width above 0")
    if not beside(place, "shorter").exists():
        read_ensemble(place)  # so that what is no store is said, and nothing written
    run = partial(running.run, workers=workers, say=say, stop=stop, replaceable=replaceable)
    with locked_name(place):
        longer.mend(place)
        store, grown = read_ensemble(place), None
        growing.length_field(store)
        method = store.attrs["identity"]["scenario"]["design"]["method"]
        extension = Extension(place, index or DEFAULT[method], until, relative)
        while True:
            _refuse_unfinished(store)
            width = half_width(store, extension.index, of, relative)
            extension.steps.append(_step(store, width, grown))
            length = _next_length(store, extension, most)
            if length is None:
                return extension
            grown = growing.growth(store, length)
            say(_announced(grown, extension, length))
            if not _grow(grown, extension, run, progress):
                return extension
            store = read_ensemble(place)


def _place(path: str | Path) -> Path:
    """Return the folder whose name is to be taken: not that of a link to it."""
    place = Path(path)
    return place.resolve() if place.is_symlink() or place.name in ("", "..") else place


def _grow(
    grown: growing.Growth,
    extension: Extension,
    run: Callable[..., running.Outcome],
    progress: Callable[[Plan], AbstractContextManager[Progress | None]],
) -> bool:
    """Run the longer design and give it the store's name; return False where it was stopped."""
    place = grown.store.path
    with locked(grown.store):
        growing.adopt(grown)
        with progress(grown.plan) as tell:
            outcome = run(grown.plan, progress=tell)
        extension.warnings += outcome.warnings
        extension.complete = outcome.complete
        if extension.complete:
            _analyze_as_before(grown, extension)
            _tell_of_evaluated(grown, extension)
            longer.take_place(place)
    return extension.complete


def _analyze_as_before(grown: growing.Growth, extension: Extension) -> None:
    """Make an analysis that the shorter store has, before its name is taken and it goes."""
    if not any(p.startswith(("sensitivity/", "variance/")) for p in grown.store.specs):
        return
    try:
        analyze_store(grown.plan.path)
    except PlanError as error:
        why = str(error).replace(str(grown.plan.path), str(extension.path))
        extension.warnings.append(f"the longer run has no sensitivity/: {why}")


def _tell_of_evaluated(grown: growing.Growth, extension: Extension) -> None:
    """Say that scores of stored members go with the shorter store.

    They are of its members alone, and the words of the benchmarks are in a file of somebody's.
    """
    if EVALUATED in grown.store.attrs:
        names = ", ".join(grown.store.attrs[EVALUATED])
        text = f"the longer run has no evaluated/: scores of {names} were of the shorter design's "
        again = f"members; `soilsweep evaluate {extension.path} --with FILE` makes them again"
        extension.warnings.append(text + again)


def _next_length(store: Store, extension: Extension, most: int | None) -> int | None:
    """Return how long the design is to be next: as was begun, or longer, or not at all."""
    last, begun = extension.steps[-1], growing.begun_length(store)
    if begun and begun <= last.length:
        begun = None  # another's: `adopt` replaces it
    limit = _limit(store, last.length, most)
    if extension.reached or last.length >= limit:
        if begun:
            extension.warnings.append(
                f"a longer design, {_written(store, begun)}, is begun in "
                f"{beside(store.path, 'longer')} and kept: a narrower --until or a higher --most "
                "goes on with it; remove it if neither is to come"
            )
        return None
    if begun and begun <= limit:
        return begun
    if begun:
        extension.warnings.append(
            f"a longer design, {_written(store, begun)}, was begun, above --most {limit}: what was "
            "run of it is discarded"
        )
    return min(limit, proposed_length(store, last.length, last.width.value / extension.until))


def _written(store: Store, length: int) -> str:
    """Return a length as a scenario has it: ``trajectories: 40``."""
    return f"{growing.length_field(store)}: {length:,}"


def _step(store: Store, width: Width, grown: growing.Growth | None) -> Step:
    length = int(store.attrs["identity"]["scenario"]["design"][growing.length_field(store)])
    members = math.prod(store.specs["status"].shape)
    reused, rerun = (grown.reused, grown.rerun) if grown else (0, 0)
    return Step(length, members, width, reused, rerun)


def _announced(grown: growing.Growth, extension: Extension, length: int) -> str:
    """Return a line on what is about to be run, and why."""
    last = extension.steps[-1]
    new = grown.plan.members - grown.reused
    again = f", {grown.rerun:,} of them again: their block was cut" if grown.rerun else ""
    return (
        f"{extension.index} of {last.width.where}: half width {last.width.value:.3g}, needed "
        f"{extension.until:g}; {growing.length_field(grown.store)}: {last.length:,} -> {length:,}, "
        f"{new:,} members to run{again}"
    )


def _refuse_unfinished(store: Store) -> None:
    status = store.specs["status"]
    blocks = math.prod(-(-n // c) for n, c in zip(status.shape, status.chunks, strict=True))
    done = len(store.committed())
    if done < blocks:
        raise PlanError(f"{store.path}: {done}/{blocks} blocks are committed; run it to the end")


def _limit(store: Store, now: int, most: int | None) -> int:
    """Return the longest the design may become."""
    samples = store.specs["status"].shape[2]
    together = samples // now
    if samples > KEEP_SAMPLES:
        return most or 2**30
    # Beyond, a store keeps neither parameters nor responses, so no block would be the same.
    return min(KEEP_SAMPLES // together, most or KEEP_SAMPLES)


def proposed_length(store: Store, now: int, excess: float) -> int:
    """Return how long the design should be next.

    Half widths fall as one over the square root of the length. At most twice as long at a
    time, as an interval is itself uncertain; whole blocks, where nothing else is asked for,
    so that the next extension runs none again.

    Parameters
    ----------
    store : Store
    now : int
        Trajectories or base samples.
    excess : float
        Half width over the one that is needed; above 1.
    """
    if store.attrs["identity"]["scenario"]["design"]["method"] == "sobol":
        return 2 * now  # a power of two stays one
    needed = min(2 * now, max(now + 1, math.ceil(MARGIN * now * min(excess, 2.0) ** 2)))
    status = store.specs["status"]
    whole = max(1, status.chunks[2] // (status.shape[2] // now))
    return -(-needed // whole) * whole
