"""MIMICS: its constants as parameters, and the named sets of their values.

A set belongs to its form of uptake: half saturations and rates of one used in the other form
kill the microbes. Sources: `wieder2015`, the code released with Wieder et al. (2015), whose
clip of the turnover modifier is that of the published set; `testbed`, the C-only testbed
(2017-11-28); `sandbox`, MIMICS_STODE; `wang_code`, the Fortran of the group of Wang et al.
(2021). Where they agree, the value stands once.
"""

from collections.abc import Iterator, Mapping

from kernels.contract.entries import Parameter
from kernels.contract.plausible import HALF_AROUND, QUARTER_AROUND, Plausible

R15 = "Wieder et al. (2015), released code"
TB = "testbed, LIDET-MIM-REV 2017-11-28"
ST = "MIMICS_STODE, sandbox 2023-11-29"
WV = "vmic_carbon.F90 of the group of Wang et al. (2021)"
SOURCES = {"wieder2015": R15, "testbed": TB, "sandbox": ST, "wang_code": WV}

FORM_OF = {
    "wieder2015": "forward",
    "testbed": "reverse",
    "sandbox": "reverse",
    "wang_code": "forward",
}

# name: (units, lower, upper, meaning); the order is that of a row of parameters. Bounds are
# those in which the equations hold, not those in which a value is plausible.
_ABOUT: dict[str, tuple[str, float, float, str]] = {
    "aV": ("h-1", 0.0, 1.0, "factor of all maximum rates of uptake"),
    "aK": ("mg cm-3", 1e-9, 1e6, "factor of all half saturations"),
    "Vslope": ("degC-1", 0.0, 1.0, "slope of log maximum rates with temperature"),
    "Vint": ("1", -50.0, 50.0, "log maximum rate at 0 degC"),
    "Kslope_m": ("degC-1", -1.0, 1.0, "slope of log half saturation, metabolic litter"),
    "Kslope_s": ("degC-1", -1.0, 1.0, "slope of log half saturation, structural litter"),
    "Kslope_a": ("degC-1", -1.0, 1.0, "slope of log half saturation, available SOM"),
    "Kint": ("1", -50.0, 50.0, "log half saturation at 0 degC"),
    "vmod_rm": ("1", 0.0, 1e4, "r on metabolic litter, multiplies the rate"),
    "vmod_rs": ("1", 0.0, 1e4, "r on structural litter, multiplies the rate"),
    "vmod_ra": ("1", 0.0, 1e4, "r on available SOM, multiplies the rate"),
    "vmod_km": ("1", 0.0, 1e4, "k on metabolic litter, multiplies the rate"),
    "vmod_ks": ("1", 0.0, 1e4, "k on structural litter, multiplies the rate"),
    "vmod_ka": ("1", 0.0, 1e4, "k on available SOM, multiplies the rate"),
    "kmod_rm": ("1", 1e-9, 1e6, "r on metabolic litter, divides the half saturation"),
    "kmod_rs": ("1", 1e-9, 1e6, "r on structural litter, divides the half saturation"),
    "kmod_ra": ("1", 1e-9, 1e6, "r on available SOM, divides the half saturation"),
    "kmod_km": ("1", 1e-9, 1e6, "k on metabolic litter, divides the half saturation"),
    "kmod_ks": ("1", 1e-9, 1e6, "k on structural litter, divides the half saturation"),
    "kmod_ka": ("1", 1e-9, 1e6, "k on available SOM, divides the half saturation"),
    "p1": ("1", 1e-9, 1e3, "clay scalar of available SOM at no clay"),
    "p2": ("1", -50.0, 50.0, "slope of the log clay scalar with the root of clay"),
    "e1": ("1", 0.0, 1.0, "growth efficiency of r on metabolic litter and available SOM"),
    "e2": ("1", 0.0, 1.0, "growth efficiency of r on structural litter"),
    "e3": ("1", 0.0, 1.0, "growth efficiency of k on metabolic litter and available SOM"),
    "e4": ("1", 0.0, 1.0, "growth efficiency of k on structural litter"),
    "KO_r": ("1", 1e-9, 1e6, "r, multiplies the half saturation in oxidation"),
    "KO_k": ("1", 1e-9, 1e6, "k, multiplies the half saturation in oxidation"),
    "tau_r1": ("h-1", 0.0, 1.0, "turnover of r where no litter is metabolic"),
    "tau_r2": ("1", -50.0, 50.0, "slope of log turnover of r with the metabolic fraction"),
    "tau_k1": ("h-1", 0.0, 1.0, "turnover of k where no litter is metabolic"),
    "tau_k2": ("1", -50.0, 50.0, "slope of log turnover of k with the metabolic fraction"),
    "tau_npp": ("g m-2 yr-1", 1e-9, 1e6, "NPP (carbon) at which turnover is not modified"),
    "tau_low": ("1", 0.0, 100.0, "least turnover modifier"),
    "tau_high": ("1", 0.0, 1e6, "largest turnover modifier"),
    "tau_extra": ("1", 0.0, 100.0, "multiplies the clipped turnover modifier"),
    "beta": ("1", 1.0, 3.0, "density exponent of mortality"),
    "D1": ("h-1", 0.0, 1.0, "desorption of protected SOM at no clay"),
    "D2": ("1", -50.0, 50.0, "slope of log desorption with clay"),
    "fi_m": ("1", 0.0, 1.0, "metabolic litter that is protected at once"),
    "fi_s": ("1", 0.0, 1.0, "structural litter that is chemically protected at once"),
    "fP_r": ("1", 0.0, 1.0, "protected part of dead r at no clay"),
    "fP_r_clay": ("1", -50.0, 50.0, "slope of its logarithm with clay"),
    "fP_k": ("1", 0.0, 1.0, "protected part of dead k at no clay"),
    "fP_k_clay": ("1", -50.0, 50.0, "slope of its logarithm with clay"),
    "fC_r": ("1", 0.0, 100.0, "chemically protected part of dead r, no metabolic litter"),
    "fC_r_met": ("1", -50.0, 50.0, "slope of its logarithm with the metabolic fraction"),
    "fC_r_scale": ("1", 0.0, 100.0, "multiplies it"),
    "fC_k": ("1", 0.0, 100.0, "chemically protected part of dead k, no metabolic litter"),
    "fC_k_met": ("1", -50.0, 50.0, "slope of its logarithm with the metabolic fraction"),
    "fC_k_scale": ("1", 0.0, 100.0, "multiplies it"),
    "q1": ("1", 0.0, 10.0, "multiplies the metabolic fraction of litter"),
    "q2": ("1", 0.0, 1.0, "metabolic fraction of litter without lignin"),
    "q3": ("1", 0.0, 1.0, "loss of metabolic fraction per lignin:N"),
    "lignin_n_most": ("1", 0.0, 1e6, "larger lignin:N of litter counts as this"),
}
NAMES = tuple(_ABOUT)
(
    AV, AK, VSLOPE, VINT, KSLOPE_M, KSLOPE_S, KSLOPE_A, KINT,
    VMOD_RM, VMOD_RS, VMOD_RA, VMOD_KM, VMOD_KS, VMOD_KA,
    KMOD_RM, KMOD_RS, KMOD_RA, KMOD_KM, KMOD_KS, KMOD_KA,
    P1, P2, EFF1, EFF2, EFF3, EFF4, KO_R, KO_K,
    TAU_R1, TAU_R2, TAU_K1, TAU_K2, TAU_NPP, TAU_LOW, TAU_HIGH, TAU_EXTRA,
    BETA, D1, D2, FI_M, FI_S, FP_R, FP_R_CLAY, FP_K, FP_K_CLAY,
    FC_R, FC_R_MET, FC_R_SCALE, FC_K, FC_K_MET, FC_K_SCALE,
    Q1, Q2, Q3, LIGNIN_N_MOST,
) = range(len(_ABOUT))  # fmt: skip

