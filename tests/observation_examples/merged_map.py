"""Two made-up stocks, of which the first is taken where it has one; no file is opened."""

from forcing_law.example import Example

ONE = {"reader": "synthetic_map", "quantity": "soil_carbon", "rows": 8}

EXAMPLE = Example(lambda folder: None, {"of": [ONE, {**ONE, "times": 2}]})
