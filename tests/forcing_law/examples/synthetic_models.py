"""No files."""

from forcing_law.example import Example

from kernels import two_box

EXAMPLE = Example(lambda folder: None, {"n": 2}, two_box.KERNEL.drivers)
