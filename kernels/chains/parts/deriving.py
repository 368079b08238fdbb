"""Defaults and ranges by location of several kernels together."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.chains.parts.feeding import Pairs
from kernels.contract.arrays import F8
from kernels.contract.entries import Derived

Derivation = tuple[Callable[..., Mapping[str, Derived]], Any, tuple[str, ...], Pairs]
"""What derives parameters of a link, its options, the drivers it needs, and names."""


class _NotBefore(Exception):
    """A driver is asked for that an earlier link makes: it is not known before a run."""


class _Before(dict[str, F8]):
    """Drivers of a link that the forcing gives."""

    def __missing__(self, name: str) -> F8:
        raise _NotBefore(name)


def derive(
    parts: Sequence[Derivation],
    options: Any,
    drivers: Mapping[str, F8],
    coords: Mapping[str, NDArray[Any]],
) -> dict[str, Derived]:
    """Return defaults and ranges of every link; of a parameter of several, all ranges hold.

    Raises
    ------
    ValueError
        A parameter of several has other defaults in one than in another.
    """
    joint: dict[str, Derived] = {}
    for derived in _of_each(parts, drivers, coords):
        for name, new in derived.items():
            first = joint.get(name, new)
            if not np.array_equal(first.default, new.default, equal_nan=True):
                raise ValueError(_unlike(name))
            lower = np.maximum(first.lower, new.lower)
            joint[name] = Derived(first.default, lower, np.minimum(first.upper, new.upper))
    return joint


def derive_alike(
    parts: Sequence[Derivation],
    options: Any,
    drivers: Mapping[str, F8],
    coords: Mapping[str, NDArray[Any]],
) -> dict[str, Derived]:
    """Return what `derive` does; refuse what only some of those that have a parameter derive.

    Each is to be what it is alone; what feeds another in a chain may say its defaults for both.
    """
    joint = derive(parts, options, drivers, coords)
    for part, derived in zip(parts, _of_each(parts, drivers, coords), strict=True):
        if lacking := sorted(joint.keys() & {name for _, name in part[3]} - derived.keys()):
            raise ValueError(_unlike(lacking[0]))
    return joint


def _of_each(
    parts: Sequence[Derivation], drivers: Mapping[str, F8], coords: Mapping[str, NDArray[Any]]
) -> Iterator[dict[str, Derived]]:
    """Yield what each link derives, in the names of the chain."""
    for of_link, own, needs, names in parts:
        mine = _Before((name, drivers[name]) for name in needs if name in drivers)
        try:
            derived = of_link(own, mine, coords)
        except _NotBefore:
            # Nothing follows from what earlier links make.
            derived = {}
        yield {chains: derived[name] for name, chains in names if name in derived}


def _unlike(name: str) -> str:
    return (
        f"parameter {name!r} is one of several kernels, and has other defaults by location in one "
        "than in another; give both one file, or run each as a scenario of its own"
    )
