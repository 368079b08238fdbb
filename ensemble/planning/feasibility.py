"""What a plan costs, and what is certain to fail before anything is written."""

import math
import os
import shutil
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ensemble.errors import PlanError
from ensemble.farming.backends import local
from ensemble.members.limits import not_looked_at
from ensemble.members.stored import about_data
from ensemble.planning.footprint import COMMIT_SECONDS, FILE_NBYTES, footprint
from ensemble.planning.linked import costs
from ensemble.planning.notices import size
from ensemble.planning.plan import Plan
from ensemble.planning.planned import Planned
from ensemble.store.platforms import cores
from scenarios import Loaded, and_more, most_named
from scenarios.units import ranged

if TYPE_CHECKING:
    from ensemble.planning.calibrating import CalibrationPlan


def refuse_if_impossible(plan: Plan, workers: int, done: int = 0) -> None:
    """Refuse what is certain to fail: disk, memory, a target that cannot be written.

    Raises
    ------
    PlanError
        Every reason found.
    """
    # A status is a byte that compresses to next to nothing: certain is only the rest.
    certain = plan.nbytes - math.prod(plan.layout.shape)
    left = footprint(plan.layout)
    needed = int((certain + left.sums_nbytes - plan.driver_nbytes) * (1 - done / plan.blocks))
    # The drivers are there from the beginning.
    needed += 0 if done else plan.driver_nbytes
    advice = "keep fewer outputs, ask for statistics instead of members"
    reasons = beyond_place(plan.path, needed, advice)
    reasons += _beyond_inodes(home_of(plan.path), math.ceil(left.files * (1 - done / plan.blocks)))
    reasons += beyond_jobs(plan)
    if plan.scenario.execution.backend in ("local", "dask"):
        reasons += _beyond_memory(plan, workers)
    if reasons:
        raise PlanError("\n".join(reasons))


def home_of(path: Path) -> Path:
    """Return the folder that is there of a path to a store."""
    return next(p for p in (path.absolute(), *path.absolute().parents) if p.exists())


def beyond_place(path: Path, needed: int, advice: str) -> list[str]:
    """Return why a store of so many bytes cannot be written; ``advice`` is how to need fewer."""
    home, reasons = home_of(path), []
    if not home.is_dir():
        reasons.append(
            f"{home} is a file; name a folder that is not there yet, such as runs/x.zarr"
        )
    elif not os.access(home, os.W_OK):
        reasons.append(f"{home} is not writable; choose another place with --store")
    if needed > (free := shutil.disk_usage(home).free):
        reasons.append(
            f"the store needs up to {size(needed)} and {home} has {size(free)} free; {advice}, or "
            "choose another place with --store"
        )
    return reasons


def beyond_jobs(plan: "Plan | CalibrationPlan") -> list[str]:
    """Return why the jobs that are asked for, if any, cannot run a plan."""
    execution = plan.scenario.execution
    if execution.backend != "slurm":
        return []
    from ensemble.farming.jobs import resources_of
    from ensemble.planning import jobs

    return jobs.reasons(plan, resources_of(execution, plan.scenario.base_of("execution")))


def refuse_if_hopeless(plan: Planned, each: str = "member") -> None:
    """Refuse a run of which every member fails by the kernel's own check of its drivers.

    Parameters
    ----------
    plan : Planned
    each : str
        What runs: a member, or a candidate of a search.

    Raises
    ------
    PlanError
        With every driver that is out of range.
    """
    if plan.outlook.certain < 1.0:
        return
    listed = "\n".join(f"  - {notice}" for notice in plan.warnings if notice.fails)
    raise PlanError(
        f"every {each} would fail, by the kernel's own check of its drivers:\n{listed}\n"
        "nothing was written; correct the unit or the file"
    )


def workers_of(plan: Plan) -> int:
    """Return how many workers a run would have: as the scenario says, or one per core here."""
    return asked_workers(plan.scenario)


def asked_workers(scenario: Loaded) -> int:
    """Return how many workers a scenario asks for, or one per core here."""
    execution = scenario.execution
    if execution.backend == "slurm":
        from ensemble.farming.jobs import resources_of

        asked = resources_of(execution, scenario.base_of("execution"))
        return asked.jobs * asked.cores
    return getattr(execution, "workers", None) or cores()


def _beyond_memory(plan: Plan, workers: int) -> list[str]:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    needed = _memory_of(plan, workers)
    if needed <= memory:
        return []
    apart = _in_processes(plan, workers)
    return [
        f"{workers} workers need {size(needed)} for their blocks"
        f"{' and processes' if apart else ''} and this machine has {size(memory)}; use fewer "
        f"workers{', execution.workers_are: threads' if apart else ''} or a smaller block.sample"
    ]


def _in_processes(plan: Plan, workers: int) -> bool:
    """Return whether a run that begins has its workers in processes of this host."""
    chosen = plan.scenario.execution
    if chosen.backend != "local":
        return False
    seconds = plan.blocks * plan.layout.seconds_per_block
    return local.in_processes(chosen, min(workers, plan.blocks), seconds)


