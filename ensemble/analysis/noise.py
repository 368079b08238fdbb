"""Which indices are wide, which parameters are not told apart, and which ranking is noise.

Of an index and the half width of its bootstrap interval alone, so that what a run computed
itself, and what an earlier version stored, is judged by the same rule as an analysis of today.
"""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from kernels import F8, U1

Flags = NDArray[np.bool_]

WIDE = 0.5
"""Half width over index above which an interval is wide: it reaches below half of the index."""

LEADING = 0.3
"""Share of the largest index from which an index leads: the ranking is about these."""

RANKINGS = ("mu_star", "theta", "ST", "S1", "SRC", "SRRC")
"""Indices by which parameters are ranked; each is judged by its own interval."""

FOLLOWS = {"mu": "mu_star", "sigma": "mu_star", "theta": "mu_star", "S2": "ST"}
"""What decides on an index that does not rank or is of the same effects: it goes with these."""

OF_PAIRS = ("S2",)
"""Indices (..., effect, effect)."""

BELIEVED, MOSTLY_WIDE, NONE_APART, UNJUDGED = range(4)
CODES = {
    BELIEVED: "believed",
    MOSTLY_WIDE: "noise_most_leading_indices_are_wide",
    NONE_APART: "noise_none_apart_and_a_leading_index_is_wide",
    UNJUDGED: "not_judged_no_interval",
}
NOISE = (MOSTLY_WIDE, NONE_APART)


def wide(values: F8 | float, half: F8 | float) -> Flags:
    """Return where an interval is wider than half its index, of any shape; NaN is not."""
    with np.errstate(invalid="ignore"):
        return np.asarray(half > WIDE * np.abs(values))


def leading(values: F8) -> Flags:
    """Return which indices (..., effect) are `LEADING` of the largest or more."""
    size = np.where(np.isfinite(values), np.abs(values), 0.0)
    most = size.max(axis=-1, keepdims=True, initial=0.0)
    return np.asarray((size >= LEADING * most) & (size > 0))


def none_apart(values: F8, half: F8) -> Flags:
    """Return where the intervals of all indices (..., effect) have a point in common."""
    known = np.isfinite(values) & np.isfinite(half)
    size = np.abs(values)
    lowest = np.where(known, size - half, -np.inf).max(axis=-1, initial=-np.inf)
    highest = np.where(known, size + half, np.inf).min(axis=-1, initial=np.inf)
    return np.asarray((known.sum(axis=-1) > 1) & (lowest <= highest))


def judged(values: F8, half: F8 | None) -> U1:
    """Return a code of `CODES` for the ranking in each cell.

    Parameters
    ----------
    values : ndarray, shape (..., effect), float64
        Ranked by their size; a sign is only a direction.
    half : ndarray, shape (..., effect), float64, optional
        Half widths of their intervals.

    Returns
    -------
    ndarray, shape (...), uint8

    Notes
    -----
    Noise is a ranking of which more than half of the leading indices have wide intervals, or
    one of them and no two of all are apart. Indices that are alike and narrow are no noise:
    that nothing stands out is then a finding. Where nothing has an effect, or nothing is
    known, there is no ranking to withhold.
    """
    if half is None:
        return np.full(values.shape[:-1], UNJUDGED, np.uint8)
    leads = leading(values)
    blurred = (leads & wide(values, half)).sum(axis=-1)
    codes = np.full(values.shape[:-1], BELIEVED, np.uint8)
    codes[(blurred > 0) & none_apart(values, half)] = NONE_APART
    codes[2 * blurred > leads.sum(axis=-1)] = MOSTLY_WIDE
    # An index that leads and has no interval vouches for nothing.
    codes[(leads & ~np.isfinite(half)).any(axis=-1)] = UNJUDGED
    return codes


def codes_of(arrays: Mapping[str, F8], index: str) -> U1:
    """Return the codes (...) of an index among those of the same cells, (..., effect) each.

    Where that which it follows is noise, or its own interval is not known, that decides.
    """
    values = arrays[index]
    ends = 2 if index in OF_PAIRS else 1
    codes = np.full(values.shape[: values.ndim - ends], UNJUDGED, np.uint8)
    if index in RANKINGS and f"{index}_conf" in arrays:
        codes = judged(values, arrays[f"{index}_conf"])
    leader = FOLLOWS.get(index, "")
    if leader in arrays and f"{leader}_conf" in arrays:
        theirs = judged(arrays[leader], arrays[f"{leader}_conf"])
        codes = np.where(is_noise(theirs) | (codes == UNJUDGED), theirs, codes)
    return np.asarray(codes)


def is_noise(codes: U1) -> Flags:
    """Return where a ranking is withheld."""
    return np.isin(codes, NOISE)


def not_apart(values: F8, half: F8, names: Sequence[str]) -> list[list[str]]:
    """Return runs of neighbours in a ranking whose intervals overlap, the largest first.

    Parameters
    ----------
    values, half : ndarray, shape (effect,), float64
    names : sequence of str

    Notes
    -----
    Two intervals of 95 % that do not overlap differ at a level of some 0.6 % if they are
    independent: strict for one pair, which pays for looking at all neighbours of a ranking.
    """
    size = np.abs(values)
    known = np.flatnonzero(np.isfinite(size) & np.isfinite(half))
    order = known[np.argsort(-size[known], kind="stable")].tolist()
    runs: list[list[str]] = []
    joined = False
    for first, second in pairwise(order):
        overlap = size[first] - half[first] <= size[second] + half[second]
        if overlap and joined:
            runs[-1].append(names[second])
        elif overlap:
            runs.append([names[first], names[second]])
        joined = bool(overlap)
    return runs


def why_noise(values: F8, half: F8, code: int) -> str:
    """Return why the ranking of one cell, (effect,) each, is withheld; in words."""
    leads = leading(values)
    blurred = int((leads & wide(values, half)).sum())
    text = f"{blurred} of {int(leads.sum())} leading indices are wide, +- more than half of them"
    return text if code == MOSTLY_WIDE else f"no two are apart, and {text}"
