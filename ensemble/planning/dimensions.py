"""Dimensions of a setup that years do not span: do kernel, drivers and coordinates agree."""

import numpy as np

from ensemble.members.experiment import Setup
from scenarios import Problem, ScenarioError


def check_dims(setup: Setup) -> None:
    """Refuse drivers and coordinates whose lengths do not agree with a dimension's.

    Raises
    ------
    ScenarioError
        All of them.
    """
    problems, sizes = [], {n: len(c.values) for n, c in setup.kernel.coords.items()}
    for name, values in setup.own_coords.items():
        own = setup.kernel.coords.get(name)
        sizes.setdefault(name, len(values))
        if own is not None and not np.array_equal(own.values, values):
            text = f"{name} is not that of the kernel, {own.values.tolist()} {own.units}"
            problems.append(Problem(f"{text}; give the kernel the same", "forcing"))
    for label, drivers in zip(setup.forcings, setup.drivers, strict=True):
        for driver in setup.kernel.drivers:
            shape = np.shape(drivers[driver.name])[1:]
            for dim, length in zip(driver.dims, shape, strict=True):
                if length != sizes.setdefault(dim, length):
                    text = f"driver {driver.name!r} of {label!r} has {length} along {dim}"
                    problems.append(Problem(f"{text}; needed {sizes[dim]}", "forcing"))
    if problems:
        raise ScenarioError(problems, setup.scenario.name)
