"""What a child process does with a spotpy set-up of the user's own: it runs it, as it is."""

import json
import pickle
import random
import sys
from collections.abc import Mapping
from importlib import import_module
from typing import IO, Any

import numpy as np

from ensemble.calibration.searches.parts.spotpy_child import quiet
from kernels import F8


class Recorded:
    """The methods of a set-up that are called for each candidate, whose objectives are said.

    Known ones are not computed again. All else that spotpy asks for, parameters and observations
    among them, it finds in the set-up itself, whose methods these replace.
    """

    def __init__(self, setup: Any, known: F8, said: IO[bytes]) -> None:
        self._simulation, self._objective = setup.simulation, setup.objectivefunction
        self._known, self._said = known, said
        self._calls = 0
        self._theta = np.empty(0)
        setup.simulation, setup.objectivefunction = self.simulation, self.objectivefunction

    def simulation(self, vector: Any) -> Any:
        """Return the set-up's simulation; nothing where its objective is known."""
        self._theta = np.array([float(number) for number in vector])
        self._calls += 1
        return [0.0] if self._calls <= len(self._known) else self._simulation(vector)

    def objectivefunction(self, simulation: Any, evaluation: Any, params: Any = None) -> Any:
        """Return the set-up's objective, or the known one."""
        if self._calls <= len(self._known):
            known = self._known[self._calls - 1]
            return known.tolist() if len(known) > 1 else float(known[0])
        try:
            found = self._objective(simulation=simulation, evaluation=evaluation, params=params)
        except TypeError:
            # As spotpy does: it may take no parameters.
            found = self._objective(simulation=simulation, evaluation=evaluation)
        pickle.dump((self._theta, np.atleast_1d(np.asarray(found, np.float64))), self._said)
        self._said.flush()
        return found


def main(task: Mapping[str, Any]) -> None:
    """Run a set-up to its end.

    Read are the objectives that are known, (c, o); written the names of the parameters, then
    parameters and objectives of each call, and nothing more than None at the end.
    """
    said = quiet()
    known = pickle.load(sys.stdin.buffer)
    import spotpy

    module, _, name = task["setup"].partition(":")
    # A parameter estimates its bounds and its step from random numbers when it is made.
    np.random.seed(task["seed"])  # noqa: NPY002
    random.seed(task["seed"])
    setup = getattr(import_module(module), name)()
    Recorded(setup, known, said)
    algorithm = getattr(spotpy.algorithms, task["algorithm"])(
        setup, dbname="none", dbformat="ram", save_sim=False, random_state=task["seed"]
    )
    pickle.dump(tuple(map(str, algorithm.parnames)), said)
    algorithm.sample(task["repetitions"], **task["settings"])
    pickle.dump(None, said)
    said.flush()


if __name__ == "__main__":
    main(json.loads(sys.argv[1]))
