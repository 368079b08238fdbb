"""One table of all figures at the end of a benchmark run.

``pytest tests/benchmarks --benchmark-enable``; without the option each runs once, as a test.
"""

from collections import defaultdict

import pytest
from benchmarks.comparing import Compare, Row, in_words

HEAD: Row = ("figure", "ours", "reference", "ratio", "to reach")
ROWS = pytest.StashKey[list[Row]]()

GROUPS_TO_REACH = {
    "sobol sampling": "<= 0.05",
    "morris sampling": "<= 0.1",
    "morris analysis with bootstrap": "<= 0.5",
}
"""By benchmark group, of benchmarks that time ``test_ours`` beside other tests."""


@pytest.fixture
def compare(benchmark, request):
    return Compare(benchmark, request.config.stash.setdefault(ROWS, []))


def grouped(config):
    """Yield rows of the benchmarks that are timed one by one, by group and parameter."""
    session = getattr(config, "_benchmarksession", None)
    medians = defaultdict(dict)
    for bench in session.benchmarks if session else ():
        if bench.group and not bench.has_error:
            name = bench.name.partition("[")[0].removeprefix("test_")
            medians[bench.group, bench.param or ""][name] = bench["median"]
    for (group, parameter), found in medians.items():
        for mine, theirs in ((a, b) for a in found for b in found):
            if "ours" in mine and "ours" not in theirs:
                figure = " ".join(filter(None, (group, parameter, mine.partition("ours")[2])))
                reference = f"{in_words(found[theirs])} {theirs}"
                ratio = f"{found[mine] / found[theirs]:.3g}"
                reach = GROUPS_TO_REACH.get(group, "")
                yield (figure, in_words(found[mine]), reference, ratio, reach)


def pytest_terminal_summary(terminalreporter, config):
    rows = [*config.stash.get(ROWS, []), *grouped(config)]
    if not rows:
        return
    terminalreporter.section("ours, the reference in the same run, and the ratio to reach")
    widths = [max(map(len, column)) for column in zip(HEAD, *rows, strict=True)]
    for row in (HEAD, tuple("-" * width for width in widths), *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        terminalreporter.write_line(f"| {' | '.join(cells)} |")
