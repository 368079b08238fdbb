"""Spotpy in notebooks: a calibration's group for its samplers, and set-ups of the user's own."""

import json
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ensemble.calibration.searches.parts.setups import SetupRun
from ensemble.calibration.searches.spotpy import algorithms
from ensemble.calibration.spotpy_problem import SpotpySetup
from ensemble.errors import PlanError
from ensemble.planning.calibrating import plan_calibration
from kernels import F8
from scenarios import Loaded, nearest

if TYPE_CHECKING:
    import pandas as pd


def spotpy_setup(scenario: Loaded, group: str, algorithm: str = "sceua") -> SpotpySetup:
    """Return a group of a calibration as a set-up that any sampler of spotpy takes.

    Parameters
    ----------
    scenario : Loaded
        With ``calibration:``; from `scenarios.load`.
    group : str
        A location, a value of the groups' column, or ``all``.
    algorithm : str
        The sampler that it is for: what it makes small is J, or large is -J, or -J/2 where it is a
        logarithm of a likelihood.

    Raises
    ------
    PlanError
        No such group or algorithm, or one without an observation.
    ScenarioError
        The scenario or its data; every problem found.
    """
    if algorithm not in algorithms():
        known = algorithms()
        raise PlanError(f"spotpy has no search {algorithm!r}{nearest(algorithm, known)}")
    if scenario.calibration is None:
        raise PlanError(f"{scenario.source}: has no calibration:; needed one, of which to take it")
    layout = plan_calibration(scenario).layout
    names = layout.groups.names
    if group not in names:
        some = ", ".join(map(repr, names[:5]))
        raise PlanError(f"no group {group!r}{nearest(group, names)}; there are {some} ...")
    number = names.index(group)
    if layout.objective.compares and not layout.observations[number]:
        raise PlanError(f"group {group!r} has nothing observed that it could be calibrated on")
    return SpotpySetup(layout, number, algorithm)


def run_spotpy_setup(
    setup: str,
    algorithm: str,
    repetitions: int,
    *,
    record: str | os.PathLike[str],
    settings: Mapping[str, Any] | None = None,
    seed: int = 0,
    restarts: int = 1,
    workers: int | None = None,
) -> "pd.DataFrame":
    """Run a spotpy set-up of the user's own, as it is, and keep what each call has computed.

    Called again with the same words it goes on: the algorithm is told the objectives that it was
    told before, and none is computed again.

    Parameters
    ----------
    setup : str
        ``"module:Class"``, which Python finds; made without arguments, in a process of its own.
    algorithm : str
        Any of spotpy's.
    repetitions : int
        Of each restart, as spotpy counts them.
    record : path
        A folder; each restart has a file there.
    settings : mapping, optional
        What the algorithm's method ``sample`` takes besides.
    seed, restarts : int
        Each restart has random numbers of its own.
    workers : int, optional
        Restarts that run at once; default one per core.

    Returns
    -------
    DataFrame
        Each call: restart, objective (several: objective_0 ...), and parameters by name.

    Raises
    ------
    PlanError
        The record is of other words.
    RuntimeError
        The set-up or the algorithm raised; what was computed by then is kept.
    """
    import pandas as pd

    words = {"setup": setup, "algorithm": algorithm, "repetitions": repetitions, "seed": seed}
    words["settings"] = dict(settings or {})
    folder = Path(record)
    folder.mkdir(parents=True, exist_ok=True)
    with ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        found = list(pool.map(lambda k: _recorded(folder, words, k), range(restarts)))
    return pd.concat(found, ignore_index=True)


def _recorded(folder: Path, words: Mapping[str, Any], restart: int) -> "pd.DataFrame":
    """Run a restart to its end, or on from its record, and return all of its calls."""
    import pandas as pd

    file = folder / f"{restart}.jsonl"
    rows = list(_rows(file, words))
    known = np.array([row["objective"] for row in rows], np.float64)
    known = known.reshape(len(rows), -1) if rows else np.empty((0, 1))
    run = SetupRun(**words, restart=restart, known=known)
    try:
        with file.open("a") as kept:
            for theta, objective in run:
                rows.append({"parameters": theta.tolist(), "objective": objective.tolist()})
                kept.write(json.dumps(rows[-1]) + "\n")
                kept.flush()
    finally:
        run.end()
    several = len(rows[0]["objective"]) > 1 if rows else False
    names = (
        [f"objective_{k}" for k in range(len(rows[0]["objective"]))] if several else ["objective"]
    )
    values: F8 = np.array([[*row["objective"], *row["parameters"]] for row in rows], np.float64)
    table = pd.DataFrame(values.reshape(len(rows), -1), columns=[*names, *run.names])
    table.insert(0, "restart", restart)
    return table


def _rows(file: Path, words: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the calls in a record, which begins with what it is of; drop a line that is torn."""
    if not file.exists():
        file.write_text(json.dumps(words) + "\n")
        return
    whole = file.read_bytes()
    end = whole.rfind(b"\n") + 1
    if end < len(whole):
        os.truncate(file, end)
    head, *lines = whole[:end].decode().splitlines() or [""]
    if not head:
        file.write_text(json.dumps(words) + "\n")
    elif json.loads(head) != words:
        raise PlanError(
            f"{file}: is of other words, {head}; needed those it was begun with, or another record"
        )
    yield from map(json.loads, lines)
