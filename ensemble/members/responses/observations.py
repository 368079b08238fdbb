"""Observations and sources of forcings: as one array each in the store, and back."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.experiment import Experiment
from ensemble.store.arrays import ArraySpec
from ensemble.store.store import Store
from kernels import F8
from scenarios.forcing import Observed

Observations = Mapping[str, Observed]

WORDS = {
    "_top": "upper end of the interval of {}",
    "_bottom": "lower end of the interval of {}",
    "_error": "standard error of {}",
}


def plain(values: NDArray[Any]) -> NDArray[Any]:
    """Return a coordinate as a store gives it back: int64 or float64."""
    array = np.asarray(values)
    return array.astype(np.int64 if array.dtype.kind in "iu" else np.float64)


def padded(by_forcing: Sequence[Observations]) -> list[Observations]:
    """Return observations that share one length n, NaN behind those of fewer.

    In the store they have one dimension, and what comes back must be what was digested.
    """
    every = [observed for forcing in by_forcing for observed in forcing.values()]
    count = max((observed.values.shape[1] for observed in every), default=0)
    with_error = {
        name for forcing in by_forcing for name, seen in forcing.items() if seen.error is not None
    }

    def widened(name: str, seen: Observed) -> Observed:
        values, top, bottom = (_wide(v, count) for v in (seen.values, seen.top, seen.bottom))
        error = np.full_like(values, np.nan) if name in with_error else None
        if seen.error is not None:
            error = _wide(seen.error, count)
        return replace(seen, values=values, top=top, bottom=bottom, error=error)

    return [{name: widened(name, o) for name, o in forcing.items()} for forcing in by_forcing]


def _wide(values: F8, count: int) -> F8:
    out = np.full((len(values), count), np.nan)
    out[:, : values.shape[1]] = values
    return out


def arrays(observations: Observations) -> Iterable[tuple[str, F8]]:
    """Yield every array of a forcing's observations by its path, as they are digested."""
    for name, observed in observations.items():
        for suffix, values in observed.arrays.items():
            yield f"observations/{name}{suffix}", values


def to_arrays(experiment: Experiment) -> dict[str, tuple[ArraySpec, NDArray[Any]]]:
    """Return observations (forcing, location, observation) and sources (forcing, location)."""
    arrays: dict[str, tuple[ArraySpec, NDArray[Any]]] = {}
    dims = ("forcing", "location", "observation")
    for name, observed in (experiment.observations[0] if experiment.observations else {}).items():
        for suffix in observed.arrays:
            path = f"observations/{name}{suffix}"
            values = np.stack([f[name].arrays[suffix] for f in experiment.observations])
            words = WORDS.get(suffix, "{}").format(observed.meaning)
            units = "cm" if suffix in ("_top", "_bottom") else observed.units
            attrs = {"units": units, "long_name": words}
            spec = ArraySpec(path, "float64", dims, values.shape, values.shape, attrs=attrs)
            arrays[path] = spec, values
    for name in dict.fromkeys(n for sources in experiment.sources for n in sources):
        nothing = ("",) * len(experiment.locations.names)
        texts = np.array([s.get(name, nothing) for s in experiment.sources], dtype=np.str_)
        path = f"sources/{name}"
        attrs = {"long_name": f"where {name} is from"}
        dtype, shape = f"<U{max(1, texts.itemsize // 4)}", texts.shape
        spec = ArraySpec(path, dtype, dims[:2], shape, shape, "", attrs, raw=True)
        arrays[path] = spec, texts
    return arrays


def read_observations(store: Store, forcings: int) -> list[Observations]:
    """Return the observations of every forcing of a store."""
    specs = {
        p.partition("/")[2]: s for p, s in store.specs.items() if p.startswith("observations/")
    }
    names = [name for name in specs if f"{name}_top" in specs and f"{name}_bottom" in specs]
    by_forcing: list[dict[str, Observed]] = [{} for _ in range(forcings)]
    for name in names:
        parts = {s: f"{name}{s}" for s in ("", *WORDS) if f"{name}{s}" in specs}
        whole = {s: store.read_whole(f"observations/{path}") for s, path in parts.items()}
        attrs = specs[name].attrs
        for f, of_forcing in enumerate(by_forcing):
            of_forcing[name] = Observed(
                values=whole[""][f],
                top=whole["_top"][f],
                bottom=whole["_bottom"][f],
                units=attrs["units"],
                meaning=attrs["long_name"],
                error=whole["_error"][f] if "_error" in whole else None,
            )
    return list(by_forcing)


def read_sources(
    store: Store, forcings: int, locations: int
) -> list[Mapping[str, tuple[str, ...]]]:
    """Return the sources of every forcing of a store."""
    by_forcing: list[dict[str, tuple[str, ...]]] = [{} for _ in range(forcings)]
    for path in store.specs:
        if path.startswith("sources/") and store.specs[path].dims == ("forcing", "location"):
            # Stores of before format 2 have them as names of variable length.
            old = store.specs[path].dtype == "string"
            texts = store.read_strings(path) if old else store.read_whole(path).ravel().tolist()
            for f, sources in enumerate(by_forcing):
                sources[path.partition("/")[2]] = tuple(texts[f * locations : (f + 1) * locations])
    return list(by_forcing)
