"""Units of a scenario's numbers, converted once when a design is opened."""

from dataclasses import dataclass

from kernels import F8
from scenarios.units import convert


@dataclass(frozen=True)
class Conversion:
    """``kernel = offset + factor * written``; the factor is above 0."""

    offset: float = 0.0
    factor: float = 1.0

    def to_kernel(self, x: F8) -> F8:
        """Return written values in kernel units; the same array if nothing changes."""
        return x if self == SAME else self.offset + self.factor * x

    def to_written(self, x: F8) -> F8:
        """Return values of kernel units in written ones."""
        return x if self == SAME else (x - self.offset) / self.factor


SAME = Conversion()


def conversion(written: str, kernel: str) -> Conversion:
    """Return how written values become kernel ones; empty means kernel units.

    Raises
    ------
    ValueError
        A unit that cannot be read, or that measures something else.
    """
    if written in ("", kernel):
        return SAME
    zero, one = convert([0.0, 1.0], written, kernel).tolist()
    # The difference of two temperatures near 273 would lose digits of an exact factor.
    factor = one if zero == 0.0 else round(one - zero, 12)
    return Conversion(zero, factor)
