"""How figures look, and the label that every figure of made-up data carries."""

import io
import math
import re
import textwrap
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axis import Axis
from matplotlib.figure import Figure, SubFigure
from matplotlib.ticker import FuncFormatter, NullFormatter

from ensemble.report.figures.parts.numbers import numbers
from ensemble.report.html.text import plain
from kernels import F8

if TYPE_CHECKING:
    import pandas as pd

# Okabe and Ito (2008): told apart with any colour vision, and in grey by lightness.
BLUE, ORANGE, GREEN, RED = "#0072B2", "#E69F00", "#009E73", "#D55E00"
SKY, PINK, YELLOW, DARK = "#56B4E9", "#CC79A7", "#F0E442", "#333333"
GREY, PALE = "#8C8C8C", "#D9D9D9"
SERIES = (BLUE, ORANGE, GREEN, PINK, SKY, RED, YELLOW)
INK, PAPER = "#2B2B2B", "#FEFEFE"
"""Of letters on a colour, which stays as it is where a page is dark."""

UNPRINTABLE = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
"""What XML may not hold, wherever it came from."""

THETA = "importance \N{GREEK SMALL LETTER THETA}"
"""What importance is called beside an axis."""

WIDTH = 10.0
"""Inches of a figure; the page is as wide."""

LOOK: Any = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.edgecolor": GREY,
    "axes.linewidth": 0.8,
    "xtick.color": DARK,
    "ytick.color": DARK,
    "axes.labelcolor": DARK,
    "grid.color": "#E6E6E6",
    "grid.linewidth": 0.7,
    "axes.axisbelow": True,
    "axes.titlelocation": "left",
    "lines.linewidth": 1.4,
    # Names come from scenarios and data: a dollar sign in one is a dollar sign.
    "text.parse_math": False,
    # Letters stay letters: to be searched, and to be set otherwise for a paper.
    "svg.fonttype": "none",
    "pdf.fonttype": 42,
    "svg.hashsalt": "soilsweep",
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.06,
}


FONTS = b"'DejaVu Sans', 'Bitstream Vera Sans', Verdana, sans-serif"
"""Letters of one width, then any: a page is read where DejaVu is not."""

METADATA: dict[str, Any] = {
    "svg": {"Date": None, "Creator": "soilsweep"},
    "pdf": {"CreationDate": None, "Creator": "soilsweep", "Producer": None},
    "png": {"Software": "soilsweep"},
}
"""Of files of figures, by format: no date, no version."""

PRINTED = 300
"""Dots per inch of a figure as PNG."""


@dataclass(frozen=True)
class Picture:
    """A figure, and what is said below it."""

    drawn: Figure | SubFigure
    caption: str

    @property
    def width(self) -> float:
        """Return its width in inches."""
        return width_of(self.drawn)

    @cached_property
    def svg(self) -> bytes:
        """Return the figure as SVG, with letters as letters."""
        svg = UNPRINTABLE.sub(b"", self._saved("svg"))
        return svg.replace(b"'DejaVu Sans'", FONTS)

    @property
    def numbers(self) -> "pd.DataFrame":
        """Return what is drawn as a table; see `ensemble.report.figures.parts.numbers`."""
        return numbers(self.drawn)

    def written(self, form: str) -> bytes:
        """Return the figure in a format of `METADATA`; equal figures have equal bytes."""
        return self.svg if form == "svg" else self._saved(form)

    def _saved(self, form: str) -> bytes:
        root, content = self.drawn.get_figure(root=True), io.BytesIO()
        with look():
            dots: Any = PRINTED if form == "png" else "figure"
            root.savefig(content, format=form, dpi=dots, metadata=METADATA[form])
        return content.getvalue()


@contextmanager
def look() -> Iterator[None]:
    """Draw with our settings, without a display and without a word about missing glyphs."""
    with matplotlib.rc_context(LOOK), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        yield


_CANVAS: ContextVar[SubFigure | None] = ContextVar("canvas", default=None)


@contextmanager
def drawing_into(canvas: SubFigure | None) -> Iterator[None]:
    """Let the figures that begin here be parts of somebody's figure."""
    token = _CANVAS.set(canvas)
    try:
        yield
    finally:
        _CANVAS.reset(token)


