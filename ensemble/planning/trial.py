"""Some members before a run: control members and corners of the design, in a few cells.

What no table of ranges knows shows in a second: a run of which most members fail stops before its
store is made. Never for programs of a user's, whose members may take hours, write files or die;
nor for modules that are not of this package, which may end the process.
"""

import math
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np

import kernels
from ensemble.errors import PlanError
from ensemble.members.experiment import identity
from ensemble.planning.linked import links_of
from ensemble.planning.notices import percent
from ensemble.planning.parameter_ranges import spread_rows
from ensemble.planning.plan import Plan
from ensemble.planning.reasons import reasons
from kernels import BY_CODE, F8, OK, is_ours
from scenarios.forcing import Filed, sources

CELLS = 8
"""Pairs of forcing and location, spread evenly over all."""

ROWS = 24
"""Rows of the design, at most: extremes of its parameters and as many others."""

SECONDS = 1.0
"""What the members tried take at most, by what the kernel declares; at least one is tried."""

MOST = 0.5
"""Share of failed members above which a run is not begun, unless `failed_limit` is larger."""

EXAMPLES = 3
"""Members of which reasons are told."""


_Drawn = dict[str, F8]
"""What the design varies, by parameter, of the rows that are tried, (1, rows)."""


@dataclass
class Trial:
    """What became of the members tried.

    Attributes
    ----------
    cells, rows : int
        Cells, and rows of the design at each beside the control member.
    codes : mapping of int to int
        Members by status.
    why : list of str
        What is out of range of failed members, each once, the most frequent first.
    controls : int
        Control members that failed.
    seconds : float
    """

    cells: int
    rows: int
    codes: Counter[int] = field(default_factory=Counter)
    why: list[str] = field(default_factory=list)
    controls: int = 0
    seconds: float = 0.0

    @property
    def members(self) -> int:
        """Return the number of members tried."""
        return sum(self.codes.values())

    @property
    def share(self) -> float:
        """Return the share that failed."""
        return 1.0 - self.codes[OK] / self.members if self.members else 0.0

    def __str__(self) -> str:
        tried = f"{self.members:,} members tried ({self.cells} cells, the control and {self.rows} "
        return f"{tried}rows of the design at each): {percent(self.share)} failed"


def may_be_tried(plan: Plan) -> bool:
    """Return whether a plan's members are run by this package alone."""
    linked = all(_is_ours(link.kernel) for link in links_of(plan.experiment.options))
    return linked and is_ours(plan.scenario.kernel.name) and not plan.experiment.kernel.isolated


def reads_all_for_a_few(plan: Plan) -> bool:
    """Return whether drivers of one location cost as much as those of all."""
    every = (source for drivers in plan.experiment.drivers for source in sources(drivers))
    return any(isinstance(source, Filed) for source in every)


def _is_ours(kernel: kernels.Kernel) -> bool:
    """Return whether a link of a chain is this package's: others may have one of that name."""
    return is_ours(kernel.name) and kernels.get(kernel.name) is kernel


def attempt(plan: Plan) -> Trial:
    """Run control members and corners of the design in a few cells; nothing is written."""
    begun, experiment, layout = time.perf_counter(), plan.experiment, plan.layout
    cells, most = _affordable(plan)
    numbers = _corners(plan, cells[0], most)
    tiler = layout.tiler()
    tiler.compile(experiment.drivers[0], experiment.coords)
    trial, why = Trial(len(cells), len(numbers)), Counter[str]()
    drawn: dict[tuple[int, int], _Drawn] = {}
    for forcing, places in _calls(cells, together=layout.shared_seconds > 0):
        each = [_rows(plan, (forcing, place), numbers, drawn) for place in places]
        rows = {n: np.concatenate([one[n] for one in each]) for n in each[0]}
        drivers = {
            n: np.concatenate([np.asarray(v[place : place + 1]) for place in places])
            for n, v in experiment.drivers[forcing].items()
        }
        codes = np.full((len(places), 1 + len(numbers)), OK)
        for tile in tiler.tiles(drivers, experiment.coords, rows, identity, codes.shape[1]):
            codes[tile.locations, tile.samples] = tile.status
        trial.codes.update(codes.ravel().tolist())
        trial.controls += int((codes[:, 0] != OK).sum())
        for place, mine, of in zip(places, each, codes, strict=True):
            for k in np.flatnonzero(of != OK).tolist()[:EXAMPLES]:
                member = {n: v[0, k] for n, v in mine.items()}
                why.update(reasons(experiment, forcing, place, member))
    trial.why = [text for text, _ in why.most_common(EXAMPLES)]
    trial.seconds = time.perf_counter() - begun
    return trial


