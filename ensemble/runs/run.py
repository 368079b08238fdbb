"""Run a plan: create or continue its store, run what is missing, finish the statistics."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ensemble.errors import PlanError
from ensemble.farming.farm import Progress, Watcher, run_work
from ensemble.farming.opening import open_work
from ensemble.farming.work import Work
from ensemble.members import undefined, work_of
from ensemble.members.evaluation import weights
from ensemble.members.finishing import lost_groups
from ensemble.members.stored import read_ensemble
from ensemble.planning.completing import beside, on_store
from ensemble.planning.creating import create_store
from ensemble.planning.feasibility import refuse_if_hopeless, refuse_if_impossible
from ensemble.planning.identity import changes
from ensemble.planning.plan import Plan
from ensemble.planning.trial import (
    attempt,
    may_be_tried,
    reads_all_for_a_few,
    refuse_if_most_fail,
)
from ensemble.runs import changing, remaking
from ensemble.store.committed import Committed
from ensemble.store.journal import headers
from ensemble.store.machine import cpu
from ensemble.store.platforms import cores, without
from ensemble.store.store import Store
from ensemble.tables import limits


@dataclass
class Outcome:
    """What `run` did.

    Attributes
    ----------
    path : Path
    blocks, committed, ran : int
        All, committed by now, and run by this call.
    members : mapping of int to int
        Members by status code, over all committed blocks.
    seconds : float
        Of this call.
    limits : mapping
        Members beyond limits, as `limits.plain` has them.
    warnings : list of str
    """

    path: Path
    blocks: int
    committed: int = 0
    ran: int = 0
    members: dict[int, int] = field(default_factory=dict)
    seconds: float = 0.0
    limits: Mapping[str, Any] | None = None
    warnings: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        """Return whether every block is committed."""
        return self.committed == self.blocks

    @property
    def failed(self) -> int:
        """Return the number of members that did not run well."""
        return sum(n for code, n in self.members.items() if code != 0)

    @property
    def failed_share(self) -> float:
        """Return the share of failed members."""
        return self.failed / max(1, sum(self.members.values()))

    def take(self, committed: Committed, before: int, begun: float) -> None:
        """Take what a call has come to, of which so many blocks were there before.

        Parameters
        ----------
        committed : Committed
        before : int
        begun : float
            When it began, by `time.perf_counter`.
        """
        self.committed, self.ran = len(committed), len(committed) - before
        self.members = committed.totals.members
        self.seconds = time.perf_counter() - begun


def run(
    plan: Plan,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
    say: Callable[[str], None] = lambda text: None,
    stop: Callable[[], bool] = lambda: False,
    accept_changes: str = "",
    replaceable: bool = False,
    try_first: bool = True,
) -> Outcome:
    """Run what is missing of a plan and finish its statistics.

    Parameters
    ----------
    plan : Plan
    workers : int, optional
        Instead of the scenario's; default one per core.
    progress : callable, optional
    say : callable, optional
        Shows what a person who waits should know, such as the state of a queue.
    stop : callable, optional
        Asked before every block; when true, workers finish theirs and the call returns.
    accept_changes : str
        Reason to continue a store although scenario, data or code have changed.
    replaceable : bool
        Whether something starts this process again if it dies: then a block that hangs in it
        ends it.
    try_first : bool
        Whether a run that begins is refused if every member is certain to fail, or most of
        some do that are tried; see `ensemble.planning.trial`.

    Returns
    -------
    Outcome
        ``complete`` is False where ``stop`` ended it.

    Raises
    ------
    PlanError
        The run is certain to fail, or the store belongs to another scenario.
    StoppedEarly
        The disk is full, or the cluster is gone; what is committed stays.
    """
    begun = time.perf_counter()
    execution = plan.scenario.execution
    asked = workers or getattr(execution, "workers", None) or 0
    count = asked or cores()
    check = refuse_if_hopeless if try_first else _nothing
    store, warnings = store_of(plan, count, accept_changes, try_first=try_first, check=check)
    plan = on_store(plan, store)
    work = _work(plan, store)
    warnings += other_cpu(store)
    warnings += map(str, plan.warnings)
    outcome = Outcome(store.path, plan.blocks, warnings=warnings)
    watcher = Watcher(progress, say, stop, replaceable)
    committed, before = run_work(
        store,
        work,
        execution,
        watcher,
        base=plan.scenario.base_of("execution"),
        workers=asked,
        finished=lambda: outcome.warnings.extend(_of_what_is_left(store)),
    )
    outcome.limits = limits.plain(store, committed)
    outcome.take(committed, before, begun)
    return outcome


def _of_what_is_left(store: Store) -> list[str]:
    """Return what a finished run says of members that were lost, or count little."""
    return [*lost_groups(store), *undefined.lines(store), *weights.lines(store)]


def _nothing(plan: Plan) -> None:
    """Refuse nothing."""


def _work(plan: Plan, store: Store) -> Work:
    """Return the work of a plan; that of the store where it was begun before limits were."""
    if store.attrs["identity"].get("limits") != plan.identity["limits"]:
        return open_work(store)
    return work_of(plan.experiment, plan.layout, store)


def store_of(
    plan: Plan,
    workers: int,
    accept_changes: str,
    *,
    try_first: bool = False,
    check: Callable[[Plan], None] = refuse_if_hopeless,
) -> tuple[Store, list[str]]:
    """Return the plan's store, new or begun, and what to warn of.

    Parameters
    ----------
    plan : Plan
    workers : int
    accept_changes : str
    try_first : bool
        Whether some members are tried before a store is made.
    check : callable
        Refuses what is told of a plan before a store is made, and again of all its drivers.

    Raises
    ------
    PlanError
        It is certain that the run would fail, or the store is another run's; ``try_first``: most
        members that were tried fail.
    """
    if why := without(plan.scenario.execution.backend):
        raise PlanError(why)
    remaking.mend(plan.path)
    if not plan.path.exists() or is_empty(plan.path):
        refuse_if_impossible(plan, workers)
        check(plan)
        tried = try_first and may_be_tried(plan)
        # Where a few locations cost what all do, members are tried on what the store will hold.
        later = tried and reads_all_for_a_few(plan)
        if tried and not later:
            refuse_if_most_fail(plan, attempt(plan))

        def check_all(known: Plan) -> None:
            check(known)
            if later:
                refuse_if_most_fail(known, attempt(known))

        with creating(plan.path):
            return create_store(plan, check=check_all), []
    store = read_ensemble(plan.path)
    plan = beside(plan, store)
    changed = refuse_changes(store, plan, accept_changes)
    refuse_if_impossible(plan, workers, done=len(store.committed()))
    if changed:
        return changing.accept(store, plan, accept_changes)
    return changing.take_words(store, plan), []


def refuse_changes(store: Store, plan: Plan, accept_changes: str) -> list[str]:
    """Return what differs between a begun store and a plan.

    Raises
    ------
    PlanError
        Something does, and nobody accepts that.
    """
    changed = changes(store.attrs["identity"], plan.identity)
    if changed and not accept_changes:
        listed = "\n".join(f"  - {text}" for text in changed)
        raise PlanError(
            f"{plan.path} was begun by another run:\n{listed}\n"
            f"continue with what it was begun with{changing.back(store, plan)}, choose another "
            "place with --store, or go on "
            'with --accept-changes "reason"'
        )
    return changed


@contextmanager
def creating(path: Path) -> Iterator[None]:
    """Say why a store cannot be created, as a `PlanError`."""
    try:
        yield
    except OSError as error:
        raise PlanError(f"{path}: cannot be created: {error.strerror}") from error


def is_empty(path: Path) -> bool:
    """Return whether a path is a folder without content, which a store may take over.

    Raises
    ------
    PlanError
        A folder that holds something else than a store.
    """
    if not path.is_dir() or (path / "zarr.json").exists():
        return False
    if any(path.iterdir()):
        raise PlanError(
            f"{path}: found a folder with other files; needed a store, an empty folder or a name "
            "that is not taken; choose another place with --store"
        )
    return True


def other_cpu(store: Store) -> list[str]:
    """Return that a store was begun on another kind of CPU, if so."""
    begun_on = {h["cpu"] for h in headers(store.journal) if "cpu" in h} - {cpu()}
    if not begun_on:
        return []
    return [
        f"begun on {', '.join(sorted(begun_on))}, going on with {cpu()}: "
        "values are equal to rounding, not to the last bit"
    ]
