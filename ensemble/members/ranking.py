"""Samples of a run from the best to the worst, by a response, a sum over space or a score."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from ensemble.errors import PlanError
from ensemble.store.arrays import ArraySpec
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


def ranked(store: Store, name: str, better: str = "", model: str = "") -> Ranking:
    """Return samples by a number of each member.

    Parameters
    ----------
    store : Store
    name : str
        Of an array (forcing, sample), as sums over space and scores are, or (forcing, location,
        sample) with one location; of a score with groups that of the whole, or with a group's name
        at its end.
    better : str
        One of `KEYS`; by default what a score says, else smaller.
    model : str
        Of models side by side, the one whose number counts.

    Raises
    ------
    PlanError
        No such number, not one of each member, or no such model.
    """
    spec, dims, values = _numbers(store, name)
    values, dims = _of_model(store, name, values, dims, model)
    more = [f"{n} {d}s" for d, n in zip(dims, values.shape, strict=True)
            if d not in ("forcing", "sample") and n > 1]  # fmt: skip
    better = better or str(spec.attrs.get("better", "smaller"))
    if better not in KEYS:
        text = f"{store.path}: which {name} is better? found {better!r}; needed one of"
        raise PlanError(f"{text} {', '.join(KEYS)}")
    if more:
        text = f"{name!r} has a value of each of {' and '.join(more)}"
        raise PlanError(f"{store.path}: {text}; needed one of each member: a sum over space, a "
                        "score, or a response of one place")  # fmt: skip
    by_sample = values.reshape(-1, values.shape[-1])
    mean = by_sample.mean(axis=0)
    key = KEYS[better](mean)
    known = np.isfinite(mean)
    order = np.argsort(key, kind="stable")
    order = order[known[order]]
    units = str(spec.attrs.get("units", ""))
    return Ranking(name, order, mean[order], units, better, int((~known).sum()))


def _numbers(store: Store, name: str) -> tuple[ArraySpec, list[str], F8]:
    """Return the array of a name, its dimensions without groups, and its values."""
    for group in GROUPS:
        path = f"{group}/{name}".lstrip("/")
        if path in store.specs and "sample" in store.specs[path].dims:
            spec, values = store.specs[path], np.asarray(store.read_whole(path), np.float64)
            grouped = [dim for dim in spec.dims if dim == f"{spec.attrs.get('benchmark')}_group"]
            for dim in grouped:
                # The first group is the whole.
                values = np.take(values, 0, axis=spec.dims.index(dim))
            return spec, [dim for dim in spec.dims if dim not in grouped], values
    for path, spec in store.specs.items():
        group, _, score = path.rpartition("/")
        dim = f"{spec.attrs.get('benchmark')}_group"
        if group == "evaluation" and dim in spec.dims and name.startswith(f"{score}_"):
            groups = store.read_strings(f"evaluation/{dim}")
            if (label := name.removeprefix(f"{score}_")) in groups:
                whole = np.asarray(store.read_whole(path), np.float64)
                values = np.take(whole, groups.index(label), axis=spec.dims.index(dim))
                return spec, [one for one in spec.dims if one != dim], values
    there = ", ".join(_names(store)) or "none"
    raise PlanError(f"{store.path}: no number of each member is called {name!r}; it has {there}")


def _of_model(
    store: Store, name: str, values: F8, dims: list[str], model: str
) -> tuple[F8, list[str]]:
    """Return the values of one of models side by side; others as they are."""
    named = {d: store.read_strings(d) for d in dims if d not in AXES and _has_names(store, d)}
    several = [dim for dim, labels in named.items() if len(labels) > 1]
    if not several:
        if model:
            raise PlanError(f"{store.path}: {name!r} is not by model; leave --model out")
        return values, dims
    dim = next((d for d in several if model in named[d]), "")
    if not dim:
        found = f"found {model!r}" if model else f"{name!r} has a value of each {several[0]}"
        words = " or ".join(named[several[0]])
        raise PlanError(f"{store.path}: {found}; needed one of them: --model {words}")
    taken = np.take(values, named[dim].index(model), axis=dims.index(dim))
    return taken, [one for one in dims if one != dim]


AXES = ("forcing", "location", "sample")


def _has_names(store: Store, dim: str) -> bool:
    return dim in store.specs and store.specs[dim].dtype == "string"


def _names(store: Store) -> list[str]:
    """Return names of numbers of members."""
    found = []
    for path, spec in store.specs.items():
        group, _, name = path.rpartition("/")
        if group in GROUPS and {*spec.dims} >= {"forcing", "sample"} and spec.dtype == "float64":
            lead = {*spec.dims} - {f"{spec.attrs.get('benchmark')}_group"}
            named = {dim for dim in lead if _has_names(store, dim)}
            found += [name] if lead <= {*AXES, *named} else []
    return found
