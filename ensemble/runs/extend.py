"""Grow a design until the indices are known well enough, running new members alone."""

import math
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from ensemble.analysis.indices import indices_of
from ensemble.errors import PlanError
from ensemble.farming.farm import Progress
from ensemble.members.layout import KEEP_SAMPLES
from ensemble.members.stored import read_ensemble
from ensemble.planning.plan import Plan
from ensemble.runs import growing, longer
from ensemble.runs import run as engine
from ensemble.runs.analyze import analyze_store
from ensemble.store.lock import locked, locked_name
from ensemble.store.names import beside
from ensemble.store.store import Store
from kernels import F8
from scenarios import nearest

DEFAULT = {"morris": "mu_star", "sobol": "ST"}
"""Indices whose intervals are looked at unless another is named."""

MARGIN = 1.1
"""More than the law of the square root asks for: an interval is itself uncertain."""


@dataclass(frozen=True)
class Width:
    """The largest half width of the intervals of an index.

    Attributes
    ----------
    value : float
    where : str
        Response, forcing, location and effect that have it.
    known, cells : int
        Rows that have an index, and all.
    """

    value: float
    where: str
    known: int
    cells: int


@dataclass(frozen=True)
class Step:
    """A design as it was when its intervals were looked at.

    Attributes
    ----------
    units : int
        Trajectories or base samples.
    members : int
        Of all forcings and locations.
    width : Width
    reused, rerun : int
        Members taken from the shorter design, and those of it that were run again because
        their block was cut.
    """

    units: int
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
        The first is the store as it was found.
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
    run = partial(engine.run, workers=workers, say=say, stop=stop, replaceable=replaceable)
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
            units = _next_length(store, extension, most)
            if units is None:
                return extension
            grown = growing.growth(store, units)
            say(_said(grown, extension, units))
            if not _grow(grown, extension, run, progress):
                return extension
            store = read_ensemble(place)


def _place(path: str | Path) -> Path:
    """Return the folder whose name is to be taken: not that of a link to it."""
    place = Path(path)
    return place.resolve() if place.is_symlink() or place.name in ("", "..") else place


def _grow(
    grown: growing.Growth,
    found: Extension,
    run: Callable[..., engine.Outcome],
    progress: Callable[[Plan], AbstractContextManager[Progress | None]],
) -> bool:
    """Run the longer design and give it the store's name; return False where it was stopped."""
    place = grown.store.path
    with locked(grown.store):
        growing.adopt(grown)
        with progress(grown.plan) as tell:
            outcome = run(grown.plan, progress=tell)
        found.warnings += outcome.warnings
        found.complete = outcome.complete
        if found.complete:
            _analyze_as_before(grown, found)
            longer.take_place(place)
    return found.complete


def _analyze_as_before(grown: growing.Growth, found: Extension) -> None:
    """Make an analysis that the shorter store has, before its name is taken and it goes."""
    if not any(p.startswith(("sensitivity/", "variance/")) for p in grown.store.specs):
        return
    try:
        analyze_store(grown.plan.path)
    except PlanError as error:
        why = str(error).replace(str(grown.plan.path), str(found.path))
        found.warnings.append(f"the longer run has no sensitivity/: {why}")


def _next_length(store: Store, found: Extension, most: int | None) -> int | None:
    """Return how long the design is to be next: as was begun, or longer, or not at all."""
    last, begun = found.steps[-1], growing.begun_length(store)
    if begun and begun <= last.units:
        begun = None  # another's: `adopt` replaces it
    limit = _limit(store, last.units, most)
    if found.reached or last.units >= limit:
        if begun:
            found.warnings.append(
                f"a longer design, {_length(store, begun)}, is begun in "
                f"{beside(store.path, 'longer')} and kept: a narrower --until or a higher --most "
                "goes on with it; remove it if neither is to come"
            )
        return None
    if begun and begun <= limit:
        return begun
    if begun:
        found.warnings.append(
            f"a longer design, {_length(store, begun)}, was begun, above --most {limit}: what was "
            "run of it is discarded"
        )
    return min(limit, proposed_length(store, last.units, last.width.value / found.until))


def _length(store: Store, units: int) -> str:
    return f"{growing.length_field(store)}: {units:,}"


def _step(store: Store, width: Width, grown: growing.Growth | None) -> Step:
    units = int(store.attrs["identity"]["scenario"]["design"][growing.length_field(store)])
    members = math.prod(store.specs["status"].shape)
    reused, rerun = (grown.reused, grown.rerun) if grown else (0, 0)
    return Step(units, members, width, reused, rerun)


