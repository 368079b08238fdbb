"""CORPSE: the testbed's own file of constants, a Fortran namelist, as it is.

What release 2.0.0 of the testbed reads is here, each with what becomes of it: a parameter, a
choice that this kernel makes as no other value would, or nothing, as carbon does not depend on it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kernels.contract.faults import Fault
from kernels.corpse.cohort.sets import INITIAL, SETS, bounds
from kernels.fortran.namelist import Assignment, read_groups
from kernels.fortran.numbers import integer, logical, number

SOIL, CASA = "soil_carbon_nml", "corpse_casa_nml"
GROUPS = {SOIL: "soil_carbon_nml", CASA: "CORPSE_casa_nml"}
_THREE = ("labile", "recalc", "necro")

# Names of the file, in lower case, and the parameters that they are: of three species, of three
# that have to be equal here, and alone.
_SPECIES = {
    "vmaxref": "vmaxref",
    "ea": "Ea",
    "eup": "eup",
    "protection_species": "protection",
}
_ALIKE = {"kc": "kC"}
_SINGLE = {
    "minmicrobec": "minMicrobeC",
    "tmic": "Tmic",
    "et": "et",
    "protection_rate": "protection_rate",
    "tprotected": "tProtected",
    "fwmin": "fWmin",
    "gas_diffusion_exp": "gas_diffusion_exp",
}
# What the kernel does whatever the file says, so that another value is refused: switches of code
# paths that no shipped file turns on, and constants that stand in the equations.
_FIXED: Mapping[str, tuple[float, ...]] = {
    "classic_decomp": (False,),
    "microbe_driven_protection": (False,),
    "protected_carbon_decomp_factor": (0.0,),
    "leaching_solubility": (0.0,),
    "min_anaerobic_resp_factor": (0.003,),
    "enzfrac": (1.0,),
    "turnover_factor": (1.0, 1.0, 1.0),
}
# What carbon does not depend on here, with the value of every shipped file: dissolved carbon,
# the depth of litter, checks of the code, and how many cohorts there is room for.
_WITHOUT_EFFECT: Mapping[str, tuple[float, ...]] = {
    "soilmaxcohorts": (2,),
    "doc_deposition_rate": (1e10,),
    "flavor_relative_solubility": (1.0, 0.1, 1.0),
    "protected_relative_solubility": (0.0,),
    "litterdensity": (22.0,),
    "combinethreshold": (1e-2,),
    "tol": (1e-8,),
}
_OF_CASA = ("initial_c", "exudate_npp_frac", "rhizosphere_frac", "litter_option")
_KINDS = {"soilmaxcohorts": integer, "litter_option": integer} | dict.fromkeys(
    ("classic_decomp", "microbe_driven_protection"), logical
)
_WORDS = {number: "number", integer: "whole number", logical: ".true. or .false."}


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
    notes : list of str
        What the file says and nothing here depends on, and what it does not say.
    """

    values: dict[str, float]
    initial: tuple[float, ...] = INITIAL
    litter_option: int | None = None
    faults: list[Fault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    alike: dict[str, list[float]] = field(default_factory=dict)
    """By the name of a parameter: what each species has, which has to be one number."""


# Where a file is silent; the code's defaults are those of the manual otherwise.
_CODE = dict(SETS["testbed_2020"]) | {
    "vmaxref_labile": 4500.0,
    "vmaxref_necro": 600.0,
    "protection_recalc": 1e-4,
}


def read_namelist(text: str, file: str) -> Namelist:
    """Return what a namelist says; what it cannot mean is among its faults, with lines."""
    read = read_groups(text, GROUPS, file)
    namelist = Namelist(dict(_CODE), faults=read.faults)
    if not read.assignments:
        needed = " or ".join(f"&{name}" for name in GROUPS.values())
        message = f"has no group {needed}; needed a namelist of CORPSE"
        namelist.faults.append(Fault(message, file=file))
    elif absent := [GROUPS[name] for name in GROUPS if name not in read.assignments]:
        namelist.notes.append(f"has no group &{absent[0]}: its constants are the code's defaults")
    for group, assigned in read.assignments.items():
        for assignment in assigned:
            if why := _take(namelist, group, assignment):
                fault = Fault(f"{assignment.written}: {why}", file=file, line=assignment.line)
                namelist.faults.append(fault)
        for name, values in namelist.alike.items():
            if len(set(values)) > 1:
                line = max(
                    assignment.line
                    for assignment in assigned
                    if _ALIKE.get(assignment.name) == name
                )
                why = f"{name}: found {_said(values)}; needed the same for each species"
                namelist.faults.append(Fault(why, file=file, line=line))
            namelist.values[name] = values[0]
        namelist.alike.clear()
    return namelist


def _take(namelist: Namelist, group: str, assignment: Assignment) -> str:
    """Take one assignment; return why it cannot be, or nothing."""
    group_of = CASA if assignment.name in _OF_CASA else SOIL
    if _size(assignment.name) == 0:
        return "no such constant of CORPSE"
    if group != group_of:
        return f"is of group &{GROUPS[group_of]}, and this is &{GROUPS[group]}"
    values, why = _values(assignment, _size(assignment.name))
    if why:
        return why
    if assignment.name in _FIXED:
        return _fixed(assignment, values)
    if assignment.name in _WITHOUT_EFFECT:
        if not _same(values, _WITHOUT_EFFECT[assignment.name]):
            namelist.notes.append(
                f"{assignment.written} (line {assignment.line}) changes nothing here"
            )
        return ""
    if assignment.name == "litter_option":
        namelist.litter_option = int(values[0]) if values[0] is not None else namelist.litter_option
        return "" if namelist.litter_option in (None, 1, 2) else f"found {values[0]}; needed 1 or 2"
    if assignment.name == "initial_c":
        kept = zip(values, namelist.initial, strict=True)
        namelist.initial = tuple(old if new is None else float(new) for new, old in kept)
        return "" if min(namelist.initial) >= 0 else f"found {_said(values)}; needed 0 or more"
    return _parameter(namelist, assignment, values)


def _size(name: str) -> int:
    """Return how many elements a constant has; 0 if there is no such."""
    if name in _SPECIES or name in _ALIKE or name in ("initial_c", "exudate_npp_frac"):
        return 3
    if name in _SINGLE or name in ("rhizosphere_frac", "litter_option"):
        return 1
    return len(_FIXED.get(name, _WITHOUT_EFFECT.get(name, ())))


Values = Sequence[float | None]


def _values(assignment: Assignment, size: int) -> tuple[Values, str]:
    """Return every element, None where it stays as it is, and why it cannot be read."""
    places = assignment.places(size)
    if places is None or (size == 1 and assignment.section is not None):
        needed = f"elements 1 to {size}" if size > 1 else "no parentheses, for it is one number"
        return (), f"found ({assignment.section}); needed {needed}"
    kind = _KINDS.get(assignment.name, number)
    read = [kind(word) if word else None for word in assignment.values]
    bad = [
        word for word, value in zip(assignment.values, read, strict=True) if word and value is None
    ]
    if bad:
        plural = "s" if kind is number else ""
        return (), f"found {bad[0]!r}; needed {_WORDS[kind]}{plural}"
    if len(read) != len(places):
        advice = f"; write {len(places)}*{assignment.values[0]} for all" if len(read) == 1 else ""
        many = f"number{'s' * (len(read) != 1)}"
        return (), f"found {len(read)} {many}; needed {len(places)}{advice}"
    found: list[float | None] = [None] * size
    for place, value in zip(places, read, strict=True):
        found[place] = value
    return found, ""


def _fixed(assignment: Assignment, values: Values) -> str:
    """Return why a choice that the kernel makes cannot be another."""
    needed = _FIXED[assignment.name]
    if _same(values, needed):
        return ""
    return (
        f"found {_said(values)}; this code path is not part of the kernel, needed {_said(needed)}"
    )


def _same(values: Values, needed: Sequence[float]) -> bool:
    return all(v is None or v == n for v, n in zip(values, needed, strict=True))


def _said(values: Values) -> str:
    words = {True: ".true.", False: ".false."}
    spelled = (words[v] if isinstance(v, bool) else f"{v:g}" for v in values if v is not None)
    return ", ".join(spelled)


def _parameter(namelist: Namelist, assignment: Assignment, values: Values) -> str:
    """Take the value of a parameter, or of each species'."""
    if assignment.name == "exudate_npp_frac":
        if any(values[1:]):
            return f"found {_said(values)}; needed 0 beside the first, as exudates are labile"
        new = {"exudate_npp_frac": values[0]}
    elif assignment.name in _SPECIES:
        names = [f"{_SPECIES[assignment.name]}_{which}" for which in _THREE]
        new = dict(zip(names, values, strict=True))
    elif assignment.name in _ALIKE:
        name = _ALIKE[assignment.name]
        species = namelist.alike.setdefault(name, [namelist.values[name]] * 3)
        species[:] = [old if v is None else v for old, v in zip(species, values, strict=True)]
        return next(filter(None, (_outside(name, value) for value in species)), "")
    else:
        new = {_SINGLE.get(assignment.name, assignment.name): values[0]}
    values_given = {name: float(value) for name, value in new.items() if value is not None}
    namelist.values |= values_given
    return next(filter(None, (_outside(name, value) for name, value in values_given.items())), "")


def _outside(name: str, value: float) -> str:
    low, high = bounds(name)
    if low <= value <= high:
        return ""
    return f"found {value:g}; needed {name!r} from {low:g} to {high:g}, and it is outside"
