"""How many members are beyond each limit, and where most of them are.

Numbers of forcings are those of committed blocks; places are known when the run is complete.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from ensemble.members.limits import (
    BEYOND,
    COUNT,
    GROUP,
    HIGHEST,
    WHERE,
    Watched,
    exceeding,
    of_store,
)
from ensemble.store.committed import Committed
from ensemble.store.finished import is_finalised
from ensemble.store.store import Store
from kernels import I8, OK


@dataclass(frozen=True)
class Worst:
    """The location of a forcing where the largest share of members is beyond a limit.

    Attributes
    ----------
    location, place : str
        ``place`` is where of the output there: ``layer 97.5 cm``; empty where there is but one.
    share, share_there : float
        Of the members that ran there, at any place, and at that place.
    highest : float
        What any member of the forcing holds.
    """

    location: str
    share: float
    place: str
    share_there: float
    highest: float


@dataclass(frozen=True)
class Account:
    """What is known of members beyond one limit, by forcing.

    Attributes
    ----------
    watched : Watched
    members, ran : mapping of str to int
    worst : mapping of str to Worst
        Of forcings that have members beyond it; empty while the run is not complete.
    controls : (int, int)
        Control members beyond it, by what is stored of them, and all that ran; zeros while the
        run is not complete, or nothing is stored. They are in no other number here.
    """

    watched: Watched
    members: Mapping[str, int]
    ran: Mapping[str, int]
    worst: Mapping[str, Worst]
    controls: tuple[int, int] = (0, 0)

    @property
    def all(self) -> int:
        """Return how many members are beyond it."""
        return sum(self.members.values())

    @property
    def share(self) -> float:
        """Return their share of all members that ran."""
        return self.all / max(1, sum(self.ran.values()))

    def of(self, forcing: str) -> float:
        """Return their share of the members of one forcing that ran."""
        return self.members[forcing] / max(1, self.ran[forcing])


def accounts(store: Store, committed: Committed | None = None) -> list[Account]:
    """Return what is known of every limit that a run looks at; of a run that may be going on."""
    totals = (store.committed() if committed is None else committed).totals
    forcings = store.read_strings("forcing")
    ran = _by_forcing(forcings, totals.status.get(OK))
    counted = []
    for name, watched in of_store(store).items():
        members = _by_forcing(forcings, totals.beyond.get(name))
        worst = _worst(store, name, forcings) if any(members.values()) else {}
        counted.append(Account(watched, members, ran, worst, _controls(store, watched)))
    return counted


def _by_forcing(forcings: tuple[str, ...], counts: I8 | None) -> dict[str, int]:
    """Return counts of blocks by forcing, of which a block holds one; None counts nothing."""
    numbers = [0] * len(forcings) if counts is None else counts.tolist()
    found = dict.fromkeys(forcings, 0)
    for name, n in zip(forcings, numbers, strict=True):
        found[name] += n
    return found


def _controls(store: Store, watched: Watched) -> tuple[int, int]:
    """Return how many control members are stored with more than a limit, and how many ran."""
    path = f"control/{watched.name}"
    if path not in store.specs or not is_finalised(store):
        return 0, 0
    try:
        values, status = store.read_whole(path), store.read_whole("control/status")
    except (OSError, ValueError):
        # As for places: `verify` says what is damaged.
        return 0, 0
    over = exceeding(values, watched.above).reshape(*status.shape, -1).any(axis=-1)
    return int(over.sum()), int((status == OK).sum())


def _worst(store: Store, name: str, forcings: tuple[str, ...]) -> dict[str, Worst]:
    """Return the worst location of each forcing; nothing where that is not known yet."""
    if not is_finalised(store):
        return {}
    try:
        beyond, highest = (store.read_whole(f"{GROUP}/{name}_{w}") for w in (BEYOND, HIGHEST))
        path = f"{GROUP}/{name}_{WHERE}"
        where = store.read_whole(path) if path in store.specs else None
        ran = np.maximum(store.read_whole(COUNT), 1)
    except (OSError, ValueError):
        # `verify` says what is damaged; the numbers of the journal stand.
        return {}
    locations, worst = store.read_strings("location"), {}
    for f, forcing in enumerate(forcings):
        if not beyond[f].any():
            continue
        at = int(np.argmax(beyond[f] / ran[f]))
        place, there = "", math.nan
        if where is not None:
            spot = np.unravel_index(int(np.argmax(where[f, at])), where.shape[2:])
            place = _place(store, store.specs[path].dims[2:], spot)
            there = float(where[f, at][spot] / ran[f, at])
        share = float(beyond[f, at] / ran[f, at])
        location = locations[at] if len(locations) > 1 else ""
        worst[forcing] = Worst(location, share, place, there, float(np.nanmax(highest[f])))
    return worst


def _place(store: Store, dims: Iterable[str], spot: Iterable[Any]) -> str:
    """Return the name of a place along dimensions: ``model corpse, layer 97.5 cm``."""
    words = []
    for dim, k in zip(dims, spot, strict=True):
        spec = store.specs[dim]
        if spec.dtype == "string":
            words.append(f"{dim} {store.read_strings(dim)[k]}")
        else:
            units = spec.attrs.get("units", "1")
            words.append(
                f"{dim} {store.read_whole(dim)[k]:g} {'' if units == '1' else units}".strip()
            )
    return ", ".join(words)
