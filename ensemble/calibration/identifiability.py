"""How well data determine parameters: directions of the residuals' derivative at the best point."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from kernels import F8

STEP = 1e-4
"""Of a parameter's range, from the best point to where the derivative looks."""

LEAST = 1e-12
"""Singular values below so many times the largest are rounding."""

AT_BOUND = 1e-3
"""Of its range: what is so near to its end is at it."""


@dataclass(frozen=True)
class Directions:
    """Directions in the cube, from the best determined on.

    Attributes
    ----------
    values : ndarray, shape (n,), float64
        Singular values: standard errors that residuals move by across the whole range.
    weakest : ndarray, shape (n,), float64
        The direction that moves them least, of length 1, its largest part above 0.
    correlation : ndarray, shape (n, n), float64
    """

    values: F8
    weakest: F8
    correlation: F8


def directions(jacobian: F8) -> Directions:
    """Return what a derivative (m, n) of residuals says; NaN where a part of it is none."""
    n = jacobian.shape[1]
    if not len(jacobian) or not np.isfinite(jacobian).all():
        return Directions(np.full(n, np.nan), np.full(n, np.nan), np.full((n, n), np.nan))
    _, some, across = np.linalg.svd(jacobian, full_matrices=True)
    values = np.zeros(n)
    values[: len(some)] = some
    weakest = across[-1] * np.sign(across[-1][np.argmax(np.abs(across[-1]))])
    scaled = across.T / np.maximum(values, max(LEAST * values[0], np.finfo(float).tiny))
    covariance = scaled @ scaled.T
    spread = np.sqrt(np.diag(covariance))
    return Directions(values, weakest, covariance / np.outer(spread, spread))


def at_bound(u: F8) -> NDArray[np.int8]:
    """Return 1 where a point (n,) is at the upper end, -1 at the lower."""
    return (u >= 1.0 - AT_BOUND).astype(np.int8) - (u <= AT_BOUND).astype(np.int8)


def in_words(names: tuple[str, ...], weakest: F8, most: int = 4) -> str:
    """Return the parameters of a direction in words: ``x_v and x_k together``.

    Those that have at least a third of what the largest has.
    """
    if not np.isfinite(weakest).all():
        return ""
    size = np.abs(weakest)
    order = [k for k in np.argsort(-size, kind="stable") if size[k] >= size.max() / 3.0]
    parts: list[str] = [names[k] for k in order[:most]]
    if len(parts) == 1:
        return parts[0]
    same = len({bool(weakest[k] > 0) for k in order[:most]}) == 1
    listed = f"{', '.join(parts[:-1])} and {parts[-1]}"
    return f"{listed} together" if same else f"{listed} against each other"
