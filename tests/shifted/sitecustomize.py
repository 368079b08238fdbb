"""A wall clock that is off by ``SOILSWEEP_CLOCK`` seconds, in every Python that finds this file.

The file system keeps its own, and so do clocks that only measure how long something takes, as
on a host whose clock is wrong. (Under libfaketime Python's own waits fail or never end.)
"""

import os
import time

SHIFT = float(os.environ.get("SOILSWEEP_CLOCK", "0"))
_time, _time_ns = time.time, time.time_ns


def shifted():
    return _time() + SHIFT


def shifted_ns():
    return _time_ns() + int(SHIFT * 1e9)


if SHIFT:
    time.time, time.time_ns = shifted, shifted_ns
