"""What is outside the area of applicability of a model that learned, and parts of sums below 0.

For runs of kernels whose output `OUTSIDE` says which locations are unlike what the model learned
from; `INSIDE` ends the names of outputs that are 0 there, whose sums are of what is inside.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble.tables.responses import names_along, of_forcing
from ensemble.tables.results import Results
from kernels import F8

OUTSIDE = "outside"
"""Output of kernels that learn: 1 at locations that are unlike what was learned from, else 0."""

INSIDE = "_inside"

HALF = 0.5
"""Share of members above which a location counts as outside."""


@dataclass(frozen=True)
class Marked:
    """What is outside under one forcing.

    Attributes
    ----------
    outside : ndarray, shape (L,), bool
        In more than half of the members.
    words : str
        How many, and what part of the area, as the caption says it.
    """

    outside: NDArray[np.bool_]
    words: str


def marked_of(share: F8, area: F8 | None) -> Marked:
    """Return what is outside, of the share of members (L,) in which it is; NaN where unknown."""
    known = np.isfinite(share)
    outside = known & (share > HALF)
    n, count = int(outside.sum()), int(known.sum())
    apart = ((share > 0) & (share < 1)).any()
    words = "in more than half of the samples, " if apart else ""
    words += f"{n:,} of {count:,} cells ({n / max(count, 1):.1%})"
    if area is not None and (whole := float(area[known].sum())) > 0:
        words += f" and {100 * float(area[outside].sum()) / whole:.2g} % of their area"
    return Marked(outside, words)


def outside_notes(results: Results) -> Iterator[str]:
    """Yield how much of all locations is outside, where its mean over members is kept."""
    path = f"statistics/{OUTSIDE}_mean"
    spec = results.store.specs.get(path)
    if spec is None or spec.dims != ("forcing", "location"):
        return
    area = results.whole("area") if "area" in results.store.specs else None
    for forcing, share in zip(results.forcings, results.whole(path), strict=True):
        words = marked_of(share, area).words
        yield (
            f"{_begun(results, forcing)}outside the area of applicability: {words}, which "
            f"sums ending in {INSIDE}_global are without; its limit is the index of one record"
        )


def below_zero(results: Results, target: str) -> Iterator[str]:
    """Yield where the mean of a summed quantity is below 0, if it is above 0 elsewhere."""
    specs, path = results.store.specs, f"statistics/{target}_mean"
    if path not in specs or specs[path].dims != ("forcing", "location") or "area" not in specs:
        return
    area = results.whole("area")
    for forcing, mean in zip(results.forcings, results.whole(path), strict=True):
        below = mean < 0.0
        if not below.any() or not (mean > 0.0).any():
            continue
        known = np.isfinite(mean)
        words = f"{int(below.sum()):,} of {int(known.sum()):,} locations and "
        words += f"{100 * area[below].sum() / area[known].sum():.2g} % of their area"
        yield (
            f"{_begun(results, forcing)}{target} is below 0, as a mean over members, at "
            f"{words}{_classes(results, below)}: it is part of the sum"
        )


def _classes(results: Results, where: NDArray[np.bool_]) -> str:
    """Return how many locations each class has, most first, where locations have classes."""
    ends = "_class"
    columns = [
        name.removeprefix("aggregates/").removesuffix(ends)
        for name, spec in results.store.specs.items()
        if name.startswith("aggregates/") and name.endswith(ends) and spec.dtype == "string"
    ]
    columns = [column for column in columns if column in results.store.specs]
    if not columns:
        return ""
    numbers = results.whole(columns[0])
    every = np.unique(numbers)
    names = names_along(results.store, f"aggregates/{columns[0]}{ends}", every.size)
    counts = {n: int((where & (numbers == k)).sum()) for n, k in zip(names, every, strict=True)}
    held = sorted(((n, c) for n, c in counts.items() if c), key=lambda pair: -pair[1])
    return f" ({', '.join(f'{name} {count:,}' for name, count in held)})"


def _begun(results: Results, forcing: str) -> str:
    return "".join(f"{one}: " for one in of_forcing(results, forcing))
