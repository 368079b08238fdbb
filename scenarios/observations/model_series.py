"""Annual values of the globe, of several models: one row per model, realisation and year.

.. code-block:: yaml

    observed: {reader: model_series, path: annual_global.csv, value: Rh, units: Pg C yr-1}

The unit is that of a column ``units``, of the header, or of the scenario. A column ``ensemble``
tells the realisations of a model apart: means are of years, then of realisations, then of models,
so that a model of thirty realisations weighs as one of one. Other columns of words, such as
``experiment``, must have one word each: ``where: {experiment: historical}`` takes it.

Source: our own layout, for series of CMIP.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from scenarios.forcing.common.checks import Findings, is_number
from scenarios.forcing.common.declared import NUMBERS_MISSING, Input, Order, Quantity
from scenarios.observations._contract import Observations, ObservationSpec, YearSeries
from scenarios.observations.parts.rows import (
    Columns,
    gap_notes,
    open_table,
    problem_of_words,
    told,
    wrong_unit,
)
from scenarios.problems import nearest, shown
from scenarios.units import UnitText

ANY = "Pg C yr-1"
STOCK = "Pg C"


class Spec(ObservationSpec):
    """Annual values of the globe, of several models."""

    gives: ClassVar[type[Observations]] = YearSeries
    reads: ClassVar[tuple[Input, ...]] = (
        Input(
            key="path",
            format="table",
            holds="one row per model, realisation and year",
            quantities=(
                Quantity("year", "time"),
                Quantity("model", "name"),
                Quantity("ensemble", "name", needed=False),
                Quantity("<value>", "observation", (ANY,), "file or scenario"),
            ),
            orders=(Order("rows", ("model", "ensemble", "year")), Order("columns", ("name",))),
            missing=NUMBERS_MISSING,
        ),
    )

    reader: Literal["model_series"]
    path: str = Field(min_length=1, description="CSV file, one row per model and year")
    value: str = Field(default="value", min_length=1, description="column of values")
    units: UnitText = Field(default="", description="of the values, where the file has none")
    where: dict[str, str] = Field(
        default={}, description="{column: word}, rows to take: {experiment: historical}"
    )
    models: list[str] = Field(default=[], description="models to take; by default all")

    def read(self, base: Path) -> YearSeries:
        """Return one row per model and realisation; see `ObservationSpec.read`."""
        findings = Findings()
        needed = f"year,model,{self.value}"
        rows = "one row per model and year"
        columns = Columns(open_table(base, self.path, findings, needed, rows), findings)
        columns.need("year", "model", self.value, *self.where)
        taken = self._taken(columns)
        model = columns.texts("model")
        member = columns.texts("ensemble") if columns.has("ensemble") else np.full_like(model, "")
        years, values = columns.years("year"), columns.numbers(self.value, gaps=False)
        self._one_word(columns, taken)
        unit = self._unit(columns, taken)
        names = list(zip(model.tolist(), member.tolist(), years.tolist(), strict=True))
        every = np.flatnonzero(taken)
        some = every.tolist()
        columns.each_once(
            [names[row] for row in some],
            "year",
            lambda name: f"{' '.join(name[:2])} of this year",
            some,
        )
        findings.raise_all()
        labels = sorted({names[row][:2] for row in every.tolist()})
        span = np.unique(years[taken])
        table = np.full((len(labels), span.size), np.nan)
        place = {label: row for row, label in enumerate(labels)}
        table[[place[names[row][:2]] for row in every.tolist()],
              np.searchsorted(span, years[taken])] = values[taken]  # fmt: skip
        return YearSeries(
            units=unit,
            names=tuple(name for name, _ in labels),
            realisations=tuple(one for _, one in labels),
            years=span,
            values=table,
            notes=gap_notes([" ".join(label).strip() for label in labels], span, table),
            left_out={"row of others": int((~taken).sum())} if not taken.all() else {},
            provenance=told("model_series", [columns.table.digest]),
        )

    def _taken(self, columns: Columns) -> NDArray[np.bool_]:
        """Return the rows that are asked for, (n,); note words that no row has."""
        taken = np.ones(len(columns.table.rows), dtype=np.bool_)
        for name, words in (*((n, [w]) for n, w in self.where.items()), ("model", self.models)):
            cells = columns.texts(name)
            for word in words:
                if word not in cells:
                    key = f"where.{name}" if name in self.where else "models"
                    text = f"no row has {name} {word!r}{nearest(word, np.unique(cells).tolist())}"
                    columns.findings.add("columns", problem_of_words(text, key))
            if words:
                taken &= np.isin(cells, words)
        columns.findings.raise_all()
        return taken

    def _one_word(self, columns: Columns, taken: NDArray[np.bool_]) -> None:
        """Note columns of words in which the rows are of different things."""
        for name in _of_words(columns):
            if name in (self.value, "year", "model", "ensemble", "units"):
                continue
            columns.has(name)
            unlike = np.unique(columns.texts(name)[taken]).tolist()
            if len(unlike) > 1:
                text = f"has {', '.join(map(repr, unlike[:5]))}; needed one: say where: "
                problem = columns.table.in_header(
                    f"{text}{{{name}: {unlike[0]}}}", f"column {name!r}"
                )
                columns.findings.add("columns", problem)

    def _unit(self, columns: Columns, taken: NDArray[np.bool_]) -> str:
        """Return the unit of the values, of a column of its own or of the header."""
        if not columns.has("units"):
            return columns.unit(self.value, self.units, *_like(self.units))
        found = np.unique(columns.texts("units")[taken]).tolist()
        text = f"has {', '.join(map(shown, found))}; needed one unit" if len(found) != 1 else ""
        text = text or wrong_unit(found[0], self.units, *_like(self.units or found[0]))
        if text:
            columns.findings.add("units", columns.table.in_header(text, "column 'units'"))
        return self.units or found[0]


def _like(unit: str) -> tuple[str]:
    """Return which quantity a unit is one of: a flux of the globe, or a stock."""
    return (STOCK if wrong_unit(unit, "", STOCK) == "" else ANY,)


def _of_words(columns: Columns) -> Iterator[str]:
    """Yield the columns of which some cell is no number."""
    for at, name in enumerate(columns.table.names):
        if any(not is_number(str(cells[at])) for _, cells in columns.table.rows):
            yield name
