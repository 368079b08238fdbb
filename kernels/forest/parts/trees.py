"""Forests: their matrix, their fit, and what they predict: a mean, and quantiles of records.

Source: Breiman (2001, 10.1023/A:1010933404324); quantiles of Meinshausen (2006), Journal of Machine
Learning Research 7, 983-999.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kernels.contract.arrays import F8
from kernels.forest.shared.predictors import CLASSES, NUMBERS

SPLIT = 6
"""Records of a node below which it is not split: nodes of five or fewer, as R's nodesize has it."""

ALONE = Lock()
"""Held while scikit-learn fits or predicts: for each tree it takes all filters of warnings away and
puts them back; they are of the whole process, and threads lose each other's. Long runs have
processes."""


def matrix(columns: Mapping[str, F8], names: Sequence[str]) -> NDArray[np.float32]:
    """Return predictors as a forest reads them, (n, columns): numbers, then classes as 0 or 1.

    Their order is that of `PREDICTORS`, whatever the order of ``names``: in another, the same seed
    is another forest.
    """
    taken = [columns[v.name] for v in NUMBERS if v.name in names]
    if "veg" in names:
        taken += [columns["veg"] == k for k in range(1, len(CLASSES) + 1)]
    return np.stack(taken, axis=1).astype(np.float32)


@dataclass(frozen=True)
class Growth:
    """How trees grow.

    Attributes
    ----------
    seed, mtry, trees, split : int
        ``mtry`` columns are tried at a split, or all if there are fewer; a node of fewer records
        than ``split`` is not split.
    quantiles : tuple of float
        What is predicted beside the mean, above 0 and below 1, rising.
    """

    seed: int
    mtry: int
    trees: int
    split: int
    quantiles: tuple[float, ...] = ()

    def forest(self, known: NDArray[np.float32], flux: F8) -> "Forest":
        """Return the forest of records (r, columns) and their flux (r,)."""
        words = {
            "n_estimators": self.trees,
            "max_features": min(self.mtry, known.shape[1]),
            "min_samples_split": self.split,
            "random_state": self.seed,
            # Predictions of several processes differ in their last bits.
            "n_jobs": 1,
        }
        if not self.quantiles:
            from sklearn.ensemble import RandomForestRegressor

            with ALONE:
                return Forest(RandomForestRegressor(**words).fit(known, flux), ())
        from quantile_forest import RandomForestQuantileRegressor

        # By default it keeps one record of a leaf at random, and means are off by up to 55 g.
        model = RandomForestQuantileRegressor(max_samples_leaf=None, **words)
        with ALONE:
            return Forest(model.fit(known, flux), self.quantiles)


@dataclass(frozen=True)
class Forest:
    """Trees that have grown.

    Attributes
    ----------
    model : RandomForestRegressor or RandomForestQuantileRegressor
        The same trees, of the same seed.
    quantiles : tuple of float
    """

    model: Any
    quantiles: tuple[float, ...]

    def mean(self, asked: NDArray[np.float32]) -> F8:
        """Return the mean of all trees, (n,), with the same bits where there are quantiles."""
        from sklearn.ensemble import RandomForestRegressor

        with ALONE:
            return np.asarray(RandomForestRegressor.predict(self.model, asked), np.float64)

    @property
    def shares(self) -> F8:
        """Return the part of the variance that splits by each column take away, (columns,)."""
        return np.asarray(self.model.feature_importances_, np.float64)

    def out_of_bag(self, known: NDArray[np.float32]) -> F8:
        """Return what each record is predicted by the trees that have not drawn it, (r,).

        NaN where every tree has: scikit-learn's own has 0 there.

        Parameters
        ----------
        known : ndarray, shape (r, columns), float32
            The records that the forest was grown from, in their order.
        """
        total, count = np.zeros(len(known)), np.zeros(len(known))
        for tree, drawn in zip(self.model, self.model.estimators_samples_, strict=True):
            out = np.ones(len(known), dtype=bool)
            out[drawn] = False
            total[out] += tree.predict(known[out], check_input=False)
            count += out
        with np.errstate(invalid="ignore"):
            return np.asarray(total / count)

    def spread(self, asked: NDArray[np.float32]) -> F8:
        """Return quantiles of the flux, (n, quantiles), linear between records.

        A record weighs 1 over the number of its leaf, once for each time it was drawn, in the mean
        of all trees: so that the mean by these weights is the forest's.
        """
        # By default records of all leaves weigh the same, and means are off by up to 188 g.
        with ALONE:
            found = self.model.predict(
                asked, quantiles=list(self.quantiles), interpolation="linear", weighted_leaves=True
            )
        return np.asarray(found, np.float64).reshape(len(asked), len(self.quantiles))

    def told(self, asked: NDArray[np.float32]) -> list[F8]:
        """Return the mean, and quantiles if there are some, each (n,)."""
        return [self.mean(asked), *(self.spread(asked).T if self.quantiles else ())]
