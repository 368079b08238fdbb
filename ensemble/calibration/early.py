"""Candidates that a part of their cost decides: outputs that a kernel makes late are not made.

A sum of squares is no less than some of them. So where those of the outputs that a stage makes
first are no less than what a candidate would have to be below, the late ones change nothing.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.objective import Objective
from ensemble.members.responses.kinds import looked_at, outputs_of
from ensemble.members.tile import Tile
from kernels import F8, Kernel

MARGIN = 1e-12
"""Of itself: by no more may rounding put a sum of some squares above that of all."""


@dataclass(frozen=True)
class Early:
    """Which terms of a cost come early.

    Attributes
    ----------
    terms : tuple of int
        Places among those of the objective.
    late : tuple of str
        Outputs of the others; none where there is nothing to be saved.
    """

    terms: tuple[int, ...] = ()
    late: tuple[str, ...] = ()

    @classmethod
    def of(cls, objective: Objective, kernel: Kernel) -> "Early":
        """Return that of a cost; with limits on what comes late all of it is always made."""
        if not objective.has_residuals:
            return cls()
        limited = set(outputs_of(objective.responses))
        for stage in kernel.stages:
            late = tuple(n for n in stage.late if n in objective.outputs)
            first = set(stage.outputs) - set(stage.late)
            terms = [set(looked_at(term.response)) <= first for term in objective.terms]
            if late and any(terms) and not limited & set(late):
                return cls(tuple(np.flatnonzero(terms).tolist()), late)
        return cls()

    def below(self, objective: Objective, needed: F8) -> Callable[[Tile], NDArray[np.bool_]]:
        """Return a function of a tile that says which members' early terms decide nothing.

        Parameters
        ----------
        objective : Objective
            Of the tile's locations.
        needed : ndarray, shape (L, S)
            Below which cost each member has to be.
        """
        own = replace(objective, terms=tuple(objective.terms[i] for i in self.terms))

        def undecided(tile: Tile) -> NDArray[np.bool_]:
            residuals = own.residuals(tile, 0)
            return ~decided(residuals, needed[tile.locations, tile.samples])

        return undecided

    def residuals(self, objective: Objective, residuals: F8) -> F8:
        """Return those of the early terms among residuals of all, (l, n, s)."""
        lengths = [term.pairs.there.shape[-1] for term in objective.terms]
        own = np.isin(np.repeat(np.arange(len(lengths)), lengths), self.terms)
        return residuals[:, own]


def decided(residuals: F8, needed: F8) -> NDArray[np.bool_]:
    """Return of which members (l, s) residuals (l, n, s) alone are no less than is needed."""
    # One after the other: the same bits in a part of a batch as in the whole.
    squares = np.cumsum(residuals**2, axis=1)[:, -1]
    with np.errstate(invalid="ignore"):
        found: NDArray[np.bool_] = squares * (1.0 - MARGIN) >= needed
    return found
