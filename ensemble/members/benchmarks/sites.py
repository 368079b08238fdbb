"""Records of sites, each with the location that has it and the day that it is of.

Means of records are of long studies above all, so errors are told of study means, too; and a study
is over, under or well by Wilcoxon's test of its pairs (Jian et al. 2021, 10.1111/gcb.15795).

Source: Jian et al. (2021, 10.1111/gcb.15795).
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ensemble.members.benchmarks import Pairs, Prepared, Sums, Table, Task
from ensemble.members.benchmarks.parts import site_tables, skills
from ensemble.members.benchmarks.parts.matching import Matched, OfRecords, matched
from ensemble.members.benchmarks.parts.zones import regions
from ensemble.scores import signed_ranks
from kernels import F8, I8
from scenarios.benchmarks import Score, plain
from scenarios.observations import SiteRecords

OF_RECORDS = ("bias", "rmse", "crmse", "mae", "r", "r2", "sd_ratio", "kge", "nse", "taylor")
CLASSES = signed_ranks.NAMES
AT_ONCE = 256
"""Members whose studies are tested together."""


class Spec(OfRecords):
    """Records of sites, pair by pair, study by study."""

    SCORES: ClassVar[Mapping[str, Score]] = {
        **skills.some(OF_RECORDS, default=("bias", "rmse")),
        "bias_studies": Score("mean over studies of their mean errors", "nearest 0", default=False),
        "rmse_studies": Score("root mean square of studies' mean errors", "smaller", default=False),
        "over": Score("studies whose records are modelled too high", "neither", plain),
        "under": Score("studies whose records are modelled too low", "neither", plain),
        "well": Score("studies of which neither is shown", "larger", plain),
    }
    OBSERVES: ClassVar[tuple[str, ...]] = ("SiteRecords",)

    compare: Literal["sites"]
    groups: list[Literal["regions"]] = Field(
        default=[], description="[regions]: also by the classes of the map that regions: names"
    )
    least: int | None = Field(
        default=None, ge=1, description="pairs that a study needs; by default 6, authors_code 5"
    )

    @property
    def rule(self) -> signed_ranks.Reading:
        """Return how studies are judged."""
        rule = signed_ranks.READINGS[self.reading]
        return rule if self.least is None else replace(rule, least=self.least)


def prepare(spec: Spec, task: Task) -> Prepared:
    """Return a pair for each record that has a location and a time of the run.

    Pairs are kept one by one where studies are tested; else they are added up by study and region.

    Raises
    ------
    ScenarioError
        Locations have no coordinates, units of another kind, no record is left.
    """
    records: SiteRecords = task.observed
    asked = task.outputs[spec.output]
    found = matched(spec, task, asked, records)
    studies, study = np.unique(records.study[found.kept], return_inverse=True)
    names, region = _regions(spec, task, found)
    # A study that lies in two regions is two groups of sums.
    cells, group = np.unique(np.stack([study, region], axis=1), axis=0, return_inverse=True)
    pairs = Pairs(
        output=spec.output,
        place=found.place,
        moment=found.moment,
        group=group.reshape(-1),
        weight=np.ones(len(found.kept)),
        observed=records.values[found.kept],
        moments=found.moments,
        groups=len(cells),
        sums=() if {*spec.asked()} & {*CLASSES} else skills.needed(spec.asked()),
    )
    arrays = {"study": studies, "group_study": cells[:, 0], "group_region": cells[:, 1]}
    about = {"reading": spec.reading, "studies": len(studies), "seed": task.seed, "name": task.name}
    return Prepared(
        {"pairs": pairs},
        records.units,
        ("global", *names),
        {**arrays, **found.told(records)},
        {**records.left_out, **found.left_out},
        (*records.notes, *found.notes()),
        about,
    )


def _regions(spec: Spec, task: Task, found: Matched) -> tuple[tuple[str, ...], I8]:
    """Return the names of regions that have a record, and the region of each record."""
    records: SiteRecords = task.observed
    if not spec.groups:
        return (), np.zeros(len(found.kept), np.int64)
    return regions(task, spec.regions, records.lat[found.kept], records.lon[found.kept])


def score(spec: Spec, prepared: Prepared, sums: Mapping[str, Sums]) -> dict[str, F8]:
    """Return the scores of all records and of each region, (groups, s) each."""
    one, members = _Groups(prepared), sums["pairs"]
    by_cell = members if members.modelled is None else skills.added(members)
    whole = by_cell.together(one.together)
    made = skills.skills(whole, [n for n in spec.asked() if n in OF_RECORDS])
    made |= _of_studies(by_cell, one)
    if members.modelled is None:
        return made
    return made | _classes(spec, prepared, members.modelled, one)


class _Groups:
    """What groups of scores are made of: cells of study and region."""

    def __init__(self, prepared: Prepared) -> None:
        self.study = prepared.arrays["group_study"]
        self.region = prepared.arrays["group_region"]
        self.number = len(prepared.arrays["study"])
        own = range(len(prepared.groups) - 1)
        self.of_studies = [np.flatnonzero(self.study == k).tolist() for k in range(self.number)]
        self.of_regions = [np.flatnonzero(self.region == k).tolist() for k in own]
        self.together = [[*range(len(self.study))], *self.of_regions]

    def homes(self, count: I8) -> I8:
        """Return the region that most records of each study are of, (studies,)."""
        most = [cells[int(np.argmax(count[cells]))] for cells in self.of_studies]
        return np.asarray(self.region[most])


def _of_studies(sums: Sums, one: _Groups) -> dict[str, F8]:
    """Return errors of study means, which long studies do not rule."""
    studies = sums.together(one.of_studies)
    errors = [studies.of["first"] / studies.seen.count[:, None]]
    within = sums.of["first"] / sums.seen.count[:, None]
    errors += [within[cells] for cells in one.of_regions]
    return {
        "bias_studies": np.stack([e.mean(axis=0) for e in errors]),
        "rmse_studies": np.sqrt(np.stack([(e**2).mean(axis=0) for e in errors])),
    }


def _classes(spec: Spec, prepared: Prepared, modelled: F8, one: _Groups) -> dict[str, F8]:
    """Return how many studies are over, under and well, (groups, s) each."""
    pairs = prepared.pairs["pairs"]
    study = one.study[pairs.group]
    homes = one.homes(pairs.count)
    regions = [np.ones(one.number, bool), *(homes == k for k in range(len(one.of_regions)))]
    found = {name: np.empty((len(regions), modelled.shape[1])) for name in CLASSES}
    for start in range(0, modelled.shape[1], AT_ONCE):
        some = slice(start, min(start + AT_ONCE, modelled.shape[1]))
        off = modelled[:, some] - pairs.observed[:, None]
        tests = signed_ranks.of_studies(off, study, one.number, spec.rule)
        codes, enough = signed_ranks.classes(off, study, tests, spec.rule)
        lost = np.isnan(tests.mean)
        enough &= ~np.isin(prepared.arrays["study"], spec.rule.dropped)
        for name, code in CLASSES.items():
            for k, here in enumerate(regions):
                count = ((codes == code) & (here & enough)[:, None]).sum(axis=0)
                found[name][k, some] = np.where(lost[here].any(axis=0), np.nan, count)
    return found


def stacked(spec: Spec, models: Sequence[tuple[Prepared, F8]]) -> dict[str, int]:
    """Return how many studies are over, under and well, each with the pairs of all models at once.

    So does the code of Jian et al.; pairs of a study are then told from each other no more by model
    than by record.

    Parameters
    ----------
    models : sequence of (Prepared, ndarray)
        What each is compared with, and what it has of each pair, (p,), float64.
    """
    off, of = [], []
    for prepared, modelled in models:
        pairs = prepared.pairs["pairs"]
        off.append(modelled - pairs.observed)
        of.append(prepared.arrays["study"][prepared.arrays["group_study"][pairs.group]])
    names, study = np.unique(np.concatenate(of), return_inverse=True)
    differences = np.concatenate(off)[:, np.newaxis]
    tests = signed_ranks.of_studies(differences, study, len(names), spec.rule)
    codes, enough = signed_ranks.classes(differences, study, tests, spec.rule)
    enough &= ~np.isin(names, spec.rule.dropped)
    return {name: int((codes[enough, 0] == code).sum()) for name, code in CLASSES.items()}


def control(spec: Spec, prepared: Prepared, modelled: Mapping[str, F8]) -> dict[str, Table]:
    """Return tables of the control member: records, studies, straight lines and intervals."""
    return site_tables.tables(spec.rule, prepared, modelled["pairs"])
