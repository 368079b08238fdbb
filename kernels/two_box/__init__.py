"""Two boxes, vegetation and soil, with the turnover times of a land model.

Modules outside this package import the kernel and its options from here.
"""

from kernels.two_box.two_box import KERNEL as KERNEL
from kernels.two_box.two_box import Options as Options
