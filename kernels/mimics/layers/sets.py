"""MIMICS in layers: presets and the table of parameters.

Wang et al. (2021) send the reader to Wieder et al. (2015) for most constants, and the public
Fortran of their group has others for growth efficiencies and the fate of dead microbes. Which
of the two the paper ran is not certain; ``w21_code`` is nearest to its results.
"""

from collections.abc import Iterator, Mapping
from dataclasses import replace

from kernels.contract.entries import Parameter
from kernels.contract.plausible import HALF_AROUND, Plausible
from kernels.mimics.one_layer.sets import NAMES, SETS, W21, parameters

# name: (units, default, lower, upper, meaning). Bounds are those in which the equations hold.
_OWN: Mapping[str, tuple[str, float, float, float, str]] = {
    "x_v": ("1", 4.0, 0.0, 1e4, "multiplies maximum rates of uptake"),
    "x_k": ("1", 8.0, 1e-6, 1e6, "multiplies half saturations"),
    "x_d": ("1", 2.0, 0.0, 1e6, "multiplies desorption"),
    "x_D": ("1", 0.75, 0.0, 1e6, "multiplies the diffusivity of all pools"),
    "alpha_r": ("m-1", 10.0, 0.0, 1e4, "decline of root litter with depth"),
    "alpha_v": ("m-1", 1.0, 0.0, 1e4, "decline of maximum rates of uptake with depth"),
    "D_0": ("cm2 h-1", 1.14e-4, 0.0, 1.0, "diffusivity of all pools"),
}
PLAUSIBLE: Mapping[str, Plausible] = {
    "x_v": Plausible(2.0, 30.0, W21),
    "x_k": Plausible(2.0, 30.0, W21),
    "x_d": Plausible(0.1, 15.0, W21),
    "x_D": Plausible(0.01, 25.0, W21),
    "alpha_r": Plausible(1.0, 30.0, W21),
    "alpha_v": Plausible(1.0, 30.0, W21),
}
"""Those that the paper calibrates, with `beta`."""

PROFILE_NAMES = (*NAMES, *_OWN)

BETA = 1.2
"""Default of the density exponent in table 1."""

PRESETS: Mapping[str, tuple[str, Mapping[str, float]]] = {
    "w21_code": ("wang_code", {"beta": BETA}),
    # The clip of the turnover modifier is that of the code, not of the published set.
    "w21_text": ("wieder2015", {"beta": BETA, "tau_low": 0.6, "tau_high": 1.3}),
}


def defaults(preset: str) -> dict[str, float]:
    """Return every parameter's default."""
    named, changed = PRESETS[preset]
    return {**SETS[named], **changed, **{name: entry[1] for name, entry in _OWN.items()}}


def profile_parameters(preset: str) -> tuple[Parameter, ...]:
    """Return the table of parameters with the values of a preset as defaults."""
    return tuple(_parameters(preset))


def _parameters(preset: str) -> Iterator[Parameter]:
    named, changed = PRESETS[preset]
    for p in parameters(named):
        value, source = changed.get(p.name, p.default), W21 if p.name in changed else p.source
        yield replace(p, default=value, source=source)
    for name, (units, value, lower, upper, meaning) in _OWN.items():
        source = "Wang et al. (2021), equation 10" if name == "D_0" else W21
        likely = PLAUSIBLE.get(name, HALF_AROUND)
        yield Parameter(name, units, value, lower, upper, meaning, source, likely)
