"""What a run ends with that a person has to know."""


class PlanError(ValueError):
    """A run cannot be started or continued as asked; nothing has been written."""
