"""No files."""

from forcing_law.example import Example

from kernels.forest.shared.predictors import PREDICTORS

EXAMPLE = Example(lambda folder: None, {"every": 50}, PREDICTORS)
