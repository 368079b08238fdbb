"""No files."""

from forcing_law.example import Example

from kernels.mimics import mimics_profile

NEEDS = mimics_profile.KERNEL.made(mimics_profile.Options(carbon14="tracer"), None).drivers
EXAMPLE = Example(lambda folder: None, {"n": 2}, NEEDS)
