"""What a run says of members beyond limits: for programs, in lines, and as a table."""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from ensemble.members.limits import left_out
from ensemble.members.stored import read_ensemble
from ensemble.store.committed import Committed
from ensemble.store.store import Store
from ensemble.tables.beyond_limits import Account, accounts
from ensemble.tables.responses import MAX_ROWS, NONE, Table
from scenarios import and_more, most_named

SHOWN_FORCINGS = 3
"""Forcings that a line names, those with most members beyond a limit."""

SHOWN_NAMES = 4
"""Outputs that are not looked at, of those that a line names."""


def plain(store: Store, committed: Committed) -> dict[str, Any] | None:
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
        shown = unseen[: most_named(SHOWN_NAMES)]
        listed = ", ".join(shown) + and_more(len(unseen) - len(shown))
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
    first = sorted(forcings, key=lambda f: -forcings[f]["share"])[: most_named(SHOWN_FORCINGS)]
    for forcing in first:
        of_forcing, worst = forcings[forcing], forcings[forcing]["worst"]
        if len(limit["forcings"]) > 1:
            text += f"; {forcing} {of_forcing['share']:.2%}"
        if worst:
            at = [f"{worst['location']} {worst['share']:.2%}"] if worst["location"] else []
            at += [f"{worst['place']} {worst['share_there']:.2%}"] if worst["place"] else []
            text += f", at worst {', '.join(at)}" if at else ""
            text += f", up to {worst['highest']:.4g}"
    more = and_more(len(forcings) - len(first), "forcings")
    return f"{text};{more}" if more else text


def table_at(path: Path) -> Table | None:
    """Return the table of `table_of` of a store."""
    return table_of(read_ensemble(path))


def table_of(store: Store, committed: Committed | None = None) -> Table | None:
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
