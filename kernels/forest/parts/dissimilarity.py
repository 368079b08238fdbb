"""How far a cell lies from all records, as they see it: the dissimilarity index.

Source: Meyer and Pebesma (2021), Methods in Ecology and Evolution, 10.1111/2041-210X.13650.
"""

import numpy as np

from kernels.contract.arrays import F8


def dissimilarity(cells: F8, records: F8, weights: F8 | None = None) -> F8:
    """Return the distance to the nearest record over the mean distance of two records, (n,).

    Parameters
    ----------
    cells : ndarray, shape (n, p), float64
        Predictors that are numbers; a cell with a gap has NaN.
    records : ndarray, shape (r, p), float64
        Of which none is a gap. Predictors are standardised by their mean and standard deviation
        (ddof 1); one that all records have alike tells none from another, and is left out.
    weights : ndarray, shape (p,), float64, optional
        Of predictors; their scale cancels. 1 by default.
    """
    from scipy.spatial import cKDTree  # type: ignore[import-untyped]  # 0.2 s: rarely needed
    from scipy.spatial.distance import pdist  # type: ignore[import-untyped]

    sd = records.std(axis=0, ddof=1)
    varied = sd > 0.0
    scale = (np.ones(sd.size) if weights is None else weights)[varied] / sd[varied]
    mean = records[:, varied].mean(axis=0)
    known, asked = ((some[:, varied] - mean) * scale for some in (records, cells))
    whole = np.isfinite(asked).all(axis=1)
    found = np.full(len(cells), np.nan)
    found[whole] = cKDTree(known).query(asked[whole])[0] / pdist(known).mean()
    return found
