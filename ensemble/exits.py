"""Exit codes of the command line."""

DONE = 0
USER = 2
"""The user's input: nothing was written, nothing is lost."""

FAILED_MEMBERS = 3
"""Finished, but members failed above the limit, bytes do not match, or intervals stayed wide."""

RESUMABLE = 75
"""Stopped early; the same command goes on (EX_TEMPFAIL)."""
