"""Folds of records: by chance, or such that what is alike stays together.

Records of a study, or of a block of land, are alike: with some of them in each fold a forest is
asked what it has seen. Shares of climates in each fold change nothing of that.
"""

from collections.abc import Collection, Iterator

import numpy as np

from kernels.contract.arrays import F8, I8
from kernels.contract.faults import Fault
from kernels.forest.parts.records import Records

FOLDS = 10

KINDS = ("block", "study")

VALIDATED = ("random", "climate", "study", "block")
"""Kinds that a cross-validation shows side by side."""


def faults_of_blocks(degrees: float) -> Iterator[Fault]:
    """Yield what is wrong with the sides of a block."""
    if not 1.0 <= degrees <= 90.0:
        yield Fault(f"found {degrees:g}; needed 1 to 90 degrees", "block_degrees")


def faults_of_kinds(records: Records, kinds: Collection[str], degrees: float) -> Iterator[Fault]:
    """Yield why records cannot be dealt into folds of some kinds."""
    for kind in KINDS:
        if kind in kinds and np.unique(groups_of(records, kind, degrees)).size < 2:
            text = f"all records are of one {kind}; needed two or more, or no fold is left to learn"
            yield Fault(text, "training")
    if "climate" in kinds and not records.zone.any():
        text = "no record has a climate, column 'koeppen'; write it with `soilsweep prepare forest`"
        yield Fault(text, "training")


def folds_by(records: Records, kind: str, degrees: float, repeat: int) -> I8:
    """Return the fold of each record, (r,), of one of `VALIDATED`; see `folds_of`."""
    if kind == "random":
        return folds_of(records.number, repeat)
    if kind == "climate":
        return stratified(records.zone, repeat)
    return folds_of(groups_of(records, kind, degrees), repeat)


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


def stratified(stratum: F8, repeat: int) -> I8:
    """Return folds of which each has the same share of every stratum, (r,): `FOLDS` of them.

    They are those of scikit-learn's ``StratifiedKFold(FOLDS, shuffle=True, random_state=repeat)``,
    which refuses strata of fewer records than folds; here some folds then have none of it.

    Parameters
    ----------
    stratum : ndarray, shape (r,), float64
        Labels of `FOLDS` records at least, in all.
    repeat : int
        Another one shuffles otherwise.
    """
    labels, first, of = np.unique(stratum, return_index=True, return_inverse=True)
    # Strata are numbered in the order in which they first occur.
    of = np.argsort(np.argsort(first))[of]
    dealt = np.sort(of)
    random = np.random.RandomState(repeat)
    fold = np.empty(stratum.size, np.int64)
    for k in range(labels.size):
        counts = [int((dealt[start::FOLDS] == k).sum()) for start in range(FOLDS)]
        own = np.arange(FOLDS).repeat(counts)
        random.shuffle(own)
        fold[of == k] = own
    return fold
