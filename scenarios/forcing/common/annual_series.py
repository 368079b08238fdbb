"""Series of months or years on their way to a driver: its years, and what is wrong in them."""

from dataclasses import dataclass

import numpy as np

from kernels import F8, I8, Variable
from scenarios.forcing.common.annual_means import ToAnnual
from scenarios.forcing.common.checks import Findings, as_range
from scenarios.forcing.common.series import Part
from scenarios.forcing.common.sources import is_stock, spelled, wrong
from scenarios.problems import Problem


@dataclass(frozen=True)
class AnnualSeries:
    """How series of a folder become years.

    Attributes
    ----------
    to_annual : ToAnnual
    folder : str
        Of the files, for what is wrong with the sum of several.
    findings : Findings
        Where that is noted.
    """

    to_annual: ToAnnual
    folder: str
    findings: Findings

    def driver(self, model: str, need: Variable, parts: list[Part], years: I8) -> F8:
        """Return a driver, (1, T), in its unit."""
        total = np.zeros(years.size)
        for part in parts:
            total += part.term.sign * self._years_of(model, need, part, years)
        if len(parts) > 1:
            name = spelled([part.term for part in parts])
            where = f"model {model!r}, {name}"
            self._note_wrong(need.name, need, total, years, where, self.folder)
        return total[np.newaxis, :]

    def _years_of(self, model: str, need: Variable, part: Part, years: I8) -> F8:
        """Return one series' annual values (T,); NaN where something was noted."""
        where = f"model {model!r}, variable {part.term.name!r}"
        file, has = part.series.file, part.years
        if years[0] < has[0] or years[-1] > has[1]:
            asked = as_range((int(years[0]), int(years[-1])))
            text = f"has {as_range(has)}; needed {asked}: correct years: or start:"
            self.findings.add("years", Problem(text, where, file))
            return np.full(years.size, np.nan)
        n = part.per_year
        begin = n * (int(years[0]) - part.start)
        monthly = part.series.values[begin : begin + n * years.size].reshape(-1, n)
        bad = ~np.isfinite(monthly)
        if is_stock(part.term.name, need):
            # A year's mean would hide it.
            bad |= monthly < 0
        for t, month in np.argwhere(bad):
            value = monthly[t, month]
            fault = f"found {value:g}; needed 0 or more: a stock cannot be negative"
            if np.isnan(value):
                fault = "is missing (NaN, or a fill value such as -9999 or -99); needed a number"
            elif np.isinf(value):
                fault = "is infinite; needed a number"
            date = f"{years[t]}-{month + 1:02d}" if n > 1 else f"{years[t]}"
            self.findings.add("bad values", Problem(fault, f"{where}, {date}", file))
        if bad.any():
            return np.full(years.size, np.nan)
        monthly = np.broadcast_to(monthly, (years.size, 12))
        values = self.to_annual.annual(monthly, years, part.unit, need.units)
        self._note_wrong(part.term.name, need, values, years, where, file)
        return values

    def _note_wrong(
        self,
        source: str,
        need: Variable,
        values: F8,
        years: I8,
        where: str,
        file: str,
    ) -> None:
        for bad, needed in wrong(source, need, values):
            for t in np.flatnonzero(bad):
                text = f"found {values[t]:g} {need.units}; {needed}"
                problem = Problem(text, f"{where}, year {years[t]}", file)
                self.findings.add("bad years", problem)
