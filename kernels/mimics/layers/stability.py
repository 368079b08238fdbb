"""MIMICS in layers: whether an equilibrium is stable, by a Krylov space or the full spectrum."""

from contextlib import suppress
from math import nan, sin, sqrt
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.mimics.layers.block_tridiagonal import Profile, factorise, fill, solve
from kernels.mimics.layers.equations import DOWN, UP, layer_jacobian, size_of
from kernels.mimics.layers.steady import pool_sizes
from kernels.mimics.one_layer.equations import HOURS, POOLS
from kernels.numerics.copying import copy_rows

SHIFT = 0.05
"""yr-1: cycles that grow take 50 to 260 years a turn, which is as near to this as to zero."""

SPACE = 32
"""Dimension of the space; of 22 growing cycles among 108 equilibria it told all and no other."""


class Krylov(NamedTuple):
    """Work of a Krylov space of m vectors.

    Attributes
    ----------
    v : ndarray, shape (m + 1, n, 8)
        Orthonormal.
    h : ndarray, shape (m + 1, m)
        What the matrix is in it.
    """

    v: F8
    h: F8


@equation
def krylov_work(n: int, m: int) -> Krylov:
    """Return the work of a space of m vectors over n layers."""
    return Krylov(np.zeros((m + 1, n, POOLS + 1)), np.zeros((m + 1, m)))


@equation
def arnoldi(scale: float, q: Krylov, w: Profile) -> int:
    """Build the space of ``scale`` times the inverse of the factorised system.

    ``q.v[0]`` is the start, of length 1. Returns the vectors that there are before the space
    is closed.
    """
    m = int(q.h.shape[1])
    q.h[:, :] = 0.0
    for i in range(m):
        copy_rows(q.v[i], w.x)
        for n in range(len(w.x)):
            for p in range(POOLS):
                w.x[n, p] *= scale
        solve(w.s, w.x)
        # Twice is enough (Kahan, Parlett).
        for _ in range(2):
            for p in range(i + 1):
                share = dot(q.v[p], w.x)
                q.h[p, i] += share
                for n in range(len(w.x)):
                    for c in range(POOLS):
                        w.x[n, c] -= share * q.v[p, n, c]
        length = sqrt(dot(w.x, w.x))
        q.h[i + 1, i] = length
        if length < 1e-14:
            return i + 1
        for n in range(len(w.x)):
            for c in range(POOLS):
                q.v[i + 1, n, c] = w.x[n, c] / length
    return m


@equation
def dot(one: F8, other: F8) -> float:
    """Return the scalar product of two (n, 8), whose last column does not count."""
    total = 0.0
    for n in range(len(one)):
        for c in range(POOLS):
            total += one[n, c] * other[n, c]
    return total


@equation
def nearest_modes(y: F8, q: Krylov, w: Profile) -> int:
    """Leave in ``q.h`` the shifted and inverted Jacobian in the space of its nearest modes.

    Returns the dimension; a mode is `SHIFT` - 1/(eigenvalue of ``q.h``), yr-1.
    """
    pool_sizes(y, w.u)
    fill(w.k, w.d, 0.0, y, SHIFT / HOURS, w.u, w)
    if not factorise(w.s):
        return 0
    for n in range(len(y)):
        for i in range(POOLS):
            q.v[0, n, i] = 1.0 + 0.3 * sin(7.0 * n + i)
        q.v[0, n, POOLS] = 0.0
    length = sqrt(dot(q.v[0], q.v[0]))
    for n in range(len(y)):
        for i in range(POOLS + 1):
            q.v[0, n, i] /= length
    return arnoldi(1.0 / HOURS, q, w)


@equation
def full_jacobian(y: F8, w: Profile, big: F8) -> None:
    """Fill the slopes of all pools with all pools, (7 n, 7 n), yr-1, of relative changes.

    The scaling of rows and columns changes no mode.
    """
    big[:, :] = 0.0
    last = len(y) - 1
    for n in range(last + 1):
        layer_jacobian(w.k[n], w.d[n], 0.0, y[n], w.j)
        for row in range(POOLS):
            at = POOLS * n + row
            size = size_of(y[n, row])
            for col in range(POOLS):
                other = size_of(y[n, col])
                big[at, POOLS * n + col] = w.j[row, col] * other / size * HOURS
            if n > 0:
                other = size_of(y[n - 1, row])
                big[at, at - POOLS] = w.d[n, UP] * other / size * HOURS
            if n < last:
                other = size_of(y[n + 1, row])
                big[at, at + POOLS] = w.d[n, DOWN] * other / size * HOURS


def growth_near(spaces: F8, dimension: int) -> F8:
    """Return the largest growth (yr-1) that spaces (N, m, m) of a dimension show, (N,)."""
    eigenvalues = spectra(spaces[:, :dimension, :dimension])
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray((SHIFT - 1.0 / eigenvalues).real.max(axis=-1))


def spectra(matrices: F8) -> NDArray[np.complex128]:
    """Return the eigenvalues (N, n) of matrices (N, n, n); NaN where there are none to be found.

    One by one, so that a bad one costs itself; by one thread of BLAS, whose last bits depend on
    how many there are.
    """
    eigenvalues = np.full(matrices.shape[:2], complex(nan, nan))
    with threadpool_limits(1, user_api="blas"):
        for i, matrix in enumerate(matrices):
            if np.isfinite(matrix).all():
                with suppress(np.linalg.LinAlgError):
                    eigenvalues[i] = np.linalg.eigvals(matrix)
    return eigenvalues


def modes(big: F8) -> tuple[F8, F8, F8]:
    """Return growth (yr-1), slowest mode (yr) and fastest rate (yr-1) of Jacobians in yr-1."""
    real = spectra(big).real
    with np.errstate(divide="ignore"):
        return real.max(axis=-1), 1.0 / np.abs(real).min(axis=-1), np.abs(real).max(axis=-1)
