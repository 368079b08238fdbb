"""No files."""

from forcing_law.example import Example

from kernels.forest.shared.predictors import PREDICTORS, RECORD

EXAMPLE = Example(lambda folder: None, {"flux": "rs"}, (RECORD, *PREDICTORS))
