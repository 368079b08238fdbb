"""Random forest of soil respiration: every fit is a member.

A forest learns from records of SRDB with the predictors of their cells, which ``soilsweep prepare
forest`` writes, and is asked about the cells of `predictor_grid`. Trees are Breiman's, of
scikit-learn: variance is halved at best of ``mtry`` columns a split, nodes of five or fewer are not
split, and each tree has a bootstrap of what is drawn.

``draw`` says what that is: all records (He et al. 2022); as many with replacement; or 0.8 of their
number, in proportion to the area of a class over its records (Lu et al. 2021). The same seed is the
same forest only with the same records, columns and version of scikit-learn: all are in the
fingerprint. A sample is fitted once for all locations of a call.

``quantiles: [0.05, 0.5, 0.95]`` gives those of the flux itself (Meinshausen 2006), ``rh_pred_q05``,
...: what records like a cell have, with all their scatter. Quantiles of statistics are over draws,
of means, and far narrower.

``soil_respiration: training_rs.csv`` grows a second forest a member, of all respiration of soils
(``rs``), with a seed of its own, ``seed_rs``; ``ra``, that of roots, is ``rs`` less ``rh``. Where
the two forests contradict each other ``ra`` is below 0, and stays so.

``outside`` marks cells outside the area of applicability of Meyer and Pebesma (2021,
10.1111/2041-210X.13650): their ``di`` is above the largest that is no outlier among records, each
against those of other folds. The limit is one order statistic, so that the area is known to two
digits at best. Like ``beyond`` and ``unseen`` it is of all records of the first forest, whatever a
member draws. ``rh_inside`` is ``rh``, and 0 outside: sums of it are those of what is inside.

.. code-block:: yaml

    kernel: {name: random_forest, training: training_rh.csv, draw: by_class}
    forcing: {reader: predictor_grid, path: gridded_0p5deg, testbed: testbed}
    design: {method: monte_carlo, n: 500, parameters: {seed: {integers: [0, 4294967295]}}}
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from kernels.contract.entries import Parameter, Variable
from kernels.contract.faults import Fault, Unfit
from kernels.contract.kernel import Kernel
from kernels.contract.plausible import Plausible
from kernels.contract.stages import Run
from kernels.forest.parts.fitting import inside, open_forest
from kernels.forest.parts.folds import KINDS, faults_of_blocks, groups_of
from kernels.forest.parts.learning import (
    HIGHEST,
    MEANINGS,
    SEED,
    Learning,
    closed,
    faults_of_learning,
    fit_seconds,
    growth_parameters,
    notes_of_learning,
    quantiles_of,
    records_from,
    records_of,
    seconds_of_place,
)
from kernels.forest.parts.records import FLUX, LEAST, Records
from kernels.forest.shared.predictors import CLASSES, PREDICTORS


@dataclass(frozen=True)
class Options(Learning):
    """Choices of a scenario, beside those of `Learning`.

    Attributes
    ----------
    draw : str
        The records of a fit: all, a bootstrap, or by the area of their class.
    weights : str
        Of predictors in ``di``: their importance in a forest of 500 trees of all records, or equal.
    folds : str
        What ``outside`` holds records against: those of other blocks of land, or other studies.
    block_degrees : float
        Sides of a block.
    soil_respiration : str
        A table of ``rs``, as ``training`` names one of ``rh``: for ``rs`` and ``ra`` beside it.
    """

    draw: Literal["all", "bootstrap", "by_class"] = "all"
    weights: Literal["importance", "equal"] = "importance"
    folds: str = "block"
    block_degrees: float = 10.0
    soil_respiration: str = ""


def _faults(options: Options) -> Iterator[Fault]:
    yield from faults_of_learning(options)
    if options.folds not in KINDS:
        text = f"found {options.folds!r}; needed {' or '.join(KINDS)}"
        if options.folds == "random":
            text += ": records of a cell are alike, and with some of them in each fold every cell "
            text += "without a record is outside"
        yield Fault(text, "folds")
    yield from faults_of_blocks(options.block_degrees)
    if options.soil_respiration and options.flux != "rh":
        text = f"stands beside flux: {options.flux}; needed flux: rh, which it is compared with"
        yield Fault(text, "soil_respiration")


def _faults_of(records: Records, options: Options) -> Iterator[Fault]:
    """Yield why the records of a table have no area of applicability."""
    if np.unique(groups_of(records, options.folds, options.block_degrees)).size < 2:
        text = f"all records are of one {options.folds}; needed two or more"
        yield Fault(f"{text}: choose another of {', '.join(KINDS)}", "folds")
    numbers = options.numbers
    if numbers and [*numbers] == _constant(records, options):
        yield Fault(f"all records have the same {', '.join(numbers)}; needed others", "predictors")


def _few(records: Records, options: Options) -> Iterator[str]:
    """Yield which classes have few records, or none: what a map says of them stands on others."""
    if "veg" not in options.names:
        return
    counts = {n: int((records.columns["veg"] == k).sum()) for k, n in enumerate(CLASSES, start=1)}
    if few := {name: count for name, count in counts.items() if count < LEAST}:
        words = ", ".join(f"{name} {count}" for name, count in few.items())
        rest = ", ".join(f"{name} {count:,}" for name, count in counts.items() if name not in few)
        yield f"{options.training}: classes with few records are {words}; others have {rest}"


def _constant(records: Records, options: Options) -> list[str]:
    """Return the predictors that are numbers and that all records have alike."""
    return [name for name in options.numbers if not np.ptp(records.columns[name])]


SEED_OF_SOIL = Parameter(
    "seed_rs", "1", 0.0, 0.0, HIGHEST, "seed of the forest of soil respiration, and of its draw",
    "our own", Plausible(0.0, HIGHEST, "any seed is as good as another"),
)  # fmt: skip

SOIL = (
    Variable("rs", FLUX, MEANINGS["rs"], ()),
    Variable("ra", FLUX, "respiration of roots: rs less rh, below 0 where forests contradict", ()),
)

DISTANCES = (
    Variable(
        "di", "1", "distance to the nearest record among predictors, over the mean distance of two "
        "records", ()
    ),
    Variable("outside", "1", "1 where di is above what records have of other folds, else 0", ()),
)  # fmt: skip


def _clipped(flux: Variable) -> Variable:
    """Return a flux that is 0 outside, for its sums over what is inside."""
    return replace(flux, name=inside(flux.name), meaning=f"{flux.meaning}; 0 where outside is 1")


def _outputs(options: Options) -> tuple[Variable, ...]:
    flux = Variable(options.flux, FLUX, MEANINGS[options.flux], ())
    fluxes = (flux, *(SOIL if options.soil_respiration else ()))
    return (
        flux,
        *quantiles_of(options, f"{options.flux}_pred").values(),
        *(SOIL if options.soil_respiration else ()),
        *(_clipped(v) for v in fluxes if options.numbers),
        Variable("beyond", "1", "predictors outside the range that records have", ()),
        Variable("unseen", "1", "1 where no record has the class of vegetation, else 0", ()),
        *(DISTANCES if options.numbers else ()),
    )


def _learned(options: Options, base: Path) -> tuple[Records, Records | None, dict[str, Path]]:
    """Return the records of both forests and their files; see `records_of`."""
    asked = [partial(records_of, options, base)]
    if table := options.soil_respiration:
        asked.append(partial(records_from, table, "soil_respiration", "rs", base))
    learned, files, faults = list[Records](), dict[str, Path](), list[Fault]()
    for read in asked:
        try:
            records, of = read()
        except Unfit as unfit:
            faults += unfit.faults
        else:
            learned.append(records)
            files |= of
    if faults:
        raise Unfit(faults)
    return learned[0], learned[1] if table else None, files


def _make(options: Options, base: Path | None) -> Kernel:
    """Return the kernel with the tables of its options and, from a folder, with its records."""
    if faults := tuple(_faults(options)):
        raise Unfit(faults)
    own = (SEED_OF_SOIL,) if options.soil_respiration else ()
    table = (SEED, *growth_parameters(options), *own)
    open_: Callable[[Any], Run] = closed
    records, soil, files, notes = None, None, dict[str, Path](), []
    if base is not None:
        records, soil, files = _learned(options, base)
        if faults := tuple(_faults_of(records, options)):
            raise Unfit(faults)
        open_ = partial(open_forest, records=records, table=table, names=options.names, soil=soil)
        notes = [
            *notes_of_learning(options),
            *_few(records, options),
            *(
                f"{options.training}: all records have one {name}, which di leaves out"
                for name in _constant(records, options)
            ),
        ]
    return KERNEL.of_stage(
        "forest",
        open_,
        parameters=table,
        drivers=(variable for variable in PREDICTORS if variable.name in options.names),
        outputs=_outputs(options),
        files=files,
        notes=tuple(notes),
        shared_seconds=partial(_fit_seconds, records, soil),
        libraries=options.libraries,
    )


def _seconds(options: Options, sizes: Mapping[str, int]) -> float:
    # A mean is asked once more; quantiles, six times as dear, are of the first forest alone.
    return seconds_of_place(options) + (
        seconds_of_place(replace(options, quantiles=())) if options.soil_respiration else 0.0
    )


def _fit_seconds(
    records: Records | None, soil: Records | None, options: Options, sizes: Mapping[str, int]
) -> float:
    both = fit_seconds(options, records)
    return both + (fit_seconds(options, soil) if options.soil_respiration else 0.0)


KERNEL = Kernel.declared(
    _make,
    name="random_forest",
    title="Random forest of soil respiration",
    source="He et al. (2022); Lu et al. (2021, 10.1088/1748-9326/abf526); forests of Breiman "
    "(2001, 10.1023/A:1010933404324)",
    options=Options,
    seconds=_seconds,
    shared_seconds=partial(_fit_seconds, None, None),
)
