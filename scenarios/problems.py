"""Problems of a scenario or of its data, collected and told all at once."""

import difflib
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from scenarios.visible import visible


@dataclass(frozen=True)
class Problem:
    """One thing to mend.

    Attributes
    ----------
    text : str
        What was found, what was needed and what to do; lower case, values with ``!r``.
    where : str
        Place inside the source: ``design.cross[0].n``, or ``column 'NPP', model 'VISIT'``.
    file : str
        The file at fault; empty for the scenario itself.
    line : int or None
        Line in that file, counted from 1.
    other : str
        A second place of the scenario that the text is about, whose line is added once known.
    below : tuple of str
        Lines that show the place itself: an expression, and a caret under a character of it.
    """

    text: str
    where: str = ""
    file: str = ""
    line: int | None = None
    other: str = ""
    below: tuple[str, ...] = ()

    def render(self, source: str) -> str:
        """Return ``file:line: where: text``, in one line, and what is shown below it."""
        place = self.file or source
        if self.line is not None:
            place = f"{place}:{self.line}"
        said = visible(": ".join(part for part in (place, self.where, self.text) if part))
        return "\n".join([said, *(f"    {visible(line)}" for line in self.below)])

    @property
    def order(self) -> tuple[bool, int]:
        """Return what problems are sorted by: lines of the scenario, then the rest as found."""
        return self.line is None or bool(self.file), 0 if self.file else self.line or 0


class ScenarioError(ValueError):
    """A scenario, or data it names, cannot be run; holds every problem found."""

    def __init__(self, problems: Sequence[Problem], source: str = "scenario") -> None:
        self.problems = tuple(problems)
        self.source = source
        super().__init__("\n".join(problem.render(source) for problem in self.problems))

    def __reduce__(self) -> tuple[type["ScenarioError"], tuple[tuple[Problem, ...], str]]:
        """Let another process raise it with its problems."""
        return type(self), (self.problems, self.source)


SHOWN = 60
"""Characters of a value that a message repeats."""

LISTED = 24
"""Names that a message lists."""


OTHER_WORDS = {
    "average": "mean", "sd": "std", "stddev": "std", "std_dev": "std", "stdev": "std",
    "gauss": "normal", "gaussian": "normal", "norm": "normal",
    "lnorm": "lognormal", "lnormal": "lognormal", "lognorm": "lognormal",
    "logunif": "loguniform", "reciprocal": "loguniform", "unif": "uniform",
    "randint": "integers",
}  # fmt: skip
"""What other programs call the same thing: never left to spelling."""

MISREAD = str.maketrans("oOlI", "0011")
"""Letters that are typed for digits."""


def near(name: str, names: Iterable[str]) -> str:
    """Return the name that was meant, if it can only be a slip of the keys; else empty."""
    known = sorted(names)
    spelled = [n for n in known if n.casefold() == name.casefold()]
    spelled += [OTHER_WORDS[name]] if OTHER_WORDS.get(name) in known else []
    spelled += [n for n in known if n.translate(MISREAD) == name.translate(MISREAD)]
    close = difflib.get_close_matches(name, known, n=5, cutoff=0.6)
    return next((n for n in (*spelled, *close) if n in spelled or _is_slip(name, n)), "")


def _is_slip(name: str, known: str) -> bool:
    """Return whether two names mean the same: begun alike, and alike but for a third."""
    same = difflib.SequenceMatcher(None, name, known).get_matching_blocks()[0]
    # logtriangular is no triangular, and lognormal no loguniform.
    if max(same.a, same.b) > 1:
        return False
    return known.startswith(name) or _edits(name, known) <= -(-len(name) // 3)


def _edits(name: str, other: str) -> int:
    """Return the letters to put in, take out or change that make one name the other."""
    costs = list(range(len(other) + 1))
    for i, letter in enumerate(name, 1):
        before, costs[0] = costs[0], i
        for j, wanted in enumerate(other, 1):
            changed = before + (letter != wanted)
            before, costs[j] = costs[j], min(changed, costs[j] + 1, costs[j - 1] + 1)
    return costs[-1]


ALL = "SOILSWEEP_ALL"
"""Environment: where it is set, messages name all of what they would name the first few of."""


def most_named(count: int) -> int:
    """Return how many are named: so many, or all."""
    return sys.maxsize if os.environ.get(ALL) else count


def and_more(left: int, what: str = "") -> str:
    """Return ``" and 31 more (SOILSWEEP_ALL=1 lists them)"``, or nothing where none is left."""
    if left <= 0:
        return ""
    return f" and {left:,} more{' ' if what else ''}{what} ({ALL}=1 lists them)"


def nearest(name: str, names: Iterable[str], listed_by: str = "") -> str:
    """Return ``"; did you mean 'x'?"``, or the list of names where none is near.

    ``listed_by`` is the command that lists all of them, where there is one.
    """
    known = sorted(names)
    if meant := near(name, known):
        return f"; did you mean {meant!r}?"
    first = known[: most_named(LISTED)]
    left = len(known) - len(first)
    more = f" and {left} more, see {listed_by}" if left and listed_by else and_more(left)
    return f"; available: {', '.join(first)}{more}" if known else ""


def of_kernel(name: str, names: Iterable[str]) -> str:
    """Return `nearest` of a kernel's parameters or outputs."""
    return nearest(name, names, "`soilsweep describe kernel NAME`")


def no_parameter(name: str, parameters: Iterable[str]) -> str:
    """Return that a kernel has no such parameter, and which is meant."""
    return f"the kernel has no parameter {name!r}{of_kernel(name, parameters)}"


def shown(value: object) -> str:
    """Return a value as a scenario spells it, shortened."""
    text = _spelled(value)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 3]}..."


def _spelled(value: object) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Mapping):
        pairs = (f"{key}: {_spelled(below)}" for key, below in islice(value.items(), SHOWN))
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_spelled, islice(value, SHOWN)))}]"
    return repr(value)
