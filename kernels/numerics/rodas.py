"""RODAS4, a Rosenbrock method for stiff systems: its tableau, a step, and steps of any length.

Hairer and Wanner, Solving Ordinary Differential Equations II, section VI.4: six stages, order 4
with an error estimate of order 3, stiffly accurate, one factorisation a step. What is respired is
integrated by the same stages, and since a Rosenbrock method keeps linear invariants, carbon
closes to rounding whatever the tolerance.

The model of `SIZE` pools is handed in as two equations, with whatever they need in ``of`` and
``k``: ``jacobian(of, k, y, j)`` fills the slopes (8, 7) and ``rates(of, k, y, f)`` the rates (8,),
of the pools and, last, of what is respired. Where a model has layers, all of which one step solves
at once, `kernels.mimics.layers.stepping` has the loops over them: one layer run by those took 65 %
longer.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.contract.status import NOT_CONVERGED, NOT_FINITE, OK
from kernels.numerics.small_systems import SIZE, STAGES, Work, factorise, solve

Equation = Callable[[Any, Any, F8, F8], None]
Advance = Callable[..., tuple[int, float, float]]

GAMMA = 0.25
"""Of the diagonal, equal in all stages."""

# Row by stage: weights of the earlier stages in the state at which the rates are taken.
AT = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [1.544, 0.0, 0.0, 0.0, 0.0],
        [0.9466785280815826, 0.2557011698983284, 0.0, 0.0, 0.0],
        [3.314825187068521, 2.896124015972201, 0.9986419139977817, 0.0, 0.0],
        [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895, 0.0],
        [1.221224509226641, 6.019134481288629, 12.53708332932087, -0.687886036105895, 1.0],
    ]
)
# Row by stage: weights of the earlier stages in its right-hand side, per step length.
PAST = np.array(
    [
        [0.0, 0.0, 0.0, 0.0, 0.0],
        [-5.6688, 0.0, 0.0, 0.0, 0.0],
        [-2.430093356833875, -0.2063599157091915, 0.0, 0.0, 0.0],
        [-0.1073529058151375, -9.594562251023355, -20.47028614809616, 0.0, 0.0],
        [7.496443313967647, -10.24680431464352, -33.99990352819905, 11.7089089320616, 0.0],
        [
            8.083246795921522,
            -7.981132988064893,
            -31.52159432874371,
            16.31930543123136,
            -6.058818238834054,
        ],
    ]
)


@equation
def shortened(step: float, error: float) -> float:
    """Return the step to try after one whose error, in units of the tolerance, was above 1."""
    tried: float = step * max(0.1, 0.9 * error**-0.25)
    return tried


@equation
def grown_from(step: float, error: float) -> float:
    """Return the step to try after one that was taken."""
    tried: float = step * min(6.0, 0.9 * max(error, 1e-10) ** -0.25)
    return tried


@equation
def _error(y: F8, u: F8, g: F8, tolerance: float, smallest: float) -> float:
    """Return the largest error in units of the tolerance; huge for a state that cannot be."""
    worst = 0.0
    for i in range(SIZE):
        if not u[i] >= 0.0:
            return 1e300
        scale = tolerance * max(y[i], u[i], smallest)
        worst = max(worst, abs(g[STAGES - 1, i]) / scale)
    return worst if worst < 1e300 else 1e300


def _stages(jacobian: Equation, rates: Equation) -> Callable[..., bool]:
    """Return what fills the six stages of a step ``h`` from ``y``, or says that it could not.

    ``w.x`` is left with the new state. The last column of ``w.g`` is respiration, whose slope with
    itself is zero, so that it needs no unknown.
    """

    @equation
    def stages(of: Any, k: Any, y: F8, h: float, w: Work) -> bool:
        f, u, j, a, swap, g = w.f, w.x, w.j, w.a, w.swap, w.g
        jacobian(of, k, y, j)
        for row in range(SIZE):
            for col in range(SIZE):
                a[row, col] = -j[row, col]
            a[row, row] += 1.0 / (h * GAMMA)
        if not factorise(a, swap):
            return False
        for s in range(STAGES):
            for i in range(SIZE):
                u[i] = y[i]
                for p in range(s):
                    u[i] += AT[s, p] * g[p, i]
            rates(of, k, u, f)
            for i in range(SIZE + 1):
                for p in range(s):
                    f[i] += PAST[s, p] / h * g[p, i]
                g[s, i] = f[i]
            solve(a, swap, g[s])
            for i in range(SIZE):
                g[s, SIZE] += j[SIZE, i] * g[s, i]
            g[s, SIZE] *= h * GAMMA
        for i in range(SIZE):
            u[i] += g[STAGES - 1, i]
        return True

    return stages


def stepper(jacobian: Equation, rates: Equation, *, smallest: float, shortest: float) -> Advance:
    """Return the compiled equation that advances the state of a model.

    Parameters
    ----------
    jacobian, rates : equation
        The model; see above. They are handed in here, and not to what is returned: numba keeps
        no block on disk that is given an equation as a value.
    smallest : float
        Errors of smaller pools are measured against this times the tolerance.
    shortest : float
        Where an error asks for a shorter step it has another cause than the step.

    Returns
    -------
    equation
        ``advance(of, k, y, length, h, tolerance, w)`` advances ``y`` by a length of time, with a
        step of ``h`` to try first and a relative error of ``tolerance`` a step. It returns
        status, the next step, and what is respired.
    """
    stages = _stages(jacobian, rates)

    @equation
    def advance(
        of: Any, k: Any, y: F8, length: float, h: float, tolerance: float, w: Work
    ) -> tuple[int, float, float]:
        u, g = w.x, w.g
        left, respired = length, 0.0
        while left > 0.0:
            last = h >= left
            step = left if last else h
            error = 1e300
            if stages(of, k, y, step, w):
                error = _error(y, u, g, tolerance, smallest)
            if error > 1.0:
                h = shortened(step, error)
                if h < shortest:
                    return (NOT_FINITE if error > 1e299 else NOT_CONVERGED), h, respired
                continue
            for i in range(SIZE):
                y[i] = u[i]
            for s in range(STAGES):
                # Weights of the new state: those of the last stage, and the last stage itself.
                respired += (AT[STAGES - 1, s] if s < STAGES - 1 else 1.0) * g[s, SIZE]
            grown = grown_from(step, error)
            # A step cut short by the end says nothing against the longer one before.
            h = max(h, grown) if last else grown
            left = 0.0 if last else left - step
        return OK, h, respired

    return advance