def _memory_of(plan: Plan, workers: int) -> int:
    """Return the memory of workers, bytes; of processes with what each takes beside its blocks."""
    others = min(workers, plan.blocks) - 1 if _in_processes(plan, workers) else 0
    return workers * plan.worker_nbytes + others * local.PROCESS_NBYTES


def _workers_in_words(plan: Plan, workers: int) -> str:
    if plan.scenario.execution.backend != "local":
        return str(workers)
    return f"{workers}, as {'processes' if _in_processes(plan, workers) else 'threads'}"


def _beyond_inodes(home: Path, files: int) -> list[str]:
    """Return that a file system has too few inodes left; those that make them as needed say 0."""
    left = os.statvfs(home)
    if not left.f_files or files <= left.f_favail:
        return []
    return [
        f"the store needs up to {files:,} files and {home} has room for {left.f_favail:,}; keep "
        "fewer outputs, say longer blocks (block:), or choose another place with --store"
    ]


NAMES_SHOWN = 8
"""Parameters that a plan names of those whose ranges have one source."""


def _plausible(design: Mapping[str, Any]) -> dict[str, str]:
    """Return where the ranges of parameters are from that the design gives no distribution."""
    by_source: dict[str, list[str]] = {}
    for name, source in design.get("plausible", {}).items():
        by_source.setdefault(source, []).append(name)
    names_of = {}
    for source, names in by_source.items():
        first = names[: most_named(NAMES_SHOWN)]
        listed = ", ".join(first) + and_more(len(names) - len(first))
        names_of[source] = f"({listed})"
    return names_of


def summary(plan: Plan, workers: int, *, measure: bool = False) -> dict[str, Any]:
    """Return what a run would do, for people and programs."""
    seconds = plan.seconds
    if measure:
        seconds = plan.members * seconds_per_member(plan)
    forcings, locations, samples = plan.layout.shape
    lengths = {axis.name: axis.length for axis in plan.layout.grid.axes}
    design = plan.layout.sampler.first.attributes
    left = footprint(plan.layout)
    least, most = (plan.blocks * each for each in COMMIT_SECONDS)
    return {
        "scenario": plan.scenario.source,
        "kernel": plan.experiment.kernel.name,
        "variants": {n: f"{each:.3g} s a member" for n, each in costs(plan.experiment).items()},
        "store": str(plan.path),
        "members": {
            "forcings": forcings,
            "locations": locations,
            "samples": samples,
            "all": plan.members,
        },
        "blocks": {"all": plan.blocks, **lengths},
        "files": left.files,
        "disk": f"up to {size(left.nbytes + plan.driver_nbytes)} before compression, "
        f"{size(FILE_NBYTES)} a file at least",
        "memory": f"{size(_memory_of(plan, workers))} for {workers} workers",
        "workers": _workers_in_words(plan, workers),
        "core_seconds": round(seconds, 3),
        "core_seconds_are": "measured" if measure else "declared by the kernel",
        "commit_seconds": f"{least:.3g} to {most:.3g}, 1 to 3 ms a block",
        "wall_seconds": round((seconds + (least + most) / 2) / workers, 3),
        # What is on disk only numba knows, which no plan waits for.
        "wall_seconds_are": "without compiling: the first run of a kernel does that once, and says "
        "how long",
        "plausible_ranges": _plausible(design),
        "truncated_share": {n: s for n, s in design.get("truncated_share", {}).items() if s > 0},
        "admissible": {k: _admissible(v) for k, v in design.get("admissible", {}).items()},
        "responses": {n: f"[{one.units}]" for n, one in plan.layout.functionals.items()},
        "limits": {n: f"{one.words}, {one.then}" for n, one in plan.layout.limits.items()},
        "limits_not_looked_at": not_looked_at(plan.layout),
        "warnings": list(map(str, plan.warnings)),
        "noticed": [notice.as_json() for notice in plan.warnings],
        "notes": list(plan.experiment.kernel.notes),
        "commands": list(plan.experiment.kernel.commands),
        **about_data(plan.experiment.synthetic),
    }


def _admissible(ends: Mapping[str, Any]) -> str:
    """Return an admissible range in words; at several locations, its range over them."""
    words = []
    for side, end in ends.items():
        if isinstance(end, Mapping):
            words.append(f"{side} {ranged(end['least'], end['most'])} over locations")
        else:
            words.append(f"{side} {end:.6g}")
    return " and ".join(words)


def seconds_per_member(plan: Plan) -> float:
    """Return the time of one block on one core, per member, seconds; the first is not counted."""
    # Imported where used: it compiles.
    from ensemble.members import pilot, work_of
    from ensemble.planning.completing import layout_on

    grid = plan.layout.grid
    first = (0,) * len(grid.axes)
    # Counting is as in a run only with edges that are those of a run.
    edges = pilot.edges_at(plan.experiment, 0, grid.spans(first)[1])
    experiment = replace(plan.experiment, edges=edges)
    work = work_of(experiment, layout_on(plan, experiment))
    run_block = work.open()
    run_block(first)
    begun = time.perf_counter()
    run_block(first)
    elapsed = time.perf_counter() - begun
    _, *axes = work.grid.axes
    return elapsed / math.prod(min(axis.length, axis.size) for axis in axes)
