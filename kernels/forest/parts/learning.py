"""What kernels that fit forests have in common: options, parameters, records, names of outputs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from kernels.contract.entries import Parameter, Variable
from kernels.contract.faults import Fault, Unfit
from kernels.contract.libraries import need
from kernels.contract.paths import file_of
from kernels.contract.plausible import Plausible
from kernels.contract.stages import Run
from kernels.forest.parts.records import FLUX, Records, read_records, records_in
from kernels.forest.parts.trees import SPLIT
from kernels.forest.shared import invented
from kernels.forest.shared.invented import INVENTED
from kernels.forest.shared.predictors import CLASSES, NUMBERS, PREDICTORS

EVERY = tuple(variable.name for variable in PREDICTORS)
MEANINGS = {"rh": "heterotrophic respiration of the soil", "rs": "respiration of the soil"}
HIGHEST = 2.0**32 - 1.0
COLUMNS = len(NUMBERS) + len(CLASSES)
MOST_TREES = 10_000
TRIED = 4
"""Columns tried at a split where nothing else is said."""

SEEDS = 100
"""From the seed of the first fold of a repeat to that of the next."""

SEED = Parameter(
    "seed", "1", 0.0, 0.0, HIGHEST, "seed of the forest, and of its draw", "our own",
    Plausible(0.0, HIGHEST, "any seed is as good as another"),
)  # fmt: skip

REPEAT = Parameter(
    "repeat", "1", 0.0, 0.0, HIGHEST // SEEDS - 1.0, "deals records into other folds, with other "
    "seeds", "our own", Plausible(0.0, HIGHEST // SEEDS - 1.0, "any repeat is as good as another"),
)  # fmt: skip


@dataclass(frozen=True)
class Learning:
    """Choices of a scenario that say what a forest learns, and how.

    Attributes
    ----------
    training : str
        The table that ``soilsweep prepare forest`` wrote; ``invented`` for records that are no
        data, of the world of the reader `synthetic_predictors`.
    flux : str
        Which of its columns is learned.
    predictors : tuple of str
        Which are used; their order does not matter.
    trees : int
        Of a forest, where no design varies them.
    split : int
        Records of a node below which it is not split: 6 as He et al. (2022), 11 as the quantile
        forests of Lu et al. (2021).
    quantiles : tuple of float
        Of the flux itself, as the forest's records spread, above 0 and below 1 and rising; not of
        its mean over draws.
    """

    training: str = ""
    flux: Literal["rh", "rs"] = "rh"
    predictors: tuple[str, ...] = EVERY
    trees: int = 150
    split: int = SPLIT
    quantiles: tuple[float, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """Return the predictors in the order of bits of a subset."""
        return tuple(name for name in EVERY if name in self.predictors)

    @property
    def numbers(self) -> tuple[str, ...]:
        """Return those that are numbers, in the order of a forest's matrix."""
        return tuple(v.name for v in NUMBERS if v.name in self.predictors)

    @property
    def libraries(self) -> tuple[str, ...]:
        """Return the packages whose version changes the numbers."""
        return ("scikit-learn", *(("quantile-forest",) if self.quantiles else ()))


def faults_of_some(asked: Sequence[str], of: Sequence[str], option: str) -> Iterator[Fault]:
    """Yield what is wrong with an option that lists some words of several."""
    if not asked or {*asked} - {*of} or len({*asked}) < len(asked):
        text = f"found {list(asked)}; needed some of {', '.join(of)}, each once"
        yield Fault(text, option)


def faults_of_learning(options: Learning) -> Iterator[Fault]:
    """Yield what no forest can be grown with."""
    if not 1 <= options.trees <= MOST_TREES:
        yield Fault(f"found {options.trees}; needed 1 to {MOST_TREES}", "trees")
    if options.split < 2:
        yield Fault(f"found {options.split}; needed 2 or more", "split")
    asked, least = options.predictors, min(options.quantiles, default=0.5)
    yield from faults_of_some(asked, EVERY, "predictors")
    rising = tuple(sorted({*options.quantiles})) == options.quantiles
    if not (rising and least > 0.0 and max(options.quantiles, default=0.5) < 1.0):
        text = f"found {list(options.quantiles)}; needed numbers above 0 and below 1, rising"
        yield Fault(text, "quantiles")