def told(trial: Trial | None) -> dict[str, Any]:
    """Return what was tried, for people and programs; None where nothing may be."""
    if trial is None:
        return {"members": 0, "why": "programs and kernels of other packages are not tried"}
    named = {BY_CODE[code].name: n for code, n in sorted(trial.codes.items())}
    return {"members": trial.members, "cells": trial.cells, "rows": trial.rows, **named}


def refuse_if_most_fail(plan: Plan, trial: Trial) -> None:
    """Refuse a run of which most members fail.

    Raises
    ------
    PlanError
        With what failed, why, and what the plan noticed.
    """
    if trial.share <= max(MOST, plan.scenario.failed_limit):
        return
    noticed = [str(notice) for notice in plan.warnings]
    lines = [*_statuses(trial), *(noticed or trial.why)]
    listed = "\n".join(f"  - {text}" for text in lines)
    raise PlanError(
        f"most members would fail: of {trial}\n{listed}\nnothing was written; correct that, or run "
        "them all the same with --no-try"
    )


def _statuses(trial: Trial) -> Iterator[str]:
    for code, n in sorted(trial.codes.items()):
        if code != OK:
            yield f"{n:,} {BY_CODE[code].name}: {BY_CODE[code].advice}"


def _cells(plan: Plan, most: int) -> Iterator[tuple[int, int]]:
    """Yield pairs of forcing and location, spread evenly, the first and the last among them."""
    forcings, locations, _ = plan.layout.shape
    every = forcings * locations
    for k in np.unique(np.linspace(0, every - 1, min(most, every)).round().astype(np.int64)):
        yield int(k) // locations, int(k) % locations


def _affordable(plan: Plan) -> tuple[list[tuple[int, int]], int]:
    """Return cells, and how many rows of the design may be tried at each, by `SECONDS`."""
    one, shared = plan.layout.seconds_per_member, plan.layout.shared_seconds
    members = max(1, int(SECONDS / max(one, 1e-9)))
    cells = list(_cells(plan, min(CELLS, members)))
    row = len(cells) * one + len(_calls(cells, together=True)) * shared
    return cells, min(ROWS, int(SECONDS / max(row, 1e-9)) - 1)


def _calls(cells: list[tuple[int, int]], *, together: bool) -> list[tuple[int, list[int]]]:
    """Return forcings with the places of a call: one, or all where places share their work."""
    calls: dict[tuple[int, int], list[int]] = {}
    for forcing, place in cells:
        calls.setdefault((forcing, 0 if together else place), []).append(place)
    return [(forcing, places) for (forcing, _), places in calls.items()]


def _corners(plan: Plan, cell: tuple[int, int], most: int) -> list[int]:
    """Return rows of the design that hold extremes of its parameters, and as many others."""
    if most < 1:
        return []
    sampler = plan.layout.sampler
    numbers, values = spread_rows(sampler, *cell)
    ends = [f(values[name]) for name in sampler.parameters for f in (np.argmin, np.argmax)]
    extremes = list(dict.fromkeys(int(k) for k in ends))[: math.ceil(most / 2)]
    others = np.linspace(0, len(numbers) - 1, min(most, len(numbers))).round().astype(int).tolist()
    chosen = dict.fromkeys([*extremes, *(k for k in others if k not in extremes)])
    return [numbers[k] for k in list(chosen)[:most]]


def _rows(
    plan: Plan, cell: tuple[int, int], numbers: list[int], drawn: dict[tuple[int, int], _Drawn]
) -> dict[str, F8]:
    """Return the control member's parameters and those of rows, (1, 1 + rows).

    Drawing scattered rows takes longer than running them, so cells of one design share
    what is ``drawn``.
    """
    (forcing, place), sampler = cell, plan.layout.sampler
    here = slice(place, place + 1)
    by_forcing, by_location = map(sampler.varies_by, ("forcing", "location"))
    design = forcing if by_forcing else 0, place if by_location else 0
    if design not in drawn:
        drawn[design] = sampler.picked(forcing, here, numbers) if numbers else {}
    control = plan.experiment.control_rows(forcing, here).values
    own = {n: np.repeat(v, len(numbers), axis=1) for n, v in control.items()} | drawn[design]
    return {n: np.concatenate([v, own[n]], axis=1) for n, v in control.items()}
