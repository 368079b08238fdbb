"""The design's own indices of a finished run.

A failed member never biases an index silently: it removes its whole Morris trajectory or
Saltelli row; so does one that ``limits:`` excludes. What is left is stored beside the indices, with
what was left out and why, the tail of the response, and whether the ranking is noise; where more
than a fifth is lost there is no index.
"""

import itertools
import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.analysis import behind, given_data, noise
from ensemble.analysis.cells import read_cells
from ensemble.analysis.ranks import is_ranked, ranked
from ensemble.analysis.scores import ALL, EVERYWHERE, places_of, read_score
from ensemble.analysis.sums import path_of, read_sum, sums_of
from ensemble.errors import PlanError
from ensemble.members.layout import Layout
from ensemble.members.limits import left_out, remedy
from ensemble.members.reopening import open_layout
from ensemble.members.row_groups import words_of
from ensemble.members.statistics import REFUSE_ABOVE
from ensemble.store.arrays import ArraySpec
from ensemble.store.coordinates import is_copy
from ensemble.store.store import Store
from kernels import F8, U1

Found = dict[str, tuple[ArraySpec, NDArray[Any]]]

GROUP = "sensitivity"

READ_BYTES = 256 << 20
"""Responses of all forcings that are held at a time, bytes."""


class NoIndices(PlanError):
    """What is stored, or the design, has no indices of its own; the run is complete."""


FORMER = ("variance_share", "levels", "term", "axis")
"""Shares of variance that earlier versions kept beside the indices; see `shares.stored`."""


def _ours(path: str, spec: ArraySpec) -> bool:
    """Return whether an array is one of the indices."""
    group, _, name = path.rpartition("/")
    return group == GROUP and spec.attrs.get("index", name) not in FORMER


def stored(store: Store) -> Found:
    """Return what an earlier analysis wrote; empty where it never ran."""
    arrays: Found = {}
    for path, spec in store.specs.items():
        if is_copy(store.specs, path):
            continue
        if _ours(path, spec) and spec.dtype == "string":
            arrays[path] = spec, np.array(store.read_strings(path), dtype=object)
        elif _ours(path, spec):
            arrays[path] = spec, store.read_whole(path)
    return arrays


def results(store: Store, *, outputs: bool = True) -> Found:
    """Return every array of the analysis, of responses alone or of outputs too.

    Raises
    ------
    NoIndices
        Nothing is kept, or a design without indices.
    PlanError
        Not finished, or too many failures.
    """
    layout = open_layout(store)
    path, done = store.path, len(store.committed())
    if done < layout.grid.blocks:
        raise PlanError(
            f"{path}: {done}/{layout.grid.blocks} blocks are committed; run it to the end"
        )
    attributes = layout.sampler.first.attributes
    own = bool(attributes.get("effects")) or given_data.fits(attributes)
    kept = list(layout.outputs) if own and outputs else []
    responses = list(layout.functionals) if layout.keeps_responses else []
    scores = scores_of(layout)
    sums = sums_of(store, layout)
    if not (responses or kept or scores or sums):
        raise NoIndices(f"{path}: {_nothing(layout)}")
    analysis = _Analysis(store, layout)
    for name in responses:
        analysis.add(name)
    for name in scores:
        analysis.add_score(name)
    for name in sums:
        analysis.add_sum(name)
    for name in kept:
        analysis.add_output(name)
    if not analysis.found:
        method = layout.sampler.first.attributes["method"]
        raise NoIndices(
            f"{path}: a {method} design has no indices of its own; use morris, sobol, a cross of "
            f"two factors or more, or {given_data.FEWEST} members of latin_hypercube or monte_carlo"
        )
    if not analysis.accepted:
        raise too_many_lost(store, analysis.refused)
    return analysis.found


def may_be_analysed(layout: Layout) -> bool:
    """Return whether members are kept, or sums of theirs, of which `analyze` may say something."""
    kept = layout.keeps_responses and (layout.functionals or scores_of(layout))
    return bool(kept or layout.outputs or layout.aggregates)


