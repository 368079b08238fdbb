"""The command as a person calls it, in this process; and what is on disk, to compare."""

import contextlib
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

from ensemble.commands import app as cli

PROGRAM = [sys.executable, "-c", "from ensemble.commands.app import main; main()"]
"""The command in a process of its own."""


@dataclass(frozen=True)
class Said:
    code: int
    out: str
    err: str


def soilsweep(*arguments: object) -> Said:
    """Call the command; an exception that `main` lets through fails the test."""
    out, err = io.StringIO(), io.StringIO()
    argv = ["soilsweep", *map(str, arguments)]
    code = 0
    with (
        mock.patch.object(sys, "argv", argv),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            cli.main()
        except SystemExit as stop:
            code = stop.code
    return Said(code, out.getvalue(), err.getvalue())


def tree(folder: Path) -> dict[str, bytes | None]:
    """Return every file and folder below, with its bytes."""
    return {
        str(f.relative_to(folder)): f.read_bytes() if f.is_file() else None
        for f in sorted(folder.rglob("*"))
        if f.is_file() or f.is_dir()
    }


def members(store: Path) -> dict[str, bytes | None]:
    """Return what a reader of a store sees: no journals, notes or lock."""
    hidden = ("journal", "inflight", "lock", "scratch")
    return {name: data for name, data in tree(store).items() if name.split("/")[0] not in hidden}


def refused(said: Said, *fragments: str, code: int = 2, lines: int | None = 1) -> None:
    """Check that there is one clear message with these fragments, and the exit code."""
    assert said.code == code, (said.code, said.err)
    assert "Traceback" not in said.err
    assert "pydantic" not in said.err
    if lines is not None:
        assert "Input should" not in said.err
        assert len(said.err.strip().splitlines()) == lines, said.err
    for fragment in fragments:
        assert fragment in said.err, f"{fragment!r} not in:\n{said.err}"
