"""Limits that a scenario sets of outputs: a number with its unit, in the unit of the output."""

import math
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from kernels import Kernel
from scenarios import units
from scenarios.problems import Problem, of_kernel, shown

if TYPE_CHECKING:
    from scenarios.sections import LimitOf

_QUANTITY = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)\s+(\S.*)")


def quantity(text: Any) -> tuple[float, str]:
    """Return the number and the unit of a text such as ``150 mg C cm-3``.

    Raises
    ------
    ValueError
        It is not both, or the number is not finite.
    """
    match = _QUANTITY.fullmatch(text.strip()) if isinstance(text, str) else None
    if match is None:
        needed = "a number and its unit, such as 150 mg C cm-3"
        raise ValueError(f"found {shown(text)}; needed {needed}")
    number = float(match[1])
    if not math.isfinite(number):
        raise ValueError(f"found {shown(text)}; needed a finite number and its unit")
    return number, match[2]


def limit_in_units(text: str, needed: str) -> float:
    """Return a quantity in the unit of an output; `ValueError` as `quantity`, and `units`."""
    number, unit = quantity(text)
    # What conversion rounds off is no other limit.
    return float(f"{units.convert(number, unit, needed):.15g}")


def problems(
    limits: Mapping[str, "LimitOf | None"], kernel: Kernel, known: Any
) -> Iterator[Problem]:
    """Yield limits of what is no output, without a number where the kernel has none, and units.

    Parameters
    ----------
    limits : mapping of str to LimitOf, or None where the entry is not sound
    kernel : Kernel
        With its tables.
    known : collection of str
        Names of responses, which have no limit of their own.
    """
    outputs = {output.name: output for output in kernel.outputs}
    for name, limit in limits.items():
        where = f"limits.{name}"
        if name in known and name not in outputs:
            text = f"{name!r} is a response; a limit is of the output that it looks at"
            yield Problem(text, where)
        elif name not in outputs:
            text = f"kernel {kernel.name!r} has no output {name!r}{of_kernel(name, list(outputs))}"
            yield Problem(text, where)
        elif limit is not None:
            yield from _of_output(limit, outputs[name], where)


def _of_output(limit: "LimitOf", output: Any, where: str) -> Iterator[Problem]:
    if limit.above is None:
        if output.limit is None or output.limit.above == float("inf"):
            text = f"the kernel has no limit of {output.name!r}; say above: and a number in "
            yield Problem(f"{text}{output.units!r}", where)
        return
    try:
        above = limit_in_units(limit.above, output.units)
    except ValueError as error:
        yield Problem(str(error), f"{where}.above")
        return
    if above <= 0.0:
        text = (
            f"found {shown(limit.above)}; needed more than 0: it is the most that a soil can hold"
        )
        yield Problem(text, f"{where}.above")
