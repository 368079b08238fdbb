"""What models have beside what they are held against, benchmark by benchmark.

A model is the control member of a run, or one that was there already: figures draw either.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from ensemble.evaluation.storing import MODELS
from ensemble.members.benchmarks import Prepared, Table
from ensemble.members.evaluation.asked import EVALUATED, GROUP
from ensemble.members.evaluation.stored import modelled_path, read, read_one
from ensemble.members.reopening import UNNEEDED, read_words, scenario_of
from ensemble.report.data.fields import Places, places_at, places_of
from ensemble.scores.skill import Compared, compared
from ensemble.store.store import Store
from ensemble.tables.responses import names_along
from ensemble.tables.results import Results
from kernels import F8, I8
from scenarios.benchmarks import BENCHMARKS, BenchmarkSpec
from scenarios.evaluated import EvaluationFile
from scenarios.evaluation import Evaluation

LACKING = "no control member has a value of every record, so none is drawn against them."

PAIRS = "pairs"


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
class Model:
    """One model against a benchmark.

    Attributes
    ----------
    label : str
    spec : BenchmarkSpec
    prepared : Prepared
        Its pairs; control members of a run share them.
    modelled : mapping of str to ndarray, shape (pair,)
        What it has of every pair.
    scores : mapping of str to ndarray, shape (groups,)
        In the order of `Prepared.groups`; (1,) of a score of the whole alone.
    places : Places, optional
        Where its locations are, if they make a map.
    product : bool
        Whether it is no model but a product, which says what agreement may be had.
    """

    label: str
    spec: BenchmarkSpec
    prepared: Prepared
    modelled: Mapping[str, F8]
    scores: Mapping[str, F8]
    places: Places | None = None
    product: bool = False

    @property
    def whole(self) -> bool:
        """Return whether it has a value of every pair."""
        return all(bool(np.isfinite(values).all()) for values in self.modelled.values())

    @cached_property
    def tables(self) -> Mapping[str, Table]:
        """Return the tables of its records or bands; none where it has no value of a pair."""
        benchmark: Any = BENCHMARKS.get(self.spec.compare)
        make = getattr(benchmark, "control", None)
        return make(self.spec, self.prepared, self.modelled) if make and self.whole else {}

    @property
    def arrays(self) -> Mapping[str, Any]:
        """Return the arrays of the benchmark's own."""
        return self.prepared.arrays

    @property
    def values(self) -> F8:
        """Return what it has of each pair, (p,)."""
        return self.modelled[PAIRS]

    @property
    def place(self) -> I8:
        """Return the location of each pair, (p,)."""
        return self.prepared.pairs[PAIRS].place

    @property
    def group(self) -> I8:
        """Return the group of each pair, (p,)."""
        return self.prepared.pairs[PAIRS].group

    @property
    def weight(self) -> F8:
        """Return the weight of each pair, (p,)."""
        return self.prepared.pairs[PAIRS].weight

    @property
    def observed(self) -> F8:
        """Return what is observed of each pair, (p,)."""
        return self.prepared.pairs[PAIRS].observed

    @property
    def cells(self) -> I8:
        """Return one pair of each location: those of other kinds of groups are the same."""
        return np.unique(self.place, return_index=True)[1]

    def against(self, values: F8) -> Compared:
        """Return the comparison of values (p,) with what is observed, each pair once."""
        at = self.cells if self.spec.compare == "map" else np.arange(len(self.place))
        return compared(values[at], self.observed[at], self.weight[at])

    @property
    def products_here(self) -> Mapping[str, F8]:
        """Return the single products of a median at each pair, (p,); none where there is one."""
        begin = "product_"
        found = {n.removeprefix(begin): v for n, v in self.arrays.items() if n.startswith(begin)}
        return {name: v[self.place] for name, v in found.items()} if len(found) > 1 else {}