def records_of(options: Learning, base: Path) -> tuple[Records, dict[str, Path]]:
    """Return the records that a forest learns, and the file that they are from, as it is written.

    Raises
    ------
    Unfit
        No table is named, it cannot be used, or a package is not installed.
    """
    if not options.training:
        text = "is missing; needed the table that `soilsweep prepare forest` writes"
        raise Unfit([Fault(text, "training")])
    for library in options.libraries:
        need(library, extra="forest")
    return records_from(options.training, "training", options.flux, base)


def records_from(table: str, option: str, flux: str, base: Path) -> tuple[Records, dict[str, Path]]:
    """Return the records of the table that an option names, and its file; see `records_of`."""
    if table == INVENTED:
        return records_in(invented.table(flux).splitlines(), Path(INVENTED), flux), {}
    file = file_of(table, base)
    return read_records(file, flux, option), {table: file}


def closed(options: Learning) -> Run:
    """Open no stage: a kernel that is made without a folder has tables alone."""
    raise ValueError("a kernel made without its records cannot run")


def growth_parameters(options: Learning) -> tuple[Parameter, ...]:
    """Return the parameters of how trees grow, beside what is their seed."""
    count = len(options.names)
    every = 2.0**count - 1.0
    return (
        Parameter(
            "mtry", "1", float(TRIED), 1.0, float(COLUMNS), "columns tried at a split; all, if "
            "there are fewer", "He et al. (2022): 2 to 5", Plausible(2.0, 5.0, "He et al. (2022)"),
        ),
        Parameter(
            "trees", "1", float(options.trees), 1.0, float(MOST_TREES), "trees of the forest",
            "He et al. (2022): 100 to 200", Plausible(100.0, 200.0, "He et al. (2022)"),
        ),
        Parameter(
            "subset", "1", every, 1.0, every, "predictors that are used, a bit for each: the sum "
            "of 1, 2, 4, ... in their order", "our own: all",
            Plausible(1.0, every, "every subset") if count > 1 else
            Plausible(0.5, 1.5, "there is one", of="times"),
        ),
    )  # fmt: skip


def notes_of_learning(options: Learning) -> Iterator[str]:
    """Yield what is not as a scenario may have it."""
    columns = len(options.names) + ("veg" in options.names) * (len(CLASSES) - 1)
    if columns < TRIED:
        count = len(options.names)
        yield f"{count} predictors make {columns} columns: mtry above {columns} tries all"


def quantiles_of(options: Learning, prefix: str, dims: tuple[str, ...] = ()) -> dict[str, Variable]:
    """Return an output for each quantile by its name: ``rh_pred_q05`` of the prefix ``rh_pred``."""
    found = {}
    for at in options.quantiles:
        text = (
            f"{MEANINGS[options.flux]}: {100 * at:g} % of what records like the place have is less"
        )
        name = f"{prefix}_{_quantile(at)}"
        found[name] = Variable(name, FLUX, text, dims)
    return found


def _quantile(at: float) -> str:
    """Return what a quantile is called by its digits: q05, q50, q975 of 0.05, 0.5, 0.975."""
    return f"q{f'{at:.12f}'[2:].rstrip('0'):0<2}"


def fit_seconds(options: Learning, records: Records | None) -> float:
    """Return what a fit takes, 0.15 s of 150 trees on 667 records."""
    return 1.5e-6 * float(options.trees) * (records.flux.size if records else 1000)


def seconds_of_place(options: Learning) -> float:
    """Return what it takes to ask the trees about a place: 4.5 microseconds of 150 of them.

    Quantiles are 18 more.
    """
    return (1.5e-7 if options.quantiles else 3e-8) * options.trees
