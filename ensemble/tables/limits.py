"""What a run says of members beyond limits: how many, of which output, and where.

Numbers of forcings are those of committed blocks; places are known when the run is complete.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
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
    left_out,
    of_store,
)
from ensemble.members.stored import read_ensemble
from ensemble.store.finished import is_finalised
from ensemble.store.journal import Entry, Key
from ensemble.store.store import Store
from ensemble.tables.responses import MAX_ROWS, NONE, Table
from kernels import OK

SHOWN_FORCINGS = 3
"""Forcings that a line names, those with most members beyond a limit."""


SHOWN_NAMES = 4
"""Outputs that are not looked at, of those that a line names."""


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


def accounts(store: Store, committed: Mapping[Key, Entry] | None = None) -> list[Account]:
    """Return what is known of every limit that a run looks at; of a run that may be going on."""
    entries = store.committed() if committed is None else committed
    forcings = store.read_strings("forcing")
    ran = dict.fromkeys(forcings, 0)
    for key, entry in entries.items():
        ran[forcings[key[0]]] += entry.status.get(OK, 0)
    counted = []
    for name, watched in of_store(store).items():
        members = dict.fromkeys(forcings, 0)
        for key, entry in entries.items():
            members[forcings[key[0]]] += entry.beyond.get(name, 0)
        worst = _worst(store, name, forcings) if any(members.values()) else {}
        counted.append(Account(watched, members, ran, worst, _controls(store, watched)))
    return counted


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


# --- for people and programs ---


def plain(store: Store, committed: Mapping[Key, Entry]) -> dict[str, Any] | None:
    """Return what is known of limits, for programs; None of a store of before limits."""
    if not is_counted(store):
        return None
    return {
        "outputs": {a.watched.name: _plain(a) for a in accounts(store, committed)},
        "excluded": left_out(committed),
        "not_looked_at": list(store.attrs.get("limits_not_looked_at", ())),
    }


def is_counted(store: Store) -> bool:
    """Return whether a store's members were looked at; those of earlier versions were not."""
    return "limits" in store.attrs["identity"]


def _plain(account: Account) -> dict[str, Any]:
    forcings = {}
    for name, members in account.members.items():
        worst = account.worst.get(name)
        forcings[name] = {
            "members": members,
            "share": account.of(name),
            "worst": None if worst is None else {k: _number(v) for k, v in vars(worst).items()},
        }
    limit = {**account.watched.plain, "source": account.watched.source}
    beyond, _ = account.controls
    return {
        **limit, "members": account.all, "share": account.share, "control_members": beyond,
        "forcings": forcings,
    }  # fmt: skip


def _number(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def limit_lines(limits: Mapping[str, Any] | None) -> list[str]:
    """Return what `plain` found in words, one line for each limit."""
    if limits is None:
        return ["not looked at: the run was begun by an earlier version"]
    unseen, words = limits["not_looked_at"], "limits: {NAME: {above: 150 mg C cm-3}} sets one"
    if not limits["outputs"] and not unseen:
        return [f"no output has one; {words}"]
    lines = [_line(name, limit) for name, limit in limits["outputs"].items()]
    if any(limit["then"] == "exclude" for limit in limits["outputs"].values()):
        lines.append(f"{limits['excluded']:,} members are excluded from statistics and indices")
    if unseen:
        more = f" and {len(unseen) - SHOWN_NAMES} more" if len(unseen) > SHOWN_NAMES else ""
        listed = f"{', '.join(unseen[:SHOWN_NAMES])}{more}"
        lines.append(f"not looked at: {listed}; limits: {{{unseen[0]}: count}} looks at one")
    return lines


def _line(name: str, limit: Mapping[str, Any]) -> str:
    text = f"{name} above {limit['above']:g} {limit['units']}: {limit['members']:,} members"
    if controls := limit["control_members"]:
        text += f" and {controls:,} control members"
    if not limit["members"]:
        return text
    text += f" ({limit['share']:.2%} of members)" if controls else f" ({limit['share']:.2%})"
    forcings = {
        f: of_forcing for f, of_forcing in limit["forcings"].items() if of_forcing["members"]
    }
    first = sorted(forcings, key=lambda f: -forcings[f]["share"])[:SHOWN_FORCINGS]
    for forcing in first:
        of_forcing, worst = forcings[forcing], forcings[forcing]["worst"]
        if len(limit["forcings"]) > 1:
            text += f"; {forcing} {of_forcing['share']:.2%}"
        if worst:
            at = [f"{worst['location']} {worst['share']:.2%}"] if worst["location"] else []
            at += [f"{worst['place']} {worst['share_there']:.2%}"] if worst["place"] else []
            text += f", at worst {', '.join(at)}" if at else ""
            text += f", up to {worst['highest']:.4g}"
    more = len(forcings) - len(first)
    return text + (f"; and {more} more forcings" if more else "")


def table_at(path: Path) -> Table | None:
    """Return the table of `table_of` of a store."""
    return table_of(read_ensemble(path))


def table_of(store: Store, committed: Mapping[Key, Entry] | None = None) -> Table | None:
    """Return a row for each limit and forcing with members beyond it; None where none is."""
    entries = store.committed() if committed is None else committed
    exceeded = [a for a in accounts(store, entries) if a.all or a.controls[0]]
    if not exceeded:
        return None
    rows = [row for account in exceeded for row in _rows(account)]
    header = ["output", "limit", "forcing", "members", "share", "worst location", "of it"]
    header += ["worst there", "of it", "up to"]
    notes = [f"{a.watched.name}: {a.watched.words} is {a.watched.source}" for a in exceeded]
    notes += [
        f"{a.watched.name}: {a.controls[0]:,} of {a.controls[1]:,} control members are beyond it, "
        "which no number above counts"
        for a in exceeded
        if a.controls[0]
    ]
    notes.append(_what_became(exceeded, left_out(entries)))
    if len(rows) > MAX_ROWS:
        notes.append(f"the first {MAX_ROWS} of {len(rows)}")
    return Table("members beyond what a soil can hold", header, rows[:MAX_ROWS], notes)


def _rows(account: Account) -> Iterable[list[str]]:
    watched = account.watched
    for forcing, members in account.members.items():
        if not members:
            continue
        cells = [watched.name, f"> {watched.words}", forcing, f"{members:,}"]
        cells.append(f"{account.of(forcing):.2%}")
        worst = account.worst.get(forcing)
        if worst is None:
            yield [*cells, *[NONE] * 5]
            continue
        there = f"{worst.share_there:.2%}" if worst.place else NONE
        share = f"{worst.share:.2%}" if worst.location else NONE
        where = [worst.location or NONE, share, worst.place or NONE, there]
        yield [*cells, *where, f"{worst.highest:.4g}"]


def _what_became(exceeded: list[Account], excluded: int) -> str:
    """Return what is done with members beyond limits, and how to do otherwise."""
    kept = [a.watched.name for a in exceeded if not a.watched.exclude]
    clauses = ["they ran and keep their values"]
    if excluded:
        clauses.append(f"{excluded:,} are in no statistic and no index, as limits: says")
    if kept:
        example = f"limits: {{{kept[0]}: {{then: exclude}}}}"
        clauses.append(
            f"those of {', '.join(kept)} are in every statistic; {example} leaves them out"
        )
    return "; ".join(clauses)
