"""Cross-validation of random forests: what each record is predicted by forests without its fold.

Locations are the records that a forest learns from, by their numbers. A member is a repeat: it
deals the records into ten folds in each of four ways, fits a forest to nine of them and predicts
the tenth. Folds are always of all four kinds, as scores mean nothing without them:

* ``random``: by chance. Records of a cell have the same predictors, so a forest is asked what it
  has seen: these scores say how it fills gaps between records, not how it maps.
* ``climate``: by chance, with the same share of tropical, temperate and boreal records in each (He
  et al. 2022). They are random folds.
* ``study``: records of a study stay together.
* ``block``: records of a block of land, of ``block_degrees``, stay together.

Fold k of a repeat has the forest of the seed 100 repeat + k. Where there are fewer groups than ten
there are as many folds. ``quantiles`` are predicted, too, ``held_out_q05``, ...: how much of what
is observed lies between two of them says whether to believe them.

.. code-block:: yaml

    kernel: {name: forest_validation, training: training_rh.csv}
    forcing: {reader: training_records, path: training_rh.csv}
    design: {method: grid, parameters: {repeat: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]}}
    outputs: {held_out: all, observed: all}
"""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from kernels.contract.arrays import F8, U1
from kernels.contract.entries import Coordinate, Parameter, Variable
from kernels.contract.faults import Fault, Unfit
from kernels.contract.kernel import Kernel
from kernels.contract.stages import Batch, Run
from kernels.contract.status import BAD_INPUT, OK
from kernels.forest.parts.fitting import cell_status, chosen
from kernels.forest.parts.folds import (
    FOLDS,
    KINDS,
    VALIDATED,
    faults_of_blocks,
    faults_of_kinds,
    folds_by,
    groups_of,
)
from kernels.forest.parts.learning import (
    MEANINGS,
    REPEAT,
    SEEDS,
    Learning,
    closed,
    faults_of_learning,
    fit_seconds,
    growth_parameters,
    notes_of_learning,
    quantiles_of,
    records_of,
)
from kernels.forest.parts.members import Predict, predict, rows_of
from kernels.forest.parts.records import FLUX, Records
from kernels.forest.parts.trees import Growth, matrix
from kernels.forest.shared.predictors import PREDICTORS, RECORD


@dataclass(frozen=True)
class Options(Learning):
    """Choices of a scenario, beside those of `Learning`.

    Attributes
    ----------
    block_degrees : float
        Sides of a block of land.
    """

    block_degrees: float = 10.0


def _faults(options: Options) -> Iterator[Fault]:
    yield from faults_of_learning(options)
    yield from faults_of_blocks(options.block_degrees)


def _notes(records: Records, options: Options) -> Iterator[str]:
    """Yield what folds are not as they are usually."""
    yield from notes_of_learning(options)
    for kind in KINDS:
        count = np.unique(groups_of(records, kind, options.block_degrees)).size
        if count < FOLDS:
            yield f"{options.training}: {count} folds by {kind}, as there are no more"
    if without := int((records.zone == 0).sum()):
        yield f"{options.training}: {without} records have no climate, and are a zone of their own"


COORDINATE = Coordinate.named(VALIDATED, "kind of folds that a record was predicted without")


def _outputs(options: Options) -> tuple[Variable, ...]:
    meaning = MEANINGS[options.flux]
    return (
        Variable("observed", FLUX, f"{meaning}, as the record has it", ()),
        Variable("held_out", FLUX, f"{meaning}, of a forest without its fold", ("folds",)),
        *quantiles_of(options, "held_out", ("folds",)).values(),
    )


