"""Where a run stands, from its journals alone; works while it is being written."""

import math
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from ensemble.analysis.indices import may_be_analysed
from ensemble.errors import PlanError
from ensemble.farming.claims import WORKERS, heard_of
from ensemble.farming.notes import living, within
from ensemble.members.evaluation.asked import GROUP as EVALUATION
from ensemble.members.layout import Layout
from ensemble.members.quarantined import cases_of
from ensemble.members.reopening import NotHere, open_layout
from ensemble.members.stored import about_data, check, is_ensemble
from ensemble.runs.failing import failures
from ensemble.store.committed import Committed
from ensemble.store.finished import is_finalised
from ensemble.store.journal import headers
from ensemble.store.lock import holder
from ensemble.store.mixtures import remarks
from ensemble.store.outcomes import name_of
from ensemble.store.reading import read
from ensemble.store.store import Store
from ensemble.tables import limits, scores
from ensemble.tables.results import Results
from kernels import NotOurs, ours_alone

WINDOW_SECONDS = 600.0
"""The rate is that of the last ten minutes, not of a run that may have slept for a week."""


def summary(path: Path) -> dict[str, Any]:
    """Return blocks done, rate, time left, members by status and the digest of a store."""
    store = read(path)
    if store.attrs.get("without_members"):
        return _evaluation(path, store)
    if ensemble := is_ensemble(store):
        check(store)
    journals = store.journals(sums=True)
    committed = store.committed(journals)
    members: dict[str, int] = {}
    for code, n in committed.totals.members.items():
        members[name_of(code)] = members.get(name_of(code), 0) + n
    notes = committed.totals.notes
    layout = _layout(store) if ensemble else None
    failed = failures(Results(store, committed), layout) if ensemble else []
    quarantined = cases_of(store) if ensemble else store.quarantined()
    busy = committed.seconds
    total = math.prod(store.blocks)
    left = busy / len(committed) * (total - len(committed)) if committed else None
    rate = _rate(committed)
    waiting = total - len(committed)
    return {
        "store": str(path),
        "title": store.attrs["title"],
        "work": store.work,
        "complete": waiting == 0 and is_finalised(store),
        "blocks": {"done": len(committed), "all": total},
        "blocks_per_minute": None if rate is None else round(60 * rate, 2),
        "seconds_left": round(waiting / rate, 1) if rate else None,
        "within": _within(store),
        "members": members,
        **({"limits": limits.plain(store, committed)} if ensemble else {}),
        "failures": failed,
        "may_be_analysed": ensemble and (layout is None or may_be_analysed(layout)),
        **(_scores(store, committed) if ensemble else {}),
        "worker_seconds": round(busy, 3),
        "worker_seconds_left": None if left is None else round(left, 3),
        "runs": len(headers(store.journal)),
        "running": holder(store),
        "workers": _alive(store),
        "quarantine": [case.note for case in quarantined.values()],
        "remarks": remarks(store, journals),
        "notes": [f"{note} ({n:,} times)" for note, n in notes.most_common(20)],
        **about_data(store.attrs["synthetic"]),
        "digest": store.digest(committed),
    }


def _evaluation(path: Path, store: Store) -> dict[str, Any]:
    """Return what there is in a store of an evaluation, which is written in one go."""
    of_models = store.attrs[EVALUATION]
    nothing: dict[str, list[str]] = {}
    for name in ("failures", "quarantine", "remarks", "notes"):
        nothing[name] = []
    return {
        "store": str(path),
        "title": store.attrs["title"],
        "work": store.work,
        "complete": True,
        "blocks": {"done": 0, "all": 0},
        "models": list(of_models),
        "benchmarks": list(dict.fromkeys(name for one in of_models.values() for name in one)),
        "running": "",
        "workers": 0,
        **nothing,
        **about_data(store.attrs["synthetic"]),
    }


def _scores(store: Store, committed: Committed) -> dict[str, Any]:
    """Return the scores of a finished run by benchmark; nothing where there is none."""
    results, names = Results(store, committed), store.attrs.get(EVALUATION, {})
    if not names or not is_finalised(store):
        return {}
    return {EVALUATION: {name: scores.records(results, name) for name in names}}


def _layout(store: Store) -> Layout | None:
    """Return the layout of a store; None where somebody else's module would have to run for it."""
    try:
        with ours_alone("status"):
            return open_layout(store)
    except NotHere:
        return None
    except PlanError as error:
        if isinstance(error.__cause__, NotOurs):
            return None
        raise


def _within(store: Store) -> dict[str, int] | None:
    """Return how far the blocks have come that are being run; None where nothing is known."""
    running = within(store.root)
    if not running.blocks:
        return None
    return {
        "blocks": running.blocks,
        "done": running.done,
        "all": running.members,
        "seconds": running.seconds,
    }


def _rate(committed: Committed) -> float | None:
    """Return blocks per second of late; None if nothing has been committed of late."""
    late, begun = committed.since(time.time() - WINDOW_SECONDS)
    if not late:
        return None
    return late / max(time.time() - begun, 0.1)


def _alive(store: Store) -> int:
    """Return how many workers there are: independent ones heard of, or those of a `run`.

    A `run` holds the lock; each of its threads or processes has a note, from its first block on.
    """
    heard = 0
    for name in store.root.names(WORKERS):
        with suppress(FileNotFoundError):
            heard += heard_of(store.root.status(f"{WORKERS}/{name}").st_mtime, time.time())
    if heard:
        return heard
    return max(1, len(living(store.root))) if holder(store) else 0
