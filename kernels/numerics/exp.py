"""The exponential that vectorises: libm's does not, so loops over members would run one by one."""

import numpy as np

from kernels.contract.build import equation

LOG2_E = 1.4426950408889634
# ln 2 in two parts; the first has zeros at its end, so that a whole number times it is exact.
LN2_HIGH = 6.93147180369123816490e-01
LN2_LOW = 1.90821492927058770002e-10
# Adding it rounds to a whole number, which is then in the last bits.
SHIFTER = 6755399441055744.0
LOWEST, HIGHEST = -708.0, 709.0


@equation
def exp(x: float) -> float:
    """Return e^x within 3e-16 relative for -708 <= x <= 709; beyond, that of the end.

    Written without a branch or a call. x = k ln 2 + r with abs(r) <= ln 2 / 2; e^r is its
    Taylor polynomial of degree 13, whose rest is below 1e-17; 2^k is made of its bits. NaN
    stays NaN.
    """
    inside = min(max(x, LOWEST), HIGHEST)
    shifted = inside * LOG2_E + SHIFTER
    k = shifted - SHIFTER
    r = (inside - k * LN2_HIGH) - k * LN2_LOW
    p = 1.0 / 6227020800.0
    p = p * r + 1.0 / 479001600.0
    p = p * r + 1.0 / 39916800.0
    p = p * r + 1.0 / 3628800.0
    p = p * r + 1.0 / 362880.0
    p = p * r + 1.0 / 40320.0
    p = p * r + 1.0 / 5040.0
    p = p * r + 1.0 / 720.0
    p = p * r + 1.0 / 120.0
    p = p * r + 1.0 / 24.0
    p = p * r + 1.0 / 6.0
    p = p * r + 0.5
    p = (p * r) * r + r
    bits = (np.float64(shifted).view(np.int64) + 1023) << 52
    scale = np.int64(bits).view(np.float64)
    return (scale + scale * p) + (inside - inside)
