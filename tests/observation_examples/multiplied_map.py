"""A made-up turnover time and flux, whose product is a stock; no file is opened."""

from forcing_law.example import Example

MAPS = [
    {"reader": "synthetic_map", "quantity": quantity, "rows": 8} for quantity in ("turnover", "rh")
]

EXAMPLE = Example(lambda folder: None, {"of": MAPS, "units": "kg C m-2"})
