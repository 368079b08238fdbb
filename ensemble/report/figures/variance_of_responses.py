"""What the variance of each response is due to: forcing and factors of a full factorial."""

from collections.abc import Iterator

import numpy as np

from ensemble.report.figures.parts.bars import shares
from ensemble.report.figures.parts.style import Picture, finish
from ensemble.report.run import Run
from ensemble.tables.responses import of_response

SECTION, ORDER = "sensitivity", 90


def draw(run: Run) -> Iterator[Picture]:
    """Yield one figure, a bar per response and location."""
    analysis = run.analysis.arrays
    if "sensitivity/term" not in analysis:
        return
    many = len(run.results.locations) > 1
    rows, table_rows = [], []
    for name in run.responses:
        values = of_response(analysis, name)["variance_share"]
        for place in run.places:
            rows.append(f"{name}, {run.results.locations[place]}" if many else name)
            table_rows.append(values[place])
    terms = [str(term) for term in analysis["sensitivity/term"][1]]
    caption = (
        "Shares of the variance over all members of all forcings, by analysis of variance of "
        "the full factorial (forcing and factors of the design). A x B is what A and B do "
        "together beyond what each does alone."
    )
    yield finish(shares(rows, terms, np.array(table_rows), run.synthetic), caption)
