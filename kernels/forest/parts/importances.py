"""What forests learn from: importance of predictors, partial dependence, scores of records."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from kernels.contract.arrays import F8, I8
from kernels.forest.parts.fitting import drawn, table_of
from kernels.forest.parts.folds import VALIDATED
from kernels.forest.parts.learning import HIGHEST
from kernels.forest.parts.records import Records
from kernels.forest.parts.trees import SPLIT, Forest, Growth, matrix

BAG = ("oob_rmse", "oob_nse", "oob_records")
HELD = ("held_out_importance", "held_out_rmse", "held_out_nse")

AT = (np.arange(20.0) + 0.5) / 20.0
"""Parts of the records that have less of a predictor than where dependence is told."""

GROUPS = {
    "climate": ("mat", "map", "dry", "gsl", "map_gs"),
    "vegetation": ("gpp", "litter"),
    "soil": ("soc", "clay", "swc"),
}
"""Of He et al. (2022), of the predictors that there are; it has one of soil biota, too."""

COMPONENTS = 2


@dataclass(frozen=True)
class Learner:
    """Records, the predictors of a member, and how its trees grow.

    Attributes
    ----------
    records : Records
    own : sequence of str
        Predictors that are used.
    growth : Growth
    draw : str
        See `drawn`.
    """

    records: Records
    own: Sequence[str]
    growth: Growth
    draw: str

    def matrix(self, columns: Mapping[str, F8]) -> NDArray[np.float32]:
        """Return what the forest is asked, (n, columns)."""
        return matrix(columns, self.own)

    def forest(self, learned: Records, fold: int = 0) -> Forest:
        """Return the forest of records; each fold has the next seed."""
        seed = (self.growth.seed + fold) % (int(HIGHEST) + 1)
        taken = learned.some(drawn(self.draw, seed, learned))
        return replace(self.growth, seed=seed).forest(self.matrix(taken.columns), taken.flux)


def impurity(forest: Forest, own: Sequence[str], names: Sequence[str]) -> F8:
    """Return the share of each predictor in what splits take away, (names,).

    Columns of classes add up.
    """
    shares = forest.shares
    numbers = [name for name in names if name in own and name != "veg"]
    found = dict(zip(numbers, shares, strict=False))
    found["veg"] = shares[len(numbers) :].sum()
    return np.array([found.get(name, 0.0) for name in names])


def out_of_bag(forest: Forest, learner: Learner) -> dict[str, F8]:
    """Return `BAG` of all records, which the forest is of."""
    records = learner.records
    predicted = forest.out_of_bag(learner.matrix(records.columns))
    known = np.isfinite(predicted)
    rmse, nse = _scores(predicted[known], records.flux[known])
    return dict(zip(BAG, (rmse, nse, np.array(float(known.sum()))), strict=True))


def held_out(learner: Learner, fold: I8, kind: str, dealt: Sequence[str]) -> dict[str, F8]:
    """Return `HELD` of one kind of folds: scores of all records and, of predictors, (dealt,).

    Parameters
    ----------
    learner : Learner
    fold : ndarray, shape (r,), int64
        Of each record.
    kind : str
        Of the folds: each has an order of its own, from raw words of a counter-based stream.
    dealt : sequence of str
        Predictors whose importance is asked for, whether they are used or not; each is dealt among
        the records of a fold.
    """
    records = learner.records
    stream = np.array([learner.growth.seed, 2 + VALIDATED.index(kind)], dtype=np.uint64)
    words = np.random.Philox(key=stream)
    predicted = np.empty((1 + len(dealt), records.flux.size))
    for k in np.unique(fold).tolist():
        out = fold == k
        asked = records.some(out).columns
        orders = [np.argsort(words.random_raw(int(out.sum())), kind="stable") for _ in dealt]
        turned = [
            {**asked, name: asked[name][order]} for name, order in zip(dealt, orders, strict=True)
        ]
        stacked = np.concatenate([learner.matrix(columns) for columns in (asked, *turned)])
        forest = learner.forest(records.some(~out), k)
        predicted[:, out] = forest.mean(stacked).reshape(len(predicted), -1)
    rmse, nse = _scores(predicted[0], records.flux)
    squared = ((predicted - records.flux) ** 2).mean(axis=1)
    rise = (squared[1:] - squared[0]) / records.flux.var()
    return {"held_out_rmse": rmse, "held_out_nse": nse, **({HELD[0]: rise} if dealt else {})}


def _scores(predicted: F8, observed: F8) -> tuple[F8, F8]:
    """Return root mean square error, and 1 less squared error over variance."""
    squared = ((predicted - observed) ** 2).mean()
    return np.sqrt(squared), np.asarray(1.0 - squared / observed.var())


def places(records: Records, numbers: Sequence[str]) -> F8:
    """Return the values of predictors, (numbers, `AT`), where dependence is told."""
    return np.quantile(table_of(records.columns, numbers), AT, axis=0).T


def dependence(forest: Forest, learner: Learner, numbers: Sequence[str]) -> F8:
    """Return the mean over records where all have one value of a number, (numbers, `AT`).

    It is that of all records where the forest does not use the number.
    """
    records, count = learner.records, learner.records.flux.size
    found = np.full((len(numbers), AT.size), forest.mean(learner.matrix(records.columns)).mean())
    repeated = {name: np.tile(values, AT.size) for name, values in records.columns.items()}
    for k, values in enumerate(places(records, numbers)):
        if numbers[k] in learner.own:
            asked = learner.matrix({**repeated, numbers[k]: np.repeat(values, count)})
            found[k] = forest.mean(asked).reshape(AT.size, count).mean(axis=1)
    return found


def group_importance(records: Records, numbers: Sequence[str], seed: int) -> F8:
    """Return the share of each of `GROUPS` in a forest of their principal components, (groups,).

    The first two of each group, standardised; the loading that is largest is positive. Groups get
    about a third each by construction.
    """
    axes = [
        _components(table_of(records.columns, [name for name in names if name in numbers]))
        for names in GROUPS.values()
    ]
    growth = Growth(seed, mtry=COMPONENTS, trees=200, split=SPLIT)
    forest = growth.forest(np.concatenate(axes, axis=1).astype(np.float32), records.flux)
    ends = np.cumsum([0, *(axis.shape[1] for axis in axes)])
    return np.add.reduceat(forest.shares, ends[:-1])


def _components(values: F8) -> F8:
    """Return the first principal components of columns, (r, `COMPONENTS` or fewer)."""
    spread = values.std(axis=0)
    scaled = (values - values.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)
    _, _, loadings = np.linalg.svd(scaled, full_matrices=False)
    largest = np.take_along_axis(loadings, np.abs(loadings).argmax(axis=1)[:, np.newaxis], axis=1)
    return np.asarray(scaled @ (loadings * np.sign(largest))[:COMPONENTS].T)
