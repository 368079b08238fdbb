"""Functions with known optima to search, and a driver of searches that computes them."""

from dataclasses import dataclass, field

import numpy as np

from ensemble.calibration.searches import Told


@dataclass
class Valley:
    """A function on a box; ``residuals`` where it is a sum of squares."""

    name: str
    lower: tuple
    upper: tuple
    optimum: float
    value: object = None
    residuals: object = None

    @property
    def n(self):
        return len(self.lower)

    def x(self, u):
        return np.array(self.lower) + u * (np.array(self.upper) - np.array(self.lower))

    def cost(self, u):
        """Return the cost of points (k, n) in the cube, each summed up by itself."""
        if self.value is not None:
            return np.array([self.value(x) for x in self.x(u)])
        return np.array([np.sum(self.residuals(x) ** 2) for x in self.x(u)])

    def rows(self, u):
        return np.array([self.residuals(x) for x in self.x(u)]).reshape(len(u), -1)


def goldstein_price(x):
    a, b = x
    first = 1 + (a + b + 1) ** 2 * (19 - 14 * a + 3 * a**2 - 14 * b + 6 * a * b + 3 * b**2)
    second = 30 + (2 * a - 3 * b) ** 2 * (18 - 32 * a + 12 * a**2 + 48 * b - 36 * a * b + 27 * b**2)
    return first * second


def rosenbrock(x):
    return np.concatenate([10 * (x[1:] - x[:-1] ** 2), 1 - x[:-1]])


def camel(x):
    a, b = x
    return (4 - 2.1 * a**2 + a**4 / 3) * a**2 + a * b + (-4 + 4 * b**2) * b**2


HARTMAN = np.array(
    [
        [10, 3, 17, 3.5, 1.7, 8],
        [0.05, 10, 17, 0.1, 8, 14],
        [3, 3.5, 1.7, 10, 17, 8],
        [17, 8, 0.05, 10, 0.1, 14],
    ]
)
HARTMAN_AT = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


def hartman6(x):
    return -np.sum([1, 1.2, 3, 3.2] * np.exp(-np.sum(HARTMAN * (x - HARTMAN_AT) ** 2, axis=1)))


def griewank(x):
    return np.sum(x**2) / 4000 - np.prod(np.cos(x / np.sqrt(np.arange(1, len(x) + 1)))) + 1


SHEKEL = np.array(
    [
        [4, 4, 4, 4],
        [1, 1, 1, 1],
        [8, 8, 8, 8],
        [6, 6, 6, 6],
        [3, 7, 3, 7],
        [2, 9, 2, 9],
        [5, 5, 3, 3],
        [8, 1, 8, 1],
        [6, 2, 6, 2],
        [7, 3.6, 7, 3.6],
    ]
)
SHEKEL_WIDTH = np.array([0.1, 0.2, 0.2, 0.4, 0.4, 0.6, 0.3, 0.7, 0.5, 0.5])


def shekel(x):
    return -np.sum(1 / (np.sum((x - SHEKEL) ** 2, axis=1) + SHEKEL_WIDTH))


VALLEYS = {
    valley.name: valley
    for valley in (
        Valley("goldstein_price", (-2, -2), (2, 2), 3.0, goldstein_price),
        Valley("rosenbrock2", (-5, -2), (5, 8), 0.0, None, rosenbrock),
        Valley("rosenbrock5", (-5,) * 5, (5,) * 5, 0.0, None, rosenbrock),
        Valley("camel", (-5, -2), (5, 8), -1.031628453489877, camel),
        Valley("hartman6", (0,) * 6, (1,) * 6, -3.322368011415515, hartman6),
        Valley("griewank10", (-600,) * 10, (600,) * 10, 0.0, griewank),
        Valley("shekel10", (0,) * 4, (10,) * 4, -10.536409816692043, shekel),
    )
}


@dataclass
class Log:
    """What a driver saw: rounds, evaluations of each search, and states at its request."""

    rounds: int = 0
    told: dict = field(default_factory=dict)


def drive(batch, tell, *, rounds=10**9, seen=None):
    """Run searches to their end, or so many rounds; ``tell(asked)`` returns what became of them."""
    log = Log()
    while log.rounds < rounds and len(asked := batch.ask()):
        assert (asked.u >= 0).all()
        assert (asked.u <= 1).all()
        assert (np.diff(asked.search) >= 0).all()
        batch.tell(tell(asked))
        log.rounds += 1
        for s in asked.search:
            log.told[s] = log.told.get(s, 0) + 1
        if seen is not None:
            seen(batch, asked)
    return log


def costs(valley):
    """Return what tells searches of a function, with its residuals where there are any."""

    def tell(asked):
        if valley.residuals is None:
            return Told(valley.cost(asked.u))
        rows = valley.rows(asked.u)
        return Told(np.array([np.sum(row**2) for row in rows]), None, rows)

    return tell
