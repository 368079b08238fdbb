"""Stops a process at one moment of a commit, in every Python that finds this file on its path.

``SOILSWEEP_STOP=POINT:CHUNK:FILE`` stops the process that comes first to the point, which then
writes its number to the file: ``open`` before a chunk's temporary file is made, ``rename``
before it gets its name, ``line`` before the journal line of its block, ``after`` behind it.
The system's own calls are wrapped, so that it stops what it is to test whatever that calls.
"""

import os
import signal

POINT, CHUNK, FILE = (os.environ.get("SOILSWEEP_STOP", "") + "::").split(":")[:3]
BLOCK = '"block":[' + ",".join(CHUNK.split(".")[1:]) + "]"
_open, _rename, _write = os.open, os.rename, os.write


def stop():
    try:
        descriptor = _open(FILE, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        return
    _write(descriptor, str(os.getpid()).encode())
    os.close(descriptor)
    os.kill(os.getpid(), signal.SIGSTOP)


def stopping_open(path, flags, *more, **ends):
    name = os.path.basename(os.fspath(path)) if not isinstance(path, int) else ""
    if POINT == "open" and name.startswith(f".{CHUNK}.") and flags & os.O_CREAT:
        stop()
    return _open(path, flags, *more, **ends)


def stopping_rename(source, target, **ends):
    if POINT == "rename" and os.path.basename(os.fspath(target)) == CHUNK:
        stop()
    return _rename(source, target, **ends)


def stopping_write(descriptor, content):
    ours = POINT in ("line", "after") and BLOCK.encode() in bytes(content)
    if ours and POINT == "line":
        stop()
    written = _write(descriptor, content)
    if ours and POINT == "after":
        stop()
    return written


if POINT:
    os.open, os.rename, os.write = stopping_open, stopping_rename, stopping_write
