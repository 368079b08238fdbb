"""What every search keeps, whichever file it is."""

import subprocess
import sys

import numpy as np
import pytest
from valleys import VALLEYS, costs, drive

from ensemble.calibration.searches import BUDGET, LIVE, NO_FINITE_START, REASONS, Task, Told, begin
from scenarios.searches import SEARCHES, SearchSpec

VALLEY = VALLEYS["rosenbrock2"]
GROUPS = ("a", "b", "c", "a", "b")
RESTARTS = (0, 0, 0, 1, 1)
BUDGETS = {"spotpy": 250}
"""Evaluations of a search, of one that waits for another process for each; others have 450."""
SLOW = {"spotpy": pytest.mark.slow}
"""Each has a process and threads of its own in every test; `test_spotpy` is of every day."""

every_search = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=SLOW.get(name, ())) for name in SEARCHES.ours()]
)


def spec_of(name):
    spec = SEARCHES.get(name).Spec
    (example, *_) = spec.model_json_schema()["examples"]
    return spec.model_validate(example)


def task_of(groups=GROUPS, restarts=RESTARTS, budget=450, **words):
    residuals = np.full(len(groups), 2)
    return Task(7, groups, restarts, VALLEY.n, budget, **{"residuals": residuals, **words})


def task_for(name, *which, **words):
    return task_of(*which, budget=BUDGETS.get(name, 450), **words)


def same(found, other, places=slice(None)):
    """Compare what was found to the last bit."""
    for name, mine in vars(found).items():
        theirs = getattr(other, name)
        if mine is None:
            assert theirs is None
            continue
        theirs = theirs[places]
        if name.startswith("trace_"):
            width = mine.shape[1]
            assert (np.isnan(theirs[:, width:]) | (theirs[:, width:] == -1)).all(), name
            theirs = theirs[:, :width]
        np.testing.assert_array_equal(mine, theirs, name)


@pytest.fixture(scope="module")
def finished():
    """Return ``finished(name)``: a batch that ran to its end, what it found and every state."""
    done = {}

    def get(name):
        if name not in done:
            batch, states = begin(spec_of(name), task_for(name)), []
            states.append(batch.state())
            log = drive(batch, costs(VALLEY), seen=lambda b, _: states.append(b.state()))
            done[name] = batch, batch.found(), states, log
        return done[name]

    return get


@every_search
def test_says_what_it_is_and_takes_its_own_example(name):
    spec = spec_of(name)
    assert isinstance(spec, SearchSpec)
    assert spec.name == name
    fields = type(spec).model_fields
    assert all(field.description for word, field in fields.items() if word != "name")
    assert spec.unfit(VALLEY.n, residuals=True) == {}
    assert bool(spec.unfit(VALLEY.n, residuals=False)) == spec.NEEDS_RESIDUALS
    assert spec.least_budget(VALLEY.n, residuals=True) <= BUDGETS.get(name, 450)


