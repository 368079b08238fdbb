"""What a calibration compares: observed values and what is modelled beside each at the best."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.layout import GROUP, METRICS, PARTS
from ensemble.calibration.metrics import metrics
from ensemble.members.responses.observations import read_observations
from ensemble.report.data.found import SoFar
from kernels import F8, I8
from scenarios.forcing import Observed

IN_WORDS = dict(zip(PARTS, ("calibrated on", "held back"), strict=True))
"""Parts of the observations, as people are told of them."""


@dataclass(frozen=True)
class Compared:
    """A response and its observations; arrays by place, a location under a forcing.

    Attributes
    ----------
    name, meaning, units : str
    places : tuple of str
    group : ndarray, shape (p,), int64
        Which group each place is of.
    observed, modelled : ndarray, shape (p, n)
        NaN where nothing is known; the latter at the best parameters of the place's group.
    predicted : ndarray, shape (p, n), or None
        Where parts are held back in turn: at the parameters of the search that has not seen it.
    part : ndarray, shape (p, n), uint8
        A place in `PARTS`; any other where nothing is observed.
    top, bottom : ndarray, shape (p, n), or None
        Intervals of depth, cm.
    weight : ndarray, shape (p, n)
        Of squared differences in the cost.
    """

    name: str
    meaning: str
    units: str
    places: tuple[str, ...]
    group: I8
    observed: F8
    modelled: F8
    predicted: F8 | None
    part: NDArray[np.uint8]
    weight: F8
    top: F8 | None = None
    bottom: F8 | None = None

    @property
    def held_back(self) -> bool:
        """Return whether some observations are looked at after the search alone."""
        return bool((self.part == 1).any())

    def values(self, part: int) -> F8:
        """Return what stands beside the observations of a part, (p, n)."""
        return self.modelled if self.predicted is None or part == 0 else self.predicted

    def pairs(self, part: int) -> NDArray[np.bool_]:
        """Return which observations of a part stand beside a number of the model, (p, n)."""
        there = np.isfinite(self.observed) & np.isfinite(self.values(part))
        # In turn, every observation is in both parts.
        return np.asarray((self.part == (part if self.predicted is None else 0)) & there)

    def metrics(self, part: int, parameters: int) -> dict[str, float]:
        """Return metrics of all places together."""
        found = metrics(self.observed, self.values(part), self.pairs(part), parameters)
        return dict(zip(METRICS, found.tolist(), strict=True))


def all_compared(found: SoFar, responses: Mapping[str, Any]) -> Iterator[Compared]:
    """Yield every response that compares, in the order of the store."""
    group = found.read("group_of").ravel().astype(np.int64)
    places = tuple(_places(found))
    seen = _observations(found)
    for name in found.store.read_strings(f"{GROUP}/response"):
        shape = found.store.specs[f"{GROUP}/observed_{name}"].shape
        arrays: dict[str, Any] = {
            word: found.read(f"{word}_{name}").reshape(len(places), shape[-1])
            for word in ("observed", "modelled", "part", "weight", "predicted")
            if word != "predicted" or found.has(f"predicted_{name}")
        }
        arrays.setdefault("predicted", None)
        one = _of_response(responses.get(name) or {}, seen)
        depths: dict[str, Any] = {}
        if one and one[0].has_depth and one[0].values.shape == shape[1:]:
            for word in ("top", "bottom"):
                depths[word] = np.concatenate([getattr(o, word) for o in one])
        attrs = found.store.specs[f"{GROUP}/observed_{name}"].attrs
        meaning = one[0].meaning if one else str(attrs["long_name"]).removesuffix(": observed")
        meaning = meaning.removeprefix("observed ")
        units = str(attrs.get("units", ""))
        yield Compared(name, meaning, units, places, group, **arrays, **depths)


def _places(found: SoFar) -> Iterator[str]:
    for forcing in found.forcings:
        for location in found.locations:
            yield f"{location}, {forcing}" if len(found.forcings) > 1 else location


def _observations(found: SoFar) -> list[Mapping[str, Observed]]:
    try:
        return list(read_observations(found.store, len(found.forcings)))
    except (OSError, ValueError) as error:
        found.damage.append(f"observations: {error}")
        return []


def _of_response(words: Mapping[str, Any], seen: list[Mapping[str, Observed]]) -> list[Observed]:
    """Return what a response compares with under every forcing; nothing where it is not there."""
    asked = words.get("cost") or words.get("metric") or {}
    name = asked.get("observed", "")
    return [one[name] for one in seen] if seen and all(name in one for one in seen) else []
