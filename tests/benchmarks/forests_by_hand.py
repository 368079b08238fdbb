"""Mean and standard deviation of forests over draws as a person writes it: joblib and Welford."""

import numpy as np
from joblib import Parallel, delayed
from sklearn.ensemble import RandomForestRegressor

from kernels.forest.parts.fitting import drawn, matrix
from kernels.forest.parts.records import read_records
from kernels.forest.shared.predictors import PREDICTORS

NAMES = [variable.name for variable in PREDICTORS]


def forest(seed, records, known, cells, trees):
    """Return what the forest of one draw by class says of cells, (n,)."""
    at = drawn("by_class", seed, records)
    fitted = RandomForestRegressor(
        trees, max_features=4, min_samples_split=6, random_state=seed, n_jobs=1
    ).fit(known[at], records.flux[at])
    return fitted.predict(cells)


def mean_and_std(reader, folder, table, seeds, trees):
    """Return both over the forests of all seeds, (n,) each, in two processes.

    Parameters
    ----------
    reader : Spec
        Of the predictors of cells; paths start from ``folder``.
    folder, table : Path
    seeds : sequence of int
    trees : int
    """
    (forcing,) = reader.read(PREDICTORS, folder)
    cells = matrix({name: np.asarray(forcing.drivers[name]) for name in NAMES}, NAMES)
    records = read_records(table, "rh")
    known = matrix(records.columns, NAMES)
    mean, squares = np.zeros(len(cells)), np.zeros(len(cells))
    draws = Parallel(n_jobs=2, return_as="generator")(
        delayed(forest)(seed, records, known, cells, trees) for seed in seeds
    )
    for k, found in enumerate(draws, start=1):
        apart = found - mean
        mean += apart / k
        squares += apart * (found - mean)
    return mean, np.sqrt(squares / len(seeds))
