"""Statistics over samples, computed inside a run so that members need not be stored.

A family of statistics is a file, or a module that others install by an entry point of the group
``soilsweep.statistics``; those are asked what ours do not know.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any, NoReturn

from ensemble.members.statistics._contract import REFUSE_ABOVE as REFUSE_ABOVE
from ensemble.members.statistics._contract import Declared as Declared
from ensemble.members.statistics._contract import DistinctReduction as DistinctReduction
from ensemble.members.statistics._contract import Family, spelled
from ensemble.members.statistics._contract import GroupsReduction as GroupsReduction
from ensemble.members.statistics._contract import Partial as Partial
from ensemble.members.statistics._contract import Reduction as Reduction
from ensemble.members.statistics._contract import Target as Target
from kernels import imports_ours_alone, in_words
from scenarios import MISREAD, near
from scenarios.plugins import Plugins


def _lacking(family: Any) -> list[str]:
    """Return what the names of an installed family are not; of one text every letter is a word."""
    words = family.EXAMPLES
    fit = isinstance(words, tuple | list) and words and all(isinstance(w, str) for w in words)
    return [] if fit else [f"EXAMPLES that are a tuple of words, but {words!r}"]


FAMILIES = Plugins(
    "statistic", __name__, "soilsweep.statistics", ("EXAMPLES", "reduction"), lacking=_lacking
)


def families() -> dict[str, Family]:
    """Return every family by the name of its file or entry point; of installed, those of use."""
    return FAMILIES.every()[0]


@cache
def _ours() -> dict[str, Family]:
    return {name: FAMILIES.get(name) for name in FAMILIES.ours()}


@cache
def _of_ours(text: str) -> tuple[str, str] | None:
    """Return the family of ours that knows a request, and its name; every forcing asks anew."""
    known = ((family, known_as(module, text)) for family, module in _ours().items())
    return next(((family, name) for family, name in known if name), None)


def canonical(request: str | Mapping[str, float]) -> tuple[str, str]:
    """Return ``(family, name)`` of a request as a scenario writes it.

    Raises
    ------
    LookupError
        No family knows it, or two installed ones do; the message says what there is.
    """
    if isinstance(request, str):
        text = request
    else:
        text = "_".join(f"{word}_{spelled(value)}" for word, value in request.items())
    if ours := _of_ours(text):
        return ours
    if who := imports_ours_alone():
        raise LookupError(f"statistic {text!r} is not one of ours, and {who} imports no other")
    return _installed(text) or _unknown(request, text)


def _installed(text: str) -> tuple[str, str] | None:
    """Return the installed family that knows a request; raises `LookupError` if two do."""
    others = {name: m for name, m in families().items() if name not in _ours()}
    matches, _ = _asked(others, text)
    if len(matches) > 1:
        several = " and ".join(repr(family) for family, _ in matches)
        raise LookupError(f"statistic {text!r} is of {several}, installed both; uninstall one")
    return matches[0] if matches else None


def _asked(modules: Mapping[str, Family], text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return each family and name that knows a request, and what is said of those that fail."""
    matches, refused = [], []
    for family, module in modules.items():
        try:
            if name := known_as(module, text):
                matches.append((family, name))
        except Exception as error:
            why = in_words(error)
            refused.append(f"the statistic {family!r} cannot be asked for {text!r} ({why})")
    return matches, refused


def _unknown(request: str | Mapping[str, float], text: str) -> NoReturn:
    """Raise `LookupError` for a request that no family knows, with what is near or known."""
    modules, refused = FAMILIES.every()
    refused += _asked(modules, text)[1]
    typed = text.translate(MISREAD)
    if _asked(modules, typed)[0]:
        raise LookupError(f"unknown statistic {text!r}; did you mean {typed!r}?")
    hint = "q50" if text == "median" else near(text, _words(modules.values()))
    every = sorted({word for module in modules.values() for word in module.EXAMPLES})
    advice = f"; did you mean {hint!r}?" if hint else f"; available: {', '.join(every)}"
    shown = repr(text) if isinstance(request, str) else _as_written(request)
    raise LookupError("; ".join([f"unknown statistic {shown}{advice}", *refused]))


def _words(modules: Iterable[Family]) -> set[str]:
    """Return the requests that may be meant by one that is spelt nearly so.

    A quantile or threshold that is near is another number, and is not meant.
    """
    numbered = re.compile(r"\d")
    return {
        word
        for module in modules
        for word in module.EXAMPLES
        if not (hasattr(module, "match") and numbered.search(word))
    }


def known_as(family: Family, text: str) -> str | None:
    """Return the canonical name of a request that a family knows, and None for any other."""
    if match := getattr(family, "match", None):
        name: str | None = match(text)
        return name
    return text if text in family.EXAMPLES else None


def _as_written(request: Mapping[str, float]) -> str:
    """Return a request of key and value as a scenario has it."""
    return f"{{{', '.join(f'{word}: {spelled(value)}' for word, value in request.items())}}}"


def unfit(request: str | Mapping[str, float], design: Any) -> str:
    """Return why a request has no meaning for a design as the scenario says it; else empty."""
    family, name = canonical(request)
    check = getattr(FAMILIES.get(family), "unfit", None)
    return str(check(name, design)) if check else ""


def reductions(
    requests: Sequence[str | Mapping[str, float]], target: Target
) -> dict[str, Reduction]:
    """Return one reduction per family for all requests of a target."""
    wanted: dict[str, list[str]] = {}
    for request in requests:
        family, name = canonical(request)
        if name not in wanted.setdefault(family, []):
            wanted[family].append(name)
    return {family: _module(family).reduction(names, target) for family, names in wanted.items()}


def _module(family: str) -> Family:
    """Return a family; every forcing asks, and ours are found in their folder once."""
    ours = _ours()
    found: Family = ours[family] if family in ours else FAMILIES.get(family)
    return found
