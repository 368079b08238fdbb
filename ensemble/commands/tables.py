"""Tables on the console: laid out by rich on a terminal, plain text elsewhere.

Nothing is cut. What is piped has a line for each row, however long; on a terminal that is
narrower than a table, cells of words go on below, at blanks, and numbers never do.
"""

import os
import sys
from typing import TYPE_CHECKING, Any

from ensemble.printing import behind, put
from ensemble.tables.responses import Table
from scenarios.visible import visible

if TYPE_CHECKING:
    from rich.table import Table as Grid

LONGEST_LINE = 1_000_000
"""Characters: where nothing bounds a line."""

APART = (0, 2, 0, 0)
"""Padding of a cell: two blanks between columns."""


def print_table(table: Table) -> None:
    """Print a table: its title, its rows in aligned columns, its notes."""
    if sys.stdout.isatty():
        _print_on_terminal(table)
    else:
        put("", table.title, *_lines(table), *table.notes)


def _lines(table: Table) -> list[str]:
    """Return header, rules and rows as text that depends on the table alone.

    Without rich, which takes a hundred times as long, and indices are many.
    """
    rows = [[visible(cell) for cell in row] for row in (table.header, *table.rows)]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    rule = "  ".join("-" * width for width in widths)
    lines = []
    for k, row in enumerate(rows):
        others = (cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))
        lines.append("  ".join([row[0].ljust(widths[0]), *others]).rstrip())
        if k == 0 or k in table.rules:
            lines.append(rule)
    return lines


def _print_on_terminal(table: Table) -> None:
    """Print a table for a person: numbers right, words left and wrapped at the screen's width."""
    from rich.console import Console
    from rich.text import Text

    # Behind the door: what it does to text is done to each cell, and styles have to pass.
    console = Console(
        file=behind(sys.stdout), color_system=None if os.environ.get("NO_COLOR") else "auto"
    )
    grid = _grid(table)
    # Measured without a bound: rich has no more than what it has room for.
    unbound = console.options.update(max_width=LONGEST_LINE)
    console.width = max(console.width, console.measure(grid, options=unbound).minimum)
    console.print()
    console.print(Text(visible(table.title), style="bold"), soft_wrap=True)
    console.print(grid, crop=False)
    for note in table.notes:
        console.print(Text(visible(note), style="dim"), soft_wrap=True)


def _columns(table: Table) -> list[dict[str, Any]]:
    """Return how columns are set on a terminal: none narrower than its longest number or word."""
    from rich.cells import cell_len

    columns: list[dict[str, Any]] = []
    for k, numeric in enumerate(table.numeric_columns()):
        cells = [visible(row[k]) for row in (table.header, *table.rows)]
        whole = cells if numeric else [word for cell in cells for word in cell.split()]
        column: dict[str, Any] = {"min_width": max(map(cell_len, whole), default=0)}
        columns.append(column | ({"justify": "right", "no_wrap": True} if numeric else {}))
    return columns


def _grid(table: Table) -> "Grid":
    """Return header, rules and rows for rich; cells are text, whatever brackets they hold."""
    from rich.rule import Rule
    from rich.table import Table as Grid
    from rich.text import Text

    grid = Grid(box=None, show_header=False, padding=APART, pad_edge=False)
    columns = _columns(table)
    for column in columns:
        grid.add_column(**column, overflow="fold")
    for k, row in enumerate((table.header, *table.rows)):
        grid.add_row(*(Text(visible(cell)) for cell in row), style="" if k else "bold")
        if k == 0 or k in table.rules:
            grid.add_row(*(Rule(style="") for _ in columns))
    return grid
