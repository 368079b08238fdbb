"""Waiting for something to happen, not for a time to pass: slow machines take their time."""

import time
from pathlib import Path

PATIENCE = 180.0
"""Seconds after which what must happen will not; no test needs them where nothing is wrong."""


def wait_for(true, what: str, seconds: float = PATIENCE, every: float = 0.1):
    """Return the first true value, or fail with a sentence."""
    until = time.monotonic() + seconds
    while not (value := true()):
        if time.monotonic() > until:
            raise TimeoutError(f"{what}: not within {seconds:g} s")
        time.sleep(every)
    return value


def ended(pid: int) -> bool:
    """Return whether a process has ended; one that its parent has not reaped yet has."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return True
    return state == "Z"
