"""MIMICS in layers: 14C as a tracer of steady carbon, one member.

Every flux of carbon carries the ratio of the pool it leaves (Wang et al. 2021 ran the model a
second time instead, `carbon14: separate`; that is not a tracer). With carbon steady the system
is linear and constant, dN/dt = (A - lambda) N + b F(t), and is solved for fractions modern,
N relative to C: from the equilibrium of the first year through years of constant input each.

The propagator of a year is exact in a Krylov space of the shift-inverted matrix, in which the
history of up to a century costs some tens of solves with one factorisation.
"""

from math import isfinite, log, sqrt
from typing import NamedTuple

import numpy as np

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.mimics.layers.block_tridiagonal import Profile, factorise, solve
from kernels.mimics.layers.equations import DOWN, UP, size_of
from kernels.mimics.one_layer.equations import (
    BETA,
    DES,
    E1,
    E2,
    E3,
    E4,
    FA_R,
    FC_R,
    FP_R,
    HOURS,
    IN_C,
    IN_M,
    IN_P,
    IN_S,
    K_RM,
    KO_R,
    MU_R,
    POOLS,
    V_RM,
    A,
    C,
    M,
    P,
    R,
    S,
    crowding,
)
from kernels.numerics.copying import copy_rows

DECAY = log(2.0) / 5730.0 / HOURS
"""Of 14C, h-1."""

SHIFT_YEARS = 2.0
"""Of the Krylov space: between the months of litter and the century of a history."""

SPACE = 32
"""Its dimension; within 1e-7 of the exponential of the whole matrix for a century and a half."""

MOST_SQUARINGS = 200
"""Of an exponential: more would be of what is not finite."""


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
def carried(k: F8, y: F8, a: F8) -> None:
    """Fill the rates (7, 7) at which a layer's pools hand on what they hold, h-1."""
    a[:, :] = 0.0
    a[P, P], a[A, P] = -k[DES], k[DES]
    for which in range(2):
        b = R + which
        e, e_structural = (k[E1], k[E2]) if which == 0 else (k[E3], k[E4])
        for x, efficiency, food in ((0, e, M), (1, e_structural, S), (2, e, A)):
            v, half = k[V_RM + 3 * which + x], k[K_RM + 3 * which + x]
            eaten = v * y[b] / (half + y[food])
            a[food, food] -= eaten
            a[b, food] += efficiency * eaten
        oxidised = k[V_RM + 3 * which + 1] * y[b] / (k[KO_R + which] + y[C])
        a[C, C] -= oxidised
        a[A, C] += oxidised
        died = k[MU_R + which] * crowding(y[b], k[BETA])
        a[b, b] -= died
        a[P, b] += k[FP_R + which] * died
        a[C, b] += k[FC_R + which] * died
        a[A, b] += k[FA_R + which] * died


@equation
def fill_tracer(y: F8, diagonal: float, w: Profile) -> None:
    """Fill the system ``diagonal + lambda - A`` for fractions modern, N relative to ``y``."""
    s, a, last = w.s, w.j, len(y) - 1
    for n in range(last + 1):
        carried(w.k[n], y[n], a)
        for row in range(POOLS):
            size = size_of(y[n, row])
            for col in range(POOLS):
                s.a[n, row, col] = -a[row, col] * size_of(y[n, col]) / size
            s.a[n, row, row] += diagonal + DECAY + w.d[n, UP] + w.d[n, DOWN]
            if n > 0:
                s.above[n, row] = -w.d[n, UP] * size_of(y[n - 1, row]) / size
            if n < last:
                s.below[n, row] = -w.d[n, DOWN] * size_of(y[n + 1, row]) / size


@equation
def equilibrium(y: F8, x: F8, w: Profile) -> bool:
    """Fill the fractions modern (n, 8) in equilibrium with litter of 1; say if there is one."""
    fill_tracer(y, 0.0, w)
    x[:, :] = 0.0
    for n in range(len(y)):
        k = w.k[n]
        x[n, M], x[n, S] = k[IN_M] / size_of(y[n, M]), k[IN_S] / size_of(y[n, S])
        x[n, P], x[n, C] = k[IN_P] / size_of(y[n, P]), k[IN_C] / size_of(y[n, C])
    if not factorise(w.s):
        return False
    solve(w.s, x)
    return True


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
def product(one: F8, other: F8) -> F8:
    """Return the product of two small square matrices, added up in one order everywhere."""
    size = len(one)
    made = np.zeros((size, size))
    for row in range(size):
        for i in range(size):
            share = one[row, i]
            for col in range(size):
                made[row, col] += share * other[i, col]
    return made


