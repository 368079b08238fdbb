"""The top of the page: title, labels, state and key numbers."""

from collections.abc import Iterator, Sequence

from ensemble.report.parts import Banner, Top
from ensemble.report.run import Run
from kernels import OK

MOST_NOTICES = 12


def top(run: Run, refused: Sequence[str]) -> Top:
    """Return what a page begins with.

    Parameters
    ----------
    run : Run
    refused : sequence of str
        What is said of installed figures that are of no use.
    """
    banners = []
    if run.synthetic:
        banners.append(Banner([f"Synthetic data: {run.synthetic}"], "made-up", aside=True))
    else:
        banners.append(Banner(["Real data."], aside=True))
    banners += [*_state(run), *_noticed(run), *(Banner([line]) for line in refused)]
    description = run.scenario["description"] or ""
    paragraphs = [one for one in description.split("\n\n") if one.strip()]
    return Top(run.attrs["title"], run.attrs["source"], paragraphs, banners, _cards(run))


def _noticed(run: Run) -> Iterator[Banner]:
    """Yield what the plan noticed: values out of range, steady states of frozen soil."""
    # Stores of before have none.
    lines = [notice["text"] for notice in run.attrs.get("noticed", [])][:MOST_NOTICES]
    if lines:
        yield Banner(["Noticed before the run:", *lines], aside=True)


def _state(run: Run) -> Iterator[Banner]:
    """Yield whether the run is complete, and what cannot be read."""
    results = run.results
    done, total = len(results.committed), results.grid.blocks
    if results.complete:
        yield Banner([f"Complete: {done:,}/{total:,} blocks are committed."], "good")
    else:
        yield Banner(
            [
                f"Unfinished: {done:,}/{total:,} blocks are committed.",
                "Numbers and figures are of these alone, and an ensemble is shown only where all "
                "its members are. The same run command goes on where it stopped.",
            ]
        )
    damage = results.damage[:10]
    if damage:
        more = len(results.damage) - len(damage)
        lines = ["Some committed values cannot be read; see `soilsweep verify`:", *damage]
        yield Banner([*lines, f"and {more} more"] if more else lines)


def _cards(run: Run) -> list[tuple[str, str]]:
    """Return the run's sizes, and what each is."""
    forcings, locations, samples = (axis.size for axis in run.results.grid.axes)
    committed = run.results.committed
    members = sum(committed.totals.members.values())
    failed = members - committed.totals.members.get(OK, 0)
    share = f" ({failed / members:.2%})" if failed else ""
    return [
        (f"{members:,}", f"members of {forcings * locations * samples:,}"),
        (f"{forcings:,}", "forcings" if forcings > 1 else "forcing"),
        (f"{locations:,}", "locations" if locations > 1 else "location"),
        (f"{samples:,}", "samples each"),
        (f"{failed:,}{share}", "failed members"),
        (f"{committed.seconds:,.1f} s", "worker time"),
    ]
