"""Members that kill or stop their process: known by evidence, and never run with others again."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from ensemble.errors import PlanError
from ensemble.store.folders import Folder
from ensemble.store.journal import Key
from kernels import CRASHED, TIMED_OUT

FOLDER = "quarantine"


@dataclass(frozen=True)
class Case:
    """A member in quarantine.

    Attributes
    ----------
    member : tuple of int
        One number along each axis of the work.
    status : int
        ``CRASHED`` or ``TIMED_OUT``.
    cause : str
        The evidence: ``killed by SIGSEGV``.
    replay : str
        A command that runs it again.
    """

    member: Key
    status: int
    cause: str
    replay: str

    @property
    def note(self) -> str:
        """Return one line for a person."""
        name = "/".join(map(str, self.member))
        verb = "crashed" if self.status == CRASHED else "hung"
        return f"member {name} {verb}: {self.cause}; {self.replay}"


def record(store: Folder, case: Case) -> None:
    """Put a member in quarantine, for good."""
    name = f"{'_'.join(map(str, case.member))}.json"
    content = json.dumps(asdict(case)).encode()
    store.folder(FOLDER, make=True).write(name, content, sync=True)


def read(store: Folder, axes: int) -> dict[Key, Case]:
    """Return every member in quarantine; ``axes``: numbers that a member of the work has.

    Raises
    ------
    PlanError
        A file there is none of ours.
    """
    return {case.member: case for case in _cases(store, axes)}


def _cases(store: Folder, axes: int) -> Iterator[Case]:
    for name in store.names(FOLDER):
        if name[0].isdigit() and name.endswith(".json"):
            try:
                yield _case(json.loads(store.read(f"{FOLDER}/{name}")), axes)
            except (ValueError, RecursionError) as error:
                raise PlanError(
                    f"{store.path / FOLDER / name}: says of no member why it is left out "
                    f"({error}); no version of this program wrote it: see where it is from, and "
                    "remove it"
                ) from error


def _case(found: Any, axes: int) -> Case:
    """Return what a file says; raises `ValueError` where it is none of ours."""
    if not isinstance(found, dict) or found.keys() != {"member", "status", "cause", "replay"}:
        raise ValueError("other keys")
    member = found["member"]
    if not (isinstance(member, list) and len(member) == axes and all(map(_is_place, member))):
        raise ValueError(f"its member is not {axes} whole numbers")
    if found["status"] not in (CRASHED, TIMED_OUT) or type(found["status"]) is not int:
        raise ValueError("its status is another")
    if not (isinstance(found["cause"], str) and isinstance(found["replay"], str)):
        raise ValueError("its cause is no text")
    return Case(tuple(member), found["status"], found["cause"], found["replay"])


def _is_place(number: Any) -> bool:
    return type(number) is int and abs(number) < 2**63
