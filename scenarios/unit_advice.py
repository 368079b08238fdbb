"""What to do about a unit that cannot become another; nothing that is not so is advised."""

import difflib
import re
from collections.abc import Mapping
from typing import Any

from scenarios.unit_text import HOW, SPELLINGS, parse

CARBON = 12.011
"""g mol-1."""

_MOLES = re.compile(r"(?P<unit>[pnuμµmk]?mol)(?:e|es)?(?:\s*(?:C(?:O_?2)?))?(?![A-Za-z])")
_PREFIX = {"p": 1e-12, "n": 1e-9, "u": 1e-6, "μ": 1e-6, "µ": 1e-6, "m": 1e-3, "k": 1e3, "": 1.0}


def advice(found: str, needed: str, have: Mapping[str, Any], want: Mapping[str, Any]) -> str:
    """Return what is needed, from the dimensions of both units."""
    ratio = {n: int(have.get(n, 0) - want.get(n, 0)) for n in {*have, *want}}
    ratio = {name: power for name, power in ratio.items() if power}
    if not ratio:
        return "a unit with an offset cannot be part of another: say K, not degC"
    time, length = ratio.pop("[time]", 0), ratio.get("[length]", 0)
    rate = _of_time(time, have, want)
    if rate is None:
        return different(found, needed)
    if not ratio:
        return rate
    text = _of_amount(found, ratio, length, have, want)
    if not text:
        return different(found, needed)
    return f"{rate}; and {text}" if rate else text


def _of_time(power: int, have: Mapping[str, Any], want: Mapping[str, Any]) -> str | None:
    """Return what a time too many or too few means; None where it is no rate."""
    if power == 0:
        return ""
    if power == 1 and want.get("[time]", 0) == -1:
        return "a rate is needed"
    if power == -1 and have.get("[time]", 0) == -1:
        return "a stock is needed, not a rate"
    return None


def _of_amount(
    found: str, ratio: Mapping[str, int], length: int, have: Mapping[str, Any],
    want: Mapping[str, Any],
) -> str:  # fmt: skip
    """Return what amounts per area, per volume, of moles and of water need; empty if neither."""
    if ratio == {"[substance]": 1, "[mass]": -1}:
        return _of_moles(found)
    if ratio == {"[substance]": 1, "[mass]": -1, "[length]": -2} and want.get("[length]", 0) == 0:
        return f"{_of_moles(found)}; and a total is needed: multiply by the area"
    if ratio == {"[mass]": 1, "[length]": -3} and want.get("[length]", 0) == 1:
        return "a depth is needed: 1 kg m-2 of water is 1 mm"
    if ratio != {"[length]": length} or not (want.get("[mass]") or want.get("[substance]")):
        return ""
    here, there = have.get("[length]", 0), want.get("[length]", 0)
    said = {
        (-2, 0): "a total is needed: multiply by the area",
        (0, -2): "an amount per area is needed",
        (-3, -2): "an amount per area is needed: multiply by the thickness of the layer",
        (-2, -3): "an amount per volume is needed: divide by the thickness of the layer",
        (-3, 0): "a total is needed: multiply by the volume",
        (0, -3): "an amount per volume is needed",
    }
    return said.get((int(here), int(there)), "")


def _of_moles(found: str) -> str:
    match = _MOLES.search(found)
    if not match:
        return "a mass is needed, not moles"
    grams = CARBON * _PREFIX[match["unit"].removesuffix("mol")]
    said = " ".join(f"{found[: match.start()]}g C{found[match.end() :]}".split())
    return f"a mass is needed: of C or CO2, multiply by {grams:g} and say {said!r}"


def different(found: str, needed: str) -> str:
    """Return that two units are of unlike quantities, or that letters have another case."""
    text = "they measure different things"
    try:
        lower = {(name.casefold(), power) for name, power in parse(found)[1]}
        if lower == {(name.casefold(), power) for name, power in parse(needed)[1]}:
            return f"{text}: did you mean {needed!r}? The case of a letter is its meaning"
    except ValueError:
        pass
    return text


def unknown(names: str) -> str:
    """Return that names are no units, with the word that may be meant."""
    known = {name.casefold(): name for name in SPELLINGS}
    close = difflib.get_close_matches(names.casefold(), known, n=1, cutoff=0.75)
    if close and len(names) > 4:
        return f"{names!r} is not a unit; did you mean {known[close[0]]!r}?"
    return f"{names!r} is not a unit; {HOW}"
