"""Where a process runs, for names that others read: its host, this boot of it, its container.

Containers may share a host's name, and each has a process 7; so may hosts of a badly kept list.
"""

import os
import socket
import zlib
from contextlib import suppress
from functools import cache
from pathlib import Path

from ensemble.store.platforms import is_alive

_SAME = (Path("/proc/sys/kernel/random/boot_id"), Path("/proc/self/ns/pid"))
"""What processes have in common whose numbers mean the same."""


@cache
def here() -> str:
    """Return a word for where numbers of processes mean what they mean in this one.

    The host's name and, where the system tells, eight digits of its boot and of the namespace of
    its processes: ``node7.1a2b3c4d``. Its last part holds no hyphen.
    """
    known = []
    with suppress(OSError):
        known = [_SAME[0].read_text().strip(), os.readlink(_SAME[1])]
    mark = f".{zlib.crc32(' '.join(known).encode()):08x}" if known else ""
    return f"{socket.gethostname()}{mark}"


def is_gone(place: str, process: str) -> bool:
    """Return whether a process is known to have ended: of another place nobody can say.

    Names of older versions have the host's name alone, which is another place than this one.
    """
    return place == here() and not is_alive(process)
