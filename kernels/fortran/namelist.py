"""Groups of a Fortran namelist: what stands between ``&name`` and ``/``, and nothing else.

As gfortran 12 reads them (tried by hand), with three things refused that it lets pass, since
other compilers do not: a group that does not begin its line, one that is there twice, and
values for more elements than the section in front of ``=`` has.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from kernels.contract.faults import Fault
from kernels.fortran.numbers import repeated

_OPENED = re.compile(r"\s*[&$]([a-z]\w*)(?=[\s,/!]|$)", re.ASCII | re.IGNORECASE)
_ASSIGNED = re.compile(
    r"(?<![\w.])(?P<name>[a-z][\w%]*)\s*(?:\((?P<section>[^()]*)\))?\s*=",
    re.ASCII | re.IGNORECASE,
)
_QUOTED = r"'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\""
_VALUE = re.compile(rf"{_QUOTED}|[^\s,]+|,")
_SECTION = re.compile(r"(-?\d+)|(-?\d*):(-?\d*)(?::(-?\d+))?")


@dataclass(frozen=True)
class Assignment:
    """``name(section) = values`` of a group.

    Attributes
    ----------
    name : str
        In lower case, for Fortran knows no other.
    written : str
        The name as the file has it, with its section, for people.
    section : str or None
        What stands in parentheses; None without them.
    values : tuple of str
        Repeat counts written out; an empty one leaves an element as it is.
    line : int
        Where it begins, from 1.
    """

    name: str
    written: str
    section: str | None
    values: tuple[str, ...]
    line: int

    def places(self, size: int) -> list[int] | None:
        """Return which of ``size`` elements are meant, from 0, or None if there are no such."""
        if self.section is None:
            return list(range(size))
        match = _SECTION.fullmatch("".join(self.section.split()))
        if match is None:
            return None
        if match[1]:
            first, last, step = int(match[1]), int(match[1]), 1
        else:
            step = int(match[4] or 1)
            first, last = int(match[2] or 1), int(match[3] or size)
        elements = list(range(first - 1, last if step > 0 else last - 2, step)) if step else []
        return elements if elements and all(0 <= at < size for at in elements) else None


@dataclass
class Groups:
    """The groups of a file that are asked for, and why one cannot be read."""

    assignments: dict[str, list[Assignment]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def read_groups(text: str, names: Collection[str], file: str) -> Groups:
    """Return the assignments of some groups, by the group's name in lower case.

    Text before, between and behind groups is not read, and neither are other groups.
    """
    groups = Groups()
    lines = text.splitlines(keepends=True)
    at = 0
    while at < len(lines):
        match = _OPENED.match(lines[at])
        name = match[1].lower() if match else ""
        if match is None or name not in names:
            groups.faults += _hidden(lines[at], names, file, at + 1)
            at += 1
            continue
        body, end, rest = _body("".join([lines[at][match.end() :], *lines[at + 1 :]]))
        if name in groups.assignments:
            message = f"group &{name} is there twice, and Fortran reads the first alone; keep one"
            groups.faults.append(Fault(message, file=file, line=at + 1))
        else:
            groups.assignments[name] = list(_assignments(body, at + 1, groups.faults, file))
        if not end:
            message = f"group &{name} has no end; needed a line with / behind its last constant"
            groups.faults.append(Fault(message, file=file, line=at + 1))
        ended = at + body.count("\n")
        groups.faults += _hidden(rest, names, file, ended + 1)
        # Where another group ended it, that one's line is read next.
        at = max(at, ended - 1) + 1 if not end else ended + 1
    return groups


def _hidden(line_text: str, names: Collection[str], file: str, line: int) -> Iterator[Fault]:
    """Yield the groups that begin behind other text of a line outside of groups."""
    line_text = line_text.split("!", 1)[0].lower()
    for name in names:
        if re.search(rf"[&$]{re.escape(name)}(?!\w)", line_text):
            message = f"group &{name} begins behind other text; put it on a line of its own"
            yield Fault(message, file=file, line=line)


def _body(text: str) -> tuple[str, str, str]:
    """Return what a group holds, comments left out, what ends it, and the rest of that line."""
    kept: list[str] = []
    quote, at = "", 0
    while at < len(text):
        here = text[at]
        if quote:
            quote = "" if here == quote else quote
        elif here in "'\"":
            quote = here
        elif here == "!":
            at = text.find("\n", at) if "\n" in text[at:] else len(text)
            continue
        elif here in "/&$":
            # Another group begins, unless this is the old way to end one.
            end = re.match(r"/|[&$]end(?!\w)", text[at:], re.IGNORECASE)
            rest = text[at + len(end[0]) :].split("\n", 1)[0] if end else ""
            return "".join(kept), end[0] if end else "", rest
        kept.append(here)
        at += 1
    return "".join(kept), "", ""


def _assignments(body: str, first: int, faults: list[Fault], file: str) -> Iterator[Assignment]:
    """Yield what a group assigns; values may go on over lines."""
    # Names and equal signs inside of words in quotes are none.
    masked = re.sub(_QUOTED, lambda quoted: "'" * len(quoted[0]), body)
    matches = list(_ASSIGNED.finditer(masked))
    before = body[: matches[0].start()] if matches else body
    if stray := before.replace(",", " ").split():
        line = first + before[: before.index(stray[0])].count("\n")
        faults.append(Fault(f"found {stray[0]!r}; needed NAME = VALUE", file=file, line=line))
    for match, after in zip(matches, [*matches[1:], None], strict=True):
        words = body[match.end() : after.start() if after else len(body)]
        yield Assignment(
            name=match["name"].lower(),
            written=body[match.start() : match.end() - 1].strip(),
            section=match["section"],
            values=tuple(repeated(_listed(words))),
            line=first + body[: match.start()].count("\n"),
        )


def _listed(words: str) -> Iterator[str]:
    """Yield the values of a list, apart by commas, blanks or both; an empty one between commas."""
    open_ = True
    for token in _VALUE.findall(words):
        if token != ",":
            yield token
        elif open_:
            yield ""
        open_ = token == ","
