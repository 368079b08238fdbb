"""Indices as far as they can be believed: marked where wide, withheld where noise, with reasons.

What the console prints and the page shows goes through here; the numbers that are withheld stay in
the store, and in the records that programs read.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.analysis import behind, given_data, noise
from ensemble.tables.responses import NONE
from kernels import U1

MARK = " *"
MARKED = "* an interval wider than half of its index (+- more than half of it)"

TAILS = {
    behind.OVER_MEDIAN: "largest over median up to {:.3g}",
    behind.OF_FEW: "ten members hold up to {:.0%} of the variance",
}

HEAVY, FAR = 0.5, 100.0
"""Share of the variance in ten members, and largest over median, from which a tail is long."""


FIXED = ("latin_hypercube", "grid", "quantiles", "table", "one_at_a_time")
"""Designs whose rows are drawn together, so that none can be added."""


@dataclass(frozen=True)
class Believed:
    """The indices of a response or an output in some cells, each (..., effect).

    Attributes
    ----------
    name : str
    arrays : mapping of str to ndarray
        By index, with ``_conf``.
    effects : sequence of str
    about : mapping of str to ndarray
        What stands behind them, by the words of `ensemble.analysis.behind`; empty where an older
        version analysed.
    groups : str
        What is drawn anew: ``trajectories``.
    whole : int
        How many of them the design has.
    members : int
        Rows of the design.
    correlated : sequence of (parameter, partner, rank correlation)
        Of the design; empty where its parameters are independent.
    """

    name: str
    arrays: Mapping[str, NDArray[Any]]
    effects: Sequence[str]
    about: Mapping[str, NDArray[Any]]
    groups: str
    whole: int
    members: int
    correlated: Sequence[Sequence[Any]] = ()
    method: str = ""
    _codes: dict[str, U1] = field(default_factory=dict, repr=False, compare=False)

    @property
    def leader(self) -> str:
        """Return the index that ranks first; empty where there is none."""
        return next((i for i in noise.RANKINGS if i in self.arrays), "")

    def codes(self, index: str) -> U1:
        """Return whether an index is believed, (...)."""
        if index not in self._codes:
            self._codes[index] = noise.codes_of(self.arrays, index)
        return self._codes[index]

    def withheld(self, index: str, at: tuple[int, ...] = ()) -> bool:
        """Return whether the ranking by an index is noise, in one cell."""
        return index != "effective" and int(self.codes(index)[at]) in noise.NOISE

    def cell(self, index: str, at: tuple[int, ...]) -> str:
        """Return an index with its interval as a cell; ``at`` ends with the effects."""
        ends = 2 if index in noise.OF_PAIRS else 1
        return NONE if self.withheld(index, at[:-ends]) else with_interval(self.arrays, index, at)

    def notes(self, at: tuple[int, ...]) -> Iterator[str]:
        """Yield what to know of the indices of one cell: what they rest on, what is not apart."""
        yield self.units(at)
        yield from self._of_sample(at)
        index = self.leader
        if not index or f"{index}_conf" not in self.arrays:
            words = ", ".join(i for i in self.arrays if i in noise.RANKINGS)
            yield f"no interval is known of {words}, so nothing tells whether its order is noise"
            return
        held = [i for i in self.arrays if i in noise.RANKINGS and self.withheld(i, at)]
        if held:
            yield self.why_withheld(held, at)
        if index not in held:
            values, half = (self.arrays[i][at] for i in (index, f"{index}_conf"))
            if runs := noise.not_apart(values, half, self.effects):
                listed = "; ".join(", ".join(run) for run in runs)
                yield (
                    f"not separated by {index}, as intervals of neighbours in its order overlap: "
                    f"{listed}"
                )

    def _of_sample(self, at: tuple[int, ...]) -> Iterator[str]:
        """Yield what to know of indices of given members."""
        if given_data.DISTINCT not in self.about:
            return
        words = (("R2", "of values"), ("R2_rank", "of ranks"))
        known = [(number_with(*(float(self.about[f"{w}{e}"][at]) for e in ("", "_conf"))), text)
                 for w, text in words if np.isfinite(self.about[w][at])]  # fmt: skip
        if known:
            listed = ", ".join(f"{number} {text}" for number, text in known)
            yield f"a linear regression explains R2 {listed}"
        told = np.asarray(self.about[given_data.DISTINCT][at]) == 1
        alike = [e for e, t in zip(self.effects, told, strict=True) if not t]
        if none := [e for e in alike if e != given_data.DUMMY]:
            yield (
                "not distinguishable from a parameter that does nothing (below the dummy and its "
                f"interval by S1, SRC and SRRC): {', '.join(none)}"
            )
        if self.correlated:
            pairs = ", ".join(f"{a} with {b} {rho:g}" for a, b, rho in self.correlated)
            yield (
                f"parameters are correlated ({pairs}): an S1 holds what its partners do, too, so "
                "shares overlap and are none of Sobol's; SRC and SRRC hold the others fixed"
            )

    def why_withheld(self, held: Sequence[str], at: tuple[int, ...]) -> str:
        """Return which rankings of a cell are withheld, why, and what to do."""
        own = held[0] if held[0] in noise.RANKINGS else noise.FOLLOWS[held[0]]
        code = self._own_code(own, at)
        if code not in noise.NOISE:
            own = noise.FOLLOWS[own]
            code = self._own_code(own, at)
        why = noise.why_noise(self.arrays[own][at], self.arrays[f"{own}_conf"][at], code)
        are = "are" if len(held) > 1 else "is"
        return f"{' and '.join(held)} {are} noise and withheld: of {own}, {why}; {self.remedy(*at)}"

    def _own_code(self, index: str, at: tuple[int, ...]) -> int:
        """Return what an index's own intervals say."""
        if f"{index}_conf" not in self.arrays:
            return noise.UNJUDGED
        return int(noise.judged(self.arrays[index][at], self.arrays[f"{index}_conf"][at]))

    def remedy(self, *at: Any) -> str:
        """Return what to do about rankings that are noise, at an index of cells."""
        new = "in a run of a larger design; this one cannot be extended"
        more = f"more {self.groups} ({new if self.method in FIXED else '`soilsweep extend`'})"
        if not self._is_heavy(*at):
            return f"{more} would narrow them"
        return (
            "a few members decide: try `transform: log10` (or rank), `limits:` with "
            f"`then: exclude`, or many {more}"
        )

    def _is_heavy(self, *at: Any) -> bool:
        """Return whether a few members decide, at an index of cells; unknown of older stores."""
        if behind.OF_FEW not in self.about:
            return False
        few, over = (np.asarray(self.about[w][at]) for w in (behind.OF_FEW, behind.OVER_MEDIAN))
        # Of few members ten hold much of any variance.
        carried = (few >= HEAVY) & (self.members >= behind.FEW / HEAVY * 4)
        return bool((carried | (over >= FAR)).any())

    def units_of_cells(self, f: int) -> str:
        """Return what stands behind all cells of a forcing: the least, and the longest tail."""
        words = [
            f"{float(np.min(self.arrays['effective'][f])):.0f} of {self.whole:,} {self.groups}"
        ]
        if behind.LEFT_OUT in self.about:
            lost = self.about[behind.LEFT_OUT][f].reshape(-1, len(behind.REASONS)).max(axis=0)
            words.append(_left_out(lost.tolist()))
        for word, text in TAILS.items():
            known = self.about.get(word, np.empty((f + 1, 0)))[f]
            known = known[np.isfinite(known)]
            if known.size:
                words.append(text.format(float(known.max())))
        return f"at worst of its cells {'; '.join(words)}"

    def units(self, at: tuple[int, ...]) -> str:
        """Return how many units stand behind a cell, what was left out, and the tail."""
        left = float(np.min(self.arrays["effective"][at]))
        words = [f"{left:.0f} of {self.whole:,} {self.groups}"]
        if behind.LEFT_OUT in self.about:
            words.append(_left_out(self.about[behind.LEFT_OUT][at].tolist()))
        if behind.OVER_MEDIAN in self.about:
            over, few = (float(self.about[w][at]) for w in (behind.OVER_MEDIAN, behind.OF_FEW))
            if math.isfinite(over):
                words.append(f"largest over median {over:.3g}")
            if math.isfinite(few):
                words.append(f"ten members hold {few:.0%} of the variance")
        return "; ".join(words)

    def records(self, at: tuple[int, ...], **where: str) -> list[dict[str, Any]]:
        """Return the indices of one cell for a program, with what is withheld and why."""
        found = []
        base = {
            **where,
            "units": self.groups,
            "entered": float(np.min(self.arrays["effective"][at])),
            "of": self.whole,
            **{word: _plain(array[at]) for word, array in self.about.items()
               if not word.endswith("_withheld")},
        }  # fmt: skip
        if isinstance(counts := base.get(behind.LEFT_OUT), list):
            base[behind.LEFT_OUT] = dict(zip(behind.REASONS, counts, strict=True))
        for index, array in self.arrays.items():
            if index == "effective" or index.endswith("_conf") or index in noise.OF_PAIRS:
                continue
            values, half = (
                array[at],
                self.arrays.get(f"{index}_conf", np.full_like(array, np.nan))[at],
            )
            code = int(self.codes(index)[at])
            rows = [
                {
                    "effect": e,
                    "value": _plain(v),
                    "half_width": _plain(h),
                    "wide": bool(noise.wide(v, h)),
                }
                for e, v, h in zip(self.effects, values, half, strict=True)
            ]
            held = code in noise.NOISE
            why = self.why_withheld([index], at) if held else ""
            found.append({
                **base, "index": index, "withheld": held, "verdict": noise.CODES[code], "why": why,
                "effects": rows,
            })  # fmt: skip
        return found


