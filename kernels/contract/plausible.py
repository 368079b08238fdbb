"""Where parameters may well lie: what a design draws from that names no distribution.

The bounds of a parameter are where its equations hold, which for a rate may be fifteen orders of
magnitude; soils drawn from them are no soils. A range here is narrow and says where it is from.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from kernels.contract.arrays import F8


@dataclass(frozen=True)
class Plausible:
    """Where a parameter may well lie, which is far less than where its equations hold.

    Attributes
    ----------
    low, high : float
        Ends, ``low < high``: values, or what the default is multiplied by or has added to it.
    source : str
        Where the range is from: a published calibration, or the rule that it follows.
    of : {"value", "times", "plus"}
        What the ends are. Those of a default follow it where it is another by preset, by
        parameter file or by location.
    """

    low: float
    high: float
    source: str
    of: Literal["value", "times", "plus"] = "value"

    def __post_init__(self) -> None:
        if not -np.inf < self.low < self.high < np.inf:
            message = f"a plausible range from {self.low!r} to {self.high!r}"
            raise ValueError(f"{message}; needed two finite numbers, the first below the second")
        if self.of not in ("value", "times", "plus"):
            raise ValueError(f"a plausible range of={self.of!r}; needed 'value', 'times' or 'plus'")
        if not self.source:
            raise ValueError("a plausible range without a source; say where it is from")

    def around(self, default: F8) -> tuple[F8, F8]:
        """Return its ends for defaults of any shape, in the parameter's unit."""
        ends = np.array([self.low, self.high]).reshape(2, *(1,) * default.ndim)
        if self.of == "times":
            ends = ends * default
        elif self.of == "plus":
            ends = ends + default
        # Of a negative default, one and a half times is the lower end.
        low, high = np.sort(np.broadcast_to(ends, (2, *default.shape)), axis=0)
        return low, high


HALF_AROUND = Plausible(
    0.5, 1.5, "half to one and a half times the default; no published range", of="times"
)
"""What is plausible of a parameter that does not say: nothing, if its default is 0."""

QUARTER_AROUND = Plausible(
    0.75,
    1.25,
    "a quarter around the default, which stands in an exponent; no published range",
    of="times",
)
"""For exponents and slopes of logarithms, of which half would be orders of magnitude."""
