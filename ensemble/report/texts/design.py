"""How parameters were varied, and the scenario as it was written."""

from collections.abc import Iterator, Mapping
from typing import Any

from ensemble.report.data.failures import Spread
from ensemble.report.parts import Banner, Pairs, Part, Verbatim
from ensemble.report.reported import Reported
from ensemble.report.run import Run
from ensemble.report.texts.wording import MOST_ROWS, share, span, words
from ensemble.tables.responses import NONE, Table
from ensemble.tables.results import Results

SHOWN_APART = {
    "parameters", "distributions", "plausible", "truncated_share", "outside_bounds", "admissible",
    "warnings", "cross", "values", "path", "stream", "chosen",
}  # fmt: skip


def design(run: Run) -> Iterator[Part]:
    """Yield the design's numbers, its factors, its distributions and its warnings."""
    attributes = run.attrs["design"]
    for warning in attributes.get("warnings", []):
        yield Banner([warning])
    yield Pairs(
        [(k.replace("_", " "), words(v)) for k, v in attributes.items() if k not in SHOWN_APART]
    )
    if attributes.get("cross"):
        rows = [
            [
                "+".join(factor.get("parameters", [])),
                str(factor.get("method", "")),
                f"{factor.get('size', 0):,}",
            ]
            for factor in attributes["cross"]
        ]
        yield Table("factors, the first slowest", ["factor", "method", "rows"], rows)
    yield _parameters(attributes, run.results, {s.name: s for s in run.account.spreads})


def scenario(run: Reported) -> Iterator[Part]:
    """Yield the scenario as it was written."""
    yield Verbatim(run.attrs["scenario"])


def _parameters(
    attributes: Mapping[str, Any], results: Results, spreads: Mapping[str, Spread]
) -> Table:
    """Return a row for each parameter: its distribution, and what of it could be drawn."""
    names = list(attributes.get("parameters", []))
    header = ["parameter", "units", "distribution", "cut off", "outside the kernel's bounds"]
    header += ["admissible in the forcings", "drawn", "control members"]
    notes = [
        "cut off: probability of the distribution outside its bounds and the admissible range, "
        "which is the tightest over forcings; nothing is clipped"
    ]
    if len(names) > MOST_ROWS:
        notes.append(f"the first {MOST_ROWS} of {len(names)} parameters")
    rows = [_parameter(n, attributes, results, spreads.get(n)) for n in names[:MOST_ROWS]]
    return Table("parameters", header, rows, notes)


def _parameter(
    name: str, attributes: Mapping[str, Any], results: Results, spread: Spread | None
) -> list[str]:
    def own(key: str) -> Any:
        return attributes.get(key, {}).get(name)

    control = results.store.specs.get(f"control/{name}")
    return [
        name,
        str(control.attrs.get("units", "")) if control else "",
        _distribution(own("distributions") or own("values"), own("plausible") or ""),
        share(own("truncated_share")),
        share(own("outside_bounds")),
        _admissible(own("admissible") or {}),
        span(spread.span) if spread else NONE,
        span(spread.control) if spread else NONE,
    ]


def _distribution(law: Any, source: str) -> str:
    """Return a distribution, and whose range it is where the scenario states none."""
    stated = words(law) if law else NONE
    return f"{stated}: the kernel's plausible range ({source})" if source else stated


def _admissible(bounds: Mapping[str, Any]) -> str:
    """Return the admissible range; by location it is one itself."""
    ends = []
    for side, value in bounds.items():
        if isinstance(value, Mapping) and {"least", "most"} <= value.keys():
            ends.append(f"{side} {span((value['least'], value['most']))}")
        else:
            ends.append(f"{side} {words(value)}")
    return ", ".join(ends) or NONE
