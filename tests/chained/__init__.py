"""Three small kernels to be chained: leaves, and two soils; ten days are a year."""

DAYS = 10
CALLS: list[tuple[str, int, int]] = []
"""(kernel, locations, samples) of every call, for tests that count."""