STARTED = len(_ABOUT)
"""Behind them in a row of a transient: what multiplies the pools of its start."""

# What all sets share.
_COMMON = {
    "Vslope": 0.063, "Vint": 5.47, "Kint": 3.19,
    "vmod_rm": 10.0, "vmod_rs": 2.0, "vmod_ra": 10.0,
    "vmod_km": 3.0, "vmod_ks": 3.0, "vmod_ka": 2.0,
    "kmod_rm": 8.0, "kmod_rs": 2.0, "kmod_ra": 4.0,
    "kmod_km": 2.0, "kmod_ks": 4.0, "kmod_ka": 6.0,
    "tau_r1": 5.2e-4, "tau_r2": 0.3, "tau_k1": 2.4e-4, "tau_k2": 0.1, "tau_npp": 100.0,
    "fP_r_clay": 1.3, "fP_k_clay": 0.8, "fi_m": 0.05, "fi_s": 0.05,
    "q2": 0.85, "q3": 0.013, "beta": 1.0,
}  # fmt: skip

SETS: Mapping[str, Mapping[str, float]] = {
    "wieder2015": _COMMON | {
        "aV": 8e-6, "aK": 10.0, "Kslope_m": 0.017, "Kslope_s": 0.027, "Kslope_a": 0.017,
        "p1": 2.0, "p2": -2.0, "e1": 0.55, "e2": 0.25, "e3": 0.75, "e4": 0.35,
        "KO_r": 4.0, "KO_k": 4.0, "tau_low": 0.8, "tau_high": 1.2, "tau_extra": 1.0,
        "fP_r": 0.3, "fP_k": 0.2, "fC_r": 0.1, "fC_r_met": -3.0, "fC_r_scale": 1.0,
        "fC_k": 0.3, "fC_k_met": -3.0, "fC_k_scale": 1.0, "D1": 1.5e-5, "D2": -1.5,
        "q1": 1.0, "lignin_n_most": 1e6,
    },
    "testbed": _COMMON | {
        "aV": 1.25e-8, "aK": 0.015625, "Kslope_m": 0.02, "Kslope_s": 0.02, "Kslope_a": 0.02,
        "p1": 3.0, "p2": -2.0, "e1": 0.5, "e2": 0.25, "e3": 0.7, "e4": 0.35,
        "KO_r": 6.0, "KO_k": 6.0, "tau_low": 0.6, "tau_high": 1.3, "tau_extra": 1.0,
        "fP_r": 0.15, "fP_k": 0.1, "fC_r": 0.1, "fC_r_met": -3.0, "fC_r_scale": 3.0,
        "fC_k": 0.3, "fC_k_met": -3.0, "fC_k_scale": 3.0, "D1": 1e-5, "D2": -2.0,
        "q1": 0.75, "lignin_n_most": 40.0,
    },
    "sandbox": _COMMON | {
        "aV": 8e-6, "aK": 10.0, "Kslope_m": 0.025, "Kslope_s": 0.035, "Kslope_a": 0.025,
        "p1": 2.0, "p2": -2.0, "e1": 0.55, "e2": 0.25, "e3": 0.75, "e4": 0.35,
        "KO_r": 6.0, "KO_k": 6.0, "tau_low": 0.8, "tau_high": 1.2, "tau_extra": 2.0,
        "fP_r": 0.3, "fP_k": 0.2, "fC_r": 0.1, "fC_r_met": -3.0, "fC_r_scale": 1.0,
        "fC_k": 0.3, "fC_k_met": -3.0, "fC_k_scale": 1.0, "D1": 1.5e-5, "D2": -1.5,
        "q1": 1.0, "lignin_n_most": 1e6,
    },
    # The factors of the partition of dead microbes occur in this code alone, labelled there
    # as those of Zhang et al. (2020). The efficiency of k on available SOM is e3, as in the
    # paper; some versions of the code have e4 there by mistake.
    "wang_code": _COMMON | {
        "aV": 8e-6, "aK": 10.0, "Kslope_m": 0.017, "Kslope_s": 0.027, "Kslope_a": 0.017,
        "p1": 2.0, "p2": -2.0, "e1": 0.5, "e2": 0.25, "e3": 0.7, "e4": 0.35,
        "KO_r": 4.0, "KO_k": 4.0, "tau_low": 0.6, "tau_high": 1.3, "tau_extra": 1.0,
        "fP_r": 0.432 * 0.3, "fP_k": 0.098 * 0.2,
        "fC_r": 10.56 * 0.1, "fC_r_met": -2.61, "fC_r_scale": 1.0,
        "fC_k": 29.78 * 0.3, "fC_k_met": -2.61, "fC_k_scale": 1.0, "D1": 1.5e-5, "D2": -1.5,
        "q1": 1.0, "lignin_n_most": 1e6,
    },
}  # fmt: skip

