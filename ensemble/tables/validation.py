"""Tables of a cross-validation: scores of what was held out, and how much intervals hold.

Scores are of all records of a member together, as those of single folds hang on which few records
are in them; mean and standard deviation are over members. No score stands without its folds.
"""

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from ensemble.scores.skill import compared
from ensemble.tables.responses import NONE, Table, labels_of, names_along, of_forcing
from ensemble.tables.results import Results
from kernels import F8
from scenarios.metrics import metric

FIRST = ("study", "block", "climate")
"""Kinds of folds in the order in which they are shown; others follow as the store has them."""

HELD_OUT, OBSERVED, FOLDS = "held_out", "observed", "folds"
"""Outputs of kernels that validate: predictions by the kind of folds, and what they are of."""

BY_CHANCE = "random"

SCORES = {"r2": 3, "nse": 3, "rmse": 1, "bias": 1}
"""Metrics, and digits behind the point; those with a unit are about hundreds of it."""


def is_validation(results: Results) -> bool:
    """Return whether a run kept, of each member, what was held out and what was observed."""
    specs = results.store.specs
    return all(name in specs and specs[name].dims[-1] == "sample" for name in (HELD_OUT, OBSERVED))


def validation_tables(results: Results) -> list[Table]:
    """Return scores by kind of folds and, where there are quantiles, what intervals hold."""
    if not results.complete or not is_validation(results):
        return []
    return [_scores(results), *_coverages(results)]


def pooled_scores(held: F8, observed: F8) -> tuple[F8, dict[str, F8]]:
    """Return the number of records and the scores of each member, over all of its records.

    Parameters
    ----------
    held : ndarray, shape (l, kinds, s), float64
        Predictions; NaN of members that failed.
    observed : ndarray, shape (l, s), float64

    Returns
    -------
    n : ndarray, shape (kinds, s), float64
    scores : dict of str to ndarray, shape (kinds, s), float64
        By the names of `SCORES`.
    """
    n = np.zeros(held.shape[1:])
    scores = {name: np.full(held.shape[1:], np.nan) for name in SCORES}
    for k, s in np.ndindex(held.shape[1:]):
        found = compared(held[:, k, s], observed[:, s], np.ones(len(held)))
        n[k, s] = found.n
        for name, values in scores.items():
            if found.n and not metric(name).unfit(found.sums.seen)[0]:
                values[k, s] = metric(name).value(found.sums)[0, 0]
    return n, scores


def _scores(results: Results) -> Table:
    units = results.store.specs[HELD_OUT].attrs["units"]
    rows = []
    held, observed = results.whole(HELD_OUT), results.whole(OBSERVED)
    for f, forcing in enumerate(results.forcings):
        n, scores = pooled_scores(held[f], observed[f])
        for k, kind in in_order(kinds_of(results)):
            words = [over_members(values[k], SCORES[name]) for name, values in scores.items()]
            rows.append([*of_forcing(results, forcing), kind, counts_of(n[k]), *words])
    scored = ("R2", "NSE", f"RMSE [{units}]", f"bias [{units}]")
    header = [*of_forcing(results, "forcing"), FOLDS, "n", *scored]
    lost = int((~np.isfinite(held).all(axis=2)).any(axis=-1).sum())
    notes = [f"{members_of(results)}; each over all records of a member together"]
    if BY_CHANCE in kinds_of(results):
        notes.append(
            f"{BY_CHANCE} folds leave records of the same place and study on both sides: they say "
            "how gaps between records are filled, and not how other places are predicted"
        )
    if lost:
        notes.append(f"{lost:,} records have a member without a prediction, which is left out")
    title = f"held-out predictions of {results.store.specs[OBSERVED].attrs['long_name']}"
    return Table(title, header, rows, [*notes, *labels_of(results.store)])


def _coverages(results: Results) -> Iterator[Table]:
    """Yield what central intervals hold, if there are quantiles to both sides of the middle."""
    levels = {
        float(f"0.{name.removeprefix(f'{HELD_OUT}_q')}"): name for name in _quantiles(results)
    }
    pairs = [
        (low, high)
        for low, high in combinations(sorted(levels), 2)
        if abs(low + high - 1.0) < 1e-9 < high - low
    ]
    if not pairs:
        return
    units = results.store.specs[HELD_OUT].attrs["units"]
    observed, rows = results.whole(OBSERVED)[:, :, np.newaxis], []
    for low, high in sorted(pairs, key=lambda pair: pair[1] - pair[0]):
        least, most = (results.whole(levels[end]) for end in (low, high))
        known = np.isfinite(least) & np.isfinite(most) & np.isfinite(observed)
        count = known.sum(axis=1)
        with np.errstate(invalid="ignore", divide="ignore"):
            inside = ((least <= observed) & (observed <= most) & known).sum(axis=1) / count
            width = np.where(known, most - least, 0.0).sum(axis=1) / count
        for f, forcing in enumerate(results.forcings):
            for k, kind in in_order(kinds_of(results)):
                words = (
                    over_members(100 * inside[f, k], 1),
                    over_members(width[f, k], 0),
                    counts_of(count[f, k]),
                )
                rows.append(
                    [*of_forcing(results, forcing), f"{100 * (high - low):g} %", kind, *words]
                )
    header = [
        *of_forcing(results, "forcing"),
        "interval",
        FOLDS,
        "held [%]",
        f"width [{units}]",
        "n",
    ]
    notes = [members_of(results), "held: part of what is observed between the two quantiles"]
    yield Table("what intervals hold", header, rows, [*notes, *labels_of(results.store)])


def _quantiles(results: Results) -> list[str]:
    """Return the outputs that are quantiles of what was held out, kept of each member."""
    start = f"{HELD_OUT}_q"
    specs = results.store.specs
    return [
        name
        for name, spec in specs.items()
        if name.startswith(start) and name[len(start) :].isdigit() and spec.dims[-1] == "sample"
    ]


def kinds_of(results: Results) -> list[str]:
    """Return the kinds of folds as the store has them."""
    return names_along(results.store, FOLDS, results.store.specs[HELD_OUT].shape[2])


def in_order(kinds: Sequence[str]) -> list[tuple[int, str]]:
    """Return kinds of folds with their places: those that other places are predicted by first."""
    rank = {kind: k for k, kind in enumerate(FIRST)}
    return sorted(enumerate(kinds), key=lambda pair: rank.get(pair[1], len(rank)))


def members_of(results: Results) -> str:
    """Return over how many members a row is, and in what they differ."""
    specs = results.store.specs
    varied = [
        name
        for name in results.store.attrs["identity"]["scenario"]["design"].get("parameters") or {}
        if name in specs and np.unique(results.whole(name)).size > 1
    ]
    count = results.grid.axes[2].size
    differ = f", which differ in {', '.join(varied)}" if varied else ""
    return f"mean +- standard deviation (ddof 1) over {count:,} members{differ}"


def over_members(values: F8, digits: int) -> str:
    """Return mean and standard deviation of what is known of members, as text."""
    known = values[np.isfinite(values)]
    if not known.size:
        return NONE
    mean = f"{known.mean():.{digits}f}"
    return f"{mean} +- {known.std(ddof=1):.{digits}f}" if known.size > 1 else mean


def counts_of(n: F8) -> str:
    """Return how many records members have: one number, or the least and the most."""
    least, most = int(n.min()), int(n.max())
    return f"{least:,}" if least == most else f"{least:,}-{most:,}"
