"""Profiles of soil layers with carbon and radiocarbon from one CSV file, cleaned by rule.

The rules are those of `scenarios.forcing.soil_profiles`; every layer and profile that they
leave out has a reason with its line.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import exp, isnan, nan

from scenarios.forcing.common.checks import LEAST_PER_MIL, Findings, number
from scenarios.forcing.common.places import find_places
from scenarios.forcing.common.table import Table
from scenarios.forcing.profile_files.columns import LIMITS, OBSERVED, OF_DRIVERS, UNIT_OF
from scenarios.problems import Problem, nearest
from scenarios.units import agree, convert

MEAN_LIFE = 8267.0
"""Of 14C, years, in the definition of Delta14C."""

LIBBY = 8033.0
"""Mean life that conventional ages are counted with, years."""

SAME = 1.5e-3
"""Largest difference of fraction modern that rounding of ages and per mil makes."""

AGREE = 0.03
"""Largest difference of the two columns of radiocarbon, fraction modern: age correction of
sampling or measuring, left out or done with the wrong sign, changes it by up to 0.017."""

FIRST_YEAR = 1950

WESTERN = frozenset(
    "us usa usa_alaska united_state united_states canada mexico brazil brasil costa_rica "
    "ecuador escuador".split()
)
"""Countries, as the file spells them, that lie west of Greenwich as a whole."""

IMPOSSIBLE = "with an impossible value"
"""How the reason of a layer begins that a cell cost, which no gap and no measurement is."""


@dataclass(frozen=True)
class Layer:
    """One layer of a profile, as read; NaN where there is nothing.

    ``top`` and ``bottom`` are cm below the surface of the mineral soil; ``soc`` is mg C cm-3;
    ``origin`` is the column that ``modern`` is from, and ``measured`` is of bulk density.
    """

    line: int
    top: float
    bottom: float
    soc: float
    modern: float
    modern_error: float
    origin: str
    clay: float
    measured: bool

    @property
    def complete(self) -> bool:
        """Return whether carbon and radiocarbon are both known."""
        return not (isnan(self.soc) or isnan(self.modern))


@dataclass
class Profile:
    """One profile; layers from the top down, and what was left out and why."""

    name: str
    line: int
    lat: float
    lon: float
    year: int
    temperature: float
    litterfall: float
    turned: bool
    layers: list[Layer] = field(default_factory=list)
    skipped: list[tuple[int, str]] = field(default_factory=list)
    refused: str = ""

    def why(self) -> str:
        """Return why layers are missing: reasons with counts."""
        counts = Counter(kind_of(reason) for _, reason in self.skipped)
        return "; ".join(f"{n} {reason}" for reason, n in counts.most_common())

    @property
    def clay(self) -> float:
        """Return the clay of layers where it is known, weighted by thickness, 1; NaN if none."""
        parts = [(x.bottom - x.top, x.clay) for x in self.layers if not isnan(x.clay)]
        depth = sum(thickness for thickness, _ in parts)
        return sum(t * c for t, c in parts) / depth / 100 if parts else nan


class Reading:
    """A table of layers on its way to profiles.

    Parameters
    ----------
    drivers : collection of str
        Those that a profile may supply itself, of `OF_DRIVERS`.
    strict : bool
        Whether an impossible value is a finding, and does not cost its layer alone.
    units : mapping of str to str
        What the scenario says of columns.

    Attributes
    ----------
    rows : dict of str to list of int
        Of every profile of the file, by its name, in order.
    impossible : list of str
        Every value that cost its layer, with profile, line and column.
    """

    def __init__(
        self,
        table: Table,
        drivers: Collection[str],
        strict: bool,
        units: Mapping[str, str],
        findings: Findings,
    ) -> None:
        self.table, self.strict, self.findings = table, strict, findings
        self._drivers = drivers
        wanted = [
            *OBSERVED,
            *(c for name in OF_DRIVERS if name in drivers for c in OF_DRIVERS[name]),
        ]
        self._at = {name: table.names.index(name) for name in wanted if name in table.names}
        places = find_places(table.names)[0]
        for name, place in (("Lat", "lat"), ("Lon", "lon")):
            if name not in self._at and place in places:
                self._at[name] = table.names.index(places[place].name)
        for name in (name for name in wanted if name not in self._at):
            text = f"no column {name!r}{nearest(name, table.names)}"
            findings.add("columns", table.problem(text))
        findings.raise_all()
        self._units = {name: self._unit(name, units) for name in self._at if name in UNIT_OF}
        findings.raise_all()
        if table.is_cut:
            line, cells = table.ragged[-1]
            text = f"{table.shape_of(cells)}, and ends there; fetch the file again, it is not whole"
            findings.add("files", Problem(text, file=table.file, line=line))
        self._bad: dict[int, dict[str, str]] = {}
        self.impossible: list[str] = []
        self.rows: dict[str, list[int]] = {}
        for row in range(len(table.rows)):
            # Two data sets may use one number for two profiles.
            name = f"{self._text(row, 'pc_dataset_name')}-{self._text(row, 'ProfileID')}"
            self.rows.setdefault(name, []).append(row)

    def _unit(self, column: str, said: Mapping[str, str]) -> str:
        """Return the unit of a column, that of the layout unless the header or scenario says."""
        name = self.table.names[self._at[column]]
        words = [u for u in (said.get(column, ""), self.table.units.get(name, "")) if u]
        try:
            if len(words) == 2 and not agree(*words):
                raise ValueError(f"is said to be in {words[0]!r} and in {words[1]!r}; correct one")
            unit = words[0] if words else UNIT_OF[column]
            convert(0.0, unit, UNIT_OF[column])
        except ValueError as error:
            self.findings.add("units", self.table.in_header(str(error), f"column {name!r}"))
            return UNIT_OF[column]
        return unit

    def profiles(self, chosen: Collection[str] | None = None) -> list[Profile]:
        """Return profiles in the file's order, of some names or all; the refused say why.

        Rows of other profiles are not looked at.
        """
        return [
            self._profile(name, mine)
            for name, mine in self.rows.items()
            if chosen is None or name in chosen
        ]

    def ragged(self, chosen: Collection[str] | None = None) -> list[tuple[int, str]]:
        """Return line and fault of rows of another length that may be of some profiles, or all.

        However their cells are shifted, they name a profile by its data set and its number.
        """
        keys = [
            {self._text(rows[0], "pc_dataset_name"), self._text(rows[0], "ProfileID")}
            for name, rows in self.rows.items()
            if chosen is not None and name in chosen
        ]
        return [
            (line, self.table.shape_of(cells))
            for line, cells in self.table.ragged
            if chosen is None or any(key <= set(cells) for key in keys)
        ]

    def _text(self, row: int, column: str) -> str:
        """Return a cell; nothing of a column that is not used."""
        at = self._at.get(column)
        return "" if at is None else str(self.table.rows[row][1][at]).strip()

    def _number(self, row: int, column: str) -> float:
        """Return a number, NaN for a gap; one that cannot be costs its layer."""
        lowest, highest, needed = LIMITS.get(column, (-1e5, 1e5, "a number"))
        # Depths above the mineral soil are negative, and 14C in permil may be -99.
        least = LEAST_PER_MIL if column == "D14C_BulkLayer" else lowest
        try:
            value = number(self._text(row, column), least)
        except ValueError as error:
            gap = str(error).startswith(("is empty", "is missing"))
            if not gap and (column != "14C_age" or self._text(row, column).lower() != "modern"):
                self._complain(row, column, str(error))
            return nan
        if column in self._units and self._units[column] != UNIT_OF[column]:
            value = float(convert(value, self._units[column], UNIT_OF[column]))
        if not lowest <= value <= highest:
            self._complain(row, column, f"found {value:g}; needed {needed}")
            return nan
        return value

    def _complain(self, row: int, column: str, text: str) -> None:
        if self.strict:
            problem = self.table.problem(text, f"column {column!r}", row)
            self.findings.add("bad numbers", problem)
        else:
            self._bad.setdefault(row, {})[column] = text

    def _profile(self, name: str, rows: Sequence[int]) -> Profile:
        columns: dict[str, float] = {}
        refused = []
        for column in ("Lat", "Lon", "SampleYear", "MAT", "Abovegd_litterfall"):
            values = (self._number(r, column) for r in rows)
            if column == "Lon":
                values = (round(v - 360.0, 9) if v > 180.0 else v for v in values)
            distinct = sorted({v for v in values if not isnan(v)})
            if len(distinct) > 1 and column != "MAT":
                refused.append(f"has {column} {distinct[0]:g} and {distinct[-1]:g}; needed one")
            columns[column] = distinct[0] if distinct else nan
        for column in ("Lat", "Lon", "SampleYear"):
            if isnan(columns[column]):
                refused.append(f"has no {column}")
        if columns["SampleYear"] < FIRST_YEAR:
            refused.append(
                f"was sampled in {columns['SampleYear']:g}; needed {FIRST_YEAR} or later"
            )
        country = self._text(rows[0], "Country").lower().replace(" ", "_")
        turned = columns["Lon"] > 0 and country in WESTERN
        # A climate that was looked up at the wrong longitude is not this place's.
        own = not turned or self._text(rows[0], "MAT_original") != ""
        profile = Profile(
            name=name,
            line=self.table.rows[rows[0]][0],
            lat=columns["Lat"],
            lon=-columns["Lon"] if turned else columns["Lon"],
            year=0 if isnan(columns["SampleYear"]) else int(columns["SampleYear"]),
            temperature=columns["MAT"] if own else nan,
            litterfall=columns["Abovegd_litterfall"],
            turned=turned,
            refused="; ".join(refused),
        )
        self._layers(profile, rows, columns["SampleYear"])
        return profile

    def _layers(self, profile: Profile, rows: Sequence[int], year: float) -> None:
        layers = []
        for row in rows:
            layer, reason = self._layer(row, year)
            for column, text in self._bad.get(row, {}).items():
                fault = f"column {column!r}: {text}"
                self.impossible.append(f"{profile.name}, line {layer.line}, {fault}")
                reason = f"{IMPOSSIBLE} ({fault})"
            if reason:
                profile.skipped.append((self.table.rows[row][0], reason))
            else:
                layers.append(layer)
        for layer in sorted(layers, key=lambda x: (x.top, x.line)):
            if profile.layers and layer.top < profile.layers[-1].bottom - 1e-9:
                profile.skipped.append((layer.line, f"overlaps line {profile.layers[-1].line}"))
            else:
                profile.layers.append(layer)

    def _layer(self, row: int, year: float) -> tuple[Layer, str]:
        """Return a layer and why it is left out, empty if it is not."""
        top, bottom = (self._number(row, f"Layer_{end}_norm") for end in ("top", "bottom"))
        raw = self._number(row, "Layer_top")
        modern, origin = self._modern(row, year)
        percent, density = self._number(row, "pct_C"), self._number(row, "BulkDensity")
        soc = 1000.0 * density * percent / 100.0 if percent > 0 and density > 0 else nan
        layer = Layer(
            line=self.table.rows[row][0],
            top=top,
            bottom=bottom,
            soc=soc,
            modern=modern,
            modern_error=self._number(row, "D14C_err") / 1000.0,
            origin=origin,
            clay=self._clay(row),
            measured=self._text(row, "BulkDensity_original") != "",
        )
        return layer, next(_reasons(layer, raw), "")

    def _modern(self, row: int, year: float) -> tuple[float, str]:
        """Return fraction modern and its column; NaN where it is not known or not sure."""
        delta, text = self._number(row, "D14C_BulkLayer"), self._text(row, "FractionModern")
        # 'modern' is no number, and the 0 beside it stands for one.
        if isnan(year) or text.lower() == "modern":
            return nan, ""
        corrected = (delta / 1000.0 + 1.0) * exp((year - 1950.0) / MEAN_LIFE)
        measured = self._number(row, "FractionModern")
        # Most of the column is percent modern, whatever its name; no soil has more than 2.
        measured = measured / 100.0 if measured > 2.0 else measured
        if abs(measured - corrected) > AGREE:
            return nan, ""
        if not isnan(measured):
            return measured, "FractionModern"
        of_age = exp(-self._number(row, "14C_age") / LIBBY)
        if abs(of_age - (delta / 1000.0 + 1.0)) < SAME:
            return of_age, "14C_age"
        return corrected, "" if isnan(corrected) else "D14C_BulkLayer"

    def _clay(self, row: int) -> float:
        """Return clay, percent; a texture that is all zeros, or far from 100, is none."""
        clay = self._number(row, "clay_pct")
        parts = [self._number(row, f"{name}_pct") for name in ("sand", "silt")]
        whole = clay + sum(parts)
        return nan if whole < 90 or whole > 110 else clay if clay > 0 else nan


def _reasons(layer: Layer, raw: float) -> Iterator[str]:
    """Yield why a layer cannot be used."""
    if isnan(layer.top) or isnan(layer.bottom):
        yield "without depths"
    elif layer.bottom <= layer.top:
        yield "without thickness"
    elif layer.bottom <= 0:
        yield "organic, above the mineral soil"
    elif layer.top < 0:
        yield "across the surface of the mineral soil"
    elif layer.top > raw + 1e-9:
        yield "deeper in the mineral soil than in the profile"
    elif isnan(layer.soc) and isnan(layer.modern):
        yield "without carbon and radiocarbon"


def kind_of(reason: str) -> str:
    """Return a reason without its place, for counts."""
    return reason.partition(" line")[0].partition(" (")[0]
