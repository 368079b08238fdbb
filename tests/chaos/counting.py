"""How often schedules ran and each event happened, at the end of a session."""

from collections import Counter

SCHEDULE, EVENT = "schedule of", "event"
"""Names of properties that a test records, with a way or an event."""


def counts(reports):
    """Return {schedule or event: times} of the reports of tests."""
    found = Counter()
    for report in reports:
        for kind, name in getattr(report, "user_properties", ()):
            # A test's properties stand in the reports of its call and of what follows.
            if report.when == "call" and kind in (SCHEDULE, EVENT):
                found[f"{kind} {name}"] += 1
    return found


def pytest_terminal_summary(terminalreporter):
    """Print a table of what happened in schedules, if there were some."""
    reports = [r for kind in ("passed", "failed") for r in terminalreporter.stats.get(kind, ())]
    if found := counts(reports):
        terminalreporter.section("what happened in random schedules")
        for name, times in sorted(found.items()):
            terminalreporter.write_line(f"{times:5d}  {name}")
