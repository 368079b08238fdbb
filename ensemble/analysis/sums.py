"""Sums over space as an analysis reads them: one number a sample, of all locations together."""

import numpy as np

from ensemble.members.layout import Layout
from ensemble.store.store import Store
from kernels import F8, U1

WHOLE = ("global", "global_mean", "sum")
"""What is added up over all locations; other sums have a band or a class each."""


def sums_of(store: Store, layout: Layout) -> list[str]:
    """Return the sums that are analysed: over all of several locations, one number a sample."""
    if layout.shape[1] < 2:
        return []
    every = [f"{target}_{over}" for target in layout.aggregates.targets for over in WHOLE]
    # A response or an output of the same name has indices of its own.
    names = [name for name in every if name not in {*layout.functionals, *layout.outputs}]
    specs = store.specs
    return [n for n in names if path_of(n) in specs and len(specs[path_of(n)].dims) == 2]


def path_of(name: str) -> str:
    """Return where a sum is stored, (forcing, sample)."""
    return f"aggregates/{name}"


def read_sum(store: Store, name: str, forcing: int) -> tuple[F8, U1]:
    """Return a sum of a forcing, (1, sample), and why samples lack it, as `read_reasons`.

    Of those that lack it a location failed, or is left out.
    """
    values = np.asarray(store.read_whole(path_of(name))[forcing], dtype=np.float64)[np.newaxis]
    return values, np.where(np.isfinite(values), 0, 1).astype(np.uint8)
