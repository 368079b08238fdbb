"""Outputs on layers beside what was observed: the numbers of the figures of profiles."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ensemble.members.responses.layers import Line, overlap, regression, rmse
from ensemble.members.responses.observations import read_observations
from ensemble.report.data.beside import others, side_by_side
from ensemble.report.data.cells import all_cells, kind, layers_of
from ensemble.tables.results import Results
from ensemble.tables.signs import never_negative
from kernels import F8
from scenarios.forcing import Observed
from scenarios.outputs import array_names
from scenarios.units import factor


@dataclass(frozen=True)
class Profile:
    """An output on layers and what was observed of it; arrays by cell, NaN where unknown.

    Of models, kernels or options side by side there is one for each, which name and meaning say.

    Attributes
    ----------
    name, units, meaning : str
    cells : tuple of str
    kind : str
        What the cells are: locations, forcings, or both.
    bounds : ndarray, shape (k, 2), cm
    line : ndarray, shape (cell, k)
        What ``line_words`` says.
    band : tuple of ndarray, shape (cell, k), or None
        What ``band_words`` says, lower and upper end.
    observed, top, bottom : ndarray, shape (cell, n)
        Values in ``units`` and their intervals, cm.
    error : ndarray, shape (cell, n), or None
        Standard errors.
    modelled : ndarray, shape (cell, n)
        The line over the observed intervals, by thickness; NaN where there is too little of it.
    """

    name: str
    units: str
    meaning: str
    cells: tuple[str, ...]
    kind: str
    bounds: F8
    line: F8
    line_words: str
    band: tuple[F8, F8] | None
    band_words: str
    observed: F8
    top: F8
    bottom: F8
    error: F8 | None
    modelled: F8
    never_negative: bool = False

    @property
    def middle(self) -> F8:
        """Return the middle of every layer, cm."""
        return np.asarray(self.bounds.mean(axis=1))

    @property
    def compared(self) -> NDArray[np.bool_]:
        """Return which observations stand beside a number of the model, (cell, n)."""
        return np.isfinite(self.observed) & np.isfinite(self.modelled)

    @property
    def rmse(self) -> float:
        """Return the error over the layers of a cell, then over cells; NaN without a pair."""
        seen = np.where(self.compared, self.observed, np.nan)
        return rmse(list(seen), list(self.modelled)) if self.compared.any() else float("nan")

    @property
    def regression(self) -> Line | None:
        """Return modelled over observed; None where there is no line."""
        try:
            return regression(self.observed, self.modelled)
        except ValueError:
            return None


def all_profiles(results: Results) -> Iterator[Profile]:
    """Yield every output on layers that is also observed, under the same name."""
    try:
        observations = read_observations(results.store, len(results.forcings))
    except (OSError, ValueError) as error:
        results.damage.append(f"observations: {error}")
        return
    scenario = results.store.attrs["identity"]["scenario"]
    targets = [n for n in scenario["statistics"] if n not in scenario["responses"]]
    for name in dict.fromkeys([*array_names(scenario["outputs"]), *targets]):
        if observations and name in observations[0]:
            seen = [by_name[name] for by_name in observations]
            path, _ = _line(results, name)
            dims = results.store.specs[path].dims[2:] if path else ()
            for place in side_by_side(results, dims):
                profile = _profile(results, name, seen, *place)
                if profile is not None:
                    yield profile


def _profile(
    results: Results,
    name: str,
    seen: Sequence[Observed],
    label: str,
    place: tuple[int | slice, ...],
) -> Profile | None:
    """Return the profile at one place of what stands side by side."""
    path, line_words = _line(results, name)
    spec = results.store.specs[path] if path else None
    bounds = layers_of(results, others(results, spec.dims[2:])) if spec else None
    if spec is None or bounds is None:
        return None
    try:
        scale = factor(seen[0].units, str(spec.attrs["units"]))
    except ValueError:
        return None
    if not all(one.has_depth for one in seen):
        return None
    line = results.cells(path)[:, :, *place].reshape(-1, len(bounds))
    top, bottom = (np.concatenate([getattr(o, w) for o in seen]) for w in ("top", "bottom"))
    observed = np.concatenate([o.values for o in seen]) * scale
    errors = [o.error for o in seen if o.error is not None]
    weights = overlap(bounds, top, bottom)
    with np.errstate(invalid="ignore"):
        means = np.where(weights > 0, weights * line[:, None], 0.0).sum(axis=-1)
    modelled = np.where(weights.any(axis=-1), means, np.nan)
    if not np.isfinite(line).any() or not np.isfinite(observed).any():
        return None
    band, band_words = _band(results, name, place, line.shape)
    described = results.store.specs.get(f"control/{name}", spec).attrs
    return Profile(
        name=_with(name, label), units=str(spec.attrs["units"]),
        meaning=_with(str(described["long_name"]), label),
        cells=tuple(cell.name for cell in all_cells(results)), kind=kind(results), bounds=bounds,
        line=line, line_words=line_words, band=band, band_words=band_words,
        observed=observed, top=top, bottom=bottom,
        error=np.concatenate(errors) * abs(scale) if len(errors) == len(seen) else None,
        modelled=modelled, never_negative=never_negative(results.store, name),
    )  # fmt: skip


def _with(text: str, label: str) -> str:
    """Return a text with what of several it is of."""
    return f"{text}, {label}" if label else text


def _line(results: Results, name: str) -> tuple[str, str]:
    """Return what stands for the model, path and words: the control member, else a middle."""
    for path, words in (
        (f"control/{name}", "control member"),
        (f"statistics/{name}_q50", "median over samples"),
        (f"statistics/{name}_mean", "mean over samples"),
    ):
        if path in results.store.specs:
            return path, words
    return "", ""


def _band(
    results: Results, name: str, place: tuple[int | slice, ...], shape: tuple[int, ...]
) -> tuple[tuple[F8, F8] | None, str]:
    """Return the range over samples that the store holds, and what it is."""
    quantiles = [
        (f"q{low:04.1f}".replace(".0", ""), f"q{100 - low:g}", f"{low:g} % to {100 - low:g} %")
        for low in (5.0, 2.5, 10.0, 16.0, 25.0)
    ]
    for low, high, words in (
        *((low, high, f"{words} of the samples") for low, high, words in quantiles),
        ("mean", "std", "mean \N{PLUS-MINUS SIGN} 1 SD over samples"),
        ("min", "max", "least to greatest over samples"),
    ):
        paths = [f"statistics/{name}_{word}" for word in (low, high)]
        if all(path in results.store.specs for path in paths):
            both = (results.cells(path)[:, :, *place] for path in paths)
            first, second = (values.reshape(shape) for values in both)
            return ((first - second, first + second) if low == "mean" else (first, second)), words
    return None, ""
