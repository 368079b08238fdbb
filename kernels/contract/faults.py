"""What hinders a kernel from being made, which the user mends, and from running at all."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Fault:
    """One thing to mend before a kernel can be made: `text`, and its place.

    ``where`` is below ``kernel:`` of the scenario; or ``file`` and ``line``, of a file it names.
    """

    text: str
    where: str = ""
    file: str = ""
    line: int | None = None


class Unfit(ValueError):
    """Options that make no kernel, or files of theirs that are not there; holds every fault."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{f.where or f.file}: {f.text}" for f in faults))


class Unavailable(OSError):
    """The machine is at fault and no member is: no room in the scratch folder, no program."""


class Uncompiled(RuntimeError):
    """A function cannot be compiled, and no member can run; the text says where and why."""


def in_words(error: BaseException) -> str:
    """Return kind and text of an error on one line; the kind alone where it says nothing."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
