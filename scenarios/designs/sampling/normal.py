"""The normal distribution and its inverse without scipy, whose import costs 0.6 s.

Source: Wichura, M. J. (1988), Algorithm AS 241: The percentage points of the normal
distribution, Applied Statistics 37, 477-484, https://doi.org/10.2307/2347330 (PPND16,
about 1 part in 10^16). Python's `statistics.NormalDist` holds the same coefficients.
"""

import math

import numpy as np

from kernels import F8

# Highest power first, as Horner's rule reads them.
CENTRE = (
    (
        2.50908092873012267270e3,
        3.34305755835881281050e4,
        6.72657709270087008530e4,
        4.59219539315498714570e4,
        1.37316937655094611250e4,
        1.97159095030655144270e3,
        1.33141667891784377450e2,
        3.38713287279636660800e0,
    ),
    (
        5.22649527885285456100e3,
        2.87290857357219426740e4,
        3.93078958000927106100e4,
        2.12137943015865958670e4,
        5.39419602142475110770e3,
        6.87187007492057908300e2,
        4.23133307016009112520e1,
        1.0,
    ),
)
TAIL = (
    (
        7.74545014278341407640e-4,
        2.27238449892691845833e-2,
        2.41780725177450611770e-1,
        1.27045825245236838258e0,
        3.64784832476320460504e0,
        5.76949722146069140550e0,
        4.63033784615654529590e0,
        1.42343711074968357734e0,
    ),
    (
        1.05075007164441684324e-9,
        5.47593808499534494600e-4,
        1.51986665636164571966e-2,
        1.48103976427480074590e-1,
        6.89767334985100004550e-1,
        1.67638483018380384940e0,
        2.05319162663775882187e0,
        1.0,
    ),
)
FAR_TAIL = (
    (
        2.01033439929228813265e-7,
        2.71155556874348757815e-5,
        1.24266094738807843860e-3,
        2.65321895265761230930e-2,
        2.96560571828504891230e-1,
        1.78482653991729133580e0,
        5.46378491116411436990e0,
        6.65790464350110377720e0,
    ),
    (
        2.04426310338993978564e-15,
        1.42151175831644588870e-7,
        1.84631831751005468180e-5,
        7.86869131145613259100e-4,
        1.48753612908506148525e-2,
        1.36929880922735805310e-1,
        5.99832206555887937690e-1,
        1.0,
    ),
)

CHUNK = 8192  # values; the six arrays of a chunk stay in the second-level cache


def ndtri(p: F8) -> F8:
    """Return the quantiles of the standard normal distribution.

    Parameters
    ----------
    p : ndarray, any shape, float64
        Probabilities in [0, 1].

    Returns
    -------
    ndarray, shape of ``p``, float64
        -inf at 0 and inf at 1.

    Notes
    -----
    Every value is computed alone, so any split of ``p`` gives the same bits.
    """
    flat = np.ascontiguousarray(p, dtype=np.float64).reshape(-1)
    out = np.empty_like(flat)
    for start in range(0, flat.size, CHUNK):
        piece = slice(start, start + CHUNK)
        _fill(flat[piece], out[piece])
    return out.reshape(np.shape(p))


def ndtr(x: F8) -> F8:
    """Return the standard normal distribution function, any shape.

    One Python call per value: for bounds, when a design is opened, not for samples.
    """
    flat = np.asarray(x, dtype=np.float64)
    values = [0.5 * math.erfc(-value / math.sqrt(2.0)) for value in flat.reshape(-1).tolist()]
    return np.array(values, dtype=np.float64).reshape(flat.shape)


def _fill(p: F8, out: F8) -> None:
    """Write the quantiles of one chunk into ``out``."""
    q = p - 0.5
    # Every value gets the central formula and the 15 % in the tails another one on top:
    # cheaper than gathering the 85 %. Outside |q| <= 0.425 it is finite, so it is harmless.
    np.multiply(q, _ratio(0.180625 - q * q, CENTRE), out=out)
    tails = np.flatnonzero(np.abs(q) > 0.425)
    if tails.size:
        out[tails] = _tails(p[tails], q[tails])


def _tails(p: F8, q: F8) -> F8:
    """Return the quantiles where ``|q| > 0.425``."""
    with np.errstate(divide="ignore", invalid="ignore"):
        r = np.sqrt(-np.log(np.minimum(p, 1.0 - p)))
        x = _ratio(r - 1.6, TAIL)
        far = np.flatnonzero(r > 5.0)
        if far.size:
            x[far] = _ratio(r[far] - 5.0, FAR_TAIL)
            x[np.isposinf(r)] = np.inf
    return np.copysign(x, q)


def _ratio(r: F8, coefficients: tuple[tuple[float, ...], tuple[float, ...]]) -> F8:
    """Return the quotient of two polynomials in ``r``."""
    above, below = coefficients
    return _polynomial(r, above) / _polynomial(r, below)


def _polynomial(r: F8, coefficients: tuple[float, ...]) -> F8:
    total = r * coefficients[0]
    for coefficient in coefficients[1:-1]:
        total += coefficient
        total *= r
    total += coefficients[-1]
    return total
