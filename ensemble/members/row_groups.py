"""What users call the rows of a design that belong together."""

WORDS = {
    "morris": "trajectories",
    "sobol": "Saltelli rows",
    "latin_hypercube": "members",
    "monte_carlo": "members",
}


def words_of(method: str) -> str:
    """Return what the groups of rows of a design are called, by its method."""
    return WORDS.get(method, "groups of rows")
