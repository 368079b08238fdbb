"""Series of annual totals against an observed one: rates times land, summed year by year.

Slopes are least squares over the years that both have; two trends correlate by themselves, so r
stands beside that of what is left without them. Of models that are coupled to an atmosphere of
their own, years mean nothing: their mean, slope and standard deviation do.

Source: our own; least squares.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from ensemble.members.benchmarks import Asked, Moments, Pairs, Prepared, Sums, Table, Task, refused
from ensemble.members.benchmarks.parts import skills
from ensemble.members.benchmarks.parts.totals import flagged, lacking, weights
from ensemble.scores import skill, trends
from kernels import F8, I8
from scenarios import limit_in_units, nearest, units
from scenarios.benchmarks import BenchmarkSpec, Score, plain
from scenarios.limits import quantity
from scenarios.observations import YearSeries

OF_YEARS = ("bias", "rmse", "crmse", "mae", "r", "r2", "sd_ratio")


def _per_year(unit: str) -> str:
    rate = unit.removesuffix(" yr-1")
    return f"{rate} yr-2" if rate != unit else units.times(unit, "yr-1")


class Spec(BenchmarkSpec):
    """Annual totals over all locations, against a series of years."""

    SCORES: ClassVar[Mapping[str, Score]] = {
        **skills.some(OF_YEARS, default=("bias", "rmse", "r", "sd_ratio"), grouped=False),
        "trend": Score("slope, modelled less observed", "nearest 0", _per_year, grouped=False),
        "r_detrended": Score(
            "correlation of what is left without the slopes", "larger", plain, False, False
        ),
        "within": Score(
            "share of years within the interval of the observed one", "larger", plain, False, False
        ),
    }
    OBSERVES: ClassVar[tuple[str, ...]] = ("YearSeries",)

    compare: Literal["series"]
    interval: str | None = Field(
        default=None, description="half width of each year's interval, 2.24 Pg C yr-1"
    )
    product: str | None = Field(default=None, description="which of several series")
    incomplete: Literal["flag", "keep"] = Field(
        default="flag",
        description="a model that lacks years of the period has no rank (flag), or has (keep)",
    )
    gaps: Literal["refuse", "allow"] = Field(
        default="refuse", description="of years between the first and the last that both have"
    )


def prepare(spec: Spec, task: Task) -> Prepared:
    """Return a pair for each location and year, added up by year.

    Raises
    ------
    ScenarioError
        Steady states, fewer than three years, gaps, no area, units of another kind, no interval.
    """
    asked = task.outputs[spec.output]
    name, years, observed = _observed(spec, task, asked)
    interval = _interval(spec, task)
    places = len(task.places.names)
    weight = weights(task, asked, task.observed.units)
    assert asked.steps is not None
    steps = [np.flatnonzero(asked.steps.years == year) for year in years]
    pairs = Pairs(
        output=spec.output,
        place=np.repeat(np.arange(places), len(years)),
        moment=np.tile(np.arange(len(years)), places),
        group=np.tile(np.arange(len(years)), places),
        weight=np.repeat(weight, len(years)),
        observed=np.zeros(places * len(years)),
        moments=Moments.means(steps),
        groups=len(years),
        sums=("first",),
    )
    arrays = {"years": years, "observed": observed, "interval": np.array([interval])}
    about: dict[str, Any] = {"product": name, "years": [int(years[0]), int(years[-1])]}
    mark, note = flagged(lacking(task, asked), keep=spec.incomplete == "keep")
    notes = (*_fewer(name, years, task, asked), *((note,) if note else ()))
    return Prepared(
        {"pairs": pairs}, task.observed.units, arrays=arrays, notes=notes, about=about | mark
    )


def score(spec: Spec, prepared: Prepared, sums: Mapping[str, Sums]) -> dict[str, F8]:
    """Return the scores of the totals of years, (1, s) each."""
    totals = sums["pairs"].of["first"]
    return scores_of(totals, prepared.arrays)


def scores_of(totals: F8, known: Mapping[str, F8]) -> dict[str, F8]:
    """Return every score of totals (years, s) against ``observed`` of ``years``."""
    years, observed = known["years"].astype(np.float64), known["observed"]
    there = np.isfinite(totals).all(axis=0)
    # Of a member without a value nothing is known, and pairs are not dropped for its sake.
    filled = np.where(there, totals, observed[:, None])
    found = skill.compared(filled, observed, np.ones_like(observed))
    made = {name: skill.SCORES[name](found.sums) for name in OF_YEARS if name != "mae"}
    slopes = trends.slopes(years, filled - observed[:, None])
    apart = np.abs(filled - observed[:, None]) <= known["interval"]
    made |= {
        "mae": found.mae,
        "trend": slopes[None],
        "r_detrended": trends.correlation_of_residuals(years, filled, observed)[None],
        "within": apart.mean(axis=0)[None],
    }
    return {name: np.where(there, values, np.nan) for name, values in made.items()}


def control(spec: Spec, prepared: Prepared, modelled: Mapping[str, F8]) -> dict[str, Table]:
    """Return the control member's totals beside the observed ones, year by year."""
    pairs, known = prepared.pairs["pairs"], prepared.arrays
    totals = np.bincount(pairs.group, pairs.weight * modelled["pairs"], pairs.groups)
    columns = {"year": known["years"], "observed": known["observed"], "modelled": totals}
    attrs = {
        "year": {"units": "1", "long_name": "calendar year"},
        "observed": {"units": prepared.units, "long_name": "observed total"},
        "modelled": {"units": prepared.units, "long_name": "total of the control member"},
    }
    return {"years": Table("year", columns, attrs)}