@equation
def inverse(a: F8) -> F8:
    """Return the inverse of a small square matrix, by elimination with row pivots.

    A matrix that has none gives what is not finite.
    """
    size = len(a)
    left, made = a.copy(), np.eye(size)
    for i in range(size):
        best = i
        for row in range(i + 1, size):
            if abs(left[row, i]) > abs(left[best, i]):
                best = row
        for col in range(size):
            left[i, col], left[best, col] = left[best, col], left[i, col]
            made[i, col], made[best, col] = made[best, col], made[i, col]
        pivot = left[i, i]
        for col in range(size):
            left[i, col] /= pivot
            made[i, col] /= pivot
        for row in range(size):
            if row != i:
                share = left[row, i]
                for col in range(size):
                    left[row, col] -= share * left[i, col]
                    made[row, col] -= share * made[i, col]
    return made


@equation
def expm(t: F8) -> F8:
    """Return the exponential of a small matrix: scaling, a Taylor series, squaring."""
    size, most = len(t), 0.0
    for row in range(size):
        total = 0.0
        for col in range(size):
            total += abs(t[row, col])
        most = max(most, total)
    squarings = 0
    while most > 0.25 and squarings < MOST_SQUARINGS:
        most, squarings = most / 2.0, squarings + 1
    small, made, scale = np.empty((size, size)), np.eye(size), 2.0**squarings
    for row in range(size):
        for col in range(size):
            small[row, col] = t[row, col] / scale
    # Horner; for a norm of a quarter terms above degree 13 are below rounding, squared eight times
    # as well: 2^8 0.25^14 / 14! is 1e-17 of the whole.
    for degree in range(13, 0, -1):
        made = product(small, made)
        for row in range(size):
            for col in range(size):
                made[row, col] = (1.0 if row == col else 0.0) + made[row, col] / degree
    for _ in range(squarings):
        made = product(made, made)
    return made


@equation
def _image(a: F8, x: F8) -> F8:
    made = np.zeros(len(x))
    for row in range(len(x)):
        for col in range(len(x)):
            made[row] += a[row, col] * x[col]
    return made


@equation
def history(y: F8, atmosphere: F8, years: int, q: Krylov, x: F8, w: Profile) -> bool:
    """Fill fractions modern (n, 8) after some years; say whether they could be found.

    Parameters
    ----------
    y : ndarray, shape (n, 7), mg C cm-3
        Steady carbon.
    atmosphere : ndarray, shape (years,) or longer
        Fraction modern of litter: of the equilibrium that the first year begins with, and of
        that year; then of each later year.
    years : int
    """
    if not equilibrium(y, x, w):
        return False
    size = sqrt(dot(x, x))
    if not isfinite(size):
        return False
    if years == 0 or not size > 0.0:
        for n in range(len(y)):
            for c in range(POOLS):
                x[n, c] *= atmosphere[0]
        return True
    for n in range(len(x)):
        for c in range(POOLS + 1):
            q.v[0, n, c] = x[n, c] / size
    shift = SHIFT_YEARS * HOURS
    fill_tracer(y, 1.0 / shift, w)
    if not factorise(w.s):
        return False
    m = arnoldi(1.0 / shift, q, w)
    # exp of a year: M = 1/(1 - shift A) in the space, so that A = (1 - 1/M) / shift.
    year = inverse(q.h[:m, :m])
    for row in range(m):
        for col in range(m):
            year[row, col] = ((1.0 if row == col else 0.0) - year[row, col]) / SHIFT_YEARS
    year = expm(year)
    # N(T) = F0 P^T G + sum over years of F P^(T-1-i) (1 - P) G, as Horner does it.
    state = np.zeros(m)
    state[0] = atmosphere[0]
    for i in range(years):
        state[0] -= atmosphere[i]
        state = _image(year, state)
        state[0] += atmosphere[i]
    for n in range(len(y)):
        for c in range(POOLS):
            total = 0.0
            for i in range(m):
                total += state[i] * q.v[i, n, c]
            x[n, c] = total * size
    total = 0.0
    for i in range(m):
        total += state[i]
    return isfinite(size) and isfinite(total)
