"""The top of the page: title, labels, state and key numbers."""

from collections.abc import Iterator, Sequence

from ensemble.report.parts import Banner, Top
from ensemble.report.reported import Reported

MOST_NOTICES = 12


def top(run: Reported, refused: Sequence[str]) -> Top:
    """Return what a page begins with.

    Parameters
    ----------
    run : Reported
    refused : sequence of str
        What is said of installed figures that are of no use.
    """
    banners = []
    if run.synthetic:
        banners.append(Banner([f"Synthetic data: {run.synthetic}"], "made-up", aside=True))
    else:
        banners.append(Banner(["Real data."], aside=True))
    banners += [*run.state, *_noticed(run), *(Banner([line]) for line in refused)]
    paragraphs = [one for one in run.description.split("\n\n") if one.strip()]
    return Top(run.attrs["title"], run.attrs["source"], paragraphs, banners, run.cards)


def _noticed(run: Reported) -> Iterator[Banner]:
    """Yield what the plan noticed: values out of range, steady states of frozen soil."""
    # Stores of before have none.
    lines = [notice["text"] for notice in run.attrs.get("noticed", [])][:MOST_NOTICES]
    if lines:
        yield Banner(["Noticed before the run:", *lines], aside=True)
