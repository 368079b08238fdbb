"""How a run ends, for people and for programs: errors and exit codes."""

DONE = 0
USER = 2
"""The user's input: nothing was written, nothing is lost."""

FAILED_MEMBERS = 3
"""Finished, but members failed above the limit, bytes do not match, or intervals stayed wide."""

RESUMABLE = 75
"""Stopped early; the same command goes on (EX_TEMPFAIL)."""


class PlanError(ValueError):
    """A run cannot be started or continued as asked; nothing has been written."""


class StoppedEarly(RuntimeError):
    """The run ended before all blocks were committed; the same command goes on."""
