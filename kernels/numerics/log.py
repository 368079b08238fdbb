"""The natural logarithm that vectorises, as `kernels.numerics.exp` does for the exponential."""

import numpy as np

from kernels.contract.build import equation
from kernels.numerics.exp import LN2_HIGH, LN2_LOW

# Bits of 1 and of the root of 1/2: a mantissa between that and the root of 2 is near 1.
ONE, ROOT = 0x3FF0000000000000, 0x3FE6A09E667F3BCD
MANTISSA = 0x000FFFFFFFFFFFFF
# The exponent below these bits is a whole number as a float, plus this.
WHOLE, WHOLE_IS = 0x4330000000000000, 4503599627370496.0 + 1023.0


@equation
def log(x: float) -> float:
    """Return the natural logarithm of a positive normal number, within 3e-16 relative.

    Written without a branch or a call. x = 2^k m with m near 1; of m the logarithm is
    2 artanh s, s = (m - 1)/(m + 1), by its minimax polynomial in s^2 (Sun's fdlibm).
    """
    bits = np.float64(x).view(np.int64) + (ONE - ROOT)
    k = np.int64((bits >> 52) | WHOLE).view(np.float64) - WHOLE_IS
    f = np.int64((bits & MANTISSA) + ROOT).view(np.float64) - 1.0
    s = f / (2.0 + f)
    z = s * s
    p = 1.479819860511658591e-01
    p = p * z + 1.531383769920937332e-01
    p = p * z + 1.818357216161805012e-01
    p = p * z + 2.222219843214978396e-01
    p = p * z + 2.857142874366239149e-01
    p = p * z + 3.999999999940941908e-01
    p = p * z + 6.666666666666735130e-01
    half = 0.5 * f * f
    return k * LN2_HIGH - ((half - (s * (half + p * z) + k * LN2_LOW)) - f)
