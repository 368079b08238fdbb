"""A dated table of what was run by hand: ``pytest -m acceptance --acceptance-table FILE``.

A row is a test with all its parameters, and says what came out, when, and of which commit. Rows of
tests that a call does not run stay as they are, so the table may be filled in several goes.
"""

import platform
import re
import subprocess
from collections import Counter, defaultdict
from datetime import date
from os import cpu_count
from pathlib import Path

from chaos.counting import counts

HEAD = """\
# Acceptance

What takes too long for CI, as it came out when it was last run. Written by
`pytest -m acceptance --acceptance-table tests/ACCEPTANCE.md`, never by hand; a call that runs some
of the tests writes their rows and leaves the others. A `+` is a commit with changes on top. What
random schedules drew has rows of its own: schedules of a way, and how often each event happened;
so has what a test measured.

| test | outcome | seconds | day | commit | on |
| --- | --- | ---: | --- | --- | --- |
"""
MEASURED = "measured"
"""Name of a property that a test records: ``what: value``, which has a row of its own."""

WHAT = re.compile(r"(?:\{[^{}]*\}|[^{}])*?(?=: )")
"""What comes before the first colon that stands in no braces."""

ROW = re.compile(r"^\| `(?P<test>[^`]+)` \|.*\|$", re.MULTILINE)


def pytest_addoption(parser) -> None:
    parser.addoption(
        "--acceptance-table", type=Path, metavar="FILE", help="write what came out as a dated table"
    )


def pytest_configure(config) -> None:
    if file := config.getoption("--acceptance-table"):
        config.pluginmanager.register(Table(file.absolute(), config.rootpath))


class Table:
    """Counts the outcomes of a session and writes them down at its end."""

    def __init__(self, file: Path, root: Path) -> None:
        self.file, self.root = file, root
        self.outcomes: defaultdict[str, Counter[str]] = defaultdict(Counter)
        self.seconds: Counter[str] = Counter()
        self.measured: dict[str, str] = {}

    def pytest_runtest_logreport(self, report) -> None:
        test = report.nodeid.partition("[")[0]
        self.seconds[test] += report.duration
        # A test passes where it was called; it may fail or be skipped before and after, too.
        if report.when == "call" or report.outcome != "passed":
            self.outcomes[test][report.outcome] += 1
        for kind, text in report.user_properties if report.when == "call" else ():
            if kind == MEASURED:
                what = WHAT.match(text)[0]
                self.measured[f"{test}, {what}"] = text.removeprefix(f"{what}: ")
        for what, times in counts([report]).items():
            self.outcomes[f"{test}, {what}"]["times"] += times

    def pytest_sessionfinish(self) -> None:
        if not self.outcomes:
            return
        known = self.file.read_text() if self.file.exists() else ""
        rows = {row["test"]: row[0] for row in ROW.finditer(known)}
        on = (commit(self.root), f"{cpu_count()} CPUs, Python {platform.python_version()}")
        for test, found in self.outcomes.items():
            outcome = ", ".join(f"{n} {word}" for word, n in sorted(found.items()))
            cells = (f"`{test}`", outcome, f"{self.seconds[test]:.0f}", f"{date.today()}", *on)
            rows[test] = f"| {' | '.join(cells)} |"
        for what, value in self.measured.items():
            rows[what] = f"| {' | '.join((f'`{what}`', value, '', f'{date.today()}', *on))} |"
        # A test whose file is gone has no row.
        there = [rows[t] for t in sorted(rows) if (self.root / t.partition("::")[0]).exists()]
        self.file.write_text(HEAD + "".join(f"{row}\n" for row in there))


def commit(root: Path) -> str:
    """Return the short name of the commit that is checked out; a ``+`` says that there is more."""
    words = ["git", "-C", root, "describe", "--always", "--abbrev=8", "--dirty=+", "--exclude=*"]
    done = subprocess.run(words, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"