@every_search
def test_is_read_and_asked_without_what_computes(name):
    program = (
        "import sys; from scenarios.searches import SEARCHES; import ensemble.calibration.scale; "
        f"spec = SEARCHES.get({name!r}).Spec.model_validate({spec_of(name).model_dump()!r}); "
        "spec.least_budget(7, residuals=True); spec.sizes(7, budget=9000, residuals=True); "
        "print({'numba', 'scipy', 'spotpy'} & sys.modules.keys())"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "set()", done.stderr


@every_search
def test_comes_near_the_optimum_and_says_why_it_stopped(name, finished):
    batch, found, _, log = finished(name)
    assert not len(batch.ask())
    assert (found.reason != LIVE).all()
    assert (found.cost < 1.0).all()
    np.testing.assert_array_equal(found.cost, [VALLEY.cost(u[None])[0] for u in found.u])
    assert (found.violation == 0).all()
    assert found.evaluations.tolist() == [log.told[s] for s in range(len(GROUPS))]
    assert (found.trace_cost[np.arange(5), found.generations] == found.cost).all()
    assert (np.diff(found.trace_cost, axis=1)[~np.isnan(found.trace_cost[:, 1:])] <= 0).all()


@every_search
@pytest.mark.parametrize("budget", [0, 50, 1000])
def test_traces_and_populations_are_no_longer_than_is_said(name, budget):
    """With a cost that falls by a tenth a round, which nothing stops but the budget."""
    level = [1.0]

    def tell(asked):
        level[0] *= 0.9
        rows = level[0] * np.stack([np.ones(len(asked)), 1e-3 * asked.u[:, 0]], axis=1)
        return Told((rows**2).sum(axis=1), None, rows)

    spec = spec_of(name)
    budget += spec.least_budget(VALLEY.n, residuals=True)
    batch = begin(spec, task_of(budget=budget))
    drive(batch, tell)
    found = batch.found()
    generations, points = spec.sizes(VALLEY.n, budget=budget, residuals=True)
    assert found.trace_cost.shape[1] <= generations
    assert found.population.shape[1:] == (points, VALLEY.n)


@every_search
def test_groups_and_restarts_differ_and_a_seed_repeats(name, finished):
    _, found, _, _ = finished(name)
    assert len(np.unique(found.u, axis=0)) == len(GROUPS) or (found.cost < 1e-9).all()
    again = begin(spec_of(name), task_for(name))
    drive(again, costs(VALLEY))
    same(again.found(), found)


@every_search
@pytest.mark.parametrize("order", [[0], [4], [3, 1], [4, 3, 2, 1, 0]])
def test_alone_is_as_among_others_in_any_order(name, order, finished):
    _, found, _, _ = finished(name)
    alone = begin(
        spec_of(name), task_for(name, *(tuple(np.array(x)[order]) for x in (GROUPS, RESTARTS)))
    )
    drive(alone, costs(VALLEY))
    same(alone.found(), found, order)
    limit = alone.found().cost * 1.05
    for mine, theirs in zip(
        alone.equifinal(limit), finished(name)[0].equifinal(found.cost * 1.05), strict=True
    ):
        np.testing.assert_array_equal(mine, theirs[order])


@every_search
def test_resumed_after_any_round_is_as_uninterrupted(name, finished):
    _, found, states, _ = finished(name)
    seen = set()
    for state in states:
        text = b"".join(array.tobytes() for array in state.values())
        if text in seen:
            continue
        seen.add(text)
        if len(seen) % max(1, len(states) // 6) == 0 or state is states[-1]:
            again = begin(spec_of(name), task_for(name))
            again.restore(state)
            for key, array in again.state().items():
                np.testing.assert_array_equal(array, state[key], key)
            drive(again, costs(VALLEY))
            same(again.found(), found)
            for key, array in again.state().items():
                np.testing.assert_array_equal(array, states[-1][key], key)
    assert len(seen) > 5


@every_search
def test_a_state_is_a_copy_of_arrays_by_search(name, finished):
    _, _, states, _ = finished(name)
    for key, array in states[len(states) // 2].items():
        assert array.dtype != object, key
        assert len(array) == len(GROUPS), key
    batch = begin(spec_of(name), task_for(name))
    drive(batch, costs(VALLEY), rounds=20)
    state = batch.state()
    kept = {key: array.copy() for key, array in state.items()}
    drive(batch, costs(VALLEY))
    for key, array in state.items():
        np.testing.assert_array_equal(array, kept[key], key)


@every_search
def test_a_state_of_others_is_refused(name, finished):
    _, _, states, _ = finished(name)
    fewer = begin(spec_of(name), task_for(name, GROUPS[:2], RESTARTS[:2]))
    with pytest.raises(ValueError, match="the state is of other searches"):
        fewer.restore(states[0])
    lacking = dict(list(states[0].items())[1:])
    with pytest.raises(ValueError, match="the state is of other searches"):
        begin(spec_of(name), task_for(name)).restore(lacking)


@every_search
def test_what_is_asked_again_before_it_is_told_is_the_same(name):
    batch = begin(spec_of(name), task_for(name))
    drive(batch, costs(VALLEY), rounds=4)
    one, other = batch.ask(), batch.ask()
    np.testing.assert_array_equal(one.u, other.u)
    np.testing.assert_array_equal(one.search, other.search)


@every_search
@pytest.mark.parametrize("more", [0, 1, 7, 40, 200])
def test_the_budget_is_never_exceeded(name, more):
    spec = spec_of(name)
    budget = spec.least_budget(VALLEY.n, residuals=True) + more
    batch = begin(spec, task_of(budget=budget))
    log = drive(batch, costs(VALLEY))
    assert max(log.told.values()) <= budget
    found = batch.found()
    assert (found.evaluations <= budget).all()
    assert (found.reason != LIVE).all()


@every_search
def test_a_budget_too_small_to_begin_with_is_refused(name):
    spec = spec_of(name)
    least = spec.least_budget(VALLEY.n, residuals=True)
    with pytest.raises(ValueError, match=f"a budget of {least - 1}; {name} needs {least}"):
        begin(spec, task_of(budget=least - 1))


@every_search
def test_as_many_are_told_as_were_asked(name):
    batch = begin(spec_of(name), task_for(name))
    told = costs(VALLEY)(batch.ask())
    with pytest.raises(ValueError, match=f"costs of {len(told.cost)} candidates"):
        batch.tell(Told(told.cost[1:], None, told.residuals[1:]))
    with pytest.raises(ValueError, match="found no residuals"):
        batch.tell(Told(told.cost))
    batch.tell(told)


@every_search
@pytest.mark.parametrize("share", [0.5, 0.9, 0.99])
def test_candidates_that_fail_are_bad_ground(name, share):
    def tell(asked):
        told = costs(VALLEY)(asked)
        failed = asked.u[:, 1] < share
        residuals = np.where(failed[:, None], np.nan, told.residuals)
        return Told(np.where(failed, np.nan, told.cost), None, residuals)

    batch = begin(spec_of(name), task_for(name))
    drive(batch, tell)
    found = batch.found()
    begun = np.isfinite(found.cost)
    assert begun.any()
    # Ours draw a start again and again; spotpy's algorithms have one, all of which may fail.
    assert begun.all() or (name, share) == ("spotpy", 0.99)
    assert {REASONS[r] for r in found.reason[~begun]} <= {"no finite start"}
    assert (found.u[begun, 1] >= share).all()
    assert (found.reason != LIVE).all()


@every_search
def test_where_everything_fails_it_says_so(name):
    def tell(asked):
        nothing = np.full(len(asked), np.nan)
        return Told(nothing, nothing, np.full((len(asked), 2), np.nan))

    budget = 20_000
    batch = begin(spec_of(name), task_of(budget=budget))
    log = drive(batch, tell)
    found = batch.found()
    assert [REASONS[r] for r in found.reason] == ["no finite start"] * len(GROUPS)
    assert np.isnan(found.u).all()
    assert np.isinf(found.cost).all()
    assert found.evaluations.tolist() == [log.told[s] for s in range(len(GROUPS))]
    assert max(log.told.values()) <= budget


@every_search
def test_one_that_fails_disturbs_no_other(name, finished):
    _, found, _, _ = finished(name)

    def tell(asked):
        told = costs(VALLEY)(asked)
        lost = asked.search == 1
        return Told(np.where(lost, np.nan, told.cost), None, told.residuals)

    batch = begin(spec_of(name), task_for(name))
    drive(batch, tell)
    again, others = batch.found(), [0, 2, 3, 4]
    assert again.reason[1] == NO_FINITE_START
    np.testing.assert_array_equal(again.u[others], found.u[others])
    np.testing.assert_array_equal(again.evaluations[others], found.evaluations[others])


@every_search
def test_a_constant_cost_ends(name):
    batch = begin(spec_of(name), task_of(budget=3000))
    drive(batch, lambda a: Told(np.ones(len(a)), None, np.tile([1.0, 0.0], (len(a), 1))))
    found = batch.found()
    assert (found.cost == 1).all()
    assert not {LIVE, NO_FINITE_START} & set(found.reason)


@every_search
@pytest.mark.parametrize("n", [1, 3])
@pytest.mark.parametrize("at", [0.0, 0.3, 1.0])
def test_optima_inside_on_a_bound_and_in_a_corner(name, n, at):
    def tell(asked):
        rows = asked.u - at
        return Told((rows**2).sum(axis=1), None, rows)

    task = Task(3, ("x", "y"), (0, 0), n, 3000, residuals=np.full(2, n))
    batch = begin(spec_of(name), task)
    drive(batch, tell)
    found = batch.found()
    assert (found.cost < 1e-2).all()
    np.testing.assert_allclose(found.u, at, atol=0.1)


@every_search
def test_events_are_counted_by_search(name):
    def tell(asked):
        told = costs(VALLEY)(asked)
        events = np.stack([asked.u[:, 0] < 0.5, np.ones(len(asked))], axis=1).astype(np.int64)
        for s, event in zip(asked.search, events, strict=True):
            counted[s] += event
        return Told(told.cost, None, told.residuals, events)

    counted = np.zeros((len(GROUPS), 2), np.int64)
    batch = begin(spec_of(name), task_for(name, tallies=2))
    drive(batch, tell)
    np.testing.assert_array_equal(batch.found().tallies, counted)
    np.testing.assert_array_equal(counted[:, 1], batch.found().evaluations)


@every_search
def test_equifinal_candidates_are_those_of_all_that_were_told(name):
    every = []

    def tell(asked):
        told = costs(VALLEY)(asked)
        every.append((asked.search, asked.u, told.cost + 1.0))
        return Told(told.cost + 1.0, None, told.residuals)

    batch = begin(spec_of(name), task_for(name))
    drive(batch, tell)
    search, u, cost = (np.concatenate(part) for part in zip(*every, strict=True))
    limit = 1.05 * batch.found().cost
    low, high, count = batch.equifinal(limit)
    for s in range(len(GROUPS)):
        near = u[(search == s) & (cost <= limit[s])]
        assert count[s] == len(near) > 0
        np.testing.assert_array_equal(low[s], near.min(axis=0))
        np.testing.assert_array_equal(high[s], near.max(axis=0))


@every_search
def test_a_part_of_the_cost_is_enough_where_it_is_not_below_what_is_needed(name, finished):
    """As where the rest of a cost takes long: what is told then has the same consequences."""
    _, found, _, _ = finished(name)
    spared = []

    def tell(asked):
        told = costs(VALLEY)(asked)
        first = told.residuals[:, 0] ** 2
        lost = first >= asked.needed_below
        spared.append(lost.sum())
        return Told(np.where(lost, first, told.cost), None, told.residuals)

    batch = begin(spec_of(name), task_for(name))
    drive(batch, tell)
    same(batch.found(), found)
    if name == "sceua":
        assert sum(spared) > 200


@every_search
def test_points_to_include_are_asked_for_first(name):
    include = np.array([[0.6, 0.3], [0.25, 0.75]])
    batch = begin(spec_of(name), task_for(name, include=include))
    asked = batch.ask()
    for s in range(len(GROUPS)):
        mine = asked.u[asked.search == s]
        many = min(len(mine), len(include))
        np.testing.assert_array_equal(mine[:many], include[:many])


@every_search
def test_budget_is_the_reason_where_it_is(name):
    spec = spec_of(name)
    budget = spec.least_budget(VALLEY.n, residuals=True)
    batch = begin(spec, task_of(budget=budget))
    drive(batch, costs(VALLEYS["rosenbrock2"]))
    assert set(batch.found().reason) <= {BUDGET, REASONS.index("ended")}
