"""Problems of a scenario or of its data, collected and told all at once."""

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


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
    """

    text: str
    where: str = ""
    file: str = ""
    line: int | None = None

    def render(self, source: str) -> str:
        """Return ``file:line: where: text``."""
        place = self.file or source
        if self.line is not None:
            place = f"{place}:{self.line}"
        return ": ".join(part for part in (place, self.where, self.text) if part)


class ScenarioError(ValueError):
    """A scenario, or data it names, cannot be run; holds every problem found."""

    def __init__(self, problems: Sequence[Problem], source: str = "scenario") -> None:
        self.problems = tuple(problems)
        self.source = source
        super().__init__("\n".join(problem.render(source) for problem in self.problems))


def nearest(name: str, names: Iterable[str]) -> str:
    """Return ``"; did you mean 'x'?"``, or the list of names where none is near."""
    known = sorted(names)
    close = difflib.get_close_matches(name, known, n=1, cutoff=0.6)
    if close:
        return f"; did you mean {close[0]!r}?"
    return f"; available: {', '.join(known)}" if known else ""
