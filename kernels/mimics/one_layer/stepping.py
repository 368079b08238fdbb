"""MIMICS in time: explicit hourly steps as its sources take them, and adaptive implicit ones.

The adaptive method is RODAS4, see `kernels.numerics.rodas`.
"""

from kernels.contract.arrays import F8
from kernels.contract.build import equation
from kernels.mimics.one_layer.equations import POOLS, RH, jacobian, rates
from kernels.numerics.rodas import stepper
from kernels.numerics.small_systems import Work

EULER, ADAPTIVE = 0, 1
INTEGRATORS = ("hourly", "adaptive")

SMALLEST = 1e-6
"""mg cm-3: the errors of smaller pools are measured against this times the tolerance."""

SHORTEST = 1e-9
"""Hours; an error that asks for less has another cause than the step."""


@equation
def euler(form: int, k: F8, y: F8, steps: int, f: F8) -> float:
    """Take explicit steps of an hour; return what is respired, mg C cm-3.

    sum(y) grows by steps x input less what is returned, to rounding.
    """
    respired = 0.0
    for _ in range(steps):
        rates(form, k, y, f)
        for i in range(POOLS):
            y[i] += f[i]
        respired += f[RH]
    return respired


_advance = stepper(jacobian, rates, smallest=SMALLEST, shortest=SHORTEST)


@equation
def adaptive(
    form: int, k: F8, y: F8, hours: float, h: float, tolerance: float, w: Work
) -> tuple[int, float, float]:
    """Advance ``y`` by some hours; return status, next step (h) and what is respired.

    Parameters
    ----------
    hours : float
        To go, with these coefficients.
    h : float
        Step to try first, hours.
    tolerance : float
        Relative error of a step.
    """
    return _advance(form, k, y, hours, h, tolerance, w)