def _make(options: Options, base: Path | None) -> Kernel:
    """Return the kernel with the tables of its options and, from a folder, with its records."""
    if faults := tuple(_faults(options)):
        raise Unfit(faults)
    table = (REPEAT, *growth_parameters(options))
    open_: Callable[[Any], Run] = closed
    records, files, notes = None, dict[str, Path](), tuple[str, ...]()
    if base is not None:
        records, files = records_of(options, base)
        if faults := tuple(faults_of_kinds(records, VALIDATED, options.block_degrees)):
            raise Unfit(faults)
        notes = tuple(_notes(records, options))
        open_ = partial(open_validation, records=records, table=table)
    return KERNEL.of_stage(
        "folds",
        open_,
        parameters=table,
        drivers=(RECORD, *(v for v in PREDICTORS if v.name in options.names)),
        outputs=_outputs(options),
        coords={"folds": COORDINATE},
        files=files,
        notes=notes,
        shared_seconds=partial(_fit_seconds, records),
        libraries=options.libraries,
    )


def open_validation(options: Options, *, records: Records, table: tuple[Parameter, ...]) -> Run:
    """Return what fits the folds of each distinct row of parameters, and looks records up."""

    def fit(row: F8, asked: Container[str]) -> Predict:
        return partial(_looked_up, records, held_out(options, records, row, asked))

    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        values = rows_of(table, batch, out, status)
        wrong = cell_status(batch.drivers, options.names)
        wrong[_strange(batch.drivers, records)] = BAD_INPUT
        status[wrong != OK] = wrong[wrong != OK, np.newaxis]
        predict(fit, batch.drivers, values, status == OK, out)

    return run


def held_out(options: Options, records: Records, row: F8, asked: Container[str]) -> dict[str, F8]:
    """Return what is asked for of every record, (r,) or (r, kinds of folds).

    Parameters
    ----------
    options : Options
    records : Records
    row : ndarray, shape (4,), float64
        ``repeat``, ``mtry``, ``trees`` and ``subset``.
    asked : container of str
        Outputs. Without ``held_out`` or a quantile of it nothing is fitted.
    """
    repeat, mtry, trees, subset = row.astype(np.int64).tolist()
    spread = tuple(quantiles_of(options, "held_out"))
    quantiles = options.quantiles if any(name in asked for name in spread) else ()
    names = ("held_out", *(spread if quantiles else ()))
    found = {name: np.full((records.flux.size, len(VALIDATED)), np.nan) for name in names}
    known = matrix(records.columns, chosen(subset, options.names))
    kinds = VALIDATED if quantiles or "held_out" in asked else ()
    for k, kind in enumerate(kinds):
        fold = folds_by(records, kind, options.block_degrees, repeat)
        for one in np.unique(fold).tolist():
            out = fold == one
            growth = Growth(SEEDS * repeat + one, mtry, trees, options.split, quantiles)
            forest = growth.forest(known[~out], records.flux[~out])
            for name, values in zip(names, forest.told(known[out]), strict=True):
                found[name][out, k] = values
    return {"observed": records.flux, **found}


def _looked_up(
    records: Records, held: Mapping[str, F8], drivers: Mapping[str, F8]
) -> dict[str, F8]:
    at = np.searchsorted(records.number, drivers[RECORD.name])
    return {name: values[at] for name, values in held.items()}


def _strange(drivers: Mapping[str, F8], records: Records) -> Any:
    """Return which locations, (L,), are no record of the table, or have other predictors."""
    number = drivers[RECORD.name]
    at = np.minimum(np.searchsorted(records.number, number), records.number.size - 1)
    strange = records.number[at] != number
    for name in drivers.keys() & records.columns.keys():
        strange |= ~np.isclose(drivers[name], records.columns[name][at], rtol=1e-9, atol=0.0)
    return strange


def _seconds(options: Options, sizes: Mapping[str, int]) -> float:
    """Return what looking a record up takes."""
    return 1e-7


def _fit_seconds(records: Records | None, options: Options, sizes: Mapping[str, int]) -> float:
    return len(VALIDATED) * FOLDS * fit_seconds(options, records)


KERNEL = Kernel.declared(
    _make,
    name="forest_validation",
    title="Cross-validation of random forests of soil respiration",
    source="folds by climate of He et al. (2022), by study and block of Roberts et al. (2017, "
    "10.1111/ecog.02881); forests of Breiman (2001, 10.1023/A:1010933404324)",
    options=Options,
    seconds=_seconds,
    shared_seconds=partial(_fit_seconds, None),
)
