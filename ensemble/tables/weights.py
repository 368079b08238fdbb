"""Tables of weights: how many members they leave, and what these say beside all members."""

import itertools
import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ensemble.members.evaluation.asked import CONTROL
from ensemble.members.evaluation.weighted import GROUP as WEIGHTED
from ensemble.members.evaluation.weighted import SIZE
from ensemble.members.evaluation.weights import GROUP, known
from ensemble.scores.weights import FEW, HEAVIEST, STATISTICS, TOO_FEW
from ensemble.tables.responses import (
    MAX_PLACES,
    MAX_ROWS,
    NONE,
    Table,
    labels_of,
    names_along,
    number_form,
)
from ensemble.tables.results import Results
from kernels import F8

USED = "*"
"""After what weights look at themselves."""

MEAN, STD, LOW, HIGH = (STATISTICS.index(word) for word in ("mean", "std", "q05", "q95"))


def asked_of(results: Results) -> Mapping[str, Any]:
    """Return the words of the weights of a run, by name; nothing of one that has none."""
    section = results.store.attrs["identity"]["scenario"].get("evaluation") or {}
    return section.get("weights") or {}


def kind_of(words: Mapping[str, Any]) -> str:
    """Return how weights follow from scores: ``accept``."""
    return next(kind for kind in ("likelihood", "performance", "accept") if words.get(kind))


def weight_tables(results: Results) -> list[Table]:
    """Return what weights are, whose they are, and a table of what members say under each."""
    names = asked_of(results) if results.complete and known(results.store) else {}
    if not names:
        return []
    tables = [_sizes(results), *_shares(results)]
    return [*tables, *(t for name in names if (t := _statistics(results, name)).rows)]


def scores_used(results: Results) -> dict[str, list[str]]:
    """Return the weights that look at each benchmark's scores, by the score."""
    found: dict[str, list[str]] = {}
    for name, words in asked_of(results).items():
        for score in words[kind_of(words)]:
            found.setdefault(score, []).append(name)
    return found


def rule(results: Results, name: str) -> str:
    """Return what makes weights, for people: ``within 3 errors: low_bias +- 2.24 Pg C yr-1``."""
    words = asked_of(results)[name]
    kind = kind_of(words)
    if kind == "performance":
        text = f"exp(-(D / {words['sigma']:g})\N{SUPERSCRIPT TWO}) of {', '.join(words[kind])}"
        alike = words["independence"]
        return f"{text}, models alike within {alike:g} sharing" if alike else text
    each = []
    for score, one in words[kind].items():
        units = _units(results, score)
        errors = [e for e in (one["sigma"], one["discrepancy"]) if e is not None]
        said = (e if isinstance(e, str) else f"{e:g} {units}" for e in errors)
        each.append(f"{score} +- {' and '.join(said)}")
    if kind == "accept":
        return f"within {words['below'] or 3:g} errors: {', '.join(each)}"
    return f"normal errors: {', '.join(each)}"


def _units(results: Results, score: str) -> str:
    """Return the unit of a score, by its name with a group or without."""
    for path, spec in results.store.specs.items():
        group, _, name = path.rpartition("/")
        if group == CONTROL and (score == name or score.startswith(f"{name}_")):
            return str(spec.attrs["units"])
    return ""


def _sizes(results: Results) -> Table:
    rows = []
    for name, about in known(results.store).items():
        weights = results.whole(f"{GROUP}/{name}")
        some = int((weights > 0).sum())
        rows.append([
            name, rule(results, name), f"{weights.size:,}", f"{some:,}",
            f"{about['effective']:,.1f}", f"{about['heaviest']:.1%}", f"{int(about['without']):,}",
        ])  # fmt: skip
    header = ["weights", "by", "members", "with weight", "effective size"]
    header += [f"{HEAVIEST} heaviest have", "without a score"]
    notes = [
        "members: of all forcings, models and samples together, each alike before it is weighed",
        f"below {FEW:.0f} effective members numbers rest on few, below {TOO_FEW:.0f} there are no "
        "quantiles",
    ]
    return Table("weights", header, rows, [*notes, *labels_of(results.store)])


