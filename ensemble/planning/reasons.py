"""Why a member fails, as far as its drivers and parameters tell: those that are out of range."""

from collections.abc import Iterator, Mapping

import numpy as np

from ensemble.members.experiment import Experiment
from ensemble.planning.causes import Sample, cause
from ensemble.planning.conditions import largest
from ensemble.planning.driver_ranges import place_of
from ensemble.planning.notices import between, with_unit


def reasons(
    experiment: Experiment, forcing: int, place: int, parameters: Mapping[str, float]
) -> list[str]:
    """Return one line for each driver and parameter that is out of range, and what both are.

    Parameters
    ----------
    experiment : Experiment
    forcing, place : int
    parameters : mapping of str to float
        Of the member, kernel units.
    """
    return [
        *_drivers(experiment, forcing, place),
        *_parameters(experiment, parameters),
        *_together(experiment, forcing, place, parameters),
    ]


def _drivers(experiment: Experiment, forcing: int, place: int) -> Iterator[str]:
    for driver in experiment.kernel.drivers:
        range_ = driver.expected_range
        if range_ is None:
            continue
        values = np.atleast_1d(
            np.asarray(experiment.drivers[forcing][driver.name][place], np.float64)
        )
        known = np.nan_to_num(values, nan=np.inf)
        for lower, upper, whose in (
            (range_.lower, range_.upper, "which is what the kernel accepts"),
            (range_.low, range_.high, "which is what is seen"),
        ):
            distance = np.maximum(lower - known, known - upper)
            if not (distance > 0).any():
                continue
            at = np.unravel_index(int(distance.argmax()), values.shape)
            worst, steps = float(values[at]), tuple(map(int, at))[: len(driver.dims)]
            sample = Sample(worst, float(np.median(values)), float(known.max()))
            why = cause(sample, driver.units, range_)
            where = place_of(experiment, driver, (forcing, place, *steps))
            yield (
                f"{driver.name} is {with_unit(worst, driver.units)} ({where}), outside "
                f"{between(lower, upper, driver.units)}, {whose}{f': {why}' if why else ''}"
            )
            break


def _parameters(experiment: Experiment, parameters: Mapping[str, float]) -> Iterator[str]:
    for parameter in experiment.kernel.parameters:
        value = parameters.get(parameter.name)
        if value is None or parameter.lower <= value <= parameter.upper:
            continue
        bounds = between(parameter.lower, parameter.upper, parameter.units)
        yield (
            f"{parameter.name} is {with_unit(value, parameter.units)}, outside {bounds}, the "
            "kernel's bounds"
        )


def _together(
    experiment: Experiment, forcing: int, place: int, parameters: Mapping[str, float]
) -> Iterator[str]:
    """Yield conditions of the kernel that do not hold, with their values."""
    rows = {name: np.array([value]) for name, value in parameters.items()}
    for condition in experiment.kernel.conditions:
        value = float(largest(experiment, condition, forcing, place, rows)[0])
        if value > condition.most:
            own = ", ".join(f"{n} {parameters[n]:.4g}" for n in condition.of if n in parameters)
            yield f"{condition.text}, is {value:.4g}; needed {condition.most:g} at most ({own})"
