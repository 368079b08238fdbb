"""Run a calibration: create or continue its store, search what is missing, finish it."""

import time
from collections.abc import Callable
from typing import Any

from ensemble.calibration.stored import check
from ensemble.errors import PlanError
from ensemble.farming.farm import Progress, Watcher, run_work
from ensemble.farming.opening import open_work
from ensemble.members.stored import about_data
from ensemble.planning.calibrating import CalibrationPlan
from ensemble.planning.calibration_store import create_store
from ensemble.planning.completing import beside
from ensemble.planning.feasibility import beyond_jobs, beyond_place, refuse_if_hopeless
from ensemble.planning.identity import changes
from ensemble.planning.notices import size
from ensemble.runs.run import Outcome, creating, is_empty, other_cpu
from ensemble.store.platforms import without
from ensemble.store.reading import read
from ensemble.store.store import Store

ADVICE = "leave the traces and populations out (keep:)"


def run_calibration(
    plan: CalibrationPlan,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda text: None,
    stop: Callable[[], bool] = lambda: False,
    accept_changes: str = "",
    replaceable: bool = False,
) -> Outcome:
    """Run the searches that a plan's store lacks, and finish it.

    Parameters
    ----------
    plan : CalibrationPlan
    workers : int, optional
        Instead of the scenario's; default one per core.
    progress, say, stop, replaceable
        As of `ensemble.runs.run.run`.
    accept_changes : str
        Refused, as what was found before would have been found otherwise.

    Returns
    -------
    Outcome
        ``members`` counts searches by status.

    Raises
    ------
    PlanError
        The run is certain to fail, or the store belongs to another scenario.
    StoppedEarly
        The disk is full, or the cluster is gone; what is committed stays.
    """
    begun = time.perf_counter()
    execution = plan.scenario.execution
    store = store_of(plan, accept_changes)
    outcome = Outcome(store.path, plan.blocks)
    outcome.warnings = [*other_cpu(store), *map(str, plan.warnings)]
    committed, before = run_work(
        store,
        open_work(store),
        execution,
        Watcher(progress, say, stop, replaceable),
        base=plan.scenario.base_of("execution"),
        workers=workers or getattr(execution, "workers", None) or 0,
    )
    outcome.take(committed, before, begun)
    return outcome


def store_of(plan: CalibrationPlan, accept_changes: str = "") -> Store:
    """Return the plan's store, new or begun.

    Raises
    ------
    PlanError
        It is certain that the run would fail, or the store is another run's.
    """
    if why := without(plan.scenario.execution.backend):
        raise PlanError(why)
    if not plan.path.exists() or is_empty(plan.path):
        refuse_if_impossible(plan)
        refuse_if_hopeless(plan, "candidate")
        with creating(plan.path):
            return create_store(plan)
    store = read(plan.path)
    refuse_changes(store, plan, accept_changes)
    return store


def refuse_changes(store: Store, plan: CalibrationPlan, accept_changes: str = "") -> None:
    """Refuse a store that is no calibration's, or another's.

    Raises
    ------
    PlanError
        With what differs.
    """
    check(store)
    changed = changes(store.attrs["identity"], beside(plan, store).identity)
    if changed:
        listed = "\n".join(f"  - {text}" for text in changed)
        asked = " --accept-changes has no meaning here:" if accept_changes else ""
        raise PlanError(
            f"{plan.path} was begun by another calibration:\n{listed}\n"
            f"{asked or 'bring back what it was begun with:'} searches that are done would have "
            "come to other parameters; or choose another place with --store"
        )


def refuse_if_impossible(plan: CalibrationPlan) -> None:
    """Refuse a place that cannot be written, or holds too little; jobs that cannot run it.

    Raises
    ------
    PlanError
        Every reason found.
    """
    reasons = [*beyond_place(plan.path, plan.driver_nbytes, ADVICE), *beyond_jobs(plan)]
    if reasons:
        raise PlanError("\n".join(reasons))


def summary(plan: CalibrationPlan, workers: int) -> dict[str, Any]:
    """Return what a calibration would do, for people and programs."""
    layout, section = plan.layout, plan.layout.section
    places = [len(one) for one in layout.searched_places]
    observed = layout.observations.tolist()
    useful = min(workers, plan.blocks)
    described: dict[str, Any] = {
        "scenario": plan.scenario.source,
        "kernel": plan.experiment.kernel.name,
        "store": str(plan.path),
        "minimised": layout.objective.name,
        "search": layout.spec.name,
        "parameters": ", ".join(layout.space.searched),
        "groups": len(layout.groups.names),
        "searches": plan.searches,
        "locations_of_a_group": _between(places),
        "observations_of_a_group": _between(observed),
        "evaluations": f"at most {layout.evaluations:,}",
        "blocks": {"all": plan.blocks, "groups": layout.grid.axes[0].length},
        "disk": f"up to {size(plan.nbytes)} before compression",
        "core_seconds": round(layout.seconds, 3),
        "core_seconds_are": "declared by the kernel, of all evaluations that may be made",
        "wall_seconds": round(layout.seconds / useful, 3),
        "workers": f"{workers}" if useful == workers else f"{workers}, of which {useful} have work",
        "responses": {n: f"[{one.units}]" for n, one in layout.functionals.items()},
        "warnings": list(map(str, plan.warnings)),
        "noticed": [notice.as_json() for notice in plan.warnings],
        "notes": list(plan.experiment.kernel.notes),
        "commands": list(plan.experiment.kernel.commands),
        **about_data(plan.experiment.synthetic),
    }
    if layout.space.ties:
        described["tied"] = ", ".join(layout.space.ties)
    if section.validation is not None and layout.folds is not None:
        described["held_back"] = f"in turn, {len(layout.folds.names):,} folds"
    elif section.validation is not None:
        held = sum(int((layout.part(k) == 1).sum()) for k in range(len(layout.objective.terms)))
        described["held_back"] = f"{held:,} observations"
    return described


def _between(counts: list[int]) -> str:
    if not counts:
        return "none"
    low, high = min(counts), max(counts)
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"
