"""CASA: parameters that a design may vary, for every vegetation type at once.

Constants that the published table has alike for every type stand here as they are; what differs
between types has a factor, ``x_``. No source gives prior ranges for the testbed: bounds are where
the equations keep their meaning, and what is plausible is ours, around the published values.
"""

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from kernels.casa.shared.pft_table import Table, of_pft
from kernels.contract.arrays import F8
from kernels.contract.entries import Derived, Parameter
from kernels.contract.plausible import HALF_AROUND, QUARTER_AROUND

_TESTBED = "biogeochemical testbed, pftlookup_igbp_updated4.csv; no published range"
_CODE = "biogeochemical testbed 2.0.0, code; no published range"
_OURS = "factor of ours on the testbed's table; no published range"


def _named(rows: Mapping[str, tuple[str, float, float, float, str, str]]) -> dict[str, Parameter]:
    return {
        name: Parameter(name, *row, QUARTER_AROUND if name in IN_EXPONENTS else HALF_AROUND)
        for name, row in rows.items()
    }


IN_EXPONENTS = {"q10", "wet_exponent", "dry_exponent", "str_lignin"}
"""Exponents, the factor of a logarithm, and the base of a power that is large where it is cold."""


_FACTORS = {
    "x_leaf_age": "longevity of leaves",
    "x_wood_age": "longevity of wood",
    "x_froot_age": "longevity of fine roots",
    "x_rm_wood": "maintenance respiration of wood",
    "x_rm_froot": "maintenance respiration of fine roots",
    "x_sla": "specific leaf area",
    "x_cold_max": "largest rate of leaf loss by cold",
    "x_dry_max": "largest rate of leaf loss by drought",
    "x_a_leaf": "part of NPP to leaves, before all parts are made to sum to 1",
    "x_a_wood": "part of NPP to wood, likewise",
    "x_a_froot": "part of NPP to fine roots, likewise",
}
PLANTS = _named(
    {
        name: ("1", 1.0, 0.1, 10.0, f"multiplies the {meaning}", _OURS)
        for name, meaning in _FACTORS.items()
    }
    | {
        "growth_base": ("1", 0.65, 0.0, 0.8, "growth efficiency without leaf P", _CODE),
        "fmet_scale": ("1", 0.75, 0.0, 1.0, "multiplies the metabolic part of litter", _CODE),
        "fmet_intercept": ("1", 0.85, 0.0, 1.0, "metabolic part of litter without lignin", _CODE),
        "fmet_slope": ("1", 0.013, 0.0, 0.1, "loss of metabolic part per lignin:N", _CODE),
    }
)

DECAY = _named(
    {
        "q10": ("1", 1.72, 1.0, 5.0, "decomposition at 10 K more, relative", _TESTBED),
        "wet_exponent": ("1", 6.6481, 0.0, 20.0, "of the moisture factor that falls", _CODE),
        "dry_exponent": ("1", 3.22, 0.0, 10.0, "of the moisture factor that rises", _CODE),
        "x_kopt_litter": ("1", 1.0, 0.01, 10.0, "multiplies the rates of litter", _OURS),
        "tau_cwd": ("yr", 0.824, 0.02, 50.0, "age of woody debris at optimum", _TESTBED),
        "cwd_to_fast": ("1", 0.40, 0.0, 1.0, "of woody debris without lignin to fast", _TESTBED),
        "cwd_to_slow": ("1", 0.7, 0.0, 1.0, "of the lignin of woody debris to slow", _TESTBED),
    }
)
"""What `casa_cnp` and `casa_debris` share."""

SOIL = DECAY | _named(
    {
        "x_kopt_soil": ("1", 1.0, 0.01, 10.0, "multiplies the rates of soil", _OURS),
        "tau_met": ("yr", 0.04, 0.02, 1.0, "age of metabolic litter at optimum", _TESTBED),
        "tau_str": ("yr", 0.23, 0.02, 5.0, "age of structural litter at optimum", _TESTBED),
        "tau_fast": ("yr", 0.137, 0.02, 5.0, "age of the fast pool at optimum", _TESTBED),
        "tau_slow": ("yr", 5.0, 0.1, 100.0, "age of the slow pool at optimum", _TESTBED),
        "tau_pass": ("yr", 222.22, 5.0, 5000.0, "age of the passive pool at optimum", _TESTBED),
        "str_lignin": ("1", 3.0, 0.0, 10.0, "slowing of structural litter per lignin", _CODE),
        "fast_texture": ("1", 0.75, 0.0, 0.99, "slowing of the fast pool by fines", _CODE),
        "fast_kept": ("1", 0.85, 0.68, 1.0, "of the fast pool kept without fines", _CODE),
        "fast_kept_texture": ("1", 0.68, 0.0, 0.68, "less of it kept, per fines", _CODE),
        "met_to_fast": ("1", 0.45, 0.0, 1.0, "of metabolic litter to fast", _TESTBED),
        "str_to_fast": ("1", 0.45, 0.0, 1.0, "of structural litter without lignin", _TESTBED),
        "str_to_slow": ("1", 0.7, 0.0, 1.0, "of the lignin of structural litter", _TESTBED),
        "fast_to_slow": ("1", 1.0, 0.0, 1.0, "multiplies what goes from fast to slow", _TESTBED),
        "fast_to_pass": ("1", 1.0, 0.0, 1.0, "multiplies what goes from fast to pass", _TESTBED),
        "slow_to_pass": ("1", 0.45, 0.0, 1.0, "multiplies what goes from slow to pass", _TESTBED),
    }
)


def of_table(parameters: Mapping[str, Parameter], table: Table) -> tuple[Parameter, ...]:
    """Return parameters with a table's defaults, where every type has the same.

    Where types differ the meaning says so: in a chain that is another parameter than one of a
    table whose types are alike.
    """
    fitted = []
    for name, parameter in parameters.items():
        values = table.get(name)
        if values is not None and (values == values[0]).all():
            parameter = replace(parameter, default=float(values[0]))
        elif values is not None:
            meaning = f"{parameter.meaning}, by vegetation type if not set"
            parameter = replace(parameter, meaning=meaning)
        fitted.append(parameter)
    return tuple(fitted)


def derived(parameters: tuple[Parameter, ...], table: Table, pft: F8) -> dict[str, Derived]:
    """Return defaults by location of what differs between a table's types."""
    defaults = {}
    for p in parameters:
        values = table.get(p.name)
        if values is None or (values == values[0]).all():
            continue
        default = np.nan_to_num(of_pft(table, p.name, pft), nan=p.default)
        low, high = (np.full(len(pft), bound) for bound in (p.lower, p.upper))
        defaults[p.name] = Derived(default, low, high)
    return defaults
