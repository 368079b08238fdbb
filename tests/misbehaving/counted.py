"""The line, in processes that count the candidates of every round and write every checkpoint.

``COUNTED`` names the file that counts are appended to, before a round is evaluated: what a kill
takes along is counted, too. Whoever runs a calibration imports its kernel, in whatever job.
"""

import os
from dataclasses import replace

from ensemble.calibration.checkpoints import Clock
from ensemble.calibration.searching import Searching
from misbehaving import hill

KERNEL = replace(hill.KERNEL, name="misbehaving.counted")

_told = Searching.told


def _counting(searching, asked):
    if file := os.environ.get("COUNTED"):
        with open(file, "a") as counts:
            counts.write(f"{len(asked)}\n")
    return _told(searching, asked)


if Searching.told is not _counting:
    Searching.told = _counting
    Clock.due = property(lambda clock: True)
