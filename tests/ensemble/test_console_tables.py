"""Tables on the console: complete and plain where they are piped, for people on a terminal."""

import fcntl
import os
import pty
import re
import struct
import subprocess
import sys
import termios
from pathlib import Path

import pytest
from tracked import ROOT
from waiting import PATIENCE

from ensemble.commands import console
from ensemble.commands.tables import print_table
from ensemble.tables.responses import Table

LONG = "a model with a long name " * 12
TABLE = Table(
    "Small [bold]title[/bold]",
    ["forcing", "d_total [Pg C] control", "ensemble", "what to do"],
    [
        ["S01", "170.25", "1234.5 +- 67.8", "bound [red]it[/red] :smile:"],
        ["a \x1b[31m name", "-0.5", "\N{EN DASH}", ""],
        [LONG.strip(), "1.5e-09", "3.0 +- 0.1", "nothing"],
    ],
    ["a note " * 40 + "[blue]"],
    rules=(2,),
)
SPELLED = {"a \x1b[31m name": r"a \x1b[31m name"}
CELLS = [SPELLED.get(cell, cell) for row in (TABLE.header, *TABLE.rows) for cell in row]

COLUMNS = [
    CELLS[k::4] if k in (1, 2) else [word for cell in CELLS[k::4] for word in cell.split()]
    for k in range(4)
]
"""What is never broken: numbers and their headers, and words."""

PIPED = """
Small [bold]title[/bold]
forcing    d_total [Pg C] control        ensemble                   what to do
---------  ----------------------  --------------  ---------------------------
S01                        170.25  1234.5 +- 67.8  bound [red]it[/red] :smile:
a [m name                    -0.5               \N{EN DASH}
---------  ----------------------  --------------  ---------------------------
LONG                      1.5e-09      3.0 +- 0.1                      nothing
NOTE
"""


def expected():
    """Return the text above, its first column as wide as the long name."""
    wide = len(LONG.strip())
    lines = []
    for line in PIPED.splitlines():
        first, rest = line[:9], line[9:]
        name = {"LONG": LONG.strip(), "a [m name": r"a \x1b[31m name"}.get(first.strip(), first)
        fill = "-" if first == "-" * 9 else " "
        in_table = rest.startswith("  ")
        lines.append(f"{name.strip().ljust(wide, fill)}{rest}" if in_table else line)
    return "\n".join(lines).replace("NOTE", TABLE.notes[0]) + "\n"


@pytest.mark.parametrize(
    "surroundings", [{}, {"COLUMNS": "20"}, {"FORCE_COLOR": "1", "TERM": "xterm-256color"}]
)
def test_what_is_piped_is_plain_and_whole_whatever_surrounds_it(capsys, monkeypatch, surroundings):
    for name, value in surroundings.items():
        monkeypatch.setenv(name, value)
    print_table(TABLE)
    assert capsys.readouterr().out == expected()


PRINTS = """
import sys
sys.path.insert(0, "tests/ensemble")
from ensemble.printing import guarded
from test_console_tables import TABLE, print_table
with guarded():
    print_table(TABLE)
"""


def on_terminal(columns, **surroundings):
    """Return what a terminal of so many columns gets."""
    ours, theirs = pty.openpty()
    fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))
    left_out = ("COLUMNS", "LINES", "NO_COLOR", "FORCE_COLOR", "COLORTERM")
    env = {name: value for name, value in os.environ.items() if name not in left_out}
    env |= {"TERM": "xterm-256color", "PYTHONPATH": "tests", **surroundings}
    program = [sys.executable, "-c", PRINTS]
    with subprocess.Popen(program, stdout=theirs, env=env, cwd=ROOT) as process:
        os.close(theirs)
        text = b""
        try:
            while part := os.read(ours, 65536):
                text += part
        except OSError:
            pass  # Linux says so where the other end is closed.
        assert process.wait(PATIENCE) == 0
    os.close(ours)
    return text.decode().replace("\r\n", "\n")


STYLE = re.compile(r"\x1b\[[\d;]*m")


@pytest.mark.parametrize("columns", [20, 60, 120, 400])
def test_on_a_terminal_words_are_wrapped_and_numbers_are_whole(columns):
    text = on_terminal(columns)
    assert STYLE.search(text)
    plain = STYLE.sub("", text)
    assert "\x1b" not in plain
    *rows, _ = plain.splitlines()
    words = plain.split()
    for cell in CELLS:
        for word in cell.split():
            assert word in words
    for number in ("170.25", "1234.5 +- 67.8", "1.5e-09", "3.0 +- 0.1"):
        assert number in plain
    assert TABLE.title in plain
    assert TABLE.notes[0].strip() in plain
    # As wide as the screen, or as its longest words and numbers; rich before 14.3 shares out some
    # of the distance between columns once more.
    least = sum(max(map(len, column)) + 2 for column in COLUMNS)
    assert max(map(len, rows)) <= max(columns, least + 2 * len(COLUMNS))


def test_no_color_leaves_no_style():
    text = on_terminal(120, NO_COLOR="1")
    assert "\x1b" not in text
    assert "1234.5 +- 67.8" in text


def test_a_terminal_without_styles_gets_none():
    assert "\x1b" not in on_terminal(120, TERM="dumb")


@pytest.mark.parametrize(
    ("lengths", "rows", "left"),
    [
        ((5,), 5, ""),
        ((7, 7, 7), 14, "tables not shown: 1; soilsweep report runs/x.zarr"),
        ((40,), 24, "rows not shown: 16; soilsweep report runs/x.zarr"),
        ((6, 40), 20, "rows not shown: 26; soilsweep report runs/x.zarr"),
        ((20, 40), 20, "tables not shown: 1; soilsweep report runs/x.zarr"),
        ((15, 9, 2), 17, "tables not shown: 1; soilsweep report runs/x.zarr"),
    ],
)
def test_a_run_ends_with_a_screen_of_tables(lengths, rows, left, capsys):
    tables = [Table(f"t{k}", ["a"], [["row"]] * n, ["a note"]) for k, n in enumerate(lengths)]
    console.print_some(tables, Path("runs/x.zarr"), console.MOST_LINES)
    lines = capsys.readouterr().out.splitlines()
    assert lines.count("row") == rows
    assert lines.count("a note") == 1
    assert len(lines) <= console.MOST_LINES
    assert left in lines if left else "not shown" not in "".join(lines)
