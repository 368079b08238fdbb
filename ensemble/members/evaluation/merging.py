"""Scores from the sums of blocks, and their statistics over samples."""

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.benchmarks import Pairs, Sums
from ensemble.members.evaluation.asked import (
    CONTROL,
    GROUP,
    STATISTICS,
    Evaluated,
    losses,
)
from ensemble.members.evaluation.statistics import of_score
from ensemble.members.evaluation.stored import COUNT, modelled_path
from ensemble.members.evaluation.sums import sums_of, words_of
from ensemble.members.layout import Layout
from ensemble.members.of_samples import HELD_BYTES
from ensemble.members.space.merging import add, partials_of
from ensemble.store.store import Store
from kernels import F8
from scenarios.benchmarks import BENCHMARKS

Partial = Mapping[str, NDArray[Any]]


def finish(store: Store, layout: Layout) -> None:
    """Write every array of scores; every block committed. Idempotent."""
    asked = layout.evaluation
    if not asked:
        return
    forcings, _, samples = layout.grid.axes
    control = [_control(store, layout, f) for f in range(forcings.blocks)]
    for path in control[0]:
        store.write_whole(path, np.stack([each[path] for each in control]))
    if layout.keeps_responses:
        for f in range(forcings.blocks):
            for s in range(samples.blocks):
                for path, values in merged(store, layout, f, s).items():
                    index = (f, *(0,) * (values.ndim - 1), s)
                    store.write_chunk(path, index, values[None])
    for path, values in _ends(store, layout).items():
        store.write_whole(path, values)


def differences(store: Store, layout: Layout) -> Iterator[str]:
    """Yield each stored array of scores that is not what the sums of blocks give, and where."""
    forcings, _, samples = layout.grid.axes
    for f in range(forcings.blocks if layout.evaluation and layout.keeps_responses else 0):
        for s in range(samples.blocks):
            for path, values in merged(store, layout, f, s).items():
                place = f"{path}, forcing {f}, block {s} of samples"
                try:
                    held = store.read_chunk(path, (f, *(0,) * (values.ndim - 1), s))[0]
                except (OSError, ValueError) as error:
                    yield f"{place}: cannot be read ({error})"
                    continue
                if held.tobytes() != values.tobytes():
                    yield f"{place}: is not what the sums of its blocks give"


def merged(store: Store, layout: Layout, forcing: int, sample: int) -> dict[str, NDArray[Any]]:
    """Return the scores of one forcing and one block of samples, ([group], *dims, s) by path."""
    width = layout.grid.axes[2].span(sample)
    members = width.stop - width.start
    adding = {
        (benchmark, name): Adding(layout.evaluation, pairs, members)
        for benchmark, name, pairs in layout.evaluation.pairs()
    }
    lost = {why: np.zeros(members, np.uint32) for why in losses(excluding=layout.excluding)}
    for here, partial in partials_of(store, layout, forcing, sample):
        for why, count in lost.items():
            count += partial[f"{GROUP}/{why}"]
        for (benchmark, name), sums in adding.items():
            sums.take(here, partial, f"{GROUP}/{benchmark}/{name}")
    return {f"{GROUP}/{n}": v for n, v in {**scores(layout.evaluation, adding), **lost}.items()}


def _control(store: Store, layout: Layout, forcing: int) -> dict[str, F8]:
    """Return the scores of the control member, and what it has of each pair, by path."""
    pairs = layout.evaluation.pairs()
    adding = {(b, n): Adding(layout.evaluation, p, 1, each=True) for b, n, p in pairs}
    for here, partial in partials_of(store, layout, forcing, 0):
        for (benchmark, name), sums in adding.items():
            sums.take(here, partial, f"{CONTROL}/{benchmark}/{name}")
    found = {f"{CONTROL}/{n}": v[..., 0] for n, v in scores(layout.evaluation, adding).items()}
    own = modelled(layout.evaluation, adding)
    return found | {f"{GROUP}/{path}": values for path, values in own.items()}


class Adding:
    """The sums of pairs, block after block.

    Parameters
    ----------
    asked : Evaluated
    pairs : Pairs
    members : int
    each : bool
        Whether what each pair has is kept, too.
    """

    def __init__(self, asked: Evaluated, pairs: Pairs, members: int, *, each: bool = False) -> None:
        self.pairs, rows = pairs, asked.rows(pairs.output)
        words = words_of(pairs)
        shape = (pairs.groups, len(words), rows, members)
        self._sums = (np.zeros(shape), np.zeros(shape)) if words else None
        kept = len(pairs.place) if each or not words else 0
        self.modelled = np.empty((kept, rows, members))

    def take(self, here: slice, partial: Partial, path: str) -> None:
        """Add the sums of a block, which has some locations."""
        begin, end = np.searchsorted(self.pairs.place, [here.start, here.stop])
        if len(self.modelled) and end > begin:
            self.modelled[begin:end] = partial[f"{path}/modelled"]
        if self._sums is not None:
            held = np.unique(self.pairs.group[begin:end])
            add(self._sums, held, partial[f"{path}/high"], partial[f"{path}/low"])

    def sums(self) -> Sums:
        """Return the sums as benchmarks take them."""
        total = None if self._sums is None else self._sums[0] + self._sums[1]
        kept = self.modelled if total is None else None
        return sums_of(self.pairs, total, kept)


