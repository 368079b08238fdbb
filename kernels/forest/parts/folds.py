"""Folds of records that keep together what is alike: records of a study, or of a block of land."""

import numpy as np

from kernels.contract.arrays import F8, I8
from kernels.forest.parts.records import Records

FOLDS = 10

KINDS = ("block", "study")


def groups_of(records: Records, kind: str, degrees: float) -> F8:
    """Return a label of the group of each record, (r,).

    Parameters
    ----------
    records : Records
    kind : {"block", "study"}
        By the record's own coordinates, in blocks from the south-west corner of the map, or by the
        number of its study.
    degrees : float
        Sides of a block.
    """
    if kind == "study":
        return records.study
    row, column = (
        np.floor((value + least) / degrees)
        for value, least in ((records.lat, 90.0), (records.lon, 180.0))
    )
    return np.asarray(1000.0 * row + column)


def folds_of(groups: F8, repeat: int) -> I8:
    """Return the fold of each record, (r,): `FOLDS` of them, or as many as there are groups.

    They are those of scikit-learn's ``GroupKFold(FOLDS, shuffle=True, random_state=repeat)``,
    which has no shuffle before version 1.6; numpy promises the stream behind it.

    Parameters
    ----------
    groups : ndarray, shape (r,), float64
        Labels, two at least: their order counts.
    repeat : int
        Another one shuffles otherwise.
    """
    labels, of = np.unique(groups, return_inverse=True)
    turned = np.random.RandomState(repeat).permutation(labels.size)
    fold = np.empty(labels.size, np.int64)
    for k, some in enumerate(np.array_split(turned, min(FOLDS, labels.size))):
        fold[some] = k
    return fold[of]