@dataclass(frozen=True)
class Evaluated:
    """A benchmark, and every model against it.

    Attributes
    ----------
    name : str
    spec : BenchmarkSpec
    models : tuple of Model
        One or more.
    who : str
        What they are, for captions: ``control members``, ``models``.
    clouds : mapping of str to ndarray, shape (models, sample), float64
        Scores of the whole of every sample, by the words of the benchmark, where a run keeps them.
    products : tuple of Model
        Those that are held against it themselves.
    """

    name: str
    spec: BenchmarkSpec
    models: tuple[Model, ...]
    who: str
    clouds: Mapping[str, F8] = field(default_factory=dict)
    products: tuple[Model, ...] = ()

    @property
    def ceiling(self) -> Mapping[str, tuple[Model, F8]]:
        """Return products by name, with pairs and what they have of them (p,).

        Those that are held against it themselves, on all their cells; else the single ones of a
        median, at the pairs of the first model.
        """
        if self.products:
            return {one.label: (one, one.values) for one in self.products}
        first = self.models[0]
        return {name: (first, values) for name, values in first.products_here.items()}

    @property
    def labels(self) -> tuple[str, ...]:
        """Return what its models are called."""
        return tuple(one.label for one in self.models)

    @property
    def has_values(self) -> bool:
        """Return whether any model has a value anywhere."""
        return any(np.isfinite(v).any() for one in self.models for v in one.modelled.values())

    @property
    def units(self) -> str:
        """Return the unit of what is compared."""
        return self.models[0].prepared.units

    @property
    def about(self) -> Mapping[str, Any]:
        """Return what `prepare` tells: ``weights``, ``reference``."""
        return self.models[0].prepared.about

    @property
    def groups(self) -> tuple[str, ...]:
        """Return the groups of all models, the whole first."""
        return tuple(dict.fromkeys(g for one in self.models for g in one.prepared.groups))

    def score(self, name: str) -> F8 | None:
        """Return a score (models, groups); NaN of none, None where nothing gives it."""
        if not all(name in one.scores for one in self.models):
            return None
        found = np.full((len(self.models), len(self.groups)), np.nan)
        for row, one in zip(found, self.models, strict=True):
            values = one.scores[name]
            groups = one.prepared.groups[: len(values)]
            row[[self.groups.index(group) for group in groups]] = values
        return found

    @property
    def reference(self) -> str:
        """Return what they are held against, for captions: files, and what was left out."""
        about = self.models[0].prepared.provenance
        files = dict.fromkeys(str(file["name"]) for file in about.get("files", ()))
        told = [", ".join(files) or str(about.get("synthetic") or about.get("reader", self.name))]
        left_out = counted([sum(one.prepared.left_out.values()) for one in self.models])
        told += [f"{left_out} left out"] * (left_out != "0")
        notes = dict.fromkeys(note for one in self.models for note in one.prepared.notes)
        return "; ".join([*told, *(note for note in notes if "annual mean used" in note)])


def counted(numbers: Sequence[int]) -> str:
    """Return how many there are, for captions: ``12``, or ``8 to 12`` where models differ."""
    low, high = min(numbers), max(numbers)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def ceiling_cells(one: Evaluated) -> str:
    """Return on which cells products are compared, for captions."""
    if one.products:
        return f"{counted([len(product.cells) for product in one.products])} cells"
    of = f" of {one.labels[0]}" if one.who == "models" else ""
    return f"on the cells{of} that all products have"


def of_run(results: Results) -> Iterator[Evaluated]:
    """Yield the benchmarks of a finished run: its own, and those that came after it."""
    if not results.complete:
        return
    store = results.store
    for group in (GROUP, EVALUATED):
        section = _section(store, group)
        if section is None:
            continue
        prepared, places = read(store, group), places_of(results)
        kept = {one.name: one.values for one in scores(results, group)}
        for name, spec in section.benchmarks.items():
            models = tuple(_control(results, group, name, spec, prepared[name], places))
            clouds = {s: kept[k] for s in spec.asked() if (k := f"{name}_{s}") in kept}
            if models:
                yield Evaluated(name, spec, models, "control members", clouds)


def _section(store: Store, group: str) -> Evaluation | None:
    if group not in store.attrs:
        return None
    if group == GROUP:
        return scenario_of(store).evaluation
    words = {name: about.get("asked") for name, about in store.attrs[group].items()}
    # Stores of before have none.
    return None if None in words.values() else section_of(store, {"benchmarks": words})


def section_of(store: Store, words: Mapping[str, Any]) -> Evaluation:
    """Return words of a store as ``evaluation:``."""
    return read_words(store, Evaluation, words, left=UNNEEDED)


