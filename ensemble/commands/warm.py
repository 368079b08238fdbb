"""``soilsweep warm``: compiles ahead, so that jobs on nodes like this one start at once."""

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ensemble.commands.arguments import DataOption, SetOption, StoreOption

if TYPE_CHECKING:
    from scenarios import Loaded

VARIABLE = "NUMBA_CACHE_DIR"


def warm(
    names: Annotated[
        list[str],
        typer.Argument(metavar="SCENARIO|KERNEL...", help="Scenarios, or kernels of shipped ones."),
    ],
    settings: SetOption = [],  # noqa: B006
    data: DataOption = None,
    store: StoreOption = None,
) -> None:
    """Compile what a scenario's blocks need, for this kind of CPU, and say where it is kept.

    On a login node, so that jobs on nodes of that kind start at once. What jobs use is the folder
    execution.cache names, $NUMBA_CACHE_DIR, or one beside the store; a run of here has numba's.
    """
    for loaded in [scenario for name in names for scenario in _named(name, settings, data)]:
        folder = _folder(loaded, store)
        if folder and os.environ.get(VARIABLE) != folder:
            asked = [f"--set={setting}" for setting in settings]
            asked += [] if data is None else [f"--data={data}"]
            _warm_in(folder, [loaded.source, *asked], store)
        else:
            _warm_here(loaded)


def _named(name: str, settings: list[str], data: str | None) -> "list[Loaded]":
    """Return a scenario; or those that are shipped with a kernel of that name."""
    import kernels
    import scenarios
    from ensemble.commands.arguments import load

    if name not in kernels.names():
        return [load(name, settings, data)]
    shipped = [load(each, settings, data) for each in scenarios.library()]
    with_kernel = [loaded for loaded in shipped if _has(loaded.kernel.model_dump(), name)]
    if not with_kernel:
        advice = "is a kernel of no shipped scenario; name the scenario that you will run"
        raise scenarios.ScenarioError([scenarios.Problem(advice)], name)
    return with_kernel


def _has(part: object, name: str) -> bool:
    """Return whether a kernel's options hold a name, at any depth of a chain."""
    if isinstance(part, dict):
        return any(_has(below, name) for below in part.values())
    if isinstance(part, list | tuple):
        return any(_has(below, name) for below in part)
    return part == name


def _folder(loaded: "Loaded", store: str | None) -> str:
    """Return the folder of a scenario's jobs; empty where its run leaves it to numba."""
    from ensemble.farming import caching
    from ensemble.farming.jobs import resources_of
    from ensemble.planning.places import store_place

    if loaded.execution.backend != "slurm":
        return ""
    beside = loaded.base_of("execution")
    asked = resources_of(loaded.execution, beside)
    folder = caching.with_cache(asked, beside, store_place(loaded, store)).cache
    caching.make(Path(folder))
    return folder


def _warm_in(folder: str, arguments: list[str], store: str | None) -> None:
    """Compile in a process that numba's folder is told to: it asks when kernels are imported."""
    command = [sys.executable, "-P", "-m", "ensemble", "warm", *arguments]
    command += ["--store", store] if store else []
    code = os.spawnve(os.P_WAIT, sys.executable, command, {**os.environ, VARIABLE: folder})
    if code:
        sys.exit(code)


def _warm_here(loaded: "Loaded") -> None:
    import kernels
    from ensemble.calibration.work import CalibrationWork
    from ensemble.farming.work import Work
    from ensemble.members import work_of
    from ensemble.planning.calibrating import plan_calibration
    from ensemble.planning.plan import plan
    from ensemble.printing import put
    from ensemble.store.machine import cpu

    work: Work
    if loaded.calibration is not None:
        work = CalibrationWork(plan_calibration(loaded).layout)
    else:
        planned = plan(loaded)
        work = work_of(planned.experiment, planned.layout)
    begun = time.perf_counter()
    work.compile()
    seconds = time.perf_counter() - begun
    beside = f"the folders __pycache__ of {kernels.__path__[0]} and beside other code"
    where = os.environ.get(VARIABLE) or beside
    put(f"{loaded.source}: compiled in {seconds:.1f} s for {cpu()}, in {where}")