def _said(grown: growing.Growth, found: Extension, units: int) -> str:
    """Return a line on what is about to be run, and why."""
    last = found.steps[-1]
    new = grown.plan.members - grown.reused
    again = f", {grown.rerun:,} of them again: their block was cut" if grown.rerun else ""
    return (
        f"{found.index} of {last.width.where}: half width {last.width.value:.3g}, needed "
        f"{found.until:g}; {growing.length_field(grown.store)}: {last.units:,} -> {units:,}, "
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
    unit = samples // now
    if samples > KEEP_SAMPLES:
        return most or 2**30
    # Beyond, a store keeps neither parameters nor responses, so no block would be the same.
    return min(KEEP_SAMPLES // unit, most or KEEP_SAMPLES)


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


def half_width(store: Store, index: str, of: Sequence[str], relative: bool) -> Width:
    """Return the largest half width of an index of all rows and effects.

    Raises
    ------
    PlanError
        No interval of that index, or none is known.
    """
    inside = _inside(store, index)
    written = store.attrs["identity"]["scenario"]
    names = list(of) or list(written["responses"]) or list(inside)
    kept = [n for n in (*written["responses"], *written["outputs"]) if n in store.specs]
    stored = [n for n in names if n not in inside and n in kept]
    if unknown := [n for n in names if n not in inside and n not in kept]:
        raise PlanError(
            f"{store.path}: neither members nor {index}_conf of {unknown[0]!r} are stored"
            f"{nearest(unknown[0], sorted({*inside, *kept}))}"
        )
    if not names:
        raise PlanError(
            f"{store.path}: no response, and no interval was computed inside the run; name "
            f"responses:, or ask for statistics: {{NAME: [{index}, {index}_conf]}}"
        )
    indices = indices_of(store, stored) if stored else {}
    largest: list[Width] = []
    for name in names:
        if name in inside:
            group = "statistics"
            value, half = (store.read_whole(f"{group}/{name}_{i}") for i in inside[name])
            dims = store.specs[f"{group}/{name}_{index}_conf"].dims
        else:
            value, half, dims = _of_analysis(store, indices, name, index)
        largest.append(_largest(store, name, value, half, dims, relative))
    known = [w for w in largest if math.isfinite(w.value)]
    if not known:
        raise PlanError(
            f"{store.path}: no interval of {index} is known: too many members failed, or the "
            "values do not vary; see `soilsweep analyze`"
        )
    return max(known, key=lambda w: w.value)


def _inside(store: Store, index: str) -> dict[str, tuple[str, str]]:
    """Return the targets whose index and interval were computed inside the run."""
    names = {}
    for path in store.specs:
        name = path.removeprefix("statistics/").removesuffix(f"_{index}_conf")
        if path == f"statistics/{name}_{index}_conf":
            value = index if f"statistics/{name}_{index}" in store.specs else f"{index}_conf"
            names[name] = (value, f"{index}_conf")
    return names


def _of_analysis(store: Store, found: Any, name: str, index: str) -> tuple[F8, F8, tuple[str, ...]]:
    paths = [f"sensitivity/{name}_{index}{end}" for end in ("", "_conf")]
    if paths[1] not in found:
        raise PlanError(
            f"{store.path}: the analysis has no interval of {index!r}; needed resamples: of 2 or "
            "more in design:, and --index mu_star of a Morris design, S1, ST or S2 of a Sobol one"
        )
    spec = found[paths[1]][0]
    return found[paths[0]][1], found[paths[1]][1], spec.dims


def _largest(
    store: Store, name: str, value: F8, half: F8, dims: tuple[str, ...], relative: bool
) -> Width:
    """Return the largest half width of one response, and where it is."""
    axes = tuple(k for k, dim in enumerate(dims) if dim in ("effect", "effect_2"))
    width = half
    if relative:
        size = np.nanmax(np.where(np.isfinite(value), np.abs(value), 0.0), axis=axes, keepdims=True)
        width = half / np.where(size > 0, size, np.nan)
    rows = np.isfinite(width).any(axis=axes)
    if not rows.any():
        return Width(math.nan, name, 0, rows.size)
    at = np.unravel_index(np.nanargmax(width), width.shape)
    labels = {dim: store.read_strings(dim) for dim in ("forcing", "location")}
    labels["effect"] = labels["effect_2"] = tuple(store.attrs["design"]["effects"])
    words = [
        str(labels[d][k]) if d in labels else f"{d} {k}" for d, k in zip(dims, at, strict=True)
    ]
    where = ", ".join([name, *words])
    return Width(float(width[at]), where, int(rows.sum()), rows.size)
