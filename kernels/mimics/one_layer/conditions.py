"""What must hold of parameters and drivers of MIMICS together, as `coefficients` checks it."""

from collections.abc import Mapping

import numpy as np

from kernels.contract.arrays import F8
from kernels.contract.entries import Condition


def metabolic(lignin_n: str) -> Condition:
    """Return that no more than all litter is metabolic, by a driver of lignin over nitrogen."""

    def value(named: Mapping[str, F8]) -> F8:
        lignin = np.minimum(named[lignin_n], named["lignin_n_most"])
        part: F8 = named["q1"] * (named["q2"] - named["q3"] * lignin)
        return part

    text = f"q1 (q2 - q3 {lignin_n}), the metabolic part of litter"
    return Condition(text, ("q1", "q2", "q3", "lignin_n_most", lignin_n), value, 1.0)


def _protected(microbe: str) -> Condition:
    part, slope = f"fP_{microbe}", f"fP_{microbe}_clay"

    def value(named: Mapping[str, F8]) -> F8:
        protected: F8 = named[part] * np.exp(named[slope] * named["clay"])
        return protected

    text = f"{part} exp({slope} clay), the protected part of dead {microbe}"
    return Condition(text, (part, slope, "clay"), value, 1.0)


def _excess(named: Mapping[str, F8]) -> F8:
    return named["tau_low"] - named["tau_high"]


ALWAYS = (
    _protected("r"),
    _protected("k"),
    Condition(
        "tau_low - tau_high, the least less the largest modifier of turnover",
        ("tau_low", "tau_high"), _excess, 0.0,
    ),
)  # fmt: skip
"""Of every variant."""
