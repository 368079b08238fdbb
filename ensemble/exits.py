"""Exit codes of the command line."""

DONE = 0
USER = 2
"""The user's input: nothing was written, nothing is lost."""

FAILED_MEMBERS = 3
"""Finished, but members failed above the limit, or bytes do not match."""

RESUMABLE = 75
"""Stopped early; the same command goes on (EX_TEMPFAIL)."""
