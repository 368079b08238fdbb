"""Three small kernels to be chained: leaves, and two soils; ten days are a year."""

DAYS = 10


class Tally:
    """Counts calls of kernels, (kernel, locations, samples); no part of what they compute."""

    def __init__(self):
        self.made = []

    def add(self, *call):
        """Note one call."""
        self.made.append(call)


CALLS = Tally()
