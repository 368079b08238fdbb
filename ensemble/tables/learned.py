"""Tables of what a model learned from: importance of predictors, and errors by kinds of folds.

For runs of kernels that have, of each member, the outputs `IMPORTANCE` and `DEALT`.
"""

from collections.abc import Iterator

import numpy as np

from ensemble.tables.responses import NONE, Table, labels_of, names_along, of_forcing
from ensemble.tables.results import Results, known_mean
from ensemble.tables.validation import FOLDS, in_order, members_of, over_members
from kernels import F8

IMPORTANCE, DEALT = "importance", "held_out_importance"
PREDICTOR, GROUP = "predictor", "group"

SCORES = {"nse": 3, "rmse": 1}
"""Endings of outputs, and digits behind the point."""


def learned_tables(results: Results) -> list[Table]:
    """Return what predictors count, and what errors are, of a finished run that kept them."""
    if not has_importances(results):
        return []
    tables = [_importances(results), _errors(results)]
    return [table for table in tables if table.rows]


def has_importances(results: Results) -> bool:
    """Return whether a finished run kept importances, and a member that has some."""
    if not results.complete or not keeps(results, IMPORTANCE, PREDICTOR):
        return False
    return bool(np.isfinite(results.whole(IMPORTANCE)).any())


def keeps(results: Results, name: str, *dims: str) -> bool:
    """Return whether an output of some dimensions is kept of each member."""
    spec = results.store.specs.get(name)
    return spec is not None and spec.dims == ("forcing", "location", *dims, "sample")


def importances(results: Results) -> list[tuple[str, F8]]:
    """Return each kind of importance with its values, (forcing, predictor, sample), best first.

    That of records that the model has not seen, by folds that keep what is alike together, says
    more than that of those it was made from.
    """
    found = []
    if keeps(results, DEALT, FOLDS, PREDICTOR):
        values = results.whole(DEALT)[:, 0]
        kinds = names_along(results.store, FOLDS, values.shape[1])
        found = [(f"{kind} folds", values[:, k]) for k, kind in in_order(kinds)]
    return [*found, ("impurity", results.whole(IMPORTANCE)[:, 0])]


def _importances(results: Results) -> Table:
    kinds = importances(results)
    names = names_along(results.store, PREDICTOR, kinds[0][1].shape[1])
    rows = []
    for f, forcing in enumerate(results.forcings):
        means = np.array([known_mean(each) for each in kinds[0][1][f]])
        order = np.argsort(-np.nan_to_num(means), kind="stable")
        for k in order.tolist():
            words = [over_members(100.0 * values[f, k], 1) for _, values in kinds]
            rows.append([*of_forcing(results, forcing), names[k], *words])
    notes = [
        members_of(results),
        "impurity: part of the variance that splits by a predictor take away, of records that the "
        "forest has seen",
    ]
    if len(kinds) > 1:
        notes.append(
            "folds: rise of the squared error, over the variance, where a predictor is dealt by "
            "chance among records that the forest has not seen; below 0 it does harm"
        )
    notes += _groups(results)
    header = [*of_forcing(results, "forcing"), PREDICTOR, *(f"{kind} [%]" for kind, _ in kinds)]
    return Table("importance of predictors", header, rows, [*notes, *labels_of(results.store)])


def _groups(results: Results) -> Iterator[str]:
    """Yield what groups of predictors count, where they are kept."""
    name = f"{GROUP}_{IMPORTANCE}"
    if not keeps(results, name, GROUP):
        return
    values = results.whole(name)[:, 0]
    labels = names_along(results.store, GROUP, values.shape[1])
    for f, forcing in enumerate(results.forcings):
        each = (f"{n} {over_members(100 * values[f, g], 1)} %" for g, n in enumerate(labels))
        under = "".join(f" under {one}" for one in of_forcing(results, forcing))
        yield f"groups{under}: {', '.join(each)}; each has about a third by construction"


def errors(results: Results) -> list[tuple[str, dict[str, F8]]]:
    """Return scores by folds, and out of bag, as far as they are kept.

    Each is (forcing, sample), by its name.
    """
    by_folds = {
        s: results.whole(n)[:, 0] for s in SCORES if keeps(results, n := f"held_out_{s}", FOLDS)
    }
    bag = {s: results.whole(n)[:, 0] for s in SCORES if keeps(results, n := f"oob_{s}")}
    found = list[tuple[str, dict[str, F8]]]()
    if by_folds:
        kinds = names_along(results.store, FOLDS, next(iter(by_folds.values())).shape[1])
        found = [
            (f"{kind} folds", {s: values[:, k] for s, values in by_folds.items()})
            for k, kind in in_order(kinds)
        ]
    return [*found, *([("out of bag", bag)] if bag else ())]


def _errors(results: Results) -> Table:
    """Return scores out of bag and by each kind of folds."""
    found = errors(results)
    shown = [score for score in SCORES if any(score in scores for _, scores in found)]
    rows = [
        [
            *of_forcing(results, forcing),
            words,
            *(over_members(scores[s][f], SCORES[s]) if s in scores else NONE for s in shown),
        ]
        for f, forcing in enumerate(results.forcings)
        for words, scores in found
    ]
    units = {s: unit_of(results, s) for s in shown}
    header = [
        *of_forcing(results, "forcing"),
        "records predicted",
        *(s.upper() + (f" [{units[s]}]" if units[s] != "1" else "") for s in shown),
    ]
    notes = [
        "out of bag: by the trees that have not drawn the record, but may have drawn others of its "
        "study; that is no error of places nobody has measured"
    ]
    return Table("errors of forests", header, rows, [*notes, *labels_of(results.store)])


def unit_of(results: Results, score: str) -> str:
    """Return the unit of a score, of whichever output has it."""
    names = (f"{begin}_{score}" for begin in ("held_out", "oob"))
    return next(
        str(results.store.specs[n].attrs["units"]) for n in names if n in results.store.specs
    )