def _observed(spec: Spec, task: Task, asked: Asked) -> tuple[str, I8, F8]:
    """Return the product, the years that both have, and what was observed in each."""
    series: YearSeries = task.observed
    name = series.models[0] if spec.product is None else spec.product
    if name not in series.models:
        raise refused(task, f"no series {name!r}{nearest(name, series.models)}", "product")
    if len(series.models) > 1 and spec.product is None:
        text = (
            f"observed has {len(series.models)} series; say product: {' or '.join(series.models)}"
        )
        raise refused(task, text, "observed")
    if asked.steps is None:
        raise refused(task, "a steady state has no years; needed total, or a run in time", "output")
    values = series.by_model()[series.models.index(name)]
    here = np.isfinite(values) & np.isin(series.years, _whole(asked, task))
    years = series.years[here]
    if len(years) < 3:
        text = f"{name} and the years of the run that are compared have {len(years)} in common"
        raise refused(task, f"{text}; needed three or more", "observed")
    missing = trends.gaps(years)
    if missing and spec.gaps == "refuse":
        text = f"{len(missing)} years are missing between {years[0]} and {years[-1]}, such as "
        text += f"{missing[0]}; needed every year, or gaps: allow"
        raise refused(task, text, "observed")
    return name, years, values[here]


def _fewer(name: str, years: I8, task: Task, asked: Asked) -> tuple[str, ...]:
    """Return that a product lacks years which are compared, where it does."""
    assert asked.steps is not None
    first, last = task.period or (int(asked.steps.years.min()), int(asked.steps.years.max()))
    whole = last - first + 1
    text = f"{name} has {len(years)} of the {whole} years that are compared"
    return (text,) if len(years) < whole else ()


def _whole(asked: Asked, task: Task) -> I8:
    """Return the years that are compared and of which the run has all days."""
    assert asked.steps is not None
    years, number = np.unique(asked.steps.years[asked.in_years(task.period)], return_counts=True)
    return np.asarray(years[number == (365 if asked.steps.daily else 1)])


def _interval(spec: Spec, task: Task) -> float:
    """Return half the width of each year's interval, NaN where none is known."""
    series: YearSeries = task.observed
    if spec.interval is not None:
        quantity(spec.interval)
        try:
            return limit_in_units(spec.interval, series.units)
        except ValueError as error:
            raise refused(task, str(error), "interval") from error
    if series.interval is None and "within" in spec.asked():
        raise refused(task, "within needs an interval; say interval: 2.24 Pg C yr-1", "scores")
    return np.nan if series.interval is None else series.interval
