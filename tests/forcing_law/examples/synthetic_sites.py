"""No files."""

from forcing_law.example import Example

from kernels.mimics import mimics

NEEDS = mimics.KERNEL.made(mimics.Options(), None).drivers
EXAMPLE = Example(lambda folder: None, {"n": 2}, NEEDS)
