"""Derivatives of residuals by differences, at the starts of all searches of a block."""

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.searches.parts import descent_steps as steps
from kernels import F8, I8

H = 1e-4
"""How far beside a point the residuals are looked at, in units of a parameter's range."""

ABOVE, BELOW = 0, 1


class Slopes:
    """Which points beside points are wanted, what is known of them, and the derivatives.

    A parameter is moved up, or down where there is no room above; where that fails, the other way.
    One for which both fail is held. With ``two_sided`` both ways are tried at once.

    Attributes
    ----------
    columns : ndarray, shape (S, K, n, m)
        Derivatives of m residuals, where ``sound`` (S, K, n).
    """

    def __init__(self, size: int, starts: int, n: int, m: int, two_sided: bool) -> None:
        self._two_sided = two_sided
        self._room, self._want, self._got = np.zeros((3, size, starts, n, 2), np.bool_)
        self._sides = np.empty((size, starts, n, 2, m))
        self.columns = np.empty((size, starts, n, m))
        self.sound = np.zeros((size, starts, n), np.bool_)

    def begin(self, which: I8, going: NDArray[np.bool_], points: F8) -> None:
        """Want the residuals beside the points (S, K, n) of searches that ``going`` (S, K)."""
        u = points[which]
        room = np.stack([u + H <= 1.0, u - H >= 0.0], axis=-1)
        self._room[which] = room & going[which][:, :, None, None]
        self._want[which], self._got[which] = self._room[which], False
        if not self._two_sided:
            self._want[which, ..., BELOW] &= ~self._room[which, ..., ABOVE]

    def asked(self, of: NDArray[np.bool_], points: F8) -> tuple[tuple[I8, ...], F8]:
        """Return rows (search, start, parameter, side) and points wanted of searches ``of``."""
        rows = np.nonzero(self._want & of[:, None, None, None])
        u = points[rows[0], rows[1]]
        u[np.arange(len(u)), rows[2]] += np.where(rows[3] == ABOVE, H, -H)
        return rows, u

    def tell(self, rows: tuple[I8, ...], residuals: F8, sound: NDArray[np.bool_]) -> None:
        """Take the residuals (k, m) of rows, and whether they are numbers."""
        self._sides[rows], self._got[rows] = residuals, sound
        self._want[rows] = False
        # Not to be tried again.
        self._room[rows] = False

    def retry(self, s: int, most: int) -> None:
        """Want the other side of at most so many parameters of a search that failed."""
        missing = self._room[s] & ~self._got[s].any(axis=-1, keepdims=True)
        self._want[s][tuple(each[: max(most, 0)] for each in np.nonzero(missing))] = True

    def wanted(self, which: I8) -> NDArray[np.bool_]:
        """Return of which searches points are still wanted."""
        return np.asarray(self._want[which].any(axis=(1, 2, 3)))

    def finish(self, which: I8, residuals: F8) -> None:
        """Make the derivatives of searches, from the residuals (S, K, m) of their points."""
        self.sound[which] = self._got[which].any(axis=-1)
        steps.differences(which, residuals, self._sides, self._got, H, self.columns)
