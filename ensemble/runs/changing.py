"""What a begun store does with a changed scenario: it takes it as a whole, or stays as it is.

Words that no member rests on (a title, a limit of failures) are taken as they are. Other changes
must be accepted, and then they still must be true of the members that are done: a statistic is
added where stored members, or sums, give it; another seed is not. A store with more arrays is
made beside the old one, whose files it shares, and takes its name at once: killed at any
moment, either is whole.
"""

import json
import shlex
from collections.abc import Iterator
from typing import Any

from ensemble.errors import PlanError
from ensemble.planning import creating
from ensemble.planning.identity import changes, section_changes
from ensemble.planning.plan import Plan
from ensemble.runs.accepted import WORDS
from ensemble.runs.change import Change
from ensemble.runs.remaking import remade
from ensemble.store.lock import locked
from ensemble.store.reading import read
from ensemble.store.store import Store
from ensemble.store.writing import with_attributes

SETTINGS_SHOWN = 5
"""More settings than these are another scenario, and no advice."""


def take_words(store: Store, plan: Plan) -> Store:
    """Return the store with the title and other words of a plan that no member rests on."""
    old, new = store.attrs["identity"]["scenario"], plan.identity["scenario"]
    if all(old.get(word) == new.get(word) for word in WORDS):
        return store
    with locked(store):
        versions = store.attrs["identity"]["versions"]
        attrs = _attributes(store, plan)
        attrs["identity"] = {**attrs["identity"], "versions": versions}
        return with_attributes(store, attrs)


def _attributes(store: Store, plan: Plan) -> dict[str, Any]:
    """Return a store's attributes with a plan's scenario; where its data are from stays."""
    before = store.attrs["identity"]
    # A store of before limits has no arrays for them, and stays one.
    counted = before.keys() | plan.identity.keys() - {"limits"}
    identity = {name: part for name, part in plan.identity.items() if name in counted}
    made = {word: creating.attributes(plan)[word] for word in ("title", "scenario", "with_data")}
    return {**store.attrs, **made, "identity": identity}


def accept(store: Store, plan: Plan, reason: str) -> tuple[Store, list[str]]:
    """Return the store with everything that has changed, and what to warn of.

    Parameters
    ----------
    store : Store
    plan : Plan
        Of the changed scenario, data or code.
    reason : str
        Why; it is kept.

    Raises
    ------
    PlanError
        A change that is not true of the members that are done; all of them. Nothing is written.
    """
    change, changed = Change(store, plan), changes(store.attrs["identity"], plan.identity)
    if problems := list(change.problems()):
        listed = "\n".join(f"  - {text}" for text in problems)
        raise PlanError(
            f"{store.path}: this cannot be accepted, and nothing was written:\n"
            f"{listed}\ncontinue with what it was begun with, or run into a new store with --store"
        )
    with locked(store):
        now = store.committed()
        if read(store.path).attrs != store.attrs or not now.rests_on_the_same(change.committed):
            raise PlanError(f"{store.path}: another process was in it just now; run this again")
        accepted = [*store.attrs["accepted_changes"], {"reason": reason, "changes": changed}]
        attrs = {**_attributes(store, plan), "accepted_changes": accepted}
        if change.only_words:
            changed_store = with_attributes(store, attrs)
        else:
            changed_store = remade(change, attrs)
    return changed_store, [*(f"goes on although {text}" for text in changed), *change.warnings()]


def back(store: Store, plan: Plan) -> str:
    """Return the settings that make a scenario the one a store was begun with, as advice.

    A run that was begun with ``--set`` is gone on with by other commands, too.
    """
    begun_with = bool(store.attrs.get("with_data"))
    if begun_with != bool(plan.scenario.replaced):
        return " (with --data)" if begun_with else " (without --data)"
    stored, now = store.attrs["identity"], plan.identity
    settings: list[str] = []
    for section in section_changes(stored, now):
        settings += _settings(
            stored["scenario"].get(section), now["scenario"].get(section), section
        )
    if not 0 < len(settings) <= SETTINGS_SHOWN:
        return ""
    return f" ({' '.join(f'--set {shlex.quote(one)}' for one in settings)})"


def _settings(old: Any, new: Any, where: str) -> Iterator[str]:
    """Yield ``path=value`` for everything below a key that was another."""
    if isinstance(old, dict) and isinstance(new, dict) and old.keys() == new.keys():
        for name in old:
            yield from _settings(old[name], new[name], f"{where}.{name}")
    elif isinstance(old, list) and isinstance(new, list) and len(old) == len(new):
        for k, (before, now) in enumerate(zip(old, new, strict=True)):
            yield from _settings(before, now, f"{where}.{k}")
    elif old != new:
        yield f"{where}={json.dumps(old)}"
