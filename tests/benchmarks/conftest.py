"""One table of all figures at the end of a benchmark run.

``pytest tests/benchmarks --benchmark-enable``; without the option each runs once, as a test: in CI
where it is marked slow, as one of each file is, else as an acceptance.
"""

from collections import defaultdict
from pathlib import Path

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


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    """Leave benchmarks to CI and to acceptances, unless they are asked for."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            if config.getoption("benchmark_enable"):
                item.own_markers = [mark for mark in item.own_markers if mark.name != "slow"]
            elif not item.get_closest_marker("slow"):
                item.add_marker("acceptance")


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
