"""Made-up classes; no file is opened."""

from forcing_law.example import Example

EXAMPLE = Example(lambda folder: None, {"rows": 18})