def scores_of(layout: Layout) -> list[str]:
    """Return the scores that are analysed: those of the whole, and of groups with statistics."""
    if not layout.keeps_responses:
        return []
    whole = [scored.name for scored in layout.evaluation.all]
    return list(dict.fromkeys([*whole, *layout.evaluation.statistics]))


def too_many_lost(store: Store, refused: Sequence[str]) -> PlanError:
    """Return what to say where no index, or no share of variance, is left."""
    listed = "\n".join(f"  - {text}" for text in refused[:5])
    return PlanError(
        f"{store.path}: too many members {_are_lost(store)}; {remedy(store)}\n{listed}"
    )


def whole_words(layout: Layout) -> str:
    """Return what members are that enter an analysis: ``without failure``."""
    return "without a failed or excluded member" if layout.excluding else "without failure"


def _are_lost(store: Store) -> str:
    """Return what became of the members that indices lack."""
    committed = store.committed()
    failed = bool(committed.failing)
    excluded = left_out(committed) > 0
    return (
        "failed or are excluded"
        if failed and excluded
        else ("are excluded" if excluded else "failed")
    )


def indices_of(store: Store, names: Iterable[str]) -> Found:
    """Return the arrays of some responses and outputs; indices that are lost are NaN."""
    layout = open_layout(store)
    analysis = _Analysis(store, layout)
    for name in names:
        if name in layout.functionals:
            analysis.add(name)
        elif name in layout.evaluation.by_name:
            analysis.add_score(name)
        elif name in sums_of(store, layout):
            analysis.add_sum(name)
        else:
            analysis.add_output(name)
    return analysis.found


def _nothing(layout: Layout) -> str:
    """Return why there is nothing to analyse, and what to do."""
    if layout.in_groups:
        inside = "its indices were computed inside the run and are in statistics/"
        return f"keeps no member; {inside}; `soilsweep report` shows them as tables and figures"
    inside = "or ask for indices inside the run, such as statistics: {NAME: [mu_star]} or [S1, ST]"
    if layout.functionals:
        many = f"{layout.sampler.size:,} samples are too many to keep responses"
        return f"{many}; keep outputs:, {inside}"
    return f"nothing to analyse; name responses: in the scenario, {inside}"


@dataclass(frozen=True)
class _Of:
    """What indices are of.

    Attributes
    ----------
    word : str
        Of the attribute that names it: ``response`` or ``output``.
    units : str
    dims : tuple of str
        Between forcing and effect.
    ranked : bool
        Whether it is the rank of a response.
    """

    word: str
    units: str
    dims: tuple[str, ...]
    ranked: bool = False


