"""Metrics of what is modelled against what is observed, by part of the observations."""

from collections.abc import Iterator

import numpy as np

from ensemble.calibration.layout import METRICS, PARTS
from ensemble.report.calibrated import Calibrated
from ensemble.report.data.compared import IN_WORDS, Compared
from ensemble.report.parts import Notes, Part
from ensemble.tables.calibration import IN_TURN, MOST_ROWS, folds_table
from ensemble.tables.responses import NONE, Table
from kernels import F8
from scenarios import and_more, most_named

SHOWN = ("n", "rmse", "bias", "slope", "intercept", "r2", "nse", "kge")


def fit(run: Calibrated) -> Iterator[Part]:
    """Yield a table for each response: all groups together, then each."""
    if not run.squares:
        yield "The cost is no sum of squares, so it compares no values one by one."
        return
    if not run.found.complete:
        yield "What is modelled beside observations is known when all searches have ended."
    if not run.any_result:
        return
    ours, theirs = run.found.read("metrics"), run.found.read("default_metrics")
    for number, one in enumerate(run.compared):
        yield _table(run, one, ours[:, :, number], theirs[:, :, number])
    if run.found.has("fold_metrics"):
        yield from (folds_table(run.found, one.name, k) for k, one in enumerate(run.compared))
        yield Notes([IN_TURN])
    yield Notes(
        [
            "RMSE: over the observations of a place first, then over places. r2, NSE, KGE, slope "
            "and intercept are over all pairs; bias is modelled less observed."
        ]
    )


def _table(run: Calibrated, one: Compared, ours: F8, theirs: F8) -> Table:
    """Return the metrics of a response by group and part, (G, part, metric) each."""
    rmse, count = METRICS.index("rmse"), METRICS.index("n")
    rows = []
    if len(run.found.groups) > 1 and run.found.complete:
        for p, part in enumerate(PARTS):
            together = one.metrics(p, len(run.found.searched))
            if together["n"]:
                cells = [_cell(name, together[name]) for name in SHOWN]
                rows.append(["all", IN_WORDS[part], *cells, NONE])
    rules = (len(rows),) if rows else ()
    for g, name in enumerate(run.found.groups[: most_named(MOST_ROWS)]):
        for p, part in enumerate(PARTS):
            if not ours[g, p, count] > 0:
                continue
            values = dict(zip(METRICS, ours[g, p].tolist(), strict=True))
            cells = [_cell(word, values[word]) for word in SHOWN]
            rows.append([name, IN_WORDS[part], *cells, _cell("rmse", float(theirs[g, p, rmse]))])
    header = ["group", "observations", *SHOWN, "rmse of the defaults"]
    more = and_more(len(run.found.groups) - most_named(MOST_ROWS), "groups").strip()
    notes = [more] if more else []
    unit = f" [{one.units}]" if one.units not in ("", "1") else ""
    return Table(f"{one.name}: {one.meaning}{unit}", header, rows, notes, rules)


def _cell(name: str, value: float) -> str:
    if not np.isfinite(value):
        return NONE
    return f"{int(value):,}" if name == "n" else f"{value:.4g}"
