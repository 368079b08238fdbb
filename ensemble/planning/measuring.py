"""Time a few members, for estimates that do not rest on the kernel's declared cost."""

import time

from ensemble.members.work import EnsembleWork
from ensemble.planning.plan import Plan


def seconds_per_member(plan: Plan) -> float:
    """Return the time of one block on one core, per member, seconds; the first is not counted."""
    work = EnsembleWork(plan.setup, plan.layout)
    run_block = work.open()
    first = (0,) * len(work.grid.axes)
    run_block(first)
    begun = time.perf_counter()
    run_block(first)
    elapsed = time.perf_counter() - begun
    _, *axes = work.grid.axes
    members = 1
    for axis in axes:
        members *= min(axis.length, axis.size)
    return elapsed / members
