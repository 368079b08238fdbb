"""Groups: the places that share a set of parameters, and what of them is held back."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kernels import I8
from scenarios.calibration import Calibration, OfColumn

Place = tuple[int, int]
"""A forcing and a location."""


@dataclass(frozen=True)
class Groups:
    """Which places belong to which group; ``places`` of all forcings and locations.

    Attributes
    ----------
    names : tuple of str
        (G,). Random numbers of a search come from it, so that other groups are nothing to it.
    of : ndarray, shape (F, L), int64
        The group of each place; -1 for none.
    """

    names: tuple[str, ...]
    of: I8

    def places(self, group: int) -> I8:
        """Return the places of a group as (p, 2), forcing and location, in their order."""
        return np.argwhere(self.of == group)

    def every(self) -> list[I8]:
        """Return the places of every group; one look at all of them."""
        flat = self.of.ravel()
        order = np.argsort(flat, kind="stable")
        bounds = np.searchsorted(flat[order], np.arange(len(self.names) + 1))
        width = self.of.shape[1]
        found = (order[a:b] for a, b in pairwise(bounds))
        return [np.stack([one // width, one % width], axis=1) for one in found]


def groups_of(
    section: Calibration,
    forcings: Sequence[str],
    locations: Sequence[str],
    labels: Sequence[str] | None,
) -> Groups:
    """Return the groups of a section.

    Parameters
    ----------
    section : Calibration
    forcings, locations : sequence of str
    labels : sequence of str, optional
        The value of the column of groups at each location.
    """
    shape = len(forcings), len(locations)
    if isinstance(section.groups, OfColumn):
        assert labels is not None
        own = list(dict.fromkeys(labels))
        place = {label: k for k, label in enumerate(own)}
        number = np.array([place[label] for label in labels], np.int64)
    elif section.groups == "all":
        own, number = ["all"], np.zeros(shape[1], np.int64)
    else:
        own, number = list(locations), np.arange(shape[1])
    if shape[0] == 1 or section.forcings == "together":
        return Groups(tuple(own), np.broadcast_to(number, shape).copy())
    if section.groups == "all":
        names = tuple(forcings)
    else:
        names = tuple(f"{forcing}/{name}" for forcing in forcings for name in own)
    return Groups(names, number + len(own) * np.arange(shape[0])[:, None])


def drawn(seed: int, words: Sequence[object], count: int) -> NDArray[np.float64]:
    """Return numbers in [0, 1) that follow from a seed and words alone."""
    text = json.dumps([seed, "calibration", *words]).encode()
    key = np.frombuffer(hashlib.sha256(text).digest()[:16], np.uint64)
    found: NDArray[np.float64] = np.random.Generator(np.random.Philox(key=key)).random(count)
    return found


def every_second(count: int) -> NDArray[np.bool_]:
    """Return which of so many stay where every second is held back: the first, the third."""
    return np.asarray(np.arange(count) % 2 == 0)


def half(seed: int, words: Sequence[object], count: int) -> NDArray[np.bool_]:
    """Return a half of so many, drawn, the larger one where they are odd."""
    kept = np.zeros(count, np.bool_)
    kept[np.argsort(drawn(seed, words, count), kind="stable")[: (count + 1) // 2]] = True
    return kept


def locations_kept(
    section: Calibration,
    groups: Groups,
    names: Sequence[str],
    seed: int,
    labels: Sequence[str] | None,
) -> NDArray[np.bool_]:
    """Return which places are calibrated on, (F, L).

    Parameters
    ----------
    section : Calibration
    groups : Groups
    names : sequence of str
        Of the locations.
    seed : int
    labels : sequence of str, optional
        The value of the column of the split at each location.
    """
    kept = np.ones(groups.of.shape, np.bool_)
    split = section.validation
    if split is None or split.in_turn or not split.by_location:
        return kept
    if split.column is not None:
        assert labels is not None
        there = np.array([label == _text(split.calibrate) for label in labels], np.bool_)
        return np.asarray(kept & there)
    for group, places in zip(groups.names, groups.every(), strict=True):
        # Locations, not places: one is held back under all forcings that share a set.
        mine = list(dict.fromkeys(places[:, 1].tolist()))
        words = (group, "validation")
        some = (
            every_second(len(mine)) if split.split == "alternate" else half(seed, words, len(mine))
        )
        held = {one for one, stays in zip(mine, some, strict=True) if not stays}
        for f, location in places.tolist():
            kept[f, location] = location not in held
    return kept


def _text(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def layers_kept(
    split: str, there: NDArray[np.bool_], names: Sequence[str], seed: int, response: str
) -> NDArray[np.bool_]:
    """Return which observations are calibrated on, (F, L, n): some within each location.

    Parameters
    ----------
    split : str
        ``half`` or ``alternate``.
    there : ndarray, shape (F, L, n), bool
    names : sequence of str
        Of the locations.
    seed : int
    response : str
        Layers of unlike responses are drawn apart.
    """
    kept = there.copy()
    for f, location in np.ndindex(there.shape[:2]):
        mine = np.flatnonzero(there[f, location])
        words = (names[location], "layers", response)
        some = every_second(len(mine)) if split == "alternate" else half(seed, words, len(mine))
        kept[f, location, mine[~some]] = False
    return kept


def labels_of(column: str, columns: Mapping[str, NDArray[np.float64]]) -> Iterator[str]:
    """Yield a column of numbers as labels."""
    for value in np.asarray(columns[column]).tolist():
        yield f"{value:g}"
