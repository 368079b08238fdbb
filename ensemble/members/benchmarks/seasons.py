"""Seasonal cycles of regions: means of records by day of the year, modelled and observed.

The line to beat is a temperature sensitivity of 2 on top of each location's own annual mean: what
fits no better than that is no evidence for a soil model (Jian et al. 2021, 10.1111/gcb.15795,
compare cycles of regions; the line is not theirs).

Source: regions of Jian et al. (2021, 10.1111/gcb.15795); the line to beat is our own.
"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ensemble.members.benchmarks import Moments, Pairs, Prepared, Sums, Table, Task, refused
from ensemble.members.benchmarks.parts.classes import in_cells
from ensemble.members.benchmarks.parts.matching import OfRecords, matched
from ensemble.members.benchmarks.parts.site_tables import attrs
from ensemble.members.benchmarks.parts.zones import regions
from ensemble.scores import seasons as cycles
from kernels import F8, I8
from scenarios import units
from scenarios.benchmarks import Score, plain
from scenarios.observations import AnyObservation, GridMap, SiteRecords


def _days(unit: str) -> str:
    return "d"


class Spec(OfRecords):
    """Seasonal cycles of regions, day of the year by day of the year."""

    SCORES: ClassVar[Mapping[str, Score]] = {
        "bias": Score("mean over days of modelled less observed", "nearest 0", default=False),
        "rmse": Score("root mean square error of means of days", "smaller"),
        "r2": Score("share of variance of means of days", "larger", plain),
        "residual_sd": Score("residual standard error of means of days", "smaller", default=False),
        "phase": Score("day of the highest, modelled less observed", "nearest 0", _days),
        "rmse_months": Score("root mean square error of means of months", "smaller", default=False),
        "r2_months": Score("share of variance of means of months", "larger", plain, False),
        "rmse_q10": Score("rmse of the line to beat, a Q10 of 2", "neither", default=False),
        "r2_q10": Score("r2 of the line to beat, a Q10 of 2", "neither", plain, False),
    }
    OBSERVES: ClassVar[tuple[str, ...]] = ("SiteRecords",)

    compare: Literal["seasons"]
    hemisphere: Literal["north", "south", "both"] = Field(
        default="north", description="whose seasons: records of the other are left out"
    )
    temperature: AnyObservation | None = Field(
        default=None, description="{reader: ...}, a map of twelve months, for the line to beat"
    )


def prepare(spec: Spec, task: Task) -> Prepared:
    """Return a pair for each record, added up by region and day of the year.

    Raises
    ------
    ScenarioError
        No map of classes, records that are of years, no temperature for the line to beat.
    """
    records: SiteRecords = task.observed
    if records.span == "year":
        raise refused(task, "records of whole years have no seasons; needed days or months")
    if spec.temperature is None and {*spec.asked()} & {"rmse_q10", "r2_q10"}:
        text = "the line to beat needs temperature: {reader: netcdf_map, ...}, of twelve months"
        raise refused(task, text, "scores")
    found = matched(spec, task, task.outputs[spec.output], records)
    day = np.where(np.isfinite(records.day), records.day, _middle(records.month))
    factor = _factors(spec, task, records, day)
    keep, left_out = _left(spec, records.lat[found.kept], factor[found.kept])
    if not keep.any():
        raise refused(task, f"no record of the {spec.hemisphere} is left; needed one or more")
    kept, place = found.kept[keep], found.place[keep]
    names, region = regions(task, spec.regions, records.lat[kept], records.lon[kept])
    cell = region * cycles.YEAR + day[kept].astype(np.int64) - 1
    cells, group = np.unique(cell, return_inverse=True)
    pairs = Pairs(
        output=spec.output,
        place=place,
        moment=found.moment[keep],
        group=group,
        weight=np.ones(len(kept)),
        observed=records.values[kept],
        moments=found.moments,
        groups=len(cells),
        sums=("first",),
    )
    every, arrays = {"pairs": pairs}, _named(cells)
    if spec.temperature is not None:
        every["annual"], annual = _annual(spec, task, place)
        arrays |= {"record_annual": annual, "record_factor": factor[kept]}
    return Prepared(
        every,
        records.units,
        ("global", *names),
        arrays,
        {**records.left_out, **found.left_out, **left_out},
        (*records.notes, *found.notes()),
        {"hemisphere": spec.hemisphere, "reading": spec.reading},
    )


def _named(cells: I8) -> dict[str, NDArray[Any]]:
    """Return region and day of the year of each mean."""
    return {"cell_region": cells // cycles.YEAR, "cell_day": cells % cycles.YEAR + 1}


def _left(spec: Spec, lat: F8, factor: F8) -> tuple[NDArray[np.bool_], dict[str, int]]:
    """Return which records are of the hemisphere and have a temperature, and what is not."""
    here = np.ones(len(lat), bool)
    if spec.hemisphere != "both":
        # The code of Jian et al. has the equator north, their text does not.
        north = lat >= 0 if spec.reading == "authors_code" else lat > 0
        here = north if spec.hemisphere == "north" else ~north
    known = np.isfinite(factor)
    left_out = {
        "of the other hemisphere": int((~here).sum()),
        "no temperature at its place": int((here & ~known).sum()),
    }
    return here & known, {why: n for why, n in left_out.items() if n}


def _middle(month: F8) -> F8:
    """Return the day in the middle of months, NaN of those that are not known."""
    known = np.isfinite(month)
    at = np.where(known, month, 1).astype(np.int64) - 1
    return np.where(known, np.round(cycles.MIDDLES[at]), np.nan)


def _factors(spec: Spec, task: Task, records: SiteRecords, day: F8) -> F8:
    """Return what the line to beat multiplies an annual mean by, 1 where there is no line.

    NaN of a record at whose place there is no temperature.
    """
    if spec.temperature is None:
        return np.ones(len(day))
    grid = spec.temperature.read(task.base)
    if not isinstance(grid, GridMap) or grid.month is None or len(grid.month) != 12:
        text = "needed a map of the twelve months of a year, such as a climatology"
        raise refused(task, text, "temperature")
    months = units.convert(grid.values[np.argsort(grid.month)], grid.units, "degC")
    rows, columns = in_cells(grid.grid, records.lat, records.lon)
    there = (rows >= 0) & (columns >= 0) & np.isfinite(day)
    of = np.where(there, months[:, rows, columns], np.nan).T
    there &= np.isfinite(of).all(axis=1)
    factor = np.full(len(day), np.nan)
    factor[there] = cycles.sensitivity(of[there], day[there].astype(np.int64))
    return factor


def _annual(spec: Spec, task: Task, place: I8) -> tuple[Pairs, I8]:
    """Return the mean of each location over the years compared, and which is that of a record."""
    asked = task.outputs[spec.output]
    mean = Moments.means([asked.in_years(task.period)])
    places, which = np.unique(place, return_inverse=True)
    number = len(places)
    pairs = Pairs(
        output=spec.output,
        place=places,
        moment=np.zeros(number, np.int64),
        group=np.arange(number),
        weight=np.ones(number),
        observed=np.zeros(number),
        moments=replace(mean, shares=mean.shares * asked.factor(task.observed.units)),
        groups=number,
        sums=("first",),
    )
    return pairs, which


def score(spec: Spec, prepared: Prepared, sums: Mapping[str, Sums]) -> dict[str, F8]:
    """Return the scores of all regions together and of each, (groups, s) each."""
    members = sums["pairs"]
    modelled = members.seen.mean[:, None] + members.of["first"] / members.seen.count[:, None]
    found = _scores(prepared, members, modelled)
    if "annual" in sums:
        line = _line(prepared, members.pairs, sums["annual"].of["first"])
        beaten = _scores(prepared, members, line)
        found |= {f"{name}_q10": beaten[name] for name in ("rmse", "r2")}
    return found


def _scores(prepared: Prepared, sums: Sums, modelled: F8) -> dict[str, F8]:
    """Return the scores of means of cells (c, s), for the whole and for each region."""
    region, day = prepared.arrays["cell_region"], prepared.arrays["cell_day"]
    known = np.isfinite(modelled).all(axis=0)
    # Of a member without a value nothing is known, and days are not dropped for its sake.
    filled = np.where(known, modelled, sums.seen.mean[:, None])
    every = [np.ones(len(region), bool), *(region == k for k in range(len(prepared.groups) - 1))]
    rows = [_of_region(sums, day, filled, here) for here in every]
    stacked = {name: np.stack([row[name] for row in rows]) for name in rows[0]}
    return {name: np.where(known, values, np.nan) for name, values in stacked.items()}


def _of_region(sums: Sums, day: I8, modelled: F8, here: F8) -> dict[str, F8]:
    """Return the scores of some cells, (s,) each."""
    both = np.column_stack([sums.seen.mean[here], modelled[here]])
    weight = sums.seen.count[here]
    days = _together(both, weight, day[here] - 1, cycles.YEAR)
    months = _together(both, weight, cycles.month_of(day[here]), 12)
    of_days = cycles.fit(days[:, 0], days[:, 1:])
    of_months = cycles.fit(months[:, 0], months[:, 1:])
    there = np.isfinite(days[:, 0])
    phases = cycles.phase(1.0 + np.flatnonzero(there).astype(np.float64), days[there])
    return {
        "bias": (days[there, 1:] - days[there, :1]).mean(axis=0),
        "rmse": of_days.rmse,
        "r2": of_days.r2,
        "residual_sd": of_days.residual_sd,
        "phase": cycles.phase_shift(phases[1:], phases[0]),
        "rmse_months": of_months.rmse,
        "r2_months": of_months.r2,
    }


def _together(values: F8, weight: F8, group: I8, number: int) -> F8:
    """Return weighted means of cells (c, k) by group, (number, k); NaN of none."""
    whole = np.bincount(group, weight, number)
    some = np.where(whole > 0, whole, np.nan)
    return np.stack([np.bincount(group, weight * v, number) / some for v in values.T], axis=1)


def _line(prepared: Prepared, pairs: Pairs, annual: F8) -> F8:
    """Return the line to beat, means of cells (c, s), from annual means of locations (l, s)."""
    which, factor = prepared.arrays["record_annual"], prepared.arrays["record_factor"]
    rows = (factor * v[which] for v in annual.T)
    sums = np.stack([np.bincount(pairs.group, row, pairs.groups) for row in rows], axis=1)
    return np.asarray(sums / pairs.count[:, None])


def control(spec: Spec, prepared: Prepared, modelled: Mapping[str, F8]) -> dict[str, Table]:
    """Return means of each region and day of the control member, with their intervals."""
    pairs, known = prepared.pairs["pairs"], prepared.arrays
    columns = [pairs.observed, modelled["pairs"]]
    if "annual" in modelled:
        columns.append(known["record_factor"] * modelled["annual"][known["record_annual"]])
    found = cycles.means(np.stack(columns, axis=1), pairs.group, pairs.groups)
    names = np.array(prepared.groups[1:])
    of = ("observed", "modelled", "q10")[: len(columns)]
    table = {
        "season_region": names[known["cell_region"]],
        "season_day": known["cell_day"],
        "season_n": found.n,
        **{f"season_{name}": found.mean[:, k] for k, name in enumerate(of)},
        **{f"season_{name}_interval": found.half_width[:, k] for k, name in enumerate(of)},
    }
    meaning = {
        "observed": "mean of observed values",
        "modelled": "mean of the control member at the same records",
        "q10": "the line to beat: annual means of locations with a Q10 of 2",
    }
    about = {
        "season_region": ("", "region"),
        "season_day": ("1", "day of the year"),
        "season_n": ("1", "records"),
    }
    about |= {f"season_{name}": (prepared.units, meaning[name]) for name in of}
    half = "half width of the interval of 95 %; none of one record"
    about |= {f"season_{name}_interval": (prepared.units, half) for name in of}
    return {"seasons": Table("season", table, attrs(about))}
