"""Eight rows of made-up cells; no file is opened."""

from forcing_law.example import Example

EXAMPLE = Example(lambda folder: None, {"quantity": "rh", "rows": 8})
