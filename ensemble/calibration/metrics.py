"""Metrics of modelled against observed values of a group, by part."""

import numpy as np
from numpy.typing import NDArray

from ensemble.calibration.layout import METRICS
from kernels import F8


def metrics(observed: F8, modelled: F8, counted: NDArray[np.bool_], parameters: int) -> F8:
    """Return the metrics of `METRICS` of some places, NaN where one has no meaning.

    Parameters
    ----------
    observed, modelled : ndarray, shape (p, n)
    counted : ndarray, shape (p, n), bool
        Which pairs are looked at.
    parameters : int
        That were searched, for AIC and BIC.

    Notes
    -----
    The RMSE is the root of the mean over places of the mean square of each; AIC is 2 N ln RMSE + 2
    N_p, BIC 2 N ln RMSE + N_p ln N of N pairs; the regression is modelled = intercept + slope x
    observed; kge, nse and r2 are over all pairs, bias is modelled less observed.
    """
    found = dict.fromkeys(METRICS, np.nan)
    counted = counted & np.isfinite(modelled)
    n = int(counted.sum())
    found["n"] = float(n)
    if n == 0:
        return np.array([found[name] for name in METRICS])
    apart = np.where(counted, modelled - observed, 0.0)
    each = counted.sum(axis=1)
    by_place = (apart**2).sum(axis=1)[each > 0] / each[each > 0]
    rmse = float(np.sqrt(by_place.mean()))
    o, m = observed[counted], modelled[counted]
    found["rmse"], found["bias"] = rmse, float((m - o).mean())
    if rmse > 0:
        found["aic"] = 2 * n * np.log(rmse) + 2 * parameters
        found["bic"] = 2 * n * np.log(rmse) + parameters * np.log(n)
    beside, modelled_beside = o - o.mean(), m - m.mean()
    var_o, var_m = float((beside**2).mean()), float((modelled_beside**2).mean())
    if var_o > 1e-24 * float((o**2).mean()):
        both = float((beside * modelled_beside).mean())
        found["slope"] = both / var_o
        found["intercept"] = float(m.mean() - found["slope"] * o.mean())
        found["nse"] = 1.0 - float(((m - o) ** 2).mean()) / var_o
        if var_m > 1e-24 * float((m**2).mean()):
            r = both / np.sqrt(var_o * var_m)
            found["r2"] = r**2
            if o.mean() != 0:
                parts = (r - 1, np.sqrt(var_m / var_o) - 1, m.mean() / o.mean() - 1)
                found["kge"] = 1.0 - float(np.sqrt(sum(part**2 for part in parts)))
    return np.array([found[name] for name in METRICS])
