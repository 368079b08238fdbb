"""The page: what a run found, how it was made, and what went wrong."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import cached_property
from itertools import groupby

import numpy as np

from ensemble.analysis import shares as splitting
from ensemble.analysis.indices import Found, results, stored
from ensemble.members.reopening import scenario_of
from ensemble.report import provenance as made
from ensemble.report.data.effects import all_effects
from ensemble.report.data.failures import Account, account
from ensemble.report.data.fields import all_dominant, all_fields, all_lines, places_of
from ensemble.report.data.profiles import all_profiles
from ensemble.report.data.series import all_series
from ensemble.report.figures import panels
from ensemble.report.figures import responses as figures
from ensemble.report.figures import shares as sharing
from ensemble.report.figures.importance import importances
from ensemble.report.figures.importance_by_depth import all_by_depth, by_depth
from ensemble.report.figures.maps import dominant, maps
from ensemble.report.figures.one_at_a_time import all_changes, changes
from ensemble.report.figures.profiles import profiles
from ensemble.report.figures.response_curves import all_curves, curves
from ensemble.report.figures.screening import screenings
from ensemble.report.figures.style import Picture, look
from ensemble.report.figures.zonal import lines
from ensemble.report.html.markup import Html, joined, paragraphs, picture, section, table, tag
from ensemble.report.html.sheet import SHEET
from ensemble.store.store import Store
from ensemble.tables.indices import output_tables
from ensemble.tables.responses import (
    MAX_ROWS,
    analysis_tables,
    key_table,
    location_tables,
    of_response,
    tables_of,
)
from ensemble.tables.results import Numbers, Summary
from ensemble.tables.shares import variance_tables
from ensemble.tables.sums import sum_tables
from kernels import OK

MOST_PLACES = 4
"""Locations that get figures and tables of their own."""

NOT_DRAWN = ("morris", "grid", "table")
"""Designs whose rows are not spread as the parameters' distributions."""

MOST_NOTICES = 12

MOST_RESPONSES = 12
"""Responses that get figures."""

MOST_MEMBERS = 50_000_000
"""Values of all responses that are analysed for the page alone."""


def render(store: Store) -> str:
    """Return the whole page of a store.

    Raises
    ------
    PlanError
        Its scenario is of another version, or its arrays are not those of its scenario.
    """
    scenario_of(store)
    with look():
        return _Page(store).html()


