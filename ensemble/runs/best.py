"""The best members of a run once more, with whole outputs: a run of its own, from the store alone.

Its design is the table of their parameters, its drivers are those of the store. Members have the
bits that they had; what differs is which steps of their outputs are kept.
"""

import csv
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from ensemble.errors import PlanError
from ensemble.members.layout import Layout
from ensemble.members.ranking import Ranking, ranked
from ensemble.members.reopening import open_layout, read_words
from ensemble.members.stored import read_ensemble
from ensemble.planning.identity import identity_of
from ensemble.planning.outlook import outlook
from ensemble.planning.plan import Plan
from ensemble.runs import run as running
from ensemble.store.finished import is_finalised
from ensemble.store.store import Store
from kernels import F8
from scenarios import Loaded
from scenarios.reading.editing import as_text

TABLE = "best.csv"

MEMBERS = (
    *("statistics", "histograms", "aggregates", "evaluation", "block"),
    *("independent", "reference", "store"),
)
"""Sections that are left to their defaults: they are of all members of a design."""


@dataclass(frozen=True)
class Best:
    """What was run.

    Attributes
    ----------
    outcome : Outcome
        Of the run; its store has sample k for the k-th best.
    ranking : Ranking
        What they were chosen by.
    """

    outcome: running.Outcome
    ranking: Ranking


def rerun_best(
    path: Path,
    count: int,
    by: str,
    target: Path,
    *,
    better: str = "",
    model: str = "",
    **words: Any,
) -> Best:
    """Run the best samples of a run again into a store of their own.

    Parameters
    ----------
    path : Path
        Of the store.
    count : int
    by : str
        A response of one place, a sum over space or a score; see `ranked`.
    target : Path
        The new store; one that is begun goes on.
    better, model : str
        See `ranked`.
    **words
        ``workers``, ``progress``, ``say``, ``stop``, ``replaceable``; see `run`.

    Raises
    ------
    PlanError
        A run that is not complete, no such number, fewer members, parameters that are others at
        each place or under each forcing, another kernel than the store's.
    StoppedEarly
        As `run`; the same call goes on.
    """
    store = read_ensemble(path)
    if not is_finalised(store):
        text = f"{path}: not complete yet, so which are the best is not known; go on with"
        raise PlanError(f"{text} `soilsweep run` first")
    ranking = ranked(store, by, better, model)
    of = f" of {model}" if model else ""
    samples = ranking.first(count)
    layout = open_layout(store)
    rows = _rows(layout, samples.tolist(), path)
    with TemporaryDirectory() as folder:
        base = Path(folder)
        if (store.path / "inputs").is_dir():
            shutil.copytree(store.path / "inputs", base, dirs_exist_ok=True)
        _write(base / TABLE, rows)
        plan = _plan(store, layout, base, target, f"{count} best by {by}{of}")
        tell: Callable[..., Any] = words.pop("progress")
        with tell(plan) as progress:
            outcome = running.run(plan, progress=progress, **words)
    return Best(outcome, ranking)


def _rows(layout: Layout, samples: Sequence[int], path: Path) -> dict[str, F8]:
    """Return the parameters of samples, each (n,)."""
    for dim in ("location", "forcing"):
        if layout.sampler.varies_by(dim):
            text = f"{path}: a sample has other parameters at each {dim}, so it is no one member"
            raise PlanError(f"{text}; replay its members one by one")
    picked = layout.sampler.picked(0, slice(0, 1), samples)
    return {name: values[0] for name, values in picked.items()}


def _write(file: Path, rows: Mapping[str, F8]) -> None:
    """Write a table of parameters to the last bit."""
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.writer(opened, lineterminator="\n")
        writer.writerow(rows)
        writer.writerows(zip(*(map(repr, v.tolist()) for v in rows.values()), strict=True))


def _plan(store: Store, before: Layout, base: Path, target: Path, which: str) -> Plan:
    """Return the plan of the new run."""
    words = json.loads(json.dumps(store.attrs["identity"]["scenario"]))
    words = {name: section for name, section in words.items() if name not in MEMBERS}
    words["title"] = f"{words['title'] or words['name']}: {which}"
    words["design"] = {"method": "table", "path": TABLE}
    words["outputs"] = _whole(words["outputs"], before)
    about = {"text": as_text(words), "source": str(store.path), "base": base}
    about["replaced"] = tuple(store.attrs.get("with_data", ()))
    scenario = read_words(store, Loaded, {**words, **about})
    again = replace(before.experiment, scenario=scenario, edges={}, base=base)
    layout = Layout(again)
    identity = identity_of(scenario, again, layout)
    for part in ("locations", "recipes"):
        if part in store.attrs["identity"]:
            identity[part] = store.attrs["identity"][part]
    if identity["kernel"] != store.attrs["identity"]["kernel"]:
        text = f"{store.path}: its kernel changed since it was run, so members would be others"
        raise PlanError(f"{text}; run the scenario into a new store")
    provenance = store.attrs["provenance"]
    return Plan(scenario, again, layout, target, identity, provenance, outlook(layout, provenance))


def _whole(outputs: Mapping[str, Any], before: Layout) -> dict[str, Any]:
    """Return the outputs that the run keeps or has numbers of, each at all its steps.

    What is reduced in time stays so.
    """
    reduced = {n: one for n, one in outputs.items() if isinstance(one, list) or "month" in one}
    known = [variable.name for variable in before.experiment.kernel.outputs]
    return {n: reduced.get(n, "all") for n in known if n in outputs or n in before.wanted}
