"""What to do with a block whose process died or hung: find out, in child processes.

Whatever the cause, the block runs again under supervision. If it then comes to its end, nothing
was wrong with it: a lost node, an end of walltime. If it dies again, its members are halved
until those at fault are alone; they are put in quarantine, and the block runs without them.
"""

from collections.abc import Callable, Iterable, Iterator

from ensemble.farming.children import Death, Prober, supervise
from ensemble.farming.work import Part, Work
from ensemble.store import quarantine
from ensemble.store.journal import Key
from ensemble.store.quarantine import Case
from ensemble.store.store import Store

SHORTEST = 1.0
"""A part of a hanging block is given its share of the limit, and never less; seconds."""

PROOFS = 3
"""Times in a row that a child must be killed from outside to count as a death: by the system
for its memory, it will be; with its job, it will not."""


Verdict = Callable[[Part], Death | None]
Dies = Callable[[Part], bool]


def settle(store: Store, work: Work, key: Key, *, sync: bool, seconds: float) -> int:
    """Commit a suspect block, its members at fault in quarantine.

    Parameters
    ----------
    store : Store
    work : Work
    key : tuple of int
    sync : bool
    seconds : float
        What the block may take before it counts as hung.

    Returns
    -------
    int
        Number of times that it, or a part of it, was run.

    Raises
    ------
    PlanError, StoppedEarly
        The store cannot be used, or cannot be written now.
    """
    search = _Search(store, key, sync, seconds)
    for guided in (True, False, False):
        death = search.verdict(None)
        if death is None:
            return search.tried
        for part, cause in search.culprits(list(work.parts(key)), guided=guided):
            quarantine.record(store.root, _case(store, part, cause))
    death = search.verdict(None)
    if death is None:
        return search.tried
    # No member dies alone, all of them together do: give up the block rather than the run.
    for part in _singles(work.parts(key)):
        quarantine.record(store.root, _case(store, part, death))
    if search.verdict(None) is not None:
        text = f"{store.path}: block {list(key)} dies even without members: {death.cause}"
        raise RuntimeError(text)
    return search.tried


class _Search:
    """Runs a suspect block, or parts of it, in child processes, and counts them."""

    def __init__(self, store: Store, key: Key, sync: bool, seconds: float) -> None:
        self.store, self.block = str(store.path), list(key)
        self.sync = sync
        self.seconds = seconds
        self.tried = 0

    def verdict(self, part: Part | None) -> Death | None:
        """Run the block, or a part, in a process that has no past."""
        task = {"store": self.store, "block": self.block, "sync": self.sync}
        given = {} if part is None else {"part": list(part.numbers)}
        for _ in range(PROOFS):
            self.tried += 1
            death = supervise({**task, "seconds": self.seconds, **given}, self.seconds)
            if death is None or not death.from_outside:
                break
        return death

    def culprits(self, parts: list[Part], *, guided: bool) -> list[tuple[Part, Death]]:
        """Return the members that die alone, each with how."""
        if not guided:
            return _culprits(parts, None, self.verdict)
        whole = sum(part.members for part in parts)
        prober = Prober(self.store, self.block)

        def dies(part: Part) -> bool:
            self.tried += 1
            share = self.seconds * part.members / whole
            return prober.dies(list(part.numbers), min(self.seconds, max(SHORTEST, share)))

        try:
            return _culprits(parts, dies, self.verdict)
        finally:
            prober.close()


def _culprits(parts: list[Part], dies: Dies | None, verdict: Verdict) -> list[tuple[Part, Death]]:
    """Halve what dies until members are alone; about two tries per halving.

    The number of tries grows with the logarithm of the block. Where ``dies`` guides the search,
    a part that hangs is given up after its share of the limit; the verdict on a member is never
    hurried. If the verdict is that it lives, the guide is not to be trusted, and the search ends.
    """
    guilty = []
    waiting = list(parts)
    while waiting:
        part = waiting.pop()
        if dies and not dies(part):
            continue
        if part.members > 1 and (dies or verdict(part)):
            waiting += part.halves()
        elif part.members == 1:
            death = verdict(part)
            if death:
                guilty.append((part, death))
            elif dies:
                break
    return guilty


def _singles(parts: Iterable[Part]) -> Iterator[Part]:
    waiting = list(parts)
    while waiting:
        part = waiting.pop()
        if part.members == 1:
            yield part
        else:
            waiting += part.halves()


def _case(store: Store, part: Part, death: Death) -> Case:
    member, name = part.member()
    return Case(member, death.status, death.cause, f"soilsweep replay {store.path} {name}")
