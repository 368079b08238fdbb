"""What stands behind an index: the units left out, by reason, and the tail of its response."""

import numpy as np
from numpy.typing import NDArray

from ensemble.analysis.cells import blocks_of
from ensemble.members.layout import Layout
from ensemble.members.limits import EXCLUDED
from ensemble.store.store import Store
from kernels import F8, I8, U1

REASONS = ("failed", "excluded", "not_finite")
"""Why a trajectory, Saltelli row or member is left out; the first that holds is counted."""

FEW = 10
"""Members whose share of the variance tells of a tail."""

LEFT_OUT, OVER_MEDIAN, OF_FEW = "left_out", "largest_over_median", "variance_of_ten_largest"

ABOUT = {
    LEFT_OUT: "{groups} left out of the indices of {name}, by the first reason that holds",
    OVER_MEDIAN: "largest over median size of {name} of the members that entered",
    OF_FEW: f"share of the variance of {{name}} that the {FEW} members furthest from the mean hold",
}
"""What the arrays beside the indices hold, by name."""

Flags = NDArray[np.bool_]


def read_reasons(store: Store, layout: Layout, forcing: int, places: slice) -> U1:
    """Return why members are left out, (place, sample): 1 failed, 2 excluded, 0 neither."""
    out = np.zeros((places.stop - places.start, layout.grid.axes[2].size), np.uint8)
    for block, inside, here in blocks_of(layout, places):
        key = (forcing, *block)
        if EXCLUDED in store.specs:
            out[here] = np.where(store.read_sound(EXCLUDED, key)[0][inside] == 1, 2, 0)
        out[here][store.read_sound("status", key)[0][inside] != 0] = 1
    return out


def left_out(values: F8, reasons: U1, together: int) -> I8:
    """Return how many units each of `REASONS` cost, (place, ..., reason).

    Parameters
    ----------
    values : ndarray, shape (place, ..., sample), float64
        Not finite where a member is lost, for whatever reason.
    reasons : ndarray, shape (place, sample), uint8
        Of `read_reasons`.
    together : int
        Rows of a unit.
    """
    bad = _units(~np.isfinite(values), together)
    by_reason = [_units(reasons == code, together) for code in (1, 2)]
    lead = (slice(None), *(None,) * (values.ndim - 2))
    failed, excluded = (units[lead] for units in by_reason)
    counts = [bad & failed, bad & excluded & ~failed, bad & ~excluded & ~failed]
    return np.stack([units.sum(axis=-1) for units in counts], axis=-1)


def _units(flags: Flags, together: int) -> Flags:
    return np.asarray(flags.reshape(*flags.shape[:-1], -1, together).any(axis=-1))


def tails(values: F8, together: int) -> tuple[F8, F8]:
    """Return largest over median of the size, and the variance that a few members carry.

    Parameters
    ----------
    values : ndarray, shape (..., sample), float64
    together : int
        Rows of a unit; units with a value that is not finite are left out.

    Returns
    -------
    two ndarrays, shape (...)
        The largest absolute value over the median one, and the share of the sum of squares
        about the mean that the `FEW` members furthest from it hold. NaN where nothing is
        left, where the median is 0, and where nothing varies.
    """
    over, of_few = np.full(values.shape[:-1], np.nan), np.full(values.shape[:-1], np.nan)
    lost = np.repeat(_units(~np.isfinite(values), together), together, axis=-1)
    whole = ~lost.any(axis=-1)
    over[whole], of_few[whole] = _tails(values[whole])
    for at in zip(*np.nonzero(~whole), strict=True):
        left = values[at][~lost[at]]
        if left.size:
            over[at], of_few[at] = (part[0] for part in _tails(left[None]))
    return over, of_few


def _tails(values: F8) -> tuple[F8, F8]:
    """Return both numbers of each row of (row, sample), all finite."""
    size = np.abs(values)
    middle = np.median(size, axis=-1)
    with np.errstate(over="ignore"):
        # Scaled first: squares of costs of 1e200 are no numbers.
        most = size.max(axis=-1, initial=0.0)
        scaled = values / np.where(most > 0, most, 1.0)[:, None]
    squares = (scaled - scaled.mean(axis=-1, keepdims=True)) ** 2
    few = min(FEW, values.shape[-1])
    largest = np.partition(squares, -few, axis=-1)[:, -few:].sum(axis=-1)
    total = squares.sum(axis=-1)
    varies = total > (16 * np.finfo(np.float64).eps) ** 2 * values.shape[-1]
    with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
        over = np.where(middle > 0, most / middle, np.nan)
        return over, np.where(varies, largest / total, np.nan)