class _Page:
    """The sections of one page."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.numbers = Numbers(store)
        self.attrs = store.attrs
        self.synthetic = str(self.attrs["synthetic"] or "")
        self.scenario = self.attrs["identity"]["scenario"]
        self.places = range(min(len(self.numbers.locations), MOST_PLACES))

    @cached_property
    def account(self) -> Account:
        """Return what is known of failures."""
        return account(self.numbers)

    def html(self) -> str:
        """Return the page."""
        sections: list[tuple[str, str, Callable[[], Iterable[Html]]]] = [
            ("results", "Results", self.results),
            ("space", "In space", self.space),
            ("profiles", "Profiles by depth", self.profiles),
            ("sensitivity", "What the spread is due to", self.sensitivity),
            ("series", "Stored outputs in time", self.series),
            ("design", "Design", self.design),
            ("limits", "Beyond limits", lambda: made.limits(self.numbers)),
            ("failures", "Failures", self.failures),
            ("provenance", "Provenance", self.provenance),
            ("scenario", "Scenario", self.scenario_text),
        ]
        body = [(name, title, joined(make())) for name, title, make in sections]
        shown = [(name, title, part) for name, title, part in body if part]
        contents = tag("nav", *(tag("a", title, href=f"#{name}") for name, title, _ in shown))
        main = joined(section(name, title, part) for name, title, part in shown)
        title = self.attrs["title"]
        head = joined(
            [
                Html('<meta charset="utf-8">'),
                # Nothing is fetched and nothing runs, whatever a name in the store says.
                Html(
                    '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
                    "img-src data:; style-src 'unsafe-inline'\">"
                ),
                Html('<meta name="viewport" content="width=device-width, initial-scale=1">'),
                tag("title", title),
                Html(f"<style>{SHEET}</style>"),
            ]
        )
        foot = tag("footer", tag("p", "written by soilsweep from the store alone"))
        whole = [self.top(), contents, main, foot]
        return (
            f"<!DOCTYPE html>\n{tag('html', tag('head', head), tag('body', *whole), lang='en')}\n"
        )

    def picture(self, drawn: Picture) -> Html:
        """Return a figure with its caption."""
        return picture(drawn.svg, caption=drawn.caption, width=drawn.width)

    # --- top ---

    def top(self) -> Html:
        """Return title, labels, state and key numbers."""
        parts = [tag("h1", self.attrs["title"]), tag("p", self.attrs["source"], class_="lead")]
        if self.scenario["description"]:
            parts.append(tag("p", self.scenario["description"]))
        if self.synthetic:
            text = f"Synthetic data: {self.synthetic}"
            parts.append(tag("div", tag("p", text), class_="banner made-up", role="note"))
        parts += [self.state(), *self.noticed(), self.cards()]
        return tag("header", *parts)

    def noticed(self) -> Iterable[Html]:
        """Yield what the plan noticed: values out of range, steady states of frozen soil."""
        # Stores of before have none.
        lines = [notice["text"] for notice in self.attrs.get("noticed", [])][:MOST_NOTICES]
        if lines:
            lines = ["Noticed before the run:", *lines]
            yield tag("div", *(tag("p", line) for line in lines), class_="banner bad", role="note")

    def state(self) -> Html:
        """Return whether the run is complete, and what cannot be read."""
        done, total = len(self.numbers.committed), self.numbers.grid.blocks
        lines = [f"Complete: {done:,}/{total:,} blocks are committed."]
        if not self.numbers.complete:
            lines = [
                f"Unfinished: {done:,}/{total:,} blocks are committed.",
                "Numbers and figures are of these alone, and an ensemble is shown only where all "
                "its members are. The same run command goes on where it stopped.",
            ]
        state = "good" if self.numbers.complete else "bad"
        banner = tag("div", *(tag("p", line) for line in lines), class_=f"banner {state}")
        # Filled while the other sections were made.
        damage = self.numbers.damage[:10]
        if not damage:
            return banner
        more = len(self.numbers.damage) - len(damage)
        lines = ["Some committed values cannot be read; see `soilsweep verify`:", *damage]
        lines += [f"and {more} more"] if more else []
        return joined(
            [banner, tag("div", *(tag("p", line) for line in lines), class_="banner bad")]
        )

    def cards(self) -> Html:
        """Return the run's sizes."""
        forcings, locations, samples = (axis.size for axis in self.numbers.grid.axes)
        entries = self.numbers.committed.values()
        members = sum(n for e in entries for n in e.status.values())
        failed = sum(n for e in entries for code, n in e.status.items() if code != OK)
        share = f" ({failed / members:.2%})" if failed else ""
        facts = [
            (f"{members:,}", f"members of {forcings * locations * samples:,}"),
            (f"{forcings:,}", "forcings" if forcings > 1 else "forcing"),
            (f"{locations:,}", "locations" if locations > 1 else "location"),
            (f"{samples:,}", "samples each"),
            (f"{failed:,}{share}", "failed members"),
            (f"{sum(e.seconds for e in entries):,.1f} s", "worker time"),
        ]
        return tag(
            "ul", *(tag("li", tag("b", b), tag("span", s)) for b, s in facts), class_="cards"
        )

    # --- results ---

    def results(self) -> Iterable[Html]:
        """Yield key numbers, tables and figures of the responses."""
        numbers = self.numbers
        summaries = numbers.summaries()
        if not summaries:
            if not self.scenario.get("aggregates"):
                yield tag("p", "The scenario names no responses, so there is nothing to sum up.")
            return
        if not any(np.isfinite(s.mean).any() for s in summaries):
            yield tag("p", "No ensemble is complete with members that ran; see Failures.")
            return
        if len(numbers.locations) == 1:
            key = key_table(numbers)
            assert key is not None
            yield table(key)
        for shown in location_tables(numbers):
            yield table(shown)
        method = self.attrs["design"]["method"]
        if method in NOT_DRAWN:
            yield tag(
                "p",
                f"Means and standard deviations are over the rows of a {method} design, "
                "which are no draws from a distribution.",
            )
        yield from self._response_figures(summaries)
        for k, shown in enumerate(tables_of(numbers)):
            if k >= MOST_PLACES * max(1, -(-len(summaries) // 4)):
                more = f"Tables of the first {MOST_PLACES} of {len(numbers.locations)} locations."
                yield paragraphs([more])
                break
            place = shown.title.removeprefix(self.attrs["title"])
            yield table(replace(shown, title=f"by forcing{place}"))

    def _response_figures(self, summaries: list[Summary]) -> Iterable[Html]:
        numbers, some = self.numbers, summaries[:MOST_RESPONSES]
        published = numbers.published
        label = published["label"] if published else ""
        if len(numbers.locations) > 1:
            rows = numbers.locations[:MAX_ROWS]
            by_place = [figures.over_forcings(s, len(rows)) for s in some]
            caption = (
                "Responses by location: unconstrained (control) against the ensemble, means over "
                "forcings; bars are the mean standard deviation over samples."
            )
            yield self.picture(
                figures.responses(by_place, rows, self.synthetic, caption, mean=False)
            )
        for place in self.places:
            if not np.isfinite([s.mean[:, place] for s in some]).any():
                continue
            shown = figures.panels(some, place, published if len(numbers.locations) == 1 else None)
            has = any(v is not None for p in shown for v in p.published)
            rows = numbers.forcings[:MAX_ROWS]
            where = "" if len(numbers.locations) == 1 else f" at {numbers.locations[place]}"
            caption = (
                f"Responses{where}, unconstrained (control, the kernel's defaults) against the "
                "ensemble, by forcing. Bars: standard deviation over samples; in the row of the "
                "mean, thin: the mean of these, thick: standard deviation between forcings."
            )
            if has:
                caption += f" Diamonds: published numbers of {label}."
            drawn = figures.responses(
                shown, rows, self.synthetic, caption, label=label if has else ""
            )
            yield self.picture(drawn)

    def space(self) -> Iterable[Html]:
        """Yield maps, and sums over space by latitude and in time."""
        numbers, forcings = self.numbers, self.numbers.forcings
        yield from map(table, sum_tables(numbers))
        yield from map(self.picture, lines(list(all_lines(numbers)), forcings, self.synthetic))
        if (places := places_of(numbers)) is None:
            return
        fields = maps(list(all_fields(numbers)), places, forcings, self.synthetic)
        yield from map(self.picture, fields)
        shown = list(all_dominant(numbers, self.split))
        yield from map(self.picture, dominant(shown, places, self.synthetic))

    @cached_property
    def split(self) -> Found:
        """Return shares of variance, stored, or of sums over space made now."""
        return splitting.known(self.numbers)

    # --- sensitivity ---

    def profiles(self) -> Iterable[Html]:
        """Yield outputs on layers beside what was observed."""
        return map(self.picture, profiles(list(all_profiles(self.numbers)), self.synthetic))

    def sensitivity(self) -> Iterable[Html]:
        """Yield shares of variance, the design's own indices, and what single parameters do."""
        yield from map(self.picture, sharing.splits(self.split, self.synthetic))
        yield from map(table, variance_tables(self.store, self.split))
        found, why = self._analysis() if self.scenario["responses"] else ({}, [])
        effects = list(all_effects(self.numbers, found))[:MOST_RESPONSES]
        yield from map(self.picture, importances(effects, self.synthetic))
        deep = list(all_by_depth(self.numbers, found))
        yield from map(self.picture, by_depth(deep, self.synthetic))
        yield from map(self.picture, screenings(effects, self.synthetic))
        lines = list(all_curves(self.numbers))
        yield from map(self.picture, curves(lines, self.numbers, self.synthetic))
        yield from map(self.picture, changes(list(all_changes(self.numbers)), self.synthetic))
        if why:
            yield paragraphs(why, class_="")
            return
        yield from self._share_figures(found)
        yield from self._index_figures(found)
        for shown in [*analysis_tables(self.store, found), *output_tables(self.store, found)]:
            yield table(shown)

    def _analysis(self) -> tuple[Found, list[str]]:
        """Return the stored analysis or one made now, or why there is none."""
        if not self.numbers.complete:
            return {}, ["An unfinished run is not analysed."]
        try:
            if found := stored(self.store):
                return found, []
            sizes = [axis.size for axis in self.numbers.grid.axes]
            if float(np.prod(sizes)) * len(self.scenario["responses"]) > MOST_MEMBERS:
                text = "Not analysed yet: `soilsweep analyze` does it, and this page then shows it."
                return {}, [text]
            return results(self.store, outputs=False), []
        except (ValueError, OSError) as error:
            text = str(error).removeprefix(f"{self.store.path}: ")
            return {}, f"No analysis: {text}".splitlines()

    def _share_figures(self, found: Found) -> Iterable[Html]:
        if "sensitivity/term" not in found:
            return
        names = list(self.scenario["responses"])[:MOST_RESPONSES]
        many = len(self.numbers.locations) > 1
        rows, table_rows = [], []
        for name in names:
            values = of_response(found, name)["variance_share"]
            for place in self.places:
                rows.append(f"{name}, {self.numbers.locations[place]}" if many else name)
                table_rows.append(values[place])
        terms = [str(term) for term in found["sensitivity/term"][1]]
        caption = (
            "Shares of the variance over all members of all forcings, by analysis of variance of "
            "the full factorial (forcing and factors of the design). A x B is what A and B do "
            "together beyond what each does alone."
        )
        drawn = sharing.shares(rows, terms, np.array(table_rows), self.synthetic, caption)
        yield self.picture(drawn)

    def _index_figures(self, found: Found) -> Iterable[Html]:
        for name in list(self.scenario["responses"])[:MOST_RESPONSES]:
            arrays = of_response(found, name)
            for words in (("S1", "ST"), ("mu_star", "sigma")):
                if not set(words) <= set(arrays):
                    continue
                shown = [sharing.index(word, arrays) for word in words]
                if not np.isfinite(shown[0].values).any():
                    yield tag("p", f"{name}: no indices; too much was lost, or it does not vary.")
                    continue
                units = found[f"sensitivity/{name}_{words[0]}"][0].attrs["units"]
                effects = [str(effect) for effect in found["sensitivity/effect"][1]]
                caption = f"{sharing.MEANING[words[0]]} of {name}; " + (
                    "bars: confidence interval by bootstrap."
                    if len(shown[0].values) == 1
                    else "markers: mean over forcings and locations, bands: their range."
                )
                yield self.picture(
                    sharing.indices(name, units, effects, shown, self.synthetic, caption)
                )

    # --- series, design, failures, provenance ---

    def series(self) -> Iterable[Html]:
        """Yield one figure per output with a time axis."""
        for place in self.places[:2]:
            every = all_series(self.numbers, place)
            for _, group in groupby(every, key=lambda one: one.name):
                shown = list(group)
                where = (
                    f" at {self.numbers.locations[place]}"
                    if len(self.numbers.locations) > 1
                    else ""
                )
                lines = ", one line each of " + ", ".join(s.line for s in shown)
                what = f"{shown[0].meaning}{where}, by forcing{lines if shown[0].line else ''}"
                caption = f"{what}: mean and standard deviation over samples."
                yield self.picture(
                    panels.series(shown, self.numbers.forcings, self.synthetic, caption)
                )

    def design(self) -> Iterable[Html]:
        """Yield how parameters were varied."""
        yield from made.design(self.attrs["design"], self.numbers, self.account.spreads)
        if self.account.spreads:
            caption = (
                "Values drawn for the members, all committed ones together; ticks below: the "
                "control members, one per forcing and location where they differ."
            )
            yield self.picture(
                panels.drawn_parameters(self.account.spreads, self.synthetic, caption)
            )

    def failures(self) -> Iterable[Html]:
        """Yield what failed and where in parameter space."""
        yield from made.failures(self.numbers, self.account)
        told = [s for s in self.account.spreads if s.failed.any()]
        if not told:
            return
        told.sort(key=lambda s: -s.contrast)
        caption = (
            "Where failures sit: all and failed members by parameter, and the share that failed."
        )
        yield self.picture(panels.failed_parameters(told, self.synthetic, caption))
        if len(told) > 1 and told[0].points.size:
            caption = (
                "A random draw of members of the blocks that hold failures, in the plane of the "
                "two parameters in which failed members differ most from all."
            )
            yield self.picture(panels.failed_scatter(told[0], told[1], self.synthetic, caption))

    def provenance(self) -> Iterable[Html]:
        """Yield what made the numbers."""
        return made.provenance(self.store, self.numbers)

    def scenario_text(self) -> Iterable[Html]:
        """Yield the scenario as it was written."""
        yield tag("pre", self.attrs["scenario"])