def _left_out(counts: Sequence[int]) -> str:
    """Return how many units each reason cost."""
    pairs = zip(behind.REASONS, counts, strict=True)
    lost = [f"{count:,} {reason.replace('_', ' ')}" for reason, count in pairs if count]
    return f"left out {', '.join(lost)}" if lost else "none left out"


def _plain(value: Any) -> Any:
    """Return numbers for JSON, which has no NaN."""
    listed = np.asarray(value).tolist()
    if isinstance(listed, list):
        return [_plain(v) for v in listed]
    return None if isinstance(listed, float) and not math.isfinite(listed) else listed


def with_interval(arrays: Mapping[str, NDArray[Any]], index: str, at: tuple[int, ...]) -> str:
    """Return an index as a cell, with its interval where it has one and a mark if that is wide."""
    value = float(arrays[index][at])
    half = arrays.get(f"{index}_conf")
    return number_with(value, float("nan") if half is None else float(half[at]))


def number_with(value: float, width: float) -> str:
    """Return ``1.23 +- 0.45``, with a mark where the interval is wide."""
    if not (math.isfinite(value) and width > 0):
        return NONE if math.isnan(value) else f"{value:.4g}"
    mark = MARK if noise.wide(value, width) else ""
    if abs(value) >= 1e6 or width < 1e-6:
        return f"{value:.3e} +- {width:.1e}{mark}"
    # Two digits of the interval tell how many of the index mean anything.
    digits = min(6, max(0, 1 - math.floor(math.log10(width))))
    return f"{value:.{digits}f} +- {width:.{digits}f}{mark}"
