"""Statistics over samples, computed inside a run so that members need not be stored."""

from collections.abc import Mapping, Sequence
from functools import cache
from importlib import import_module
from typing import Any

from ensemble.members.statistics._contract import REFUSE_ABOVE as REFUSE_ABOVE
from ensemble.members.statistics._contract import Declared as Declared
from ensemble.members.statistics._contract import Family, spelled
from ensemble.members.statistics._contract import Partial as Partial
from ensemble.members.statistics._contract import Reduction as Reduction
from ensemble.members.statistics._contract import Target as Target
from ensemble.members.statistics._contract import UnitsReduction as UnitsReduction
from kernels import module_names
from scenarios import MISREAD, near, nearest


@cache
def families() -> dict[str, Family]:
    """Return every family by the name of its file."""
    return {n: import_module(f"ensemble.members.statistics.{n}") for n in module_names(__path__)}


def canonical(request: str | Mapping[str, float]) -> tuple[str, str]:
    """Return ``(family, name)`` of a request as a scenario writes it.

    Raises
    ------
    LookupError
        No family knows it; the message says what there is.
    """
    if isinstance(request, str):
        text = request
    else:
        text = "_".join(f"{word}_{spelled(value)}" for word, value in request.items())
    for family, module in families().items():
        if name := module.match(text):
            return family, name
    typed = text.translate(MISREAD)
    if any(module.match(typed) for module in families().values()):
        raise LookupError(f"unknown statistic {text!r}; did you mean {typed!r}?")
    known = ["histogram", *(n for m in families().values() for n in getattr(m, "NAMES", ()))]
    # A quantile or threshold that is near is another number, so these are offered as a list alone.
    numbered = ["q05", "q50", "q95", "{above: 0}", "{below: 0}"]
    hint = "q50" if text == "median" else near(text, known)
    said = f"; did you mean {hint!r}?" if hint else nearest("", [*known, *numbered])
    shown = repr(text) if isinstance(request, str) else _as_written(request)
    raise LookupError(f"unknown statistic {shown}{said}")


def _as_written(request: Mapping[str, float]) -> str:
    """Return a request of key and value as a scenario has it."""
    return f"{{{', '.join(f'{word}: {spelled(value)}' for word, value in request.items())}}}"


def unfit(request: str | Mapping[str, float], design: Any) -> str:
    """Return why a request has no meaning for a design as the scenario says it; else empty."""
    family, name = canonical(request)
    check = getattr(families()[family], "unfit", None)
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
    modules = families()
    return {family: modules[family].reduction(names, target) for family, names in wanted.items()}
