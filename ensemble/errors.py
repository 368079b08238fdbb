"""What a run ends with that a person has to know."""


class PlanError(ValueError):
    """A run cannot be started or continued as asked; nothing has been written."""


class StoppedEarly(RuntimeError):
    """The run ended before all blocks were committed; the same command goes on."""
