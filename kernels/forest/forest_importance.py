"""What a random forest learns from: importance of predictors, partial dependence, its own scores.

There is one location, all records of a table together. A member is a forest, by ``seed``, ``mtry``,
``trees`` and ``subset``; spreads over members say how far its numbers hang on chance.

``importance`` is impurity's: the part of the variance that splits by a predictor take away, which
adds to 1. It is of the records that the forest has seen, and says nothing of other places.
``held_out_importance`` does: how much the squared error of records without their fold rises, over
the variance of the flux, where a predictor is dealt to them by chance. With `folds` by study most
predictors have none, and some are below 0; by chance all have some, as records of a cell are alike.

``oob_rmse`` and ``oob_nse`` are of records predicted by the trees that have not drawn them. Other
records of their study are in these trees: such scores are nearer to random folds than to those by
study, which ``held_out_rmse`` and ``held_out_nse`` have beside them. Fold k has the forest of
``seed`` + k, and ``repeat`` deals the folds; all records of a member count together.

``dependence`` is partial: the mean over all records of what the forest says where each has the same
value of a predictor, at ``dependence_at``. ``group_importance`` is of He et al. (2022): of two
principal components of each group in a forest of 200 trees. Groups get about a third each by
construction.

With a ``subset`` in a grid beside ``seed`` this is the search for the best predictors; see the
scenario ``forest-subsets`` for how little its ranking says.

.. code-block:: yaml

    kernel: {name: forest_importance, training: training_rh.csv}
    forcing: {reader: training_records, path: training_rh.csv, pooled: true}
    design: {method: monte_carlo, n: 100, parameters: {seed: {integers: [0, 4294967295]}}}
    outputs: {importance: all, held_out_importance: all, oob_rmse: all}
"""

from collections.abc import Callable, Container, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kernels.contract.arrays import F8, U1
from kernels.contract.entries import Coordinate, Parameter, Variable
from kernels.contract.faults import Fault, Unfit
from kernels.contract.kernel import Kernel
from kernels.contract.stages import Batch, Run
from kernels.contract.status import BAD_INPUT, OK
from kernels.forest.parts.fitting import chosen
from kernels.forest.parts.folds import (
    FOLDS,
    VALIDATED,
    faults_of_blocks,
    faults_of_kinds,
    folds_by,
)
from kernels.forest.parts.importances import (
    AT,
    BAG,
    GROUPS,
    HELD,
    Learner,
    dependence,
    group_importance,
    held_out,
    impurity,
    out_of_bag,
    places,
)
from kernels.forest.parts.learning import (
    MEANINGS,
    REPEAT,
    SEED,
    Learning,
    closed,
    faults_of_learning,
    faults_of_some,
    fit_seconds,
    growth_parameters,
    notes_of_learning,
    records_of,
    seconds_of_place,
)
from kernels.forest.parts.members import Predict, predict, rows_of
from kernels.forest.parts.records import FLUX, Records
from kernels.forest.parts.trees import Growth, matrix
from kernels.forest.shared.predictors import NUMBERS, RECORDS


@dataclass(frozen=True)
class Options(Learning):
    """Choices of a scenario, beside those of `Learning`.

    Attributes
    ----------
    folds : tuple of str
        Kinds of folds that records are predicted without, of random, climate, study and block.
    block_degrees : float
        Sides of a block of land.
    tried : str
        Columns tried at a split: as the parameter ``mtry`` says; or a third of those that are used,
        one at least, so that subsets of all sizes are alike.
    draw : str
        The records of a fit, as in `random_forest`. With others than all there are no scores out of
        bag: copies of a record would stand on both sides.
    """

    folds: tuple[str, ...] = ("study", "random")
    block_degrees: float = 10.0
    tried: Literal["mtry", "third"] = "mtry"
    draw: Literal["all", "bootstrap", "by_class"] = "all"


def _faults(options: Options) -> Iterator[Fault]:
    yield from faults_of_learning(options)
    yield from faults_of_blocks(options.block_degrees)
    yield from faults_of_some(options.folds, VALIDATED, "folds")
    if options.quantiles:
        text = "are those of predictions; leave them out, or use random_forest or forest_validation"
        yield Fault(text, "quantiles")


def _outputs(options: Options) -> tuple[Variable, ...]:
    error = "error of the flux of records"
    bag = (
        Variable("oob_rmse", FLUX, f"root mean square {error}, by trees that drew others", ()),
        Variable("oob_nse", "1", "1 less squared error over variance, as oob_rmse", ()),
        Variable("oob_records", "1", "records that some tree has not drawn, of which both are", ()),
    )
    partial_ = (
        Variable("dependence", FLUX, f"{MEANINGS[options.flux]}, mean over records that all have "
                 "the same value of one predictor", ("number", "quantile")),
        Variable("dependence_at", "1", "that value, in its unit", ("number", "quantile")),
    )  # fmt: skip
    group = Variable("group_importance", "1", "part of the variance that splits by principal "
                     "components of a group take away", ("group",))  # fmt: skip
    rise = "rise of squared error over variance where a predictor is dealt by chance, of records "
    return (
        Variable("importance", "1", "part of the variance that splits by a predictor take away",
                 ("predictor",)),
        Variable("held_out_importance", "1", f"{rise}without their fold", ("folds", "predictor")),
        *(bag if options.draw == "all" else ()),
        Variable("held_out_rmse", FLUX, f"root mean square {error} without their fold", ("folds",)),
        Variable("held_out_nse", "1", "1 less squared error over variance, as held_out_rmse",
                 ("folds",)),
        *(partial_ if options.numbers else ()),
        *((group,) if _grouped(options) else ()),
    )  # fmt: skip


