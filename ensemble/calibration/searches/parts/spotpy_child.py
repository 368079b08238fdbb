"""What a child process does: algorithms of spotpy, one for each search, that take turns.

spotpy draws from the global generators of numpy and of Python. So each search has a thread of its
own, one of them runs at a time, and whoever runs finds the generators as it left them. Costs that
are known, of a search that is gone on with, are told to the algorithm without asking anybody.
"""

import json
import os
import pickle
import random
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any

import numpy as np

from kernels import F8

FAILED = 1e30
"""What spotpy is told of a candidate that has no cost, or is outside the limits."""

MINIMISE = frozenset({"sceua", "abc", "fscabc"})
"""Algorithms that make small what they are given."""

LIKELIHOOD = frozenset({"dream", "demcz", "mcmc", "mle"})
"""Those that take it for the logarithm of a likelihood, -J/2 with the errors known."""

EDGE = 1e-12
"""So far outside the cube a number may be rounded."""


def factor_of(algorithm: str) -> float:
    """Return what an algorithm wants a cost multiplied by."""
    if algorithm in LIKELIHOOD:
        return -0.5
    return 1.0 if algorithm in MINIMISE else -1.0


class Spent(BaseException):
    """A search has no evaluations left; no algorithm catches it."""


class Problem:
    """A set-up as spotpy has it, of parameters between 0 and 1.

    Parameters
    ----------
    n : int
    cost : callable
        Returns the cost of a point.
    algorithm : str
    """

    def __init__(self, n: int, cost: Callable[[F8], float], algorithm: str) -> None:
        from spotpy.parameter import Uniform

        # What is not said spotpy estimates from random numbers, before it sets their seed.
        said = {"step": 0.1, "optguess": 0.5, "minbound": 0.0, "maxbound": 1.0}
        self._uniform = [Uniform(f"u{j}", 0.0, 1.0, **said) for j in range(n)]
        self._cost = cost
        self._factor = factor_of(algorithm)

    def parameters(self) -> Any:
        """Return the table of parameters, with a drawn value of each."""
        from spotpy.parameter import generate

        return generate(self._uniform)

    def simulation(self, vector: Sequence[float]) -> list[float]:
        """Return the cost, for want of a simulation; one outside the cube is not computed."""
        u = np.array([float(number) for number in vector])
        if not ((u >= -EDGE) & (u <= 1 + EDGE)).all():
            return [FAILED]
        return [self._cost(np.clip(u, 0.0, 1.0))]

    def evaluation(self) -> list[float]:
        """Return what would be observed."""
        return [0.0]

    def objectivefunction(
        self, simulation: Sequence[float], evaluation: Sequence[float], params: Any = None
    ) -> float:
        """Return the cost as the algorithm wants it."""
        return self._factor * simulation[0]


class Player:
    """A search in a thread of its own.

    Attributes
    ----------
    asked : ndarray, shape (n,), optional
        The point whose cost it waits for.
    ended : str
        Why it has ended: ``"ended"``, ``"budget"``, or what an algorithm raised; empty before.
    """

    def __init__(self, play: "Callable[[Player], None]", known: F8, budget: int) -> None:
        self.asked: F8 | None = None
        self.ended = ""
        self._known, self._used, self._budget = known, 0, budget
        self._answer: float | None = None
        # Whose turn it is; both held, each released by the other side.
        self._go, self._parked = threading.Lock(), threading.Lock()
        self._go.acquire()
        self._parked.acquire()
        self._generators: tuple[Any, Any] | None = None
        self._thread = threading.Thread(target=self._run, args=(play,), daemon=True)
        self._thread.start()

    def _run(self, play: "Callable[[Player], None]") -> None:
        self._go.acquire()
        try:
            play(self)
            self.ended = "ended"
        except Spent:
            self.ended = "budget"
        except Exception as error:
            self.ended = f"{type(error).__name__}: {error}"
        self.asked = None
        self._parked.release()

    def cost(self, u: F8) -> float:
        """Return the cost of a point, which is known, or is waited for."""
        if self._used == self._budget:
            raise Spent
        self._used += 1
        if self._used <= len(self._known):
            found = float(self._known[self._used - 1])
        else:
            self.asked = u
            self._parked.release()
            self._go.acquire()
            if self._answer is None:
                raise Spent
            found = self._answer
        return found if np.isfinite(found) else FAILED

    def turn(self, answer: float | None, alone: bool) -> None:
        """Let it run until it asks again or has ended; None ends it."""
        if self._generators is not None and not alone:
            np.random.set_state(self._generators[0])  # noqa: NPY002
            random.setstate(self._generators[1])
        self._answer = answer
        self._go.release()
        self._parked.acquire()
        if not alone:
            self._generators = np.random.get_state(), random.getstate()  # noqa: NPY002


def player_of(task: Mapping[str, Any], seed: int, known: F8, include: F8) -> Player:
    """Return a search that evaluates points to include, and then what its algorithm asks for."""
    name = task["algorithm"]

    def play(player: Player) -> None:
        import spotpy

        for u in include:
            player.cost(u)
        problem = Problem(task["parameters"], player.cost, name)
        words = {"dbname": "none", "dbformat": "ram", "save_sim": False, "random_state": seed}
        algorithm = getattr(spotpy.algorithms, name)(problem, **words)
        settings = dict(task["settings"])
        if name == "dream":
            settings.setdefault("acceptance_test_option", 2)
        algorithm.sample(task["repetitions"], **settings)

    return Player(play, known, task["budget"])


def quiet() -> IO[bytes]:
    """Return where this process says what it has to say, while what is printed goes nowhere."""
    said = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return said


def main(task: Mapping[str, Any]) -> None:
    """Take turns until nobody tells any more.

    Read are what is known of each search, (seeds, costs told before, points to include), then a
    mapping of search to cost, again and again; written, after each, a mapping of search to the
    point that it asks for, or to why it has ended.
    """
    said = quiet()
    heard = sys.stdin.buffer
    seeds, known, include = pickle.load(heard)
    threading.stack_size(1 << 20)
    players = [player_of(task, s, k, include) for s, k in zip(seeds, known, strict=True)]
    answers: dict[int, float | None] = dict.fromkeys(range(len(players)), 0.0)
    while True:
        for i, answer in answers.items():
            players[i].turn(answer, len(players) == 1)
        told = {i: players[i].ended or players[i].asked for i in answers}
        pickle.dump(told, said, protocol=pickle.HIGHEST_PROTOCOL)
        said.flush()
        try:
            answers = pickle.load(heard)
        except EOFError:
            # Threads that wait are of nobody's concern any more.
            os._exit(0)


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
