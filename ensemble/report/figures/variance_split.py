"""What the variance of all stored values is due to: models, forcings and parameters."""

from collections.abc import Iterator

import numpy as np

from ensemble.analysis.share_intervals import mean_shares
from ensemble.report.figures.parts.bars import shares
from ensemble.report.figures.parts.style import Picture, finish
from ensemble.report.run import Run
from ensemble.tables.shares import named
from ensemble.tables.times import is_time

SECTION, ORDER = "sensitivity", 10

MOST_BARS = 20


def draw(run: Run) -> Iterator[Picture]:
    """Yield bars of the shares of models, forcings and parameters, means over cells."""
    for dim in sorted({s.dims[-1] for p, (s, _) in run.split.items() if p.endswith("_share")}):
        mine = {p: pair for p, pair in run.split.items() if p.endswith("_share")}
        mine = {p: pair for p, pair in mine.items() if pair[0].dims[-1] == dim}
        rows, table, half = [], [], []
        for path, (spec, values) in mine.items():
            over = ", ".join(d for d in spec.dims[:-1] if not is_time(d))
            many = f"{over}es" if over.endswith("s") else f"{over}s"
            rows.append(f"{spec.attrs['target']}" + (f", mean over {many}" if over else ""))
            table.append(mean_shares(values))
            unknown = np.full(values.shape[-1], np.nan)
            half.append(run.split.get(f"{path}_mean_conf", (None, unknown))[1])
        terms = [named(str(term)) for term in run.split[f"variance/{dim}"][1]]
        caption = (
            "Shares of the variance over all stored members, by analysis of variance. Each "
            "location, band and year is split on its own, and bars are means of these shares. "
            "A x B is what A and B do together beyond what each does alone."
        )
        if np.isfinite(half).any():
            caption += " Where there is room, half widths of their 95 % intervals over other draws."
        some = slice(0, MOST_BARS)
        bars = shares(rows[some], terms, np.array(table[some]), run.synthetic, np.array(half[some]))
        yield finish(bars, caption)
