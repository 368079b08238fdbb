"""CORPSE: its constants as parameters, and the named sets of their values.

`testbed_2017` is `corpse_params_12.18d.2017.nml`, which the archived global output names and
Jian et al. (2021) used; `testbed_2020` is `corpse_params_new_march20.nml`.
"""

from collections.abc import Iterator, Mapping

from kernels.contract.entries import Parameter
from kernels.contract.plausible import HALF_AROUND, QUARTER_AROUND, Plausible

SOURCES = {
    "testbed_2017": "biogeochemical testbed, corpse_params_12.18d.2017.nml",
    "testbed_2020": "biogeochemical testbed, corpse_params_new_march20.nml",
}
CODE = "biogeochemical testbed 2.0.0, Fortran"

# name: (units, lower, upper, meaning); the order is that of a row of parameters. Bounds are
# those in which the equations hold, not those in which a value is plausible.
_ABOUT: dict[str, tuple[str, float, float, str]] = {
    "vmaxref_labile": ("yr-1", 1e-6, 1e9, "rate of decomposition at 293.15 K, labile carbon"),
    "vmaxref_recalc": ("yr-1", 1e-6, 1e9, "rate of decomposition at 293.15 K, recalcitrant carbon"),
    "vmaxref_necro": ("yr-1", 1e-6, 1e9, "rate of decomposition at 293.15 K, necromass"),
    "Ea_labile": ("J mol-1", 0.0, 3e5, "activation energy, labile carbon"),
    "Ea_recalc": ("J mol-1", 0.0, 3e5, "activation energy, recalcitrant carbon"),
    "Ea_necro": ("J mol-1", 0.0, 3e5, "activation energy, necromass"),
    "kC": ("1", 0.0, 1e3, "microbes per unprotected carbon at which rates are half"),
    "minMicrobeC": ("1", 1e-9, 0.5, "least microbes per unprotected carbon; their part of litter"),
    "Tmic": ("yr", 3e-3, 1e3, "turnover time of microbes"),
    "eup_labile": ("1", 0.0, 1.0, "growth efficiency on labile carbon"),
    "eup_recalc": ("1", 0.0, 1.0, "growth efficiency on recalcitrant carbon"),
    "eup_necro": ("1", 0.0, 0.99, "growth efficiency on necromass"),
    "et": ("1", 0.0, 1.0, "part of dead microbes that becomes necromass"),
    "protection_rate": ("yr-1", 0.0, 1e4, "rate of protection, per Qmax"),
    "protection_labile": ("1", 0.0, 1e3, "relative rate of protection of labile carbon"),
    "protection_recalc": ("1", 0.0, 1e3, "relative rate of protection of recalcitrant carbon"),
    "protection_necro": ("1", 0.0, 1e3, "relative rate of protection of necromass"),
    "tProtected": ("yr", 3e-3, 1e5, "turnover time of protected carbon"),
    "fWmin": ("1", 0.0, 1.0, "least moisture scalar"),
    "gas_diffusion_exp": ("1", 0.0, 20.0, "exponent of air-filled pore space"),
    "theta_exp": ("1", 0.0, 20.0, "exponent of liquid water in pore space"),
    "exudate_npp_frac": ("1", 0.0, 1.0, "part of NPP that is exuded as labile carbon"),
    "rhizosphere_frac": ("1", 0.0, 1.0, "part of litter that enters the rhizosphere"),
}  # fmt: skip
NAMES = tuple(_ABOUT)
(
    VREF, _, _, EA, _, _, KC, MIN_M, T_MIC, EUP, _, _, ET,
    RATE, ALPHA, _, _, T_PROT, FW_MIN, GAS, THETA, EXUDED, RHIZ,
) = range(len(_ABOUT))  # fmt: skip
STARTED = len(_ABOUT)
"""Behind them in a row of what runs in time: what multiplies the pools of the start."""

# What both sets share.
_COMMON = {
    "vmaxref_recalc": 25.0, "kC": 0.01, "minMicrobeC": 1e-3, "Tmic": 0.25,
    "eup_labile": 0.6, "eup_recalc": 0.05, "eup_necro": 0.6, "et": 0.6, "protection_rate": 1.5,
    "protection_necro": 1.0, "gas_diffusion_exp": 2.5, "theta_exp": 3.0,
    "exudate_npp_frac": 0.02, "rhizosphere_frac": 0.3,
}  # fmt: skip
SETS: Mapping[str, Mapping[str, float]] = {
    "testbed_2017": _COMMON | {
        "vmaxref_labile": 1000.0, "vmaxref_necro": 400.0,
        "Ea_labile": 5e3, "Ea_recalc": 30e3, "Ea_necro": 3e3,
        "protection_labile": 0.11, "protection_recalc": 0.002, "tProtected": 75.0,
        "fWmin": 0.001,
    },
    "testbed_2020": _COMMON | {
        "vmaxref_labile": 400.0, "vmaxref_necro": 200.0,
        "Ea_labile": 37e3, "Ea_recalc": 54e3, "Ea_necro": 50e3,
        "protection_labile": 1.0, "protection_recalc": 0.001, "tProtected": 45.0,
        "fWmin": 0.0,
    },
}  # fmt: skip

INITIAL = (0.0, 2.0, 0.0)
"""kg C m-2: labile, recalcitrant and necromass of a cold start, in both sets."""

PLAUSIBLE: Mapping[str, Plausible] = {
    **dict.fromkeys(("gas_diffusion_exp", "theta_exp"), QUARTER_AROUND),
    **dict.fromkeys(("Ea_labile", "Ea_recalc", "Ea_necro"), QUARTER_AROUND),
    # 0 in one of the sets.
    "fWmin": Plausible(-1e-3, 2e-3, "from none to a little more than either testbed set", "plus"),
}
"""Of the others half to one and a half times the default; no source gives ranges."""

OF_CODE = {"theta_exp"}
"""Constants that no namelist holds."""


def bounds(name: str) -> tuple[float, float]:
    """Return the bounds of a parameter."""
    _, lower, upper, _ = _ABOUT[name]
    return lower, upper


def parameters(values: Mapping[str, float], source: str) -> tuple[Parameter, ...]:
    """Return the table of parameters with some values, of a source, as defaults."""
    return tuple(_parameters(values, source))


def _parameters(values: Mapping[str, float], source: str) -> Iterator[Parameter]:
    for name, (units, lower, upper, meaning) in _ABOUT.items():
        origin = CODE if name in OF_CODE else source
        likely = PLAUSIBLE.get(name, HALF_AROUND)
        yield Parameter(name, units, values[name], lower, upper, meaning, origin, likely)
