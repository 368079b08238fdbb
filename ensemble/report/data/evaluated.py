"""What a run is held against, and what its control members have beside it: tables by benchmark."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from ensemble.members.benchmarks import Prepared, Table
from ensemble.members.evaluation.asked import GROUP
from ensemble.members.evaluation.stored import read
from ensemble.members.reopening import scenario_of
from ensemble.store.store import Store
from ensemble.tables.responses import names_along
from ensemble.tables.results import Results
from kernels import F8
from scenarios.benchmarks import BENCHMARKS, BenchmarkSpec

LACKING = "no control member has a value of every record, so none is drawn against them."


@dataclass(frozen=True)
class Score:
    """A score of the whole of each member.

    Attributes
    ----------
    name, benchmark, units, meaning, better : str
    labels : tuple of str
        Forcings, and models where several stand side by side.
    values : ndarray, shape (labels, sample), float64
        NaN of a sample that has none.
    control : ndarray, shape (labels,), float64
    """

    name: str
    benchmark: str
    units: str
    meaning: str
    better: str
    labels: tuple[str, ...]
    values: F8
    control: F8


@dataclass(frozen=True)
class Evaluated:
    """A benchmark of a finished run.

    Attributes
    ----------
    name : str
    spec : BenchmarkSpec
    prepared : Prepared
    labels : tuple of str
        Control members: forcings, and models where several stand side by side.
    modelled : sequence of mapping of str to ndarray, shape (pair,)
        What each has of every pair.
    """

    name: str
    spec: BenchmarkSpec
    prepared: Prepared
    labels: tuple[str, ...]
    modelled: tuple[Mapping[str, F8], ...]

    @cached_property
    def tables(self) -> tuple[Mapping[str, Table], ...]:
        """Return the tables of each control member; none of one that has no value of a pair."""
        benchmark: Any = BENCHMARKS.get(self.spec.compare)
        make = getattr(benchmark, "control", None)
        return tuple(
            make(self.spec, self.prepared, one)
            if make and all(np.isfinite(values).all() for values in one.values())
            else {}
            for one in self.modelled
        )

    @property
    def reference(self) -> str:
        """Return what it is held against, for captions: files, and what was left out."""
        about = self.prepared.provenance
        files = [str(file["name"]) for file in about.get("files", ())]
        left_out = sum(self.prepared.left_out.values())
        told = [", ".join(files) or str(about.get("synthetic") or about.get("reader", self.name))]
        told += [f"{left_out:,} records left out"] * bool(left_out)
        told += [note for note in self.prepared.notes if "annual mean used" in note]
        return "; ".join(told)


def every(results: Results, compare: str) -> Iterator[Evaluated]:
    """Yield the benchmarks of one kind of a finished run."""
    store = results.store
    if GROUP not in store.attrs or not results.complete:
        return
    section = scenario_of(store).evaluation
    prepared = read(store)
    for name, spec in section.benchmarks.items() if section else ():
        if spec.compare == compare:
            yield _one(store, results.forcings, name, spec, prepared[name])


def _one(
    store: Store, forcings: tuple[str, ...], name: str, spec: BenchmarkSpec, prepared: Prepared
) -> Evaluated:
    held: dict[str, F8] = {}
    labels: tuple[str, ...] = ()
    for pairs in prepared.pairs:
        path = f"{GROUP}/{name}/{pairs}/modelled"
        values = store.read_whole(path)
        labels = _labels(store, forcings, store.specs[path].dims[2:], values.shape[2:])
        flat = values.reshape(*values.shape[:2], -1)
        held[pairs] = np.moveaxis(flat, 1, 2).reshape(-1, values.shape[1])
    each = tuple({n: v[k] for n, v in held.items()} for k in range(len(labels)))
    return Evaluated(name, spec, prepared, labels, each)


def _labels(
    store: Store, forcings: tuple[str, ...], dims: tuple[str, ...], shape: tuple[int, ...]
) -> tuple[str, ...]:
    """Return what rows (forcing, *dims) are called; a single forcing is not named."""
    along = [names_along(store, dim, size) for dim, size in zip(dims, shape, strict=True)]
    found = []
    for forcing in forcings:
        for at in np.ndindex(shape):
            words = [names[k] for names, k in zip(along, at, strict=True)]
            alone = len(forcings) == 1 and words
            found.append(", ".join(words if alone else [forcing, *words]))
    return tuple(found)


def scores(results: Results) -> Iterator[Score]:
    """Yield the scores of the whole that a finished run keeps of every member."""
    store = results.store
    if not results.complete:
        return
    for path, spec in store.specs.items():
        group, _, name = path.rpartition("/")
        if group != GROUP or "better" not in spec.attrs:
            continue
        benchmark = str(spec.attrs["benchmark"])
        values, control = results.whole(path), results.whole(f"{GROUP}/control/{name}")
        dims = spec.dims[1:-1]
        if dims and dims[0] == f"{benchmark}_group":
            values, control, dims = values[:, 0], control[:, 0], dims[1:]
        labels = _labels(store, results.forcings, dims, values.shape[1:-1])
        units, meaning, better = (str(spec.attrs[w]) for w in ("units", "long_name", "better"))
        rows, alone = values.reshape(len(labels), -1), control.reshape(-1)
        yield Score(name, benchmark, units, meaning, better, labels, rows, alone)
