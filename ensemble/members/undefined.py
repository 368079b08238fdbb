"""Members that ran and of which a response is no finite number: counted, and told.

The logarithm of 0 has no value, nor has a ratio whose divisor is 0. Such a member keeps its status
and all else; in statistics and indices of that response it is missing, as one that failed is.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ensemble.members.responses.kinds import may_be_undefined
from ensemble.store.arrays import ArraySpec
from ensemble.store.store import Store
from kernels import F8, U8

if TYPE_CHECKING:
    from ensemble.members.layout import Layout
    from ensemble.members.tile import Tile

GROUP = "undefined"


def watched(layout: "Layout") -> tuple[str, ...]:
    """Return the responses that are looked at, one after the other."""
    return tuple(name for name, one in layout.functionals.items() if may_be_undefined(one))


def arrays(layout: "Layout") -> Iterator[ArraySpec]:
    """Yield what a run ends with: counts by forcing and location."""
    for name in watched(layout):
        text = f"members that ran and have no finite {name}; they are in no statistic and index of "
        attrs = {"units": "1", "long_name": f"{text}it", "response": name}
        dims = {"forcing": 0, "location": 0}
        yield layout.spec(f"{GROUP}/{name}", "uint64", dims, fill=0, attrs=attrs)


class Undefined:
    """What a block counts, by response and location."""

    def __init__(self, names: Iterable[str], depth: int) -> None:
        self.count = {name: np.zeros(depth, np.uint64) for name in names}

    def take(
        self, tile: "Tile", name: str, values: F8, lost: NDArray[np.bool_] | None
    ) -> NDArray[np.bool_] | None:
        """Count members of a tile; return which have a number, None where all that ran have.

        Parameters
        ----------
        tile : Tile
        name : str
        values : ndarray, shape (l, s)
            NaN where a member failed or is left out, too.
        lost : ndarray, shape (l, s), bool, optional
            Those that failed or are left out.
        """
        there = np.isfinite(values)
        without = ~there if lost is None else ~there & ~lost
        if not without.any():
            return None
        self.count[name][tile.locations] += without.sum(axis=1).astype(np.uint64)
        return there

    def partials(self) -> dict[str, NDArray[Any]]:
        """Return the counts of the block, by ``undefined/response``."""
        return {f"{GROUP}/{name}": count for name, count in self.count.items()}


def merge(total: dict[str, Any], partial: Mapping[str, NDArray[Any]]) -> None:
    """Add a block's counts to those of the blocks before it."""
    for key, values in partial.items():
        if key.startswith(f"{GROUP}/"):
            total[key] = total.get(key, np.uint64(0)) + values


def finished(total: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
    """Return the arrays (1, L) of merged counts, by path."""
    return {k: values[None] for k, values in total.items() if k.startswith(f"{GROUP}/")}


def counts(store: Store) -> dict[str, U8]:
    """Return what a finished store counts of each response, (F, L); those without any left out."""
    paths = [path for path, spec in store.specs.items()
             if path.startswith(f"{GROUP}/") and "response" in spec.attrs]  # fmt: skip
    every = {}
    for path in paths:
        try:
            count = store.read_whole(path)
        except (OSError, ValueError):
            # `verify` says what is damaged.
            continue
        if count.any():
            every[path.partition("/")[2]] = count
    return every


def lines(store: Store) -> list[str]:
    """Return what a finished run should say of responses that are no number, one line each."""
    texts = []
    forcings, locations = store.read_strings("forcing"), store.read_strings("location")
    samples = store.specs["status"].shape[-1]
    for name, count in counts(store).items():
        f, place = np.unravel_index(int(count.argmax()), count.shape)
        worst = [names[k] for names, k in ((forcings, f), (locations, place)) if len(names) > 1]
        where = (
            f", at worst {count[f, place]:,} of {samples:,} at {', '.join(worst)}" if worst else ""
        )
        texts.append(
            f"responses.{name}: {count.sum():,} members that ran have no finite number{where}; "
            "they are missing in its statistics and indices"
        )
    return texts
