"""Observations and sources of forcings: as one array each in the store, and back."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.experiment import Experiment
from ensemble.store.arrays import ArraySpec
from ensemble.store.store import Store
from kernels import F8
from scenarios.forcing import Observed, widened, with_parts
from scenarios.forcing.common.observed import PARTS

Observations = Mapping[str, Observed]

WORDS = {
    "_top": "upper end of the interval of {}",
    "_bottom": "lower end of the interval of {}",
    "_error": "standard error of {}",
    "_year": "year of {}",
    "_month": "month of the year of {}",
    "_day": "day of the month, where there is a month, or of the year of {}",
    "_line": "line of the file of {}",
}

DIMS = ("forcing", "location", "observation")

UNITS = {"_top": "cm", "_bottom": "cm", **dict.fromkeys(("_year", "_month", "_day", "_line"), "1")}
"""Of parts that are not in the unit of their values."""


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
    parts: dict[str, set[str]] = {}
    for name, seen in ((name, seen) for forcing in by_forcing for name, seen in forcing.items()):
        known = {part.removeprefix("_") for part in seen.arrays if part}
        parts[name] = parts.get(name, set()) | known
    return [
        {name: widened(with_parts(seen, parts[name]), count) for name, seen in forcing.items()}
        for forcing in by_forcing
    ]


def arrays(observations: Observations) -> Iterable[tuple[str, F8]]:
    """Yield every array of a forcing's observations by its path, as they are digested."""
    for name, observed in observations.items():
        for suffix, values in observed.arrays.items():
            # Where a value stands in its file is no part of it.
            if suffix != "_line":
                yield f"observations/{name}{suffix}", values


def to_arrays(experiment: Experiment) -> dict[str, tuple[ArraySpec, NDArray[Any]]]:
    """Return observations (forcing, location, observation) and sources (forcing, location)."""
    arrays: dict[str, tuple[ArraySpec, NDArray[Any]]] = {}
    for name, observed in (experiment.observations[0] if experiment.observations else {}).items():
        for suffix in observed.arrays:
            path = f"observations/{name}{suffix}"
            values = np.stack([f[name].arrays[suffix] for f in experiment.observations])
            words = WORDS.get(suffix, "{}").format(observed.meaning)
            attrs = {"units": UNITS.get(suffix, observed.units), "long_name": words}
            if observed.file and not suffix:
                attrs["file"] = observed.file
            spec = ArraySpec(path, "float64", DIMS, values.shape, values.shape, attrs=attrs)
            arrays[path] = spec, values
    for name in dict.fromkeys(n for sources in experiment.sources for n in sources):
        nothing = ("",) * len(experiment.locations.names)
        texts = np.array([s.get(name, nothing) for s in experiment.sources], dtype=np.str_)
        path = f"sources/{name}"
        attrs = {"long_name": f"where {name} is from"}
        dtype, shape = f"<U{max(1, texts.itemsize // 4)}", texts.shape
        spec = ArraySpec(path, dtype, DIMS[:2], shape, shape, "", attrs, raw=True)
        arrays[path] = spec, texts
    return arrays


def read_observations(store: Store, forcings: int) -> list[Observations]:
    """Return the observations of every forcing of a store."""
    specs = {
        p.partition("/")[2]: s
        for p, s in store.specs.items()
        if p.startswith("observations/") and s.dims == DIMS
    }
    names = [name for name in specs if not _is_part(name, specs)]
    by_forcing: list[dict[str, Observed]] = [{} for _ in range(forcings)]
    for name in names:
        stored = {s: f"{name}{s}" for s in ("", *WORDS) if f"{name}{s}" in specs}
        whole = {s: store.read_whole(f"observations/{path}") for s, path in stored.items()}
        attrs = specs[name].attrs
        for f, of_forcing in enumerate(by_forcing):
            parts = {suffix: array[f] for suffix, array in whole.items() if suffix}
            known = {word: parts.get(f"_{word}") for word in PARTS}
            of_forcing[name] = Observed(
                values=whole[""][f],
                units=attrs["units"],
                meaning=attrs["long_name"],
                file=attrs.get("file", ""),
                **known,
            )
    return list(by_forcing)


def _is_part(name: str, specs: Mapping[str, ArraySpec]) -> bool:
    """Return whether an array is what is known of another's values."""
    parts = (name.removesuffix(suffix) for suffix in WORDS if name.endswith(suffix))
    return any(of in specs for of in parts)


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
