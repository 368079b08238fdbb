"""What a second worker brings, thread or process, in scenarios that are shipped, but longer.

``pytest tests/benchmarks/test_two_workers.py --benchmark-enable``
"""

import pytest
import screening
from benchmarks.comparing import Against

import ensemble
import scenarios
from ensemble.store.reading import read

OF_YEARS = ("responses={}", "statistics={}", "outputs={rh: all}")
"""Of `jian2021-forcing`: what asks for no year that a shorter run has not."""

LONGER = {
    "screening": ("design.trajectories=200",),
    "jian2021-parameters": ("design.n=5000",),
    "jian2021-forcing": (
        *OF_YEARS,
        "kernel.cycle=5",
        "forcing={reader: synthetic_testbed, cells: 48, years: [1901, 1915]}",
    ),
    "tau-constraint": ("outputs={}", "design.cross.0.n=1500", "design.cross.1.n=2000"),
}
"""Settings that make some seconds of kernel of each."""

SMALL = {
    "screening": ("design.trajectories=2",),
    "jian2021-parameters": ("design.n=10",),
    "jian2021-forcing": (
        *OF_YEARS,
        "kernel.cycle=2",
        "forcing={reader: synthetic_testbed, cells: 4, years: [1901, 1904]}",
    ),
    "tau-constraint": ("outputs={}",),
}


@pytest.mark.parametrize(
    "name",
    [
        name if name != "tau-constraint" else pytest.param(name, marks=pytest.mark.slow)
        for name in LONGER
    ],
)
@pytest.mark.parametrize("kind", ["threads", "processes"])
def test_a_second_worker(compare, tmp_path, name, kind):
    settings = (LONGER if compare.enabled else SMALL)[name]
    ours = "execution.sync=false", f"execution.workers_are={kind}"
    own = screening.scenario(tmp_path, *settings, *ours) if name == "screening" else None
    loaded = own or scenarios.load(name, settings=[*settings, *ours])
    plans = [ensemble.plan(loaded, store=tmp_path / f"{workers}.zarr") for workers in (1, 2)]
    one, two = (
        lambda plan=plan, workers=workers: ensemble.run(plan, workers=workers, try_first=False)
        for workers, plan in enumerate(plans, start=1)
    )
    compare(
        f"{name}, two {kind}",
        two,
        Against("one", one, "<= 0.58"),
        rounds=3,
        fresh=[plan.path for plan in plans],
    )
    if not compare.enabled:
        assert plans[0].layout.grid == plans[1].layout.grid
        first, second = (read(plan.path).digest() for plan in plans)
        assert first == second
