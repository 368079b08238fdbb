"""The kernels that the laws are about, with drivers; members of one, as the laws run them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any

import numpy as np
from covered import covered_kernels

import kernels
from ensemble.checking.members import Subject, choices
from ensemble.checking.members import dims as dims
from ensemble.checking.members import run as run


@dataclass(frozen=True)
class Example:
    """Drivers (L, *dims) that a kernel accepts, L >= 2, and some whose inputs are zero."""

    drivers: Mapping[str, np.ndarray]
    coords: Mapping[str, np.ndarray]
    without_input: Mapping[str, np.ndarray] = field(default_factory=dict)


def example(name: str) -> Example:
    """Return the example of a kernel: `EXAMPLE` of the file of its name in ``kernel_examples``."""
    try:
        found: Example = import_module(f"kernel_examples.{name}").EXAMPLE
    except ModuleNotFoundError as error:
        file = f"tests/kernel_examples/{name}.py"
        raise LookupError(f"no example drivers for kernel {name!r}; add {file}") from error
    return found


def subject(name: str, options: Any) -> Subject:
    """Return a kernel with its example's drivers."""
    found = example(name)
    return Subject(kernels.get(name), options, found.drivers, found.coords, found.without_input)


def known() -> dict[str, kernels.Kernel]:
    """Return the kernels that the laws are about; without files that hold none, see `failing`."""
    return {n: kernels.get(n) for n in covered_kernels() if not failing(n)}


def failing(name: str) -> str:
    """Return why a file is no kernel; empty for one that is."""
    try:
        kernels.get(name)
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    return ""


def names() -> list[str]:
    """Return the kernels whose tables are their own; the others have theirs from a scenario."""
    return [name for name, kernel in known().items() if kernel.make is None]


def every_choice() -> list[tuple[str, Any]]:
    """Return (kernel name, options) for every kernel and every combination of its choices."""
    return [(name, options) for name in names() for options in choices(kernels.get(name))]
