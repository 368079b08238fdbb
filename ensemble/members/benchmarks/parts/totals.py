"""Weights that make a total of what locations have: land where output is a rate of an area."""

import numpy as np

from ensemble.members.benchmarks._contract import Asked, Task, refused
from kernels import F8


def weights(task: Task, asked: Asked, needed: str) -> F8:
    """Return what the output of each location is multiplied by in a total, (L,), float64.

    Parameters
    ----------
    task : Task
    asked : Asked
        A rate or a stock of an area of land, which is multiplied by it; or, of a run of one place,
        the total itself.
    needed : str
        Unit of the total.

    Raises
    ------
    ScenarioError
        Units that are of neither, several locations of what is a total, no area of land.
    """
    places = len(task.places.names)
    try:
        factor = asked.factor(needed)
    except ValueError:
        factor = None
    if factor is not None:
        if places == 1:
            return np.array([factor])
        text = f"{asked.variable.name} is no rate of an area, and there are {places} locations"
        raise refused(task, f"{text}; needed one whose unit is of an area", "output")
    area = task.column("area", "m2")
    if not (area > 0).all():
        place = task.places.names[int(np.argmin(area > 0))]
        raise refused(task, f"location {place!r} has no area of land; leave it out, or correct it")
    try:
        return area * asked.factor(needed, "m2")
    except ValueError as error:
        raise refused(task, str(error), "output") from error


def lacking(task: Task, asked: Asked) -> tuple[int, int] | None:
    """Return the years that a run has, and those that are asked for, where some are missing."""
    if task.period is None or asked.steps is None:
        return None
    years = len(np.unique(asked.steps.years[asked.in_years(task.period)]))
    whole = task.period[1] - task.period[0] + 1
    return (years, whole) if years < whole else None


def flagged(missing: tuple[int, int] | None, *, keep: bool) -> tuple[dict[str, list[int]], str]:
    """Return what marks a run that lacks years, so that it has no rank, and words for people."""
    if missing is None:
        return {}, ""
    text = "has {:,} of {:,} years that are compared".format(*missing)
    return ({}, text) if keep else ({"incomplete": [*missing]}, f"{text}, and no rank")
