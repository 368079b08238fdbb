"""Numbers of a scenario that no data are needed to judge: of designs, parameters and depths."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from kernels import Kernel, Parameter
from scenarios import units
from scenarios.designs import Context, DesignSpec
from scenarios.designs.distributions.grammar import EVERY, Column, Distribution
from scenarios.designs.distributions.marginals import judgeable, resolve
from scenarios.problems import Problem


def of_designs(
    designs: Iterator[tuple[str, Any]], seed: Any, kernel: Kernel | None
) -> Iterator[Problem]:
    """Yield what is wrong with designs whatever the data are.

    Parameters
    ----------
    designs : iterator of (str, DesignSpec)
        By their place in the scenario; none is a cross.
    seed : int or None
        None where it is not sound.
    kernel : Kernel or None
        None where it is not imported here: then units and bounds are not known either.
    """
    for place, design in designs:
        table = _unknown(design) if kernel is None else {p.name: p for p in kernel.parameters}
        if kernel is not None or EVERY not in design.names():
            yield from _judged(design, Context(seed or 0, place, table))


def _judged(design: DesignSpec, context: Context) -> Iterator[Problem]:
    """Yield what is wrong with one design, but for names that the kernel has not."""
    written = getattr(design, "parameters", None)
    problems: list[Problem] = []
    if isinstance(written, Mapping) and _are_distributions(written):
        of_kernel = judgeable(written, context)
        if len(of_kernel) < len(written):
            resolve(of_kernel, context, problems, truncate=True)
            yield from problems
            return
    for problem in design.judge(context):
        if not problem.text.startswith("the kernel has no parameter"):
            yield problem


def _are_distributions(written: Mapping[str, Any]) -> bool:
    return all(value is None or isinstance(value, Distribution) for value in written.values())


def _unknown(design: DesignSpec) -> dict[str, Parameter]:
    """Return a table without bounds, of what a design says of a kernel that is not known."""
    written = getattr(design, "parameters", None)
    words = written if isinstance(written, Mapping) else dict.fromkeys(design.names())
    # Other names no kernel has.
    return {
        name: Parameter(
            name, getattr(value, "units", "") or "1", 0.0, -np.inf, np.inf, "unknown", "unknown"
        )
        for name, value in words.items()
        if name.isidentifier()
    }


def of_parameters(said: Mapping[str, Any], kernel: Kernel) -> Iterator[Problem]:
    """Yield values of ``parameters:`` outside the kernel's bounds; columns are of data."""
    for p in kernel.parameters:
        value = said.get(p.name)
        if value is None or isinstance(value, Column) or p.lower <= value <= p.upper:
            continue
        written = units.labelled(f"{value:g}", p.units)
        text = f"found {written}; needed {p.lower:g} to {p.upper:g}"
        yield Problem(text, f"parameters.{p.name}")


def of_depth(name: str, response: Any, dims: Sequence[str], kernel: Kernel) -> Iterator[Problem]:
    """Yield a depth outside the layers of what is along ``dims``, layers alone."""
    own = kernel.coords[dims[0]]
    if response.layer is None or own.bounds is None:
        return
    try:
        top, bottom = own.bounds[[0, -1], [0, 1]] * units.factor(own.units, "cm")
    except ValueError:
        return
    if not top <= response.layer <= bottom:
        text = (
            f"found {response.layer:g} cm; needed a depth in the layers, {top:g} to {bottom:g} cm"
        )
        yield Problem(text, f"responses.{name}.layer")
