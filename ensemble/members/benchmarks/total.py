"""Global total against an observed one: rates times land, summed over all locations.

F(t) = sum over locations of rate x area of land, and its mean over the years that are compared.
Jian et al. 2021, 10.1111/gcb.15795, compare models so with products of heterotrophic respiration.

Source: Jian et al. (2021, 10.1111/gcb.15795).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator, model_validator

from ensemble.members.benchmarks import Asked, Moments, Pairs, Prepared, Sums, Task, refused
from ensemble.members.benchmarks.parts.totals import flagged, lacking, weights
from kernels import F8, I8
from scenarios import limit_in_units, nearest
from scenarios.benchmarks import BenchmarkSpec, Score, plain
from scenarios.limits import quantity
from scenarios.observations import YearSeries


class Spec(BenchmarkSpec):
    """The total over all locations, against a number or the mean of a series of years."""

    SCORES: ClassVar[Mapping[str, Score]] = {
        "bias": Score("modelled less observed total", "nearest 0"),
        "total": Score("modelled total", "neither"),
        "within": Score(
            "1 where the total is within the interval of the observed one, else 0",
            "larger",
            plain,
            default=False,
        ),
    }
    OBSERVES: ClassVar[tuple[str, ...]] = ("YearSeries",)
    NEEDS_OBSERVED: ClassVar[bool] = False

    compare: Literal["total"]
    value: str | None = Field(
        default=None, description="observed total and its unit, 51.5 Pg C yr-1, instead of a series"
    )
    interval: str | None = Field(
        default=None, description="half width of its interval, 2.24 Pg C yr-1"
    )
    product: str | None = Field(default=None, description="which of several series")
    incomplete: Literal["flag", "keep"] = Field(
        default="flag",
        description="a model that lacks years of the period has no rank (flag), or has (keep)",
    )

    @field_validator("value", "interval")
    @classmethod
    def _quantity(cls, text: str | None) -> str | None:
        if text is not None:
            quantity(text)
        return text

    @model_validator(mode="after")
    def _one_source(self) -> "Spec":
        series = self.observed is not None or self.same_as is not None
        if series == (self.value is not None):
            found = "both" if series else "neither"
            raise ValueError(f"found {found}; needed one of value: and observed:")
        return self


def prepare(spec: Spec, task: Task) -> Prepared:
    """Return one pair a location, of which the weight is its land and the moment the years.

    Raises
    ------
    ScenarioError
        No area, units that are not per area, a series without a year of the run, no interval.
    """
    asked = task.outputs[spec.output]
    steps = asked.in_years(task.period)
    observed = _of_value(spec, task) if spec.value else _of_series(spec, task, asked, steps)
    if "within" in spec.asked() and observed.interval is None:
        raise refused(task, "within needs an interval; say interval: 2.24 Pg C yr-1", "scores")
    if observed.years is not None and asked.steps is not None:
        steps = steps[np.isin(asked.steps.years[steps], observed.years)]
    if not len(steps):
        raise refused(task, f"no year of {task.period} is there; needed one or more", "period")
    mark, note = flagged(lacking(task, asked), keep=spec.incomplete == "keep")
    weight = weights(task, asked, observed.units)
    count = len(weight)
    pairs = Pairs(
        output=spec.output,
        place=np.arange(count),
        moment=np.zeros(count, np.int64),
        group=np.zeros(count, np.int64),
        weight=weight,
        observed=np.zeros(count),
        moments=Moments.means([steps]),
        sums=("first",),
    )
    about = {"observed": observed.value, "interval": observed.interval, **_years(asked, steps)}
    notes = (note,) if note else ()
    return Prepared({"pairs": pairs}, observed.units, notes=notes, about=about | mark)


def score(spec: Spec, prepared: Prepared, sums: Mapping[str, Sums]) -> dict[str, F8]:
    """Return the scores, (1, s)."""
    total = sums["pairs"].of["first"]
    bias = total - prepared.about["observed"]
    found = {"bias": bias, "total": total}
    if prepared.about["interval"] is not None:
        # What is no number is not outside.
        inside = np.abs(bias) <= prepared.about["interval"]
        found["within"] = np.where(np.isnan(bias), np.nan, inside)
    return found


@dataclass(frozen=True)
class _Observed:
    """A total, half the width of its interval, their unit, and the years that it is the mean of."""

    value: float
    interval: float | None
    units: str
    years: I8 | None = None


def _of_value(spec: Spec, task: Task) -> _Observed:
    value, unit = quantity(spec.value)
    return _Observed(value, _interval(spec, task, unit), unit)


def _of_series(spec: Spec, task: Task, asked: Asked, steps: I8) -> _Observed:
    """Return the mean of a series over the years that the run has, too; steady runs have none."""
    series: YearSeries = task.observed
    models = series.models
    name = spec.product or models[0]
    if name not in models:
        raise refused(task, f"no series {name!r}{nearest(name, models)}", "product")
    if len(models) > 1 and spec.product is None:
        text = f"observed has {len(models)} series; say product: {' or '.join(models)}"
        raise refused(task, text, "observed")
    values, years = series.by_model()[models.index(name)], series.years
    first, last = task.period or (int(years[0]), int(years[-1]))
    here = np.isfinite(values) & (years >= first) & (years <= last)
    if asked.steps is not None:
        here &= np.isin(years, asked.steps.years[steps])
    if not here.any():
        text = f"{name} is of {years[0]}-{years[-1]}, and the run compares none of these years"
        raise refused(task, f"{text}; needed one or more", "observed")
    interval = _interval(spec, task, series.units) if spec.interval else series.interval
    return _Observed(float(values[here].mean()), interval, series.units, years[here])


def _interval(spec: Spec, task: Task, unit: str) -> float | None:
    if spec.interval is None:
        return None
    try:
        return limit_in_units(spec.interval, unit)
    except ValueError as error:
        raise refused(task, str(error), "interval") from error


def _years(asked: Asked, steps: I8) -> dict[str, Any]:
    """Return which years the total is the mean of; nothing of a steady state."""
    if asked.steps is None:
        return {}
    years = np.unique(asked.steps.years[steps])
    return {"years": [int(years[0]), int(years[-1])], "count_of_years": len(years)}
