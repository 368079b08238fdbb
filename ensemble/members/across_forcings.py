"""Statistics across forcings, each counting the same: what a multi-model study quotes.

The paper's number is the mean over models of each model's ensemble mean; beside it stand
the spread between models, the mean spread within a model, and quantiles of the mixture.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.compiled_sums import mixture_quantiles
from ensemble.members.layout import Layout
from ensemble.store.arrays import ArraySpec
from kernels import F8

WORDS = {
    "mean": "mean over forcings of the ensemble means",
    "std_between": "standard deviation over forcings of the ensemble means",
    "std_within": "mean over forcings of the ensembles' standard deviations",
    "min": "minimum over forcings",
    "max": "maximum over forcings",
}
SOURCES = {"mean": "mean", "std_between": "mean", "std_within": "std", "min": "min", "max": "max"}
REDUCE: dict[str, Callable[..., Any]] = {
    "mean": np.mean,
    "std_between": np.std,
    "std_within": np.mean,
    "min": np.min,
    "max": np.max,
}


def arrays(layout: Layout) -> Iterator[ArraySpec]:
    """Yield the arrays across forcings, (location, *dims)."""
    for spec in layout.arrays:
        group, _, name = spec.path.rpartition("/")
        target, _, request = name.rpartition("_")
        if group != "statistics" or not target:
            continue
        for word, source in SOURCES.items():
            if request == source:
                yield _without_forcing(spec, f"{target}_{word}", WORDS[word])
        if request[0] == "q" and request[1:2].isdigit():
            words = "quantile of all forcings' members, each forcing counting the same"
            yield _without_forcing(spec, name, words)


def _without_forcing(spec: ArraySpec, name: str, words: str) -> ArraySpec:
    attrs = {"units": spec.attrs["units"], "long_name": words}
    path = f"across_forcings/{name}"
    return ArraySpec(path, spec.dtype, spec.dims[1:], spec.shape[1:], spec.chunks[1:], attrs=attrs)


def compute(layout: Layout, finished: Mapping[str, NDArray[Any]]) -> dict[str, F8]:
    """Return every array of `arrays` at some locations.

    Parameters
    ----------
    layout : Layout
    finished : mapping of str to ndarray, shape (F, l, *dims, *extra)
        The statistics of all forcings there, by path.
    """
    statistics: dict[str, F8] = {}
    quantiles: dict[str, list[str]] = {}
    for spec in arrays(layout):
        name = spec.path.partition("/")[2]
        word = next((w for w in WORDS if name.endswith(f"_{w}")), "")
        if word:
            source = f"statistics/{name.removesuffix(f'_{word}')}_{SOURCES[word]}"
            statistics[spec.path] = np.asarray(REDUCE[word](finished[source], axis=0))
        else:
            quantiles.setdefault(name.rpartition("_")[0], []).append(spec.path)
    for target, paths in quantiles.items():
        counts, edges, extremes = (
            finished[f"statistics/{target}_{n}"] for n in ("histogram", "edges", "extremes")
        )
        levels = np.array([float(path.rpartition("_")[2][1:]) / 100 for path in paths])
        found = _mixture(counts, edges, extremes, levels)
        statistics.update(zip(paths, found, strict=True))
    return statistics


def _mixture(counts: NDArray[Any], edges: F8, extremes: F8, levels: F8) -> F8:
    """Return quantiles (q, l, *dims) of the equal-weight mixture of the forcings' distributions."""
    # Stores of earlier versions have every edge.
    parts = (counts, edges[..., [0, -1]], extremes)
    c, e, x = (np.ascontiguousarray(a).reshape(len(a), -1, a.shape[-1]) for a in parts)
    out = np.empty((len(levels), c.shape[1]))
    mixture_quantiles(c, e, x, levels, out)
    return out.reshape(-1, *counts.shape[1:-1])
