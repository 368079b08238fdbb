"""The page's figures in Python: ``ensemble.plot.importance(run, ax=ax)``; ``dir()`` lists them.

Each function takes a run as `ensemble.open_run` gives it, or the folder of one, and draws what
stands on its page (`ensemble.report.figures`); those that others install are among them.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import xarray as xr
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

    from ensemble.report.figures import Figure
    from ensemble.report.figures.parts.style import Picture

FIRST = 60
"""Letters of a caption that tell figures apart in a message."""


def __dir__() -> list[str]:
    from ensemble.report import figures

    return figures.names()


def __getattr__(name: str) -> "Callable[..., Picture]":
    from ensemble.report import figures

    if name.startswith("_") or name not in figures.names():
        raise AttributeError(f"module {__name__!r} has no figure {name!r}; dir() lists them")
    found = figures.figure_of(name, figures.FIGURES.get(name))

    def draw(
        run: "xr.DataTree | str | os.PathLike[str]",
        *,
        ax: "Axes | None" = None,
        number: int | None = None,
    ) -> "Picture":
        return _draw(found, run, ax, number)

    draw.__name__ = draw.__qualname__ = name
    about = (figures.FIGURES.get(name).__doc__ or "").strip()
    draw.__doc__ = f"{about}\n\n{_PARAMETERS}"
    return draw


_PARAMETERS = """Parameters
----------
run : xarray.DataTree or path
    What `ensemble.open_run` returned, or the folder of a run.
ax : matplotlib.axes.Axes, optional
    Of `matplotlib.pyplot.subplots`: the figure takes its place. It is drawn with what its
    figure has of layout ``constrained``, which keeps legends beside panels.
number : int, optional
    Which one, from 1, where a run has several of them.

Returns
-------
Picture
    Its ``drawn`` is the figure, ``caption`` what is said of it, ``numbers`` what it shows as a
    `pandas.DataFrame`; a notebook shows it.

Raises
------
ValueError
    The run has nothing to draw of it, or several and no ``number``; they are told.
"""


def _draw(
    figure: "Figure",
    run: "xr.DataTree | str | os.PathLike[str]",
    ax: "Axes | None",
    number: int | None,
) -> "Picture":
    """Draw one of the pictures that a figure makes of a run, as `_PARAMETERS` say."""
    from ensemble.report.figures.parts.style import Picture, drawing_into, look

    said: list[str] = []
    found: list[Picture] = []
    drawing = figure.pictures(_reported(figure, run))
    while True:
        here = ax if number == len(found) + 1 else None
        # A figure begins when the next one is asked for, and at no other time.
        with look(), drawing_into(_instead_of(here)):
            _, drawn = next(drawing, ("", None))
        if isinstance(drawn, Picture):
            found.append(drawn)
            if len(found) == number:
                return drawn
        elif drawn is None:
            break
        else:
            said.append(drawn)
    if len(found) == 1 and number is None:
        return found[0] if ax is None else _draw(figure, run, ax, 1)
    raise ValueError(_unlike(figure.name, number, found, said))


def _unlike(name: str, number: int | None, found: "list[Picture]", said: list[str]) -> str:
    """Return why there is not the one picture that was asked for."""
    if not found:
        return " ".join([f"{name}: there is nothing to draw of this run.", *said])
    asked = f"found number={number}" if number is not None else "found no number"
    captions = [f"{k + 1}: {one.caption[:FIRST]}" for k, one in enumerate(found)]
    return "\n  ".join([f"{name}: {asked}; needed number=1 to {len(found)} of", *captions])


def _reported(figure: "Figure", run: "xr.DataTree | str | os.PathLike[str]") -> Any:
    """Return a run as its page reads it."""
    from ensemble.report.page import reported
    from ensemble.store.reading import read

    place = getattr(run, "encoding", {}).get("source") if hasattr(run, "encoding") else run
    if not isinstance(place, str | os.PathLike):
        raise ValueError("needed what ensemble.open_run returned of a folder, or that folder")
    store = read(Path(place))
    if store.work not in figure.works:
        of = ", ".join(figure.works)
        raise ValueError(f"{figure.name}: a figure of stores of {of}, not {store.work}")
    return reported(store)


def _instead_of(ax: "Axes | None") -> "SubFigure | None":
    """Return a part of a figure where axes were."""
    if ax is None:
        return None
    spec, root = ax.get_subplotspec(), ax.get_figure(root=False)
    if spec is None or root is None:
        raise ValueError("ax: needed axes of matplotlib.pyplot.subplots, whose place can be taken")
    whole: Any = ax.get_figure(root=True)
    if whole.get_layout_engine() is None:
        whole.set_layout_engine("constrained")
    ax.remove()
    return root.add_subfigure(spec)
