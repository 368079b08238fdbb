"""Folds: parts of the observations that are held back in turn, each from a search of the rest."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.groups import Groups, drawn
from kernels import I8
from scenarios.calibration import Validation

WHOLE = -1
"""In the place of a fold: nothing is held back."""


@dataclass(frozen=True)
class Folds:
    """Parts that are held back in turn.

    Attributes
    ----------
    names : tuple of str
        (K,), numbers from 1 on or the values of a column.
    of : ndarray, shape (F, L), int64, or None
        The fold that each place is of, -1 for none; None where layers are dealt and not locations.
    """

    names: tuple[str, ...]
    of: I8 | None

    def observations(
        self, there: NDArray[np.bool_], groups: Groups, names: Sequence[str], seed: int, word: str
    ) -> I8:
        """Return the fold that each observation is of, (F, L, n); -1 for none.

        Parameters
        ----------
        there : ndarray, shape (F, L, n), bool
        groups : Groups
        names : sequence of str
            Of the locations.
        seed : int
        word : str
            The response: layers of unlike responses are dealt apart.
        """
        if self.of is not None:
            return np.where(there, self.of[..., None], WHOLE)
        found = np.full(there.shape, WHOLE, np.int64)
        for places in groups.every():
            # The next location begins where the last one ended: folds of a group are alike in size.
            dealt = 0
            for f, location in places.tolist():
                mine = np.flatnonzero(there[f, location])
                order = np.argsort(drawn(seed, (names[location], "folds", word), len(mine)))
                found[f, location, mine[order]] = (dealt + np.arange(len(mine))) % len(self.names)
                dealt += len(mine)
        return found


def folds_of(
    split: Validation | None,
    groups: Groups,
    names: Sequence[str],
    seed: int,
    labels: Sequence[str] | None,
) -> Folds | None:
    """Return the folds of a section; None where nothing is held back in turn.

    Parameters
    ----------
    split : Validation, optional
    groups : Groups
    names : sequence of str
        Of the locations.
    seed : int
    labels : sequence of str, optional
        The value of the column that is left out by, at each location.
    """
    if split is None or not split.in_turn:
        return None
    if split.folds is None:
        assert labels is not None
        values = tuple(dict.fromkeys(labels))
        number = np.array([values.index(label) for label in labels], np.int64)
        return Folds(values, np.broadcast_to(number, groups.of.shape).copy())
    called = tuple(f"{k + 1}" for k in range(split.folds))
    if not split.by_location:
        return Folds(called, None)
    of = np.full(groups.of.shape, WHOLE, np.int64)
    for group, places in zip(groups.names, groups.every(), strict=True):
        # Locations, not places: one is held back under all forcings that share a set.
        mine = list(dict.fromkeys(places[:, 1].tolist()))
        order = np.argsort(drawn(seed, (group, "folds"), len(mine)))
        fold = {mine[at]: rank % split.folds for rank, at in enumerate(order.tolist())}
        for f, location in places.tolist():
            of[f, location] = fold[location]
    return Folds(called, of)
