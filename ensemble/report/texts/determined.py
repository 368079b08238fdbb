"""How well data determine parameters, in words."""

from collections.abc import Iterator

import numpy as np

from ensemble.calibration.identifiability import in_words
from ensemble.report.calibrated import Calibrated
from ensemble.report.parts import Notes, Part
from ensemble.tables.calibration import MOST_ROWS, number
from ensemble.tables.responses import NONE, Table
from kernels import F8
from scenarios import and_more, most_named

TOGETHER = 0.95
"""Linear correlation above which two parameters are named as a pair."""

MOST_PAIRS = 4

LINEAR = (
    "Correlations are linear, from the derivative at the best point. Valleys of such costs bend, "
    "so no interval is given: linear ones held the truth in a half of the twins that were tried."
)


def determined(run: Calibrated) -> Iterator[Part]:
    """Yield which directions of the parameters the data of each group tell apart."""
    if not run.squares:
        yield "The cost is no sum of squares, so what data determine cannot be told."
        return
    if not run.any_result:
        return
    found = run.found
    names = found.searched
    values, weakest, correlation = map(found.of_searched, ("jacobian_sv", "weakest", "correlation"))
    known = [g for g in range(len(values)) if np.isfinite(values[g]).all()]
    if known:
        counts = [int((values[g] > 1).sum()) for g in known]
        n = values.shape[1]
        least, most = min(counts), max(counts)
        some = f"{least}" if least == most else f"{least} to {most}"
        yield (
            f"The data of a group determine {some} of {n} directions of its parameters: those "
            "that move some modelled value by a standard error within the whole ranges."
        )
    rows = [
        [
            found.groups[g],
            f"{int((values[g] > 1).sum())} of {values.shape[1]}",
            number(values[g][0]),
            number(values[g][-1]),
            in_words(names, weakest[g]) or NONE,
            _pairs(names, correlation[g]),
        ]
        for g in known[: most_named(MOST_ROWS)]
    ]
    header = ["group", "well determined", "largest singular value", "smallest"]
    header += ["least determined", f"correlated above {TOGETHER:g}"]
    more = and_more(len(known) - most_named(MOST_ROWS), "groups").strip()
    yield Table("", header, rows, [more] if more else [])
    yield Notes([LINEAR])


def _pairs(names: tuple[str, ...], correlation: F8) -> str:
    """Return the pairs of parameters that go together, the closest first."""
    i, j = np.triu_indices(len(names), 1)
    size = np.abs(correlation[i, j])
    order = [k for k in np.argsort(-size, kind="stable").tolist() if size[k] > TOGETHER]
    said = [f"{names[i[k]]} and {names[j[k]]}" for k in order[: most_named(MOST_PAIRS)]]
    return ", ".join(said) + and_more(len(order) - len(said)) or "none"
