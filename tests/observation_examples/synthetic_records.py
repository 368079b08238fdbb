"""Two studies in a world of five cells; there is no file to be written."""

from forcing_law.example import Example

EXAMPLE = Example(lambda folder: None, {"cells": 5, "studies": 2})