class _Analysis:
    """The analysis of a store, response by response.

    Attributes
    ----------
    found : dict
        Arrays, by path.
    refused : list of str
        Where too much was lost; the indices there are NaN.
    accepted : bool
        Whether it was not so everywhere.
    """

    def __init__(self, store: Store, layout: Layout) -> None:
        self.store = store
        self.layout = layout
        self.design = layout.sampler.first
        self.independent = layout.sampler.independent
        self.given: given_data.OfDesign | None = None
        if given_data.fits(self.design.attributes):
            self.given = given_data.OfDesign(self.design)
        self.units = self.design.size // self.design.rows_together
        if self.given is not None:
            self.units = self.given.members
        self.found: Found = {}
        self.refused: list[str] = []
        self.accepted = False
        self._opened = lru_cache(maxsize=8)(layout.experiment.design)
        self.whole = whole_words(layout)
        self.rows_together = words_of(self.design.attributes["method"])

    def add(self, name: str) -> None:
        """Analyse one response, some locations at a time."""
        parts: dict[str, list[NDArray[Any]]] = {}
        for places in self._batches():
            values = self._read(name, places)
            for index, array in self._indices(name, values, places).items():
                parts.setdefault(index, []).append(array)
        whole = {k: np.concatenate(v, axis=1) for k, v in parts.items()}
        response = self.layout.functionals[name]
        plain = is_ranked(self.layout, name)
        self._keep_all(name, whole, _Of("response", response.units, ("location",), ranked=plain))

    def add_score(self, name: str) -> None:
        """Analyse a score, model by model, as a response that all locations have together."""
        scored, _ = self.layout.evaluation.by_name[name]
        read = partial(read_score, self.store, self.layout, name)
        self._add_together(name, scored.units, read, *places_of(self.store, scored))

    def add_sum(self, name: str) -> None:
        """Analyse a sum over all locations as a response that they have together."""
        units = str(self.store.specs[path_of(name)].attrs["units"])
        self._add_together(name, units, partial(read_sum, self.store, name), EVERYWHERE, [ALL])

    def _add_together(
        self,
        name: str,
        units: str,
        read: Callable[[int], tuple[F8, U1]],
        dim: str,
        labels: Sequence[str],
    ) -> None:
        """Analyse what all locations have together, (place, sample) of a forcing with reasons."""
        rows = []
        for f in range(self.layout.shape[0]):
            values, reasons = read(f)
            row = self._one_forcing(f, values, slice(0, 1))
            rows.append(row and row | self._behind_of(values, reasons))
        if not rows[0]:
            return
        forcings = self.layout.experiment.forcings

        def where(forcing: int, place: int) -> str:
            return ", ".join([name, forcings[forcing], labels[place]])

        arrays = self._without_lost(rows, where)
        self._keep_all(name, arrays, _Of("response", units, (dim,)))
        self._name(dim, list(labels))

    def add_output(self, name: str) -> None:
        """Analyse every cell of an output, some locations and rows at a time."""
        kept = self.layout.outputs[name]
        forcings, locations, samples = self.layout.shape
        count = math.prod(kept.shape)
        deep = max(1, READ_BYTES // (8 * samples * count))
        wide = max(1, READ_BYTES // (8 * samples))
        whole: dict[str, NDArray[Any]] = {}
        for f, first in itertools.product(range(forcings), range(0, locations, deep)):
            places = slice(first, min(first + deep, locations))
            for start in range(0, count, wide):
                rows = slice(start, min(start + wide, count))
                values = read_cells(self.store, self.layout, name, f, places, rows)
                parts = self._one_forcing(f, values, places)
                for index, array in (parts | self._behind(f, values, places)).items():
                    shape = (forcings, locations, count, *array.shape[2:])
                    empty = np.empty(shape, array.dtype)
                    whole.setdefault(index, empty)[f, places, rows] = array
        self._drop_lost(name, whole)
        folded = {
            k: v.reshape(forcings, locations, *kept.shape, *v.shape[3:]) for k, v in whole.items()
        }
        of = _Of("output", kept.variable.units, ("location", *kept.dims))
        self._keep_all(name, folded, of)

    def _behind(self, forcing: int, values: F8, places: slice) -> dict[str, NDArray[Any]]:
        """Return what stands behind the indices of values (place, ..., sample)."""
        reasons = behind.read_reasons(self.store, self.layout, forcing, places)
        return self._behind_of(values, reasons)

    def _behind_of(self, values: F8, reasons: U1) -> dict[str, NDArray[Any]]:
        """Return the same, given why members are left out, (place, sample)."""
        together = self.design.rows_together
        values = values[..., : self.units * together]
        over, of_few = behind.tails(values, together)
        reasons = reasons[:, : self.units * together]
        lost = behind.left_out(values, reasons, together)
        return {behind.LEFT_OUT: lost, behind.OVER_MEDIAN: over, behind.OF_FEW: of_few}

    def _drop_lost(self, name: str, whole: dict[str, NDArray[Any]]) -> None:
        """Blank the indices of cells that have lost too much, and say where."""
        groups = self.units
        left = whole["effective"].min(axis=-1)
        lost = left < (1 - REFUSE_ABOVE) * groups
        for f, k in np.argwhere(lost.any(axis=-1)):
            text = (
                f"{lost[f, k].sum():,} of {lost.shape[-1]:,} cells have too few of {groups:,} "
                f"{self.rows_together}"
            )
            where = self._where(name, k, f)
            self.refused.append(f"{where}: {text} {self.whole}, at worst {left[f, k].min():,.0f}")
        for index, array in whole.items():
            if index not in COUNTED:
                array[lost] = np.nan if array.dtype.kind == "f" else 0
        self.accepted |= not lost.all()

    def _batches(self) -> Iterator[slice]:
        forcings, locations, samples = self.layout.shape
        step = max(1, READ_BYTES // (8 * forcings * samples))
        for first in range(0, locations, step):
            yield slice(first, min(first + step, locations))

    def _read(self, name: str, places: slice) -> F8:
        """Return a response at some locations, (forcing, location, sample)."""
        forcings, one = range(self.layout.shape[0]), slice(0, 1)
        parts = (read_cells(self.store, self.layout, name, f, places, one) for f in forcings)
        values = [part[:, 0] for part in parts]
        return np.stack([*map(ranked, values)] if is_ranked(self.layout, name) else values)

    def _indices(self, name: str, values: F8, places: slice) -> dict[str, NDArray[Any]]:
        """Return the design's own indices and what stands behind, (forcing, location, ...)."""
        rows = [self._one_forcing(f, part, places) for f, part in enumerate(values)]
        if not rows[0]:
            return {}
        rows = [
            row | self._behind(f, v, places)
            for f, (row, v) in enumerate(zip(rows, values, strict=True))
        ]
        return self._without_lost(rows, lambda f, k: self._where(name, places.start + k, f))

    def _without_lost(
        self, rows: Sequence[Mapping[str, NDArray[Any]]], name: Callable[[int, int], str]
    ) -> dict[str, NDArray[Any]]:
        """Return indices of all forcings, NaN where too much is lost; ``name`` says where."""
        indices = {index: np.stack([row[index] for row in rows]) for index in rows[0]}
        whole = self.units
        left = indices["effective"].min(axis=-1)
        lost = left < (1 - REFUSE_ABOVE) * whole
        for f, k in np.argwhere(lost):
            where = name(int(f), int(k))
            kind = f"{self.rows_together} of {self.design.rows_together} members"
            self.refused.append(f"{where}: {left[f, k]:,.0f} of {whole:,} {kind} are {self.whole}")
        for index, array in indices.items():
            if index not in COUNTED:
                array[lost] = np.nan if array.dtype.kind == "f" else 0
        self.accepted |= not lost.all()
        return indices

    def _one_forcing(self, forcing: int, values: F8, places: slice) -> dict[str, NDArray[Any]]:
        """Return the indices (location, effect, ...) by the design that made these rows."""
        if self.given is not None:
            every = slice(0, self.given.members)
            rows = self.layout.sampler.rows(forcing, places, every).values
            return self.given.analyze(values[..., every], rows)
        f = forcing if "forcing" in self.independent else 0
        if "location" not in self.independent:
            return self._opened(f, 0).analyze(values)
        each = [self._opened(f, places.start + k).analyze(v) for k, v in enumerate(values)]
        return {index: np.stack([row[index] for row in each]) for index in each[0]}

    def _where(self, name: str, place: int, forcing: int | None = None) -> str:
        parts = [name] if forcing is None else [name, self.layout.experiment.forcings[forcing]]
        return ", ".join([*parts, self.layout.experiment.locations.names[place]])

    def _keep_all(self, name: str, arrays: dict[str, NDArray[Any]], of: "_Of") -> None:
        """Add the arrays of a response, a score or an output, and which rankings are noise."""
        ends: dict[str, tuple[str, ...]] = {behind.LEFT_OUT: ("reason",)}
        ends |= {word: () for word in ABOUT if word not in OF_EFFECTS}
        for index, array in arrays.items():
            between = 1 + len(of.dims)
            end = ends.get(index, ("effect", "effect_2")[: array.ndim - between])
            self._keep(name, index, array, end, of)
        for index in noise.RANKINGS:
            if index in arrays:
                codes = noise.codes_of(arrays, index)
                self._keep(name, f"{index}_withheld", codes, (), of)

    def _keep(
        self,
        name: str,
        index: str,
        array: NDArray[Any],
        end: tuple[str, ...],
        of: "_Of",
    ) -> None:
        """Add an array and the names of its last axes."""
        path = f"{GROUP}/{name}_{index}"
        attrs = {of.word: name, **self._attrs(name, index)}
        if of.ranked and "about" not in attrs and index != "effective":
            attrs["long_name"] = f"{_meaning(index)} of the rank of {name}"
        if index.removesuffix("_conf") in ("mu", "mu_star", "sigma") and not of.ranked:
            attrs["units"] = of.units
        for axis in end:
            self._name(axis, list(behind.REASONS) if axis == "reason" else self._effects())
        dims = ("forcing", *of.dims, *end)
        fill = 0 if array.dtype.kind in "iu" else math.nan
        spec = ArraySpec(path, array.dtype.name, dims, array.shape, array.shape, fill, attrs)
        self.found[path] = spec, array

    def _attrs(self, name: str, index: str) -> dict[str, Any]:
        """Return the attributes of an array; those of ``about`` are no indices themselves."""
        groups, attrs = self.rows_together, {"index": index, "units": "1"}
        if index == "effective":
            return {**attrs, "long_name": f"{groups} {ENTERED} {name}", "whole": self.units}
        if index in ABOUT:
            words = ABOUT[index].format(groups=groups, name=name)
            return {**attrs, "about": "indices", "long_name": words}
        if index.endswith("_withheld"):
            plain = index.removesuffix("_withheld")
            words = f"whether the ranking of parameters by {plain} of {name} is believed"
            flags = {
                "flag_values": list(noise.CODES),
                "flag_meanings": " ".join(noise.CODES.values()),
            }
            return {**attrs, "about": "indices", "long_name": words, **flags}
        if self.design.attributes.get("rank_correlation") and index in ("S1", "S1_conf"):
            attrs["comment"] = "parameters are correlated: a share holds what partners do, too"
        return {**attrs, "long_name": f"{_meaning(index)} of {name}"}

    def _effects(self) -> list[str]:
        """Return what the last axis of the design's indices is called."""
        if self.given is not None:
            return [*self.given.parameters, given_data.DUMMY]
        return list(self.design.attributes.get("effects") or self.design.parameters)

    def _name(self, dim: str, names: list[str]) -> None:
        values = np.array(names, dtype=object)
        spec = ArraySpec(f"{GROUP}/{dim}", "string", (dim,), values.shape, values.shape, "")
        self.found[spec.path] = spec, values


MEANINGS = {
    "S1": "first-order Sobol index, share of variance,",
    "SRC": "standardised regression coefficient",
    "SRRC": "standardised regression coefficient of ranks",
    "ST": "total Sobol index",
    "S2": "second-order Sobol index",
    "mu": "mean elementary effect",
    "mu_star": "mean absolute elementary effect",
    "sigma": "standard deviation of the elementary effects",
    "theta": "importance beside the other parameters, sqrt(mu^2 + sigma^2) over its deviation,",
}

ABOUT = {**behind.ABOUT, **given_data.ABOUT}
OF_EFFECTS = (behind.LEFT_OUT, given_data.DISTINCT)
"""Of what is about indices, that which has an axis of its own or that of effects."""

COUNTED = ("effective", *behind.ABOUT)
"""Known also where too much is lost for an index."""

ENTERED = "without a failed or excluded member, which entered the indices of"


def _meaning(index: str) -> str:
    plain = index.removesuffix("_conf")
    words = MEANINGS.get(plain, plain)
    return f"half width of the interval of the {words}" if plain != index else words