def width_of(drawn: Figure | SubFigure) -> float:
    """Return the width of a figure, or of a part of one, in inches."""
    return float(drawn.bbox.width / drawn.get_figure(root=True).dpi)


def figure(height: float, synthetic: str, *, width: float = WIDTH) -> Figure:
    """Return an empty figure; made-up data is named at its top."""
    canvas = _CANVAS.get()
    width = width if canvas is None else width_of(canvas)
    label = (
        textwrap.fill(plain(f"SYNTHETIC DATA: {synthetic}"), int(width * 13)) if synthetic else ""
    )
    extra = 0.22 * (label.count("\n") + 1) if label else 0.0
    # What is part of a figure has all that is drawn with; its size is given.
    drawn = cast(Figure, canvas) or Figure(figsize=(width, height + extra), layout="constrained")
    if label:
        drawn.suptitle(label, x=0.01, ha="left", color=RED, fontsize=9, fontweight="bold")
    return drawn


def finish(drawn: Figure, caption: str) -> Picture:
    """Return a figure with its caption."""
    return Picture(drawn, caption)


def aside(count: int, width: float) -> F8:
    """Return how far points at one place stand beside it, (count,), about 0.

    The golden ratio spreads them evenly, and the same each time.
    """
    spread: F8 = (np.arange(count, dtype=np.float64) * 0.6180339887) % 1
    return (spread - 0.5) * width


def short(name: object, most: int = 26) -> str:
    """Return a name that fits beside an axis; the middle goes first."""
    text = " ".join(plain(name).split())
    if len(text) <= most:
        return text
    head = (most - 1) * 2 // 3
    return f"{text[:head].rstrip()}\N{HORIZONTAL ELLIPSIS}{text[len(text) - (most - 1 - head) :]}"


def wrapped(text: object, width: int, lines: int = 4) -> str:
    """Return text on a few lines."""
    return "\n".join(
        textwrap.wrap(plain(text), width, max_lines=lines, placeholder="\N{HORIZONTAL ELLIPSIS}")
    )


_POWERS = str.maketrans("-0123456789", "\N{SUPERSCRIPT MINUS}⁰¹²³⁴⁵⁶⁷⁸⁹")


def columns(handles: Sequence[Artist], width: float, most: int = 5) -> int:
    """Return how many columns of a legend fit into a width in inches."""
    longest = max((len(str(handle.get_label())) for handle in handles), default=1)
    return max(1, min(most, len(handles), int(width * 13 / (longest + 8))))


def logarithmic(axis: Axis) -> None:
    """Label the powers of ten of a logarithmic axis; those of matplotlib need its mathtext."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: power(value)))
    axis.set_minor_formatter(NullFormatter())


def power(value: float) -> str:
    """Return ``0.1``, ``10`` as they are, and others as a power of ten."""
    if value <= 0 or 1e-3 <= value <= 1e3:
        return f"{value:g}"
    exponent = round(math.log10(value))
    if not math.isclose(value, 10.0**exponent):
        return f"{value:.2g}"
    return f"10{str(exponent).translate(_POWERS)}"


_EXPONENT = re.compile(r"(?<=[A-Za-z])(?:(?:\*\*|\^)(-?\d+)|(-\d+))\b|(?<=\bm)(\d)\b")


def pretty(units: str) -> str:
    """Return units with raised exponents: ``kg m-2`` as it is printed, ``CO2`` as it is."""
    return _EXPONENT.sub(lambda m: (m[1] or m[2] or m[3]).translate(_POWERS), plain(units))


def labelled(name: str, units: str) -> str:
    """Return an axis label."""
    return f"{short(name, 40)} [{pretty(units)}]" if units not in ("", "1") else short(name, 40)


LETTER = 0.067
"""Inches that a letter of a label takes, on average."""


def upright(name: str, units: str, inches: float) -> str:
    """Return the label of an upright axis: on two lines where one would leave the figure."""
    most = max(12, int(inches / LETTER))
    whole = labelled(name, units)
    if len(whole) <= most:
        return whole
    above = short(name, most)
    return f"{above}\n[{short(pretty(units), most)}]" if units not in ("", "1") else above
