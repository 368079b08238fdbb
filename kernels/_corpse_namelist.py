"""CORPSE: the testbed's own file of constants, a Fortran namelist, as it is."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from kernels._contract import Fault
from kernels._corpse_sets import INITIAL, SETS

_ASSIGNED = re.compile(r"([A-Za-z_]\w*)\s*(?:\(\s*:?\s*\))?\s*=")
_REPEAT = re.compile(r"(\d+)\*(\S*)")
_THREE = ("labile", "recalc", "necro")

# Names of the file, in lower case, and the parameters that they are.
_SPECIES = {
    "vmaxref": "vmaxref",
    "ea": "Ea",
    "eup": "eup",
    "protection_species": "protection",
}
_SINGLE = {
    "kc": "kC",
    "minmicrobec": "minMicrobeC",
    "tmic": "Tmic",
    "et": "et",
    "protection_rate": "protection_rate",
    "tprotected": "tProtected",
    "fwmin": "fWmin",
    "gas_diffusion_exp": "gas_diffusion_exp",
    "rhizosphere_frac": "rhizosphere_frac",
}
# Switches of code paths that no shipped file turns on, and what they have to be.
_OFF = {
    "microbe_driven_protection": 0.0,
    "protected_carbon_decomp_factor": 0.0,
    "leaching_solubility": 0.0,
}
# Constants of those code paths, and of litter's depth, which carbon does not depend on.
_UNUSED = (
    "soilmaxcohorts",
    "doc_deposition_rate",
    "flavor_relative_solubility",
    "protected_relative_solubility",
    "litterdensity",
)


@dataclass
class Namelist:
    """What a file says: values of parameters, and what is none.

    Attributes
    ----------
    values : dict of str to float
        Every parameter; the code's defaults where the file is silent.
    initial : tuple of float
        Carbon of a cold start, kg C m-2.
    litter_option : int or None
        None where the file is silent.
    """

    values: dict[str, float]
    initial: tuple[float, ...] = INITIAL
    litter_option: int | None = None
    faults: list[Fault] = field(default_factory=list)


# Where a file is silent; the code's defaults are those of the manual otherwise.
_CODE = dict(SETS["testbed_2020"]) | {
    "vmaxref_labile": 4500.0,
    "vmaxref_necro": 600.0,
    "protection_recalc": 1e-4,
}


def read_namelist(text: str, file: str) -> Namelist:
    """Return what a namelist says; what it cannot mean is among its faults, with lines."""
    found = Namelist(dict(_CODE))
    for line, name, words in _assignments(text):

        def fault(why: str, line: int = line, name: str = name) -> None:
            found.faults.append(Fault(f"{name}: {why}", file=file, line=line))

        values = _numbers(words)
        if values is None:
            fault(f"found {words!r}; needed numbers")
        else:
            _take(found, name.lower(), values, fault)
    return found


def _take(found: Namelist, name: str, values: list[float], fault: Callable[[str], None]) -> None:
    """Take one assignment."""
    if name in _SINGLE and len(set(values)) == 1:
        # The half saturation is written once for each species, and is one.
        found.values[_SINGLE[name]] = values[0]
    elif name in _SINGLE:
        fault(f"found {values}; needed one number, or the same for each species")
    elif name in (*_SPECIES, "initial_c", "exudate_npp_frac"):
        if len(values) != 3:
            fault(f"found {len(values)} numbers; needed 3")
        elif name == "initial_c":
            found.initial = tuple(values)
        elif name == "exudate_npp_frac":
            found.values["exudate_npp_frac"] = values[0]
            if values[1] or values[2]:
                fault(f"found {values}; needed 0 beside the first, as exudates are labile")
        else:
            named = (f"{_SPECIES[name]}_{which}" for which in _THREE)
            found.values.update(zip(named, values, strict=True))
    elif name == "litter_option":
        found.litter_option = int(values[0])
    elif name in _OFF:
        if any(v != _OFF[name] for v in values):
            fault(f"found {values[0]:g}; this code path is not part of the kernel, needed 0")
    elif name not in _UNUSED:
        fault("no such constant of CORPSE")


def _assignments(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, name and words of every assignment, which may go on over lines."""
    open_: tuple[int, str, str] | None = None
    for number, line in enumerate(text.splitlines(), 1):
        said = line.split("!", 1)[0].strip()
        if said.startswith("&") or said in ("/", "&end"):
            said = ""
        parts = _ASSIGNED.split(said.rstrip("/"))
        if open_ and parts[0].strip():
            open_ = (open_[0], open_[1], f"{open_[2]} {parts[0]}")
        for name, words in zip(parts[1::2], parts[2::2], strict=True):
            if open_:
                yield open_
            open_ = (number, name, words)
    if open_:
        yield open_


def _numbers(words: str) -> list[float] | None:
    """Return Fortran's numbers and logicals: 1d-3, .6, 3*.01, .false.; None if it is none."""
    found: list[float] = []
    for word in re.split(r"[,\s]+", words.strip(" ,\t")):
        times, value = m.groups() if (m := _REPEAT.fullmatch(word)) else ("1", word)
        logical = re.fullmatch(r"\.?([tf])\w*\.?", value.lower())
        try:
            number = float(value.lower().replace("d", "e")) if not logical else None
        except ValueError:
            return None
        found += [float(logical[1] == "t") if logical else float(number or 0.0)] * int(times)
    return found or None
