"""Model against observations in depth: overlap, cost, error, information criteria, regression.

Pure functions after Wang et al. (2021, 10.1029/2020JG006205), sections 2.3 and 2.5; equation
numbers are of that paper.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from kernels import F8

LAMBDA = 5.0
"""Weight of radiocarbon in the cost (eq. 14)."""

LEAST = 0.5
"""Share of an observed interval that must lie inside the model's layers."""


def overlap(bounds: F8, top: F8, bottom: F8, *, least: float = LEAST) -> F8:
    """Return the weights that make thickness-weighted means of layers over observed intervals.

    Parameters
    ----------
    bounds : ndarray, shape (k, 2), float64, cm
        Upper and lower end of every layer.
    top, bottom : ndarray, shape (..., n), float64, cm
        Of the observed intervals, in the same direction; NaN where there is none.
    least : float
        Share of an interval that must be inside the layers; the mean is over that part.

    Returns
    -------
    ndarray, shape (..., n, k), float64
        A row sums to 1; it is 0 where there is no interval or too little of it is inside.
    """
    upper = np.maximum(bounds[:, 0], top[..., None])
    lower = np.minimum(bounds[:, 1], bottom[..., None])
    shared = np.nan_to_num(np.maximum(lower - upper, 0.0))
    inside = shared.sum(axis=-1, keepdims=True)
    # Sums of thicknesses such as 0.1 cm are not exact; half is still half then.
    enough = (inside > 0) & (inside >= (least - 1e-9) * (bottom - top)[..., None])
    return np.where(enough, shared / np.where(enough, inside, 1.0), 0.0)


def cost(observed: ArrayLike, modelled: ArrayLike, *, relative_error: float = 0.1) -> float:
    """Return the sum of squared differences in standard errors, J1 or J2 (eqs. 15 and 16).

    Parameters
    ----------
    observed, modelled : array_like, shape (n,)
        In one unit; what is not observed is NaN and has no term.
    relative_error : float
        Standard error over the observed value. The paper's "10 % of the measured" is read
        as one error per layer.
    """
    seen, found = np.asarray(observed, np.float64), np.asarray(modelled, np.float64)
    here = ~np.isnan(seen)
    terms = (seen[here] - found[here]) / (relative_error * seen[here])
    return float((terms**2).sum())


def joint_cost(
    carbon: float, radiocarbon: float, *, weight: float = LAMBDA, twice: bool = False
) -> float:
    """Return J = J1 + lambda J2 (eq. 14).

    Notes
    -----
    As printed, lambda acts twice: eq. 14 multiplies J2 by it and eq. 16 has it in J2 again, so
    radiocarbon would weigh 25 and not the 5 that the text speaks of. It is applied once here;
    ``twice`` does what is printed.
    """
    return carbon + (weight**2 if twice else weight) * radiocarbon


def rmse(observed: Sequence[ArrayLike], modelled: Sequence[ArrayLike]) -> float:
    """Return the root of the mean square error (eq. 17).

    Parameters
    ----------
    observed, modelled : sequence of array_like, one per site, shape (n,)
        The mean is over the layers of a site first, then over sites, so a site with many
        layers counts no more than another. NaN in ``observed`` is no layer; a site without a
        layer is left out.
    """
    squares = []
    for seen, model in zip(observed, modelled, strict=True):
        difference = np.asarray(seen, np.float64) - np.asarray(model, np.float64)
        there = ~np.isnan(np.asarray(seen, np.float64))
        if there.any():
            squares.append(float((difference[there] ** 2).mean()))
    if not squares:
        raise ValueError("nothing is observed at any site; needed one layer or more")
    return float(np.sqrt(np.mean(squares)))


def aic(error: float, layers: int, parameters: int) -> float:
    """Return 2 N log(RMSE) + 2 N_p: eq. 18, called BIC there and AIC in Table 4.

    Parameters
    ----------
    error : float
        Root mean square error.
    layers : int
        N, observations of layers at all sites: with N the number of sites Table 4 does not
        come out.
    parameters : int
        N_p, calibrated constants.
    """
    return 2.0 * layers * float(np.log(error)) + 2.0 * parameters


def bic(error: float, layers: int, parameters: int) -> float:
    """Return 2 N log(RMSE) + N_p log(N), what is usually called BIC; see `aic`."""
    return 2.0 * layers * float(np.log(error)) + parameters * float(np.log(layers))


@dataclass(frozen=True)
class Line:
    """A regression ``modelled = intercept + slope x observed``, as in Table 4."""

    intercept: float
    slope: float
    r2: float
    count: int


def regression(observed: ArrayLike, modelled: ArrayLike) -> Line:
    """Return the least-squares line of modelled over observed values; NaN pairs are left out.

    Raises
    ------
    ValueError
        Fewer than two pairs, or all observed values the same.
    """
    seen = np.asarray(observed, np.float64).ravel()
    model = np.asarray(modelled, np.float64).ravel()
    both = np.isfinite(seen) & np.isfinite(model)
    seen, model = seen[both], model[both]
    if seen.size < 2 or np.ptp(seen) == 0:
        raise ValueError(
            f"found {seen.size} pairs with {len(np.unique(seen))} observed values; "
            "needed two different ones for a line"
        )
    x, y = seen - seen.mean(), model - model.mean()
    slope = float(x @ y / (x @ x))
    spread = float(y @ y)
    r2 = float((x @ y) ** 2 / ((x @ x) * spread)) if spread else 1.0
    return Line(float(model.mean() - slope * seen.mean()), slope, r2, int(seen.size))
