"""The command as a person calls it, in this process; and what is on disk, to compare."""

import contextlib
import io
import sys
from dataclasses import dataclass
from pathlib import Path
from unittest import mock

import pytest

from ensemble import cli

PROGRAM = [sys.executable, "-c", "from ensemble.cli import main; main()"]
"""The command in a process of its own."""


PENDING = {
    "store: a bit of a driver",
    "store: a bit of sums",
    "store: a folder of something else",
    "store: array without metadata",
    "store: block of another store",
    "store: consolidated, null",
    "store: driver cut",
    "store: driver gone",
    "store: edges gone",
    "store: foreign",
    "store: foreign, analyze",
    "store: format 99",
    "store: format 99, status",
    "store: journal of another version",
    "store: member of a cut chunk",
    "store: member of a lost chunk",
    "store: names damaged",
    "store: names gone",
    "store: no identity",
    "store: no journal",
    "store: no journal, status",
    "store: no journal, verify",
    "store: no zarr.json",
    "store: not consolidated",
    "store: scenario of another version",
    "store: sums cut",
    "store: sums gone",
    "store: sums lost",
    "store: zarr.json binary",
    "store: zarr.json cut",
    "store: zarr.json cut, status",
    "store: zarr.json empty",
    "store: zarr.json, a list",
    "table: a column like an output",
    "table: no year of the reference",
    "test_a_cut_chunk_is_not_read_beyond_its_end",
    "test_a_disk_that_fills_while_the_store_is_created_is_left_as_it_was",
    "test_a_note_of_a_crash_that_is_half_written_is_passed_over",
    "test_a_plan_of_a_million_million_rows_takes_no_room",
    "test_a_run_in_its_own_process_says_the_same",
    "test_a_run_leaves_no_file_open",
    "test_a_store_that_lost_its_empty_folders_goes_on",
    "test_an_empty_folder_may_become_a_store",
    "test_repair_by_other_code_leaves_the_store_as_it_is",
    "test_verify_repairs_a_damaged_block",
}
"""Cases that the engine does not pass yet; to be empty."""


def awaits_mending(name: str) -> pytest.MarkDecorator:
    return pytest.mark.xfail(name in PENDING, reason="the engine is to be mended")


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
