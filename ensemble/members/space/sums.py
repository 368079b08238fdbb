"""Sums over space, sample by sample: what a block adds up, and the arrays they become.

A value is multiplied by the area of its location and added to the sum of its region, all
locations, a band of latitude or a class, with what rounding loses kept beside. So a sum is the
correctly rounded one in all but name, and where blocks are cut shows in no bit that matters.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.compiled_sums import add_weighted
from ensemble.members.experiment import Experiment
from ensemble.members.responses.kinds import Expressed, Selected, may_be_undefined, summed
from ensemble.members.responses.scores import Summed
from ensemble.members.space.regions import Regions, by_class, class_of, each_once, regions
from ensemble.members.tile import Tile
from kernels import F8, I8
from scenarios import Problem, ScenarioError
from scenarios.sections import OVER
from scenarios.units import is_amount, over_area

if TYPE_CHECKING:
    from ensemble.members.layout import Layout


GROUP = "aggregates"
CONTROL = f"{GROUP}/control"
STATISTICS = f"{GROUP}/statistics"

COUNT = "count"
"""Of the samples that have a sum, where members that ran may have no number to add up."""

FAILED, EXCLUDED = "failed", "excluded"
LOST = {"cells": ("uint32", "1"), "area": ("float64", "m2")}
"""What is known, beside the sums, of members that are in none: ``failed_cells`` and so on."""

AS_THEY_ARE, SCORE = "sum", "score"
"""Over all locations, of amounts that need no area; and a metric over their observations."""

TERMS = 3
"""Sums that a metric is made of; see `scenarios.metrics.Sums`."""


def is_of_score(target: str) -> bool:
    """Return whether what is added up is that of a metric: names have no dot otherwise."""
    return target.endswith(f".{SCORE}")


def class_dim(column: str) -> str:
    """Return the dimension of the classes of a column, which has a name of its own."""
    return f"{column}_class"


@dataclass(frozen=True)
class Aggregate:
    """One array of sums, or of means by area, and what was asked of it.

    Attributes
    ----------
    target, over, units, meaning : str
    dims : tuple of str
        Between region and sample.
    shape : tuple of int
    scale : float
        What sums of value x m2 are multiplied by; means are divided by the area instead.
    statistics : tuple of str
        As the scenario says them, in canonical form.
    score : Summed, optional
        A metric over the observations of all locations.
    counted : bool
        Whether samples that have it are counted: members that ran may have no finite number.
    column : str
        Of locations, whose classes it is by; empty where it is by none.
    """

    target: str
    over: str
    units: str
    meaning: str
    dims: tuple[str, ...]
    shape: tuple[int, ...]
    scale: float
    statistics: tuple[str, ...] = ()
    score: Summed | None = None
    counted: bool = False
    column: str = ""

    @property
    def sums(self) -> str:
        """Return the name of what is added up for it."""
        within = SCORE if self.score else self.column
        return f"{self.target}.{within}" if within else self.target

    @property
    def over_samples(self) -> tuple[str, ...]:
        """Return the statistics of it that are stored, and the count of samples that have it."""
        return (*self.statistics, *((COUNT,) if self.counted else ()))

    @property
    def name(self) -> str:
        """Return the name of its array."""
        return f"{self.target}_{self.over}"

    @property
    def zonal(self) -> bool:
        """Return whether it is by bands of latitude."""
        return not self.column and self.over.startswith("zonal")

    @property
    def dim(self) -> str:
        """Return the dimension of its regions; empty where it is over all locations."""
        return class_dim(self.column) if self.column else "band" if self.zonal else ""

    @property
    def is_mean(self) -> bool:
        """Return whether it is divided by the area."""
        return self.over.endswith("_mean") and self.over != self.column

    def finish(self, high: F8, low: F8, area: F8, forcing: int) -> F8:
        """Return the aggregate of sums (n, ...) over regions of ``area`` (n,)."""
        total = high + low
        if self.score:
            return self.score.value(total, forcing)
        if self.is_mean:
            return np.asarray(total / area.reshape(-1, *(1,) * (total.ndim - 1)))
        return np.asarray(total * self.scale)


class Aggregates:
    """Everything that a scenario adds up over space.

    Parameters
    ----------
    experiment : Experiment
    layout : Layout
        Asked for dims and units of targets.

    Raises
    ------
    ScenarioError
        Locations without an area, a latitude or a class, units that are not per area; all of them.
    """

    def __init__(self, experiment: Experiment, layout: "Layout") -> None:
        asked = experiment.scenario.aggregates
        self.targets: tuple[str, ...] = ()
        self.making: dict[str, Selected | Expressed | Summed] = {}
        self.losses = (FAILED, EXCLUDED) if layout.excluding else (FAILED,)
        self.all: tuple[Aggregate, ...] = ()
        self.any_zonal = False
        self.classes: dict[str, Regions] = {}
        if not asked:
            return
        problems = list(_place_problems(experiment))
        every = []
        for target, one in asked.items():
            response = layout.functionals.get(target)
            about = response or experiment.kernel.variable(target)
            counted = response is not None and may_be_undefined(response)
            for over in one.over:
                if over == SCORE:
                    one_score = self._score(experiment, layout, target, one.statistics)
                    every += one_score if isinstance(one_score, list) else []
                    problems += [] if isinstance(one_score, list) else [one_score]
                    continue
                try:
                    column = _column(over, experiment)
                    units, scale = _total(about.units, over, column)
                except ValueError as error:
                    problems.append(Problem(str(error), f"{GROUP}.{target}"))
                    continue
                dims, shape = layout.target_dims(target), layout.target_shape(target)
                requests = tuple(dict.fromkeys(map(canonical_name, one.statistics)))
                about_it = (target, over, units, about.meaning, dims, shape, scale)
                every.append(Aggregate(*about_it, requests, counted=counted, column=column))
        columns = tuple(dict.fromkeys(one.column for one in every if one.column))
        problems += list(_name_problems(every, columns))
        if problems:
            raise ScenarioError(problems, experiment.scenario.name)
        self.all = tuple(every)
        self.targets = tuple(dict.fromkeys(one.sums for one in every))
        self.has_area = any(one.over not in (AS_THEY_ARE, SCORE) for one in every)
        places = experiment.locations
        self.everywhere = regions(places, zonal=False) if self.has_area else each_once(places)
        self.any_zonal = any(one.zonal for one in every)
        self.bands = (
            regions(experiment.locations, zonal=True) if self.any_zonal else self.everywhere
        )
        zonal = {one.target for one in every if one.zonal}
        plain = {one.sums for one in every if one.over in (AS_THEY_ARE, SCORE)}
        self.by_target = {t: self.bands if t in zonal else self.everywhere for t in self.targets}
        self.by_target |= {target: each_once(places) for target in plain}
        self.classes = {column: by_class(places, column) for column in columns}
        of_classes = {one.sums: one.column for one in every if one.column}
        self.by_target |= {target: self.classes[column] for target, column in of_classes.items()}

    def _score(
        self, experiment: Experiment, layout: "Layout", target: str, requests: Sequence[Any]
    ) -> "list[Aggregate] | Problem":
        """Return a metric over all locations, or why there is none."""
        where, response = f"{GROUP}.{target}", layout.functionals.get(target)
        found = None if response is None else summed(response)
        if response is None or found is None:
            text = f"{target!r} is no metric; needed a response such as {{output: soc, metric: "
            return Problem(f"{text}{{rmse: soc}}}}", where)
        if "location" in experiment.scenario.independent:
            text = "a sample is another row of the design at every location (independent:)"
            return Problem(f"{text}, so it has no score over all of them", where)
        score, self.making[f"{target}.{SCORE}"] = found
        for whole in score.whole:
            if why := str(score.score.metric.unfit(whole)[0]):
                return Problem(f"has no score over all locations: {why}", where)
        names = tuple(dict.fromkeys(map(canonical_name, requests)))
        about = (target, SCORE, response.units, response.meaning, (), (), 1.0, names, score)
        return [Aggregate(*about, counted=True)]

    def __bool__(self) -> bool:
        return bool(self.all)

    def kinds(self) -> dict[str, str]:
        """Return what is asked for of ``global``, ``zonal`` and columns, with its dimension."""
        zonal = {"zonal": "band"} if self.any_zonal else {}
        return {"global": "", **zonal, **{column: class_dim(column) for column in self.classes}}

    def regions_of(self, dim: str) -> Regions:
        """Return the regions along a dimension."""
        return {class_dim(column): known for column, known in self.classes.items()}.get(
            dim, self.bands
        )

    def sizes(self, dim: str) -> dict[str, int]:
        """Return a dimension and the number of its regions; nothing of all locations."""
        return {dim: len(self.regions_of(dim).bounds)} if dim else {}

    def lost_by(self) -> dict[str, Regions]:
        """Return the regions that lost members are counted in, by the end of their name."""
        return {"": self.bands, **{f".{column}": known for column, known in self.classes.items()}}

    def valued(self, sums: str) -> str:
        """Return the output or response, or metric, whose values are added up under a name."""
        return sums if sums in self.making else sums.partition(".")[0]

    @property
    def lost(self) -> dict[str, tuple[str, str]]:
        """Return what is known of members in no sum; of places without an area their number."""
        return LOST if self.has_area else {"cells": LOST["cells"]}

    def row_values(self, layout: "Layout") -> int:
        """Return the numbers that one member has in the sums of a block at one location."""
        return sum(2 * math.prod(layout.target_shape(t)) for t in self.targets)


def _column(over: str, experiment: Experiment) -> str:
    """Return the column of locations that a word means; empty where it is a word of its own.

    Raises
    ------
    ValueError
        There is no such column.
    """
    if over in OVER:
        return ""
    known = [name for name in experiment.locations.columns if name not in OVER]
    found = over if over in known else over.removesuffix("_mean")
    if found not in known:
        text = f"found {over!r}; needed {', '.join(OVER)}, or a column of locations"
        raise ValueError(f"{text}: {', '.join(known) or 'they have none'}")
    class_of(experiment.locations, found)
    return found


def _total(units: str, over: str, column: str = "") -> tuple[str, float]:
    """Return the unit of a sum or mean, and what sums are multiplied by; see `over_area`."""
    if over.endswith("_mean") and over != column:
        return units, 1.0
    if over == AS_THEY_ARE:
        if not _adds_up(units):
            text = f"{units!r} is no amount, such as Pg C or kg C yr-1, so values of locations do"
            raise ValueError(f"{text} not add up; needed global, or global_mean")
        return units, 1.0
    try:
        return over_area(units)
    except ValueError as error:
        instead = f"{over}_mean"
        if over == "global" and _adds_up(units):
            instead += ", or sum, of amounts that need no area"
        raise ValueError(f"{error}, so there is no total; needed {instead}") from error


def _adds_up(units: str) -> bool:
    """Return whether values in a unit add up; False where it cannot be read."""
    try:
        return is_amount(units)
    except ValueError:
        return False


def canonical_name(request: str | Mapping[str, float]) -> str:
    """Return the name of a statistic."""
    from ensemble.members.statistics import canonical

    return canonical(request)[1]


def _place_problems(experiment: Experiment) -> Iterator[Problem]:
    """Yield what locations lack, or have and cannot be added up with."""
    columns, names = experiment.locations.columns, experiment.locations.names
    every = [over for one in experiment.scenario.aggregates.values() for over in one.over]
    zonal = not {"zonal", "zonal_mean"}.isdisjoint(every)
    by_area = any(over not in (AS_THEY_ARE, SCORE) for over in every)
    needs = [("area", "m2", 0.0, math.inf)] if by_area else []
    needs += [("lat", "degrees north", -90.0, 90.0)] if zonal else []
    for column, units, low, high in needs:
        if column not in columns:
            text = f"locations have no column {column!r}; needed {column} [{units}] of each, from "
            yield Problem(f"{text}the forcing's reader or locations: {{table: FILE.csv}}", GROUP)
            continue
        values = np.asarray(columns[column], dtype=np.float64)
        inside = (values > low if column == "area" else values >= low) & (values <= high)
        for k in np.flatnonzero(~(inside & np.isfinite(values)))[:1].tolist():
            needed = "more than 0" if column == "area" else f"{low:g} to {high:g}"
            text = f"{column} of location {names[k]!r} is {values[k]:g}; needed {needed} {units}"
            yield Problem(f"{text}; leave the location out, or correct it", GROUP)


def _name_problems(aggregates: list[Aggregate], columns: Sequence[str]) -> Iterator[Problem]:
    """Yield arrays that would have the same name."""
    words = [f"{why}_{word}" for why in (FAILED, EXCLUDED) for word in LOST]
    taken = {f"{word}_{kind}" for word in words for kind in ("global", "zonal", *columns)}
    taken |= {f"{column}_{word}" for column in columns for word in ("class", "area", "locations")}
    for aggregate in aggregates:
        if aggregate.name in taken:
            text = f"its array {aggregate.name!r} is another one's too"
            where = f"{GROUP}.{aggregate.target}"
            yield Problem(f"{text}; give the response another name", where)
        taken.add(aggregate.name)


def _no_members(regions: int, width: int) -> tuple[NDArray[np.uint32], F8]:
    return np.zeros((regions, width), dtype=np.uint32), np.zeros((regions, width))


class Sums:
    """Sums of a block over its locations, by target, region, row and sample."""

    def __init__(self, layout: "Layout", locations: slice, width: int) -> None:
        self.found = layout.aggregates
        self.locations = locations
        self.high: dict[str, F8] = {}
        for target in self.found.targets:
            rows = math.prod(layout.target_shape(target))
            held = len(self.found.by_target[target].of(locations))
            self.high[target] = np.zeros((held, rows, width))
        self.low = {target: np.zeros_like(sums) for target, sums in self.high.items()}
        self.lost = {
            f"{why}{end}": _no_members(len(known.of(locations)), width)
            for why in self.found.losses
            for end, known in self.found.lost_by().items()
        }

    def take(self, tile: Tile, target: str, values: F8) -> None:
        """Add ``values`` (l, *dims, s) of a target, NaN where a member failed."""
        known = self.found.by_target[target]
        weight, region = self._about(known, tile.locations)
        flat = np.ascontiguousarray(values).reshape(len(values), -1, values.shape[-1])
        sums = self.high[target], self.low[target]
        add_weighted(flat, weight, region, tile.samples.start, *sums)

    def take_lost(self, why: str, tile: Tile, members: NDArray[np.bool_]) -> None:
        """Count members (l, s) of a tile that are in no sum: ``failed``, or ``excluded``."""
        for end, known in self.found.lost_by().items():
            weight, region = self._about(known, tile.locations)
            cells, area = self.lost[f"{why}{end}"]
            for k, lost in enumerate(members):
                cells[region[k], tile.samples] += lost
                area[region[k], tile.samples] += weight[k] * lost

    def _about(self, known: Regions, inside: slice) -> tuple[F8, I8]:
        """Return areas of some locations and where their regions are in the sums."""
        first = self.locations.start
        here = slice(first + inside.start, first + inside.stop)
        held = known.of(self.locations)
        return known.area[here], np.searchsorted(held, known.place[here])

    def partials(self, group: str = GROUP) -> dict[str, NDArray[Any]]:
        """Return the sums by ``group/target/field``."""
        parts: dict[str, NDArray[Any]] = {}
        for target in self.high:
            parts[f"{group}/{target}/high"] = self.high[target]
            parts[f"{group}/{target}/low"] = self.low[target]
        if group == GROUP:
            for why, (cells, area) in self.lost.items():
                parts[f"{group}/{why}/cells"] = cells
                if self.found.has_area:
                    parts[f"{group}/{why}/area"] = area
        return parts
