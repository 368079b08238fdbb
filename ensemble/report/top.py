"""The top of the page: title, labels, state and key numbers."""

from collections.abc import Iterable, Sequence

from ensemble.report.html.markup import Html, tag
from ensemble.report.run import Run
from kernels import OK

MOST_NOTICES = 12


def top(run: Run, refused: Sequence[str]) -> Html:
    """Return what a page begins with; made last, as damage is known when all was read.

    Parameters
    ----------
    run : Run
    refused : sequence of str
        What is said of installed figures that are of no use.
    """
    parts = [tag("h1", run.attrs["title"]), tag("p", run.attrs["source"], class_="lead")]
    if run.scenario["description"]:
        parts.append(tag("p", run.scenario["description"]))
    if run.synthetic:
        text = f"Synthetic data: {run.synthetic}"
        parts.append(tag("div", tag("p", text), class_="banner made-up", role="note"))
    parts += [*_state(run), *_noticed(run), *(bad([line]) for line in refused), _cards(run)]
    return tag("header", *parts)


def bad(lines: Iterable[str], **attributes: object) -> Html:
    """Return lines that nobody should miss."""
    return tag("div", *(tag("p", line) for line in lines), class_="banner bad", **attributes)


def _noticed(run: Run) -> Iterable[Html]:
    """Yield what the plan noticed: values out of range, steady states of frozen soil."""
    # Stores of before have none.
    lines = [notice["text"] for notice in run.attrs.get("noticed", [])][:MOST_NOTICES]
    if lines:
        yield bad(["Noticed before the run:", *lines], role="note")


def _state(run: Run) -> Iterable[Html]:
    """Yield whether the run is complete, and what cannot be read."""
    numbers = run.numbers
    done, total = len(numbers.committed), numbers.grid.blocks
    if numbers.complete:
        said = tag("p", f"Complete: {done:,}/{total:,} blocks are committed.")
        yield tag("div", said, class_="banner good")
    else:
        yield bad(
            [
                f"Unfinished: {done:,}/{total:,} blocks are committed.",
                "Numbers and figures are of these alone, and an ensemble is shown only where all "
                "its members are. The same run command goes on where it stopped.",
            ]
        )
    damage = numbers.damage[:10]
    if damage:
        more = len(numbers.damage) - len(damage)
        lines = ["Some committed values cannot be read; see `soilsweep verify`:", *damage]
        yield bad([*lines, f"and {more} more"] if more else lines)


def _cards(run: Run) -> Html:
    """Return the run's sizes."""
    forcings, locations, samples = (axis.size for axis in run.numbers.grid.axes)
    entries = run.numbers.committed.values()
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
    return tag("ul", *(tag("li", tag("b", b), tag("span", s)) for b, s in facts), class_="cards")
