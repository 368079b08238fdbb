"""What is alike is named in part, with what names all of it; a message has no other way."""

import re

import pytest
from tracked import ROOT, tracked

from scenarios.problems import ALL, and_more, most_named, nearest

ELSEWHERE = {
    "scenarios/problems.py": "the rule itself",
    "ensemble/tables/shares.py": "a name of a term, as figures have it",
    "ensemble/commands/standing.py": "says the command with --json",
    "ensemble/commands/managing.py": "says the command with --json",
}
"""Files that say ``N more`` otherwise, and why; pages name what makes them with all."""


def test_all_are_named_where_that_is_asked(monkeypatch):
    names = [f"m{k}" for k in range(100)]
    assert nearest("zz", names).endswith(f" more ({ALL}=1 lists them)")
    assert nearest("zz", names, "`soilsweep describe kernel x`").endswith("kernel x`")
    monkeypatch.setenv(ALL, "1")
    assert nearest("zz", names) == f"; available: {', '.join(sorted(names))}"
    assert most_named(3) > 10**6
    assert and_more(0) == and_more(-(10**6)) == ""


@pytest.mark.parametrize("package", ["ensemble", "scenarios", "kernels", "slurm"])
def test_no_message_ends_in_more_without_what_lists_them(package):
    said = re.compile(r"\{[^{}\"]+\} more\b(?! sample| block)")
    for file in tracked(".py", under=package):
        where = str(file.relative_to(ROOT))
        lines = [line for line in file.read_text().splitlines() if said.search(line)]
        assert where in ELSEWHERE or not lines, f"{where}: {lines}; see scenarios.problems.and_more"