def _control(
    results: Results, group: str, name: str, spec: BenchmarkSpec, prepared: Prepared,
    places: Places | None,
) -> Iterator[Model]:  # fmt: skip
    """Yield the control members of a benchmark."""
    store = results.store
    held: dict[str, F8] = {}
    labels: tuple[str, ...] = ()
    for pairs in prepared.pairs:
        path = f"{group}/{modelled_path(name, pairs)}"
        values = results.whole(path)
        labels = _labels(store, results.forcings, store.specs[path].dims[2:], values.shape[2:])
        held[pairs] = _rows(values, labels)
    known: dict[str, F8] = {}
    for score in spec.asked():
        values = results.whole(f"{group}/control/{name}_{score}")
        grouped = spec.SCORES[score].grouped and len(prepared.groups) > 1
        known[score] = _rows(values if grouped else values[:, None], labels)
    for k, label in enumerate(labels):
        own = {pairs: values[k] for pairs, values in held.items()}
        yield Model(label, spec, prepared, own, {s: v[k] for s, v in known.items()}, places)


def _rows(values: F8, labels: Sequence[str]) -> F8:
    """Return an array (forcing, n, *models) as (labels, n)."""
    flat = values.reshape(*values.shape[:2], -1)
    return np.moveaxis(flat, 1, 2).reshape(len(labels), values.shape[1])


def of_models(store: Store) -> Iterator[Evaluated]:
    """Yield the benchmarks of a store of ``soilsweep evaluate``."""
    words = store.attrs["identity"]["scenario"]
    asked = read_words(store, EvaluationFile, words, left=UNNEEDED)
    said: Mapping[str, Any] = store.attrs[GROUP]
    for name, spec in asked.evaluation.benchmarks.items():
        every = [_there(store, m, name, spec, k) for k, m in enumerate(said) if name in said[m]]
        models = tuple(one for one in every if not one.product)
        who, products = "models" if len(models) > 1 else "model", (o for o in every if o.product)
        yield Evaluated(name, spec, models, who, products=tuple(products))


def _there(store: Store, model: str, name: str, spec: BenchmarkSpec, row: int) -> Model:
    prepared = read_one(store, f"{GROUP}/{model}/{name}", store.attrs[GROUP][model][name])
    modelled = {
        pairs: store.read_whole(f"{GROUP}/{model}/{modelled_path(name, pairs)}")
        for pairs in prepared.pairs
    }
    known = {}
    for score in spec.asked():
        path = f"{GROUP}/{name}_{score}"
        values = store.read_whole(path)[row]
        dims = store.specs[path].dims
        if len(dims) > 1:
            groups = store.read_strings(f"{GROUP}/{dims[1]}")
            values = values[[groups.index(group) for group in prepared.groups]]
        known[score] = values.reshape(-1)
    where = [f"{MODELS}/{model}/{axis}" for axis in ("lat", "lon")]
    places = None
    if all(path in store.specs for path in where):
        places = places_at(*(store.read_whole(path) for path in where))
    # Stores of before know no products.
    product = bool(store.attrs[MODELS][model].get("product"))
    return Model(model, spec, prepared, modelled, known, places, product)


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


def scores(results: Results, into: str = GROUP) -> Iterator[Score]:
    """Yield the scores of the whole that a finished run keeps of every member, in a group."""
    store = results.store
    if not results.complete:
        return
    for path, spec in store.specs.items():
        group, _, name = path.rpartition("/")
        if group != into or "better" not in spec.attrs:
            continue
        benchmark = str(spec.attrs["benchmark"])
        values, control = results.whole(path), results.whole(f"{into}/control/{name}")
        dims = spec.dims[1:-1]
        if dims and dims[0] == f"{benchmark}_group":
            values, control, dims = values[:, 0], control[:, 0], dims[1:]
        labels = _labels(store, results.forcings, dims, values.shape[1:-1])
        units, meaning, better = (str(spec.attrs[w]) for w in ("units", "long_name", "better"))
        rows, alone = values.reshape(len(labels), -1), control.reshape(-1)
        yield Score(name, benchmark, units, meaning, better, labels, rows, alone)
