"""Two made-up maps by name; the reader opens no file."""

from forcing_law.example import Example

ONE = {"reader": "synthetic_map", "quantity": "rh", "rows": 8}

EXAMPLE = Example(lambda folder: None, {"of": {"one": ONE, "two": {**ONE, "times": 1.2}}})