def modelled(asked: Evaluated, adding: Mapping[tuple[str, str], Adding]) -> dict[str, F8]:
    """Return what a member has of each pair, (pair, *dims), by `modelled_path`."""
    return {
        modelled_path(*of): sums.modelled.reshape(len(sums.modelled), *asked.beside(output)[1])
        for of, sums in adding.items()
        for output in [sums.pairs.output]
    }


def scores(asked: Evaluated, adding: Mapping[tuple[str, str], Adding]) -> dict[str, F8]:
    """Return the scores, ([group], *dims, s), by name; NaN of what is no number."""
    found: dict[str, F8] = {}
    for benchmark, spec in asked.specs.items():
        sums = {name: a.sums() for (b, name), a in adding.items() if b == benchmark}
        score = BENCHMARKS.get(spec.compare).score
        with np.errstate(all="ignore"):
            made = score(spec, asked.prepared[benchmark], sums)
        for scored in asked.all:
            if scored.benchmark == benchmark:
                values = np.asarray(made[scored.score], dtype=np.float64)
                shape = (*scored.lead.values(), *scored.shape, -1)
                values = (values if scored.groups else values[:1]).reshape(shape)
                found[scored.name] = np.where(np.isfinite(values), values, np.nan)
    return found


def _ends(store: Store, layout: Layout) -> dict[str, NDArray[Any]]:
    """Return how many samples have each score, and statistics of scores, by path."""
    forcings = range(layout.shape[0])
    every: list[dict[str, NDArray[Any]]] = [_counts(store, layout, f) for f in forcings]
    for f, found in zip(forcings, every, strict=True):
        for names in _batches(layout):
            for name, values in _whole(store, layout, f, names).items():
                found |= of_score(layout, name, f, values)
    return {path: np.stack([found[path] for found in every]) for path in every[0]}


def _counts(store: Store, layout: Layout, forcing: int) -> dict[str, NDArray[Any]]:
    """Return the samples that have each score, ([group], *dims)."""
    counts: dict[str, NDArray[Any]] = {}
    for _, arrays in _blocks(store, layout, forcing):
        for scored in layout.evaluation.all:
            path = f"{STATISTICS}/{scored.name}_{COUNT}"
            some = np.isfinite(arrays[scored.name]).sum(axis=-1).astype(np.uint64)
            counts[path] = counts[path] + some if path in counts else some
    return counts


def _batches(layout: Layout) -> Iterator[list[str]]:
    """Yield the names that statistics are asked of, as many together as are held at a time."""
    batch: list[str] = []
    held = 0
    for name in layout.evaluation.statistics:
        scored, _ = layout.evaluation.by_name[name]
        nbytes = 8 * math.prod(scored.shape) * layout.shape[2]
        if batch and held + nbytes > HELD_BYTES:
            yield batch
            batch, held = [], 0
        batch.append(name)
        held += nbytes
    if batch:
        yield batch


def _whole(store: Store, layout: Layout, forcing: int, names: list[str]) -> dict[str, F8]:
    """Return numbers of all samples by name, (*dims, S)."""
    places = {name: layout.evaluation.by_name[name] for name in names}
    samples = layout.grid.axes[2]
    whole = {n: np.empty((*scored.shape, samples.size)) for n, (scored, _) in places.items()}
    for s, arrays in _blocks(store, layout, forcing):
        for name, (scored, group) in places.items():
            values = arrays[scored.name]
            whole[name][..., samples.span(s)] = values[group] if scored.groups else values
    return whole


def _blocks(
    store: Store, layout: Layout, forcing: int
) -> Iterator[tuple[int, Mapping[str, NDArray[Any]]]]:
    """Yield each block of samples and its scores by name, stored or merged anew."""
    for s in range(layout.grid.axes[2].blocks):
        if not layout.keeps_responses:
            made = merged(store, layout, forcing, s)
            yield s, {path.partition("/")[2]: values for path, values in made.items()}
            continue
        held = {}
        for scored in layout.evaluation.all:
            spec = store.specs[f"{GROUP}/{scored.name}"]
            index = (forcing, *(0,) * (len(spec.shape) - 2), s)
            held[scored.name] = store.read_sound(spec.path, index)[0]
        yield s, held
