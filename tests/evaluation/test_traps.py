"""Every trap of comparing with observations is in the table beside this file, with its tests."""

import re

from tracked import ROOT, tracked

TABLE = (ROOT / "tests/evaluation/README.md").read_text(encoding="utf-8")
ROW = re.compile(r"^\| (\d+(?:, \d+)*) [^|]+ \| (.+) \|$", re.M)
TRAPS = range(1, 32)


def test_every_trap_has_tests_that_are_there_or_says_why_not():
    rows = {int(n): tests for numbers, tests in ROW.findall(TABLE) for n in numbers.split(", ")}
    assert sorted(rows) == [*TRAPS]
    texts = [file.read_text(encoding="utf-8") for file in tracked(".py", under="tests")]
    here = {name for text in texts for name in re.findall(r"^def (test_\w+)", text, re.M)}
    named = {name for tests in rows.values() for name in re.findall(r"`(\w+)`", tests)}
    assert not named - here
    assert [n for n, tests in rows.items() if "`" not in tests] == [14, 21, 22, 31]
