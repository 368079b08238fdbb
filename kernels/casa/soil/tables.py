"""CASA soil: the options and tables of kernels that step woody debris, with or without the rest."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from kernels.casa.shared.batches import in_time, opener, spinup_faults
from kernels.casa.shared.drivers import drivers as variables
from kernels.casa.shared.files import types_of
from kernels.casa.shared.parameters import derived, of_table
from kernels.casa.shared.pft_table import Table
from kernels.contract.arrays import F8, U1
from kernels.contract.entries import Derived, Parameter, Variable
from kernels.contract.faults import Unfit
from kernels.contract.kernel import Kernel
from kernels.contract.stages import Batch


@dataclass(frozen=True)
class Options:
    """Choices of a scenario.

    Attributes
    ----------
    drivers : str
        Days of many years, or means, whose steady state is asked for alone.
    start : str
        Of the first day: the state that the first years' cycle returns to, by solving for it or by
        stepping it again and again, or the table's pools.
    cycle : int
        Years of that cycle, from the first; no more than there are.
    spinup_years : int
        After which a member that still changes is given up.
    spinup_tolerance : float
        Relative change of a pool over a cycle at which it is at rest.
    table : str
        A testbed file of vegetation types, ``pftlookup_igbp_*.csv``; ours is ``_updated4``.
    """

    drivers: Literal["daily", "mean"] = "daily"
    start: Literal["steady", "cold", "spinup"] = "steady"
    cycle: int = 20
    spinup_years: int = 20000
    spinup_tolerance: float = 1e-6
    table: str = ""


@dataclass(frozen=True)
class Constants:
    """What the options' file says: its vegetation types, and parameters with its defaults."""

    table: Table
    parameters: tuple[Parameter, ...]


def soil_kernel(
    declared: Kernel,
    options: Options,
    base: Path | None,
    stage: str,
    run: Callable[[Options, Constants, Batch, Mapping[str, F8], U1], None],
    *,
    parameters: Mapping[str, Parameter],
    drivers: Sequence[str],
    series: Sequence[str],
    outputs: Iterable[Variable],
    **more: Any,
) -> Kernel:
    """Return a kernel of one stage with the tables that its options ask for.

    Parameters
    ----------
    run : callable
        See `kernels.casa.shared.batches.opener`.
    parameters : mapping of str to Parameter
        With the defaults of the published table.
    drivers, series : sequence of str
        Names of all drivers; of those that are days where the options say daily.

    Raises
    ------
    Unfit
        Every fault of the options, or of the file of vegetation types.
    """
    if faults := tuple(spinup_faults(options)):
        raise Unfit(faults)
    types = types_of(options.table, base)
    constants = Constants(types.table, of_table(parameters, types.table))

    def derive(
        options: Options, drivers: Mapping[str, F8], coords: Mapping[str, Any]
    ) -> Mapping[str, Derived]:
        return derived(constants.parameters, types.table, drivers["pft"])

    return declared.of_stage(
        stage,
        opener(run, constants),
        parameters=constants.parameters,
        drivers=variables(drivers, series if options.drivers == "daily" else ()),
        outputs=outputs,
        derive=derive,
        files=types.files,
        notes=types.notes,
        warnings=types.warnings,
        **in_time(options, options.drivers == "daily"),
        **more,
    )
