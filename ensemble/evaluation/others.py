"""Other people's models as a run is: places, steps and outputs, made of maps."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from ensemble.members.benchmarks import Asked
from ensemble.members.evaluation.others import Other, of_maps
from ensemble.members.in_time import Steps
from kernels import Variable
from scenarios import Problem, ScenarioError, units
from scenarios.evaluated import Model, problem
from scenarios.forcing import Locations
from scenarios.observations import GridMap, YearSeries


def read(name: str, model: Model, base: Path) -> dict[str, Other]:
    """Return a model, read from its maps, or each that a series holds, by its name there.

    Raises
    ------
    ScenarioError
        Maps that cannot be read, on unlike grids, without land or with months; all that is wrong.
    """
    problems: list[Problem] = []
    maps: dict[str, GridMap] = {}
    series: dict[str, YearSeries] = {}
    for output, spec in model.outputs.items():
        try:
            found = spec.read(base)
        except ScenarioError as error:
            problems += [_at(one, name, output) for one in error.problems]
            continue
        if isinstance(found, YearSeries):
            series[output] = found
            continue
        assert isinstance(found, GridMap)
        problems += [problem(text, name, output) for text in _unfit(found)]
        maps[output] = found
    first = next(iter(maps.values()), None)
    for output, one in maps.items():
        if first is not None and not _same_grid(one, first):
            text = "is on another grid than the first; needed the same for all outputs of a model"
            problems.append(problem(text, name, output))
    if problems:
        raise ScenarioError(problems)
    if series:
        return of_series(name, series)
    try:
        return {name: of_maps(name, maps, _steps(model))}
    except ValueError as error:
        raise ScenarioError([problem(str(error), name)]) from error


def of_series(name: str, series: Mapping[str, YearSeries]) -> dict[str, Other]:
    """Return the models of series of totals; a model alone has the name that is given.

    Realisations of a model are one, their mean; years without a value are none.

    Raises
    ------
    ScenarioError
        Outputs are of unlike models.
    """
    first = next(iter(series.values()))
    for output, one in series.items():
        if {*one.models} != {*first.models}:
            text = "is of other models than the first; needed the same models of all outputs"
            raise ScenarioError([problem(text, name, output)])
    return {
        (model if len(first.models) > 1 else name): _of_globe(model, series)
        for model in first.models
    }


def _of_globe(model: str, series: Mapping[str, YearSeries]) -> Other:
    """Return one model of series, at one place without an area: values are totals."""
    asked, outputs, notes = {}, {}, []
    for output, one in series.items():
        values = one.by_model()[one.models.index(model)]
        there = np.isfinite(values)
        steps = Steps(one.years[there], np.empty(0, np.int64))
        asked[output] = Asked(Variable(output, one.units, output, (steps.dim,)), steps)
        outputs[output] = values[there][None, :, None]
        if (count := one.names.count(model)) > 1:
            notes.append(f"{output}: mean of {count} realisations")
    return Other(
        model,
        Locations(),
        asked,
        outputs,
        notes=tuple(notes),
        provenance={output: {**one.provenance, "land": "none: totals of the globe", "left_out": {}}
                    for output, one in series.items()},
    )  # fmt: skip


def _steps(model: Model) -> Steps | None:
    if model.years is None:
        return None
    years = np.arange(model.years[0], model.years[1] + 1, dtype=np.int64)
    return Steps(years, np.empty(0, np.int64), noleap=model.calendar == "noleap")


def mean(name: str, of: Mapping[str, Other]) -> Other:
    """Return the mean of models over the cells that all have, each counting the same.

    Raises
    ------
    ScenarioError
        Models on other grids, of other years, or in units of another kind.
    """
    first, *others = of.values()
    steps = [one.steps for each in of.values() for one in each.asked.values()]
    years = {None if one is None else one.years.tobytes() for one in steps}
    if len(years) > 1:
        text = f"{', '.join(of)} are of other years than each other; needed the same years: of all"
        raise ScenarioError([problem(text, name)])
    shared = {*first.places.names}.intersection(*(each.places.names for each in others))
    common = [place for place in first.places.names if place in shared]
    if not common:
        text = f"{', '.join(of)} have no cell in common; say grid: with the name of one of them"
        raise ScenarioError([problem(text, name)])
    rows = {}
    for one, each in of.items():
        place = {name: k for k, name in enumerate(each.places.names)}
        rows[one] = np.array([place[name] for name in common])
    outputs = {}
    for output in (o for o in first.outputs if all(o in each.outputs for each in others)):
        unit = first.asked[output].variable.units
        try:
            parts = [
                units.convert(e.outputs[output][rows[one]], e.asked[output].variable.units, unit)
                for one, e in of.items()
            ]
        except ValueError as error:
            raise ScenarioError([problem(str(error), name, output)]) from error
        outputs[output] = np.mean(parts, axis=0)
    places = first.places
    columns = {c: values[rows[next(iter(of))]] for c, values in places.columns.items()}
    columns["area"] = np.mean([o.places.columns["area"][rows[n]] for n, o in of.items()], axis=0)
    return replace(
        first,
        name=name,
        places=replace(places, names=tuple(common), columns=columns),
        asked={output: first.asked[output] for output in outputs},
        outputs=outputs,
        left_out={},
        notes=(f"mean of {', '.join(of)}, over the cells that all have",),
        provenance={o: {"files": [], "land": "mean of models", "left_out": {}} for o in outputs},
    )


def _unfit(one: GridMap) -> list[str]:
    """Return what keeps a map from being an output."""
    found = []
    if one.land is None:
        why = f" ({one.notes[-1]})" if one.notes else ""
        text = "has no land fraction, and a rate per area of land has no total without; needed "
        found.append(f"{text}land_fraction: FILE, or land_fraction: 1 where all is land{why}")
    if one.values.ndim != 2:
        found.append("has months; needed one map: leave by: month out")
    return found


def _at(one: Problem, model: str, output: str) -> Problem:
    """Return a problem of a reader at its place in the file."""
    if one.file:
        return one
    where = one.where.removeprefix("observed").strip(".")
    place = problem("", model, output).where
    return Problem(one.text, f"{place}.{where}" if where else place)


def _same_grid(one: GridMap, other: GridMap) -> bool:
    return (
        one.grid.shape == other.grid.shape
        and np.allclose(one.grid.lat, other.grid.lat)
        and np.allclose(one.grid.lon, other.grid.lon)
    )
