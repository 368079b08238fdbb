"""Gauss-Newton from many starts: against scipy's least squares, at bounds, with what fails."""

import numpy as np
import pytest
from scipy.optimize import least_squares
from scipy.stats import qmc
from valleys import VALLEYS, Valley, costs, drive

from ensemble.calibration.searches import (
    BUDGET,
    CONVERGED,
    INFEASIBLE,
    Task,
    Told,
    begin,
    levenberg_marquardt,
)
from ensemble.calibration.searches.levenberg_marquardt import Spec
from ensemble.calibration.searches.parts import streams
from ensemble.calibration.searches.sceua import Spec as Evolution

DEPTH = np.linspace(0, 3, 12)
MADE = 4 * np.exp(-1.3 * DEPTH) + 1.5 * np.exp(-0.2 * DEPTH) + 0.05 * np.cos(40 * DEPTH)


def exponentials(x):
    return 10 * (x[0] * np.exp(-x[1] * DEPTH) + x[2] * np.exp(-x[3] * DEPTH) - MADE)


def powell(x):
    """Return the residuals of Powell's singular function: its derivative has no full rank."""
    return np.array(
        [
            x[0] + 10 * x[1],
            np.sqrt(5) * (x[2] - x[3]),
            (x[1] - 2 * x[2]) ** 2,
            np.sqrt(10) * (x[0] - x[3]) ** 2,
        ]
    )


CASES = [
    Valley("exponentials", (0.1, 0.5, 0.1, 0.01), (10, 5, 10, 0.5), 0, None, exponentials),
    # The optimum of two of them is outside.
    Valley("cut", (0.1, 1.6, 0.1, 0.01), (3.5, 5, 10, 0.5), 0, None, exponentials),
    Valley("powell", (-4,) * 4, (5,) * 4, 0, None, powell),
    VALLEYS["rosenbrock5"],
    # Only the product of two parameters matters.
    Valley("product", (0.1, 0.1), (4, 4), 0, None, lambda x: np.array([x[0] * x[1] - 2.0, 0.5])),
]


def task_of(valley, groups=("a", "b"), budget=20_000, **words):
    sizes = np.full(len(groups), len(valley.residuals(valley.x(np.full(valley.n, 0.5)))))
    return Task(5, groups, (0,) * len(groups), valley.n, budget, residuals=sizes, **words)


def best_of_scipy(valley):
    rng = np.random.default_rng(0)
    each = [
        least_squares(
            lambda u: valley.residuals(valley.x(u)), u, bounds=(0, 1), x_scale="jac", xtol=1e-14
        )
        for u in rng.random((24, valley.n))
    ]
    return min(each, key=lambda found: found.cost)


@pytest.mark.parametrize("jacobian", ["forward", "central"])
@pytest.mark.parametrize("valley", CASES, ids=lambda valley: valley.name)
def test_as_least_squares_of_scipy(valley, jacobian):
    batch = begin(Spec(name="levenberg_marquardt", jacobian=jacobian), task_of(valley))
    drive(batch, costs(valley))
    found, theirs = batch.found(), best_of_scipy(valley)
    assert (found.reason == CONVERGED).all()
    assert (found.cost <= 2 * theirs.cost * 1.0001 + 1e-9).all()
    if valley.name in ("exponentials", "cut"):
        # Where progress ends at a share of 1e-4 of the cost, so near is the point.
        np.testing.assert_allclose(found.u, [theirs.x, theirs.x], atol=0.02)
        np.testing.assert_allclose(found.jacobian[0], theirs.jac, atol=0.02 * abs(theirs.jac).max())


def test_parameters_at_bounds_are_held_there():
    valley = CASES[1]
    batch = begin(Spec(name="levenberg_marquardt"), task_of(valley))
    drive(batch, costs(valley))
    assert (batch.found().u[:, 1] == 0).all()


def test_starts_are_a_scrambled_sobol_sequence():
    batch = begin(Spec(name="levenberg_marquardt", starts=24), task_of(CASES[0]))
    asked = batch.ask()
    key = streams.key(5, "b", 0, "starts")
    word = int(np.random.Philox(key=key, counter=0).random_raw(1)[0])
    expected = qmc.Sobol(4, scramble=True, rng=word & 0xFFFFFFFF).random(32)[:24]
    np.testing.assert_array_equal(asked.u[asked.search == 1], expected)


def test_failed_starts_are_drawn_from_the_next_points():
    asked_for = []

    def tell(asked):
        asked_for.append(asked.u)
        told = costs(CASES[0])(asked)
        return told if len(asked_for) > 2 else Told(told.cost * np.nan, None, told.residuals)

    batch = begin(Spec(name="levenberg_marquardt", starts=5), task_of(CASES[0], ("b",)))
    drive(batch, tell)
    word = int(streams.words(streams.key(5, "b", 0, "starts")[None], np.zeros(1, int), 1)[0, 0])
    expected = qmc.Sobol(4, scramble=True, rng=word & 0xFFFFFFFF).random(16)[:15]
    np.testing.assert_array_equal(np.concatenate(asked_for[:3]), expected)


