"""Samples of a run from the best to the worst, by a response, a sum over space or a score."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ensemble.errors import PlanError
from ensemble.store.store import Store
from kernels import F8, I8

GROUPS = ("", "aggregates", "evaluation")
"""Where names of numbers of members are looked up."""


KEYS: Mapping[str, Callable[[F8], F8]] = {
    "smaller": lambda values: values,
    "larger": lambda values: -values,
    "nearest 0": lambda values: np.abs(values),
    "nearest 1": lambda values: np.abs(values - 1.0),
}
"""What is small where a value is good, by which values are better."""


@dataclass(frozen=True)
class Ranking:
    """Samples in order.

    Attributes
    ----------
    name : str
    order : ndarray of int64
        The best first; samples without a value in some forcing are left out.
    values : ndarray, shape (len(order),), float64
        The mean over forcings that they are ordered by.
    units : str
    better : str
        One of `KEYS`.
    left_out : int
        Samples without a value.
    """

    name: str
    order: I8
    values: F8
    units: str
    better: str
    left_out: int

    def first(self, count: int) -> I8:
        """Return the best samples.

        Raises
        ------
        PlanError
            Fewer have a value.
        """
        if len(self.order) < count:
            text = f"{self.name}: {len(self.order)} samples have a value, not {count}"
            raise PlanError(f"{text}; {self.left_out} have none")
        return self.order[:count]


def ranked(store: Store, name: str, better: str = "") -> Ranking:
    """Return samples by a number of each member.

    Parameters
    ----------
    store : Store
    name : str
        Of an array (forcing, sample), as sums over space and scores are, or (forcing, location,
        sample) with one location.
    better : str
        One of `KEYS`; by default what a score says, else smaller.

    Raises
    ------
    PlanError
        No such number, or not one of each member.
    """
    path = next((p for g in GROUPS if (p := f"{g}/{name}".lstrip("/")) in store.specs), "")
    if not path or "sample" not in store.specs[path].dims:
        there = ", ".join(_names(store)) or "none"
        raise PlanError(
            f"{store.path}: no number of each member is called {name!r}; it has {there}"
        )
    spec, values = store.specs[path], np.asarray(store.read_whole(path), dtype=np.float64)
    more = [f"{n} {d}s" for d, n in zip(spec.dims, spec.shape, strict=True)
            if d not in ("forcing", "sample") and n > 1]  # fmt: skip
    better = better or str(spec.attrs.get("better", "smaller"))
    if better not in KEYS:
        text = f"{store.path}: which {name} is better? found {better!r}; needed one of"
        raise PlanError(f"{text} {', '.join(KEYS)}")
    if more:
        text = f"{name!r} has a value of each of {' and '.join(more)}"
        raise PlanError(f"{store.path}: {text}; needed one of each member: a sum over space, a "
                        "score, or a response of one place")  # fmt: skip
    by_sample = np.moveaxis(values, spec.dims.index("sample"), -1).reshape(-1, values.shape[
        spec.dims.index("sample")])  # fmt: skip
    mean = by_sample.mean(axis=0)
    key = KEYS[better](mean)
    known = np.isfinite(mean)
    order = np.argsort(key, kind="stable")
    order = order[known[order]]
    units = str(spec.attrs.get("units", ""))
    return Ranking(name, order, mean[order], units, better, int((~known).sum()))


def _names(store: Store) -> list[str]:
    """Return names of numbers of members."""
    found = []
    for path, spec in store.specs.items():
        group, _, name = path.rpartition("/")
        if group in GROUPS and {*spec.dims} >= {"forcing", "sample"} and spec.dtype == "float64":
            found += [name] if {*spec.dims} <= {"forcing", "location", "sample"} else []
    return found