def _grouped(options: Options) -> bool:
    """Return whether every group has a predictor."""
    return all({*names} & {*options.numbers} for names in GROUPS.values())


def _coords(options: Options) -> dict[str, Coordinate]:
    found = {
        "predictor": Coordinate.named(options.names, "predictor of the flux"),
        "folds": Coordinate.named(
            options.folds, "kind of folds that a record was predicted without"
        ),
    }
    if options.numbers:
        labels = [_labelled(v) for v in NUMBERS if v.name in options.numbers]
        found["number"] = Coordinate.named(labels, "predictor that is a number")
        found["quantile"] = Coordinate(AT, "1", "part of the records that have less")
    if _grouped(options):
        found["group"] = Coordinate.named(tuple(GROUPS), "group of predictors, of He et al. (2022)")
    return found


def _labelled(variable: Variable) -> str:
    """Return the name of a predictor and its unit, for numbers of several units side by side."""
    return variable.name + (f" [{variable.units}]" if variable.units != "1" else "")


def _make(options: Options, base: Path | None) -> Kernel:
    """Return the kernel with the tables of its options and, from a folder, with its records."""
    if faults := tuple(_faults(options)):
        raise Unfit(faults)
    table = (SEED, REPEAT, *growth_parameters(options))
    open_: Callable[[Any], Run] = closed
    records, files = None, dict[str, Path]()
    if base is not None:
        records, files = records_of(options, base)
        if faults := tuple(faults_of_kinds(records, options.folds, options.block_degrees)):
            raise Unfit(faults)
        open_ = partial(open_importance, records=records, table=table)
    return KERNEL.of_stage(
        "importance",
        open_,
        parameters=table,
        drivers=(RECORDS,),
        outputs=_outputs(options),
        coords=_coords(options),
        files=files,
        notes=tuple(notes_of_learning(options)) if options.tried == "mtry" else (),
        shared_seconds=partial(_fit_seconds, records),
        libraries=options.libraries,
    )


def open_importance(options: Options, *, records: Records, table: tuple[Parameter, ...]) -> Run:
    """Return what fits the forests of each distinct row of parameters, and asks what they use."""

    def fit(row: F8, asked: Container[str]) -> Predict:
        return partial(_everywhere, told(options, records, row, asked))

    def run(batch: Batch, out: Mapping[str, F8], status: U1) -> None:
        values = rows_of(table, batch, out, status)
        # The forcing is of another table, and so is what the study says of it.
        status[batch.drivers[RECORDS.name] != records.flux.size] = BAD_INPUT
        predict(fit, batch.drivers, values, status == OK, out)

    return run


def told(options: Options, records: Records, row: F8, asked: Container[str]) -> dict[str, F8]:
    """Return what is asked for of all records together, by output.

    Parameters
    ----------
    options : Options
    records : Records
    row : ndarray, shape (5,), float64
        ``seed``, ``repeat``, ``mtry``, ``trees`` and ``subset``.
    asked : container of str
        Outputs; what none of them needs is not fitted.
    """
    seed, repeat, mtry, trees, subset = row.astype(np.int64).tolist()
    own = chosen(subset, options.names)
    if options.tried == "third":
        mtry = max(1, matrix(records.columns, own).shape[1] // 3)
    learner = Learner(records, own, Growth(seed, mtry, trees, options.split), options.draw)
    found = dict[str, F8]()
    if any(name in asked for name in ("importance", "dependence", *BAG)):
        forest = learner.forest(records)
        found["importance"] = impurity(forest, own, options.names)
        if "dependence" in asked:
            found["dependence"] = dependence(forest, learner, options.numbers)
        if any(name in asked for name in BAG):
            found |= out_of_bag(forest, learner)
    if any(name in asked for name in HELD):
        dealt = options.names if "held_out_importance" in asked else ()
        each = [
            held_out(learner, folds_by(records, kind, options.block_degrees, repeat), kind, dealt)
            for kind in options.folds
        ]
        found |= {name: np.stack([one[name] for one in each]) for name in each[0]}
    if "dependence_at" in asked:
        found["dependence_at"] = places(records, options.numbers)
    if "group_importance" in asked:
        found["group_importance"] = group_importance(records, options.numbers, seed)
    return found


def _everywhere(found: Mapping[str, F8], drivers: Mapping[str, F8]) -> dict[str, F8]:
    """Return what is the same at every location, (L, *dims)."""
    count = drivers[RECORDS.name].size
    return {name: np.broadcast_to(value, (count, *value.shape)) for name, value in found.items()}


def _seconds(options: Options, sizes: Mapping[str, int]) -> float:
    """Return what handing a member's numbers out takes."""
    return 1e-7


def _fit_seconds(records: Records | None, options: Options, sizes: Mapping[str, int]) -> float:
    """Return what everything takes; a scenario that asks for less is done sooner."""
    fits = 2 + FOLDS * len(options.folds)
    asked = len(options.names) * len(options.folds) + AT.size * len(options.numbers)
    places = asked * (records.flux.size if records else 1000)
    return fits * fit_seconds(options, records) + places * seconds_of_place(options)


KERNEL = Kernel.declared(
    _make,
    name="forest_importance",
    title="What random forests of soil respiration learn from",
    source="impurity and permutation of Breiman (2001, 10.1023/A:1010933404324), by study and "
    "block of Roberts et al. (2017, 10.1111/ecog.02881); groups of He et al. (2022)",
    options=Options,
    seconds=_seconds,
    shared_seconds=partial(_fit_seconds, None),
)