def test_the_jacobian_is_that_of_the_best_point():
    valley = CASES[0]
    batch = begin(Spec(name="levenberg_marquardt", jacobian="central"), task_of(valley))
    drive(batch, costs(valley))
    found = batch.found()
    for s in range(2):
        np.testing.assert_array_equal(found.residuals[s], valley.residuals(valley.x(found.u[s])))
        step = 1e-4 * np.eye(4)
        beside = valley.rows(found.u[s] + step) - valley.rows(found.u[s] - step)
        np.testing.assert_allclose(found.jacobian[s].T, beside / 2e-4, rtol=1e-6, atol=1e-6)


def test_groups_may_have_different_numbers_of_residuals():
    """What stands behind a group's own is not read."""
    valley = CASES[0]
    sizes, groups = np.array([12, 5]), ("a", "b")

    def tell(asked):
        rows = valley.rows(asked.u)
        rows[asked.search == 1, 5:] = np.nan
        return Told(np.nansum(rows**2, axis=1), None, rows)

    batch = begin(
        Spec(name="levenberg_marquardt"), Task(5, groups, (0, 0), 4, 20_000, residuals=sizes)
    )
    drive(batch, tell)
    found = batch.found()
    assert np.isnan(found.jacobian[1, 5:]).all()
    assert np.isfinite(found.jacobian[1, :5]).all()
    alone = begin(
        Spec(name="levenberg_marquardt"), Task(5, ("b",), (0,), 4, 20_000, residuals=sizes[1:])
    )
    drive(
        alone,
        lambda a: Told((valley.rows(a.u)[:, :5] ** 2).sum(axis=1), None, valley.rows(a.u)[:, :5]),
    )
    np.testing.assert_allclose(alone.found().cost, found.cost[1:], rtol=1e-9)


def test_a_column_that_fails_is_tried_the_other_way_or_held():
    """Above the start all fails, so that only the way down is left, or on either side."""
    valley = Valley("strip", (0, 0), (1, 1), 0, None, lambda x: x - [0.3, 0.4])
    include = np.array([[0.5, 0.9]])

    def told(failing):
        def tell(asked):
            rows = valley.rows(asked.u)
            cost = np.where(failing(asked.u[:, 0]), np.nan, (rows**2).sum(axis=1))
            return Told(cost, None, rows)

        return tell

    for failing, ends_at in ((lambda x: x > 0.5, 0.3), (lambda x: x != 0.5, 0.5)):
        spec = Spec(name="levenberg_marquardt", starts=1)
        batch = begin(spec, task_of(valley, ("a",), include=include))
        drive(batch, told(failing))
        found = batch.found()
        np.testing.assert_allclose(found.u[0], [ends_at, 0.4], atol=1e-4)
        assert np.isnan(found.jacobian[0, :, 0]).all() == (ends_at == 0.5)
        assert np.isfinite(found.jacobian[0, :, 1]).all()


def test_a_budget_lets_the_better_starts_go_on():
    valley = CASES[0]
    spec = Spec(name="levenberg_marquardt", starts=24)
    budget = 24 + 9 * 3 + 4
    # Less than a plan lets it begin with; it runs short as others do after some iterations.
    batch, begun = levenberg_marquardt.begin(spec, task_of(valley, ("a",), budget=budget)), []

    def tell(asked):
        begun.append((asked.u, valley.cost(asked.u)))
        return costs(valley)(asked)

    log = drive(batch, tell)
    assert log.told[0] <= budget
    assert batch.found().reason.tolist() == [BUDGET]
    points, cost = begun[0]
    three = points[np.argsort(cost)[:3]]
    beside = begun[1][0]
    assert len(beside) == 12
    assert all(np.abs(three - u).sum(axis=1).min() < 1.1e-4 for u in beside)


def test_limits_are_kept():
    valley = CASES[0]

    def tell(asked):
        told = costs(valley)(asked)
        return Told(told.cost, np.maximum(0.5 - asked.u[:, 0], 0), told.residuals)

    batch = begin(Spec(name="levenberg_marquardt"), task_of(valley))
    drive(batch, tell)
    found = batch.found()
    assert (found.violation == 0).all()
    assert (found.u[:, 0] >= 0.5).all()

    def never(asked):
        told = tell(asked)
        return Told(told.cost, told.violation + 1, told.residuals)

    batch = begin(Spec(name="levenberg_marquardt"), task_of(valley))
    drive(batch, never)
    assert (batch.found().reason == INFEASIBLE).all()


@pytest.mark.parametrize("valley", CASES[:2], ids=lambda valley: valley.name)
def test_evolution_is_polished(valley):
    rough = begin(Evolution(name="sceua", polish=False), task_of(valley))
    fine = begin(Evolution(name="sceua"), task_of(valley))
    drive(rough, costs(valley))
    drive(fine, costs(valley))
    theirs = 2 * best_of_scipy(valley).cost
    assert (fine.found().cost <= rough.found().cost).all()
    assert (fine.found().cost <= theirs * 1.0001).all()
    for batch in (rough, fine):
        found = batch.found()
        assert np.isfinite(found.jacobian).all()
        np.testing.assert_array_equal(found.residuals, valley.rows(found.u))
    plain = begin(Evolution(name="sceua"), Task(5, ("a", "b"), (0, 0), 4, 20_000))
    drive(plain, lambda asked: Told(valley.cost(asked.u)))
    # What is kept back for the end changes nothing of an evolution that ends before its budget.
    for name in ("population", "population_cost", "reason"):
        np.testing.assert_array_equal(
            getattr(plain.found(), name), getattr(rough.found(), name), name
        )