def _shares(results: Results) -> Iterator[Table]:
    """Yield how much of each weights models and forcings have, where there are several."""
    names = list(known(results.store))
    by_label = {name: shares(results, name) for name in names}
    labels = list(dict.fromkeys(label for one in by_label.values() for label in one))
    if len(labels) < 2:
        return
    rows = []
    for label in labels[:MAX_ROWS]:
        cells = []
        for name in names:
            share, some = by_label[name].get(label, (np.nan, 0))
            cells += [NONE if np.isnan(share) else f"{share:.1%}", f"{some:,}"]
        rows.append([label, *cells])
    header = ["of", *(cell for name in names for cell in (f"{name} weight", "members"))]
    groups = (("", 1), *((name, 2) for name in names))
    notes = ["members: those with a weight above 0", *labels_of(results.store)]
    yield Table("whose the weights are", header, rows, notes, groups=groups)


def shares(results: Results, name: str) -> dict[str, tuple[float, int]]:
    """Return the weight that forcings and models have, and how many members have any."""
    spec, weights = results.store.specs[f"{GROUP}/{name}"], results.whole(f"{GROUP}/{name}")
    along = [names_along(results.store, d, n) for d, n in _lead(spec.dims, spec.shape)]
    several = [k for k, names in enumerate(along) if len(names) > 1]
    found = {}
    for at in np.ndindex(weights.shape[:-1]):
        label = ", ".join(along[k][at[k]] for k in several) or "all"
        found[label] = float(weights[at].sum()), int((weights[at] > 0).sum())
    return found


def _lead(dims: tuple[str, ...], shape: tuple[int, ...]) -> list[tuple[str, int]]:
    return list(zip(dims[:-1], shape[:-1], strict=True))


def targets(results: Results, name: str) -> list[str]:
    """Return the paths of what has statistics under some weights."""
    begin = f"{WEIGHTED}/{name}/"
    specs = results.store.specs
    return [p for p in specs if p.startswith(begin) and f"{p}_{SIZE}" in specs]


def _statistics(results: Results, name: str) -> Table:
    rows: list[list[str]] = []
    notes = ["5 to 95 %: quantiles at mid-steps of cumulative weights; width: of that range, "
             "weighted over all alike"]  # fmt: skip
    left = []
    for path in sorted(
        targets(results, name), key=lambda p: math.prod(results.store.specs[p].shape)
    ):
        spec = results.store.specs[path]
        found = list(_rows(results, path)) if math.prod(spec.shape[1:-1]) <= MAX_PLACES else []
        left += [] if found and len(rows) + len(found) <= MAX_ROWS else [path.rpartition("/")[2]]
        rows += found if len(rows) + len(found) <= MAX_ROWS else []
        if "comment" in spec.attrs and f"{USED} {spec.attrs['comment']}" not in notes:
            notes.append(f"{USED} {spec.attrs['comment']}")
    if left:
        notes.append(f"not shown, of many places: {', '.join(left)}; group {WEIGHTED}/{name}")
    header = ["of", "n", "all alike", "5 to 95 %", "effective n", "weighted", "5 to 95 %", "width"]
    notes += labels_of(results.store)
    return Table(f"under the weights {name}", header, rows, notes)


def _rows(results: Results, path: str) -> Iterator[list[str]]:
    """Yield a row for each place of a target."""
    spec, values = results.store.specs[path], results.whole(path)
    sizes = results.whole(f"{path}_{SIZE}")
    cells = list(zip(spec.dims[1:-1], spec.shape[1:-1], strict=True))
    along = [names_along(results.store, dim, size) for dim, size in cells]
    mark = f" {USED}" * ("comment" in spec.attrs)
    title = f"{path.rpartition('/')[2]} [{spec.attrs['units']}]{mark}"
    for places in itertools.product(*(range(size) for _, size in cells)):
        words = [names[k] for names, k, (_, n) in zip(along, places, cells, strict=True) if n > 1]
        prior, mine = (values[(k, *places)] for k in (0, 1))
        form = number_form(np.array([prior[STD]]), np.array([prior[MEAN]]))
        first, second = (f"{float(sizes[(k, *places)]):,.{k}f}" for k in (0, 1))
        both = [first, *_ensemble(prior, form), second, *_ensemble(mine, form)]
        yield [", ".join([title, *words]), *both, _width(prior, mine)]


def _ensemble(statistics: F8, form: Any) -> list[str]:
    mean, std, low, high = (float(statistics[k]) for k in (MEAN, STD, LOW, HIGH))
    middle = NONE if np.isnan(mean) else f"{form(mean)} +- {form(std)}"
    return [middle, NONE if np.isnan(low) else f"{form(low)} to {form(high)}"]


def _width(prior: F8, mine: F8) -> str:
    whole, now = prior[HIGH] - prior[LOW], mine[HIGH] - mine[LOW]
    return f"{now / whole:.0%}" if np.isfinite(now) and whole > 0 else NONE