W21 = "Wang et al. (2021), table 1"

_DOUBLED = Plausible(-0.7, 0.7, "half to twice the rate or half saturation; ours", "plus")
_SLOPES = """Vslope Kslope_m Kslope_s Kslope_a p2 tau_r2 tau_k2 D2 fP_r_clay fP_k_clay fC_r_met
fC_k_met""".split()
PLAUSIBLE: Mapping[str, Plausible] = {
    **dict.fromkeys(_SLOPES, QUARTER_AROUND),
    "Vint": _DOUBLED,
    "Kint": _DOUBLED,
    "beta": Plausible(1.0, 2.0, W21),
    # Apart, so that the least modifier stays below the largest.
    "tau_low": Plausible(0.75, 1.2, "below the largest modifier; ours", "times"),
    "tau_high": Plausible(0.85, 1.5, "above the least modifier; ours", "times"),
}
"""Of the others half to one and a half times the default, of which every set has its own."""


def bounds(name: str) -> tuple[float, float]:
    """Return the bounds of a parameter."""
    _, lower, upper, _ = _ABOUT[name]
    return lower, upper


def parameters(named: str) -> tuple[Parameter, ...]:
    """Return the table of parameters with the values of a set as defaults."""
    return tuple(_parameters(named))


def _parameters(named: str) -> Iterator[Parameter]:
    for name, (units, lower, upper, meaning) in _ABOUT.items():
        source = SOURCES[named] if name not in _COMMON else f"{R15}; the same in the other codes"
        likely = PLAUSIBLE.get(name, HALF_AROUND)
        yield Parameter(name, units, SETS[named][name], lower, upper, meaning, source, likely)
