"""Nothing that a file holds acts upon the terminal that it is printed on, whatever the command."""

import json
import os
import pty
import subprocess
import unicodedata
from pathlib import Path

import pytest
from commandline import PROGRAM, soilsweep
from malformed_scenarios import GOOD
from malformed_stores import damaged, journal, root
from waiting import PATIENCE

from ensemble.store import quarantine
from ensemble.store.folders import Folder
from kernels import CRASHED
from scenarios.visible import visible

EVIL = "\x1b[2J\x1b]0;owned\x07\r\x9b31m\u202eright\u2066\u2028\x08\x7f\nwarning: false\tx"
SPELLED = visible(EVIL)
QUOTED = json.dumps(EVIL)


def test_what_a_terminal_acts_upon_is_spelled_out_and_all_else_stays():
    assert visible("plain, é, 日本 and 😀") == "plain, é, 日本 and 😀"
    assert visible("a\x1b[31m\nb") == r"a\x1b[31m\nb"
    assert visible("a\x1b[31m\nb\t", lines=True) == "a\\x1b[31m\nb\t"
    for code in range(0x110000):
        kind = unicodedata.category(chr(code))
        if kind in ("Cc", "Cs", "Zl", "Zp") or unicodedata.bidirectional(chr(code)) in TURNING:
            assert visible(chr(code)) == ascii(chr(code))[1:-1]


TURNING = ("LRE", "RLE", "LRO", "RLO", "PDF", "LRI", "RLI", "FSI", "PDI")


def harmless(text):
    """Check that a text holds nothing but what is seen, and no line that EVIL made."""
    assert visible(text, lines=True) == text
    assert not any(line.startswith("warning: false") for line in text.splitlines())


def write_scenario(folder):
    (folder / "models.csv").write_text(
        "model,year,NPP [Pg C yr-1],Rh [Pg C yr-1],cVeg [Pg C],cSoil [Pg C]\n"
        + "".join(f'"{name}",{y},50,49,400,1500\n' for name in (EVIL, "m") for y in (1901, 1902))
    )
    text = GOOD.replace("title: Small", f"title: {QUOTED}")
    assert text != GOOD
    (folder / "s.yaml").write_text(text)
    lines = [f"forcing: {{reader: annual_table, path: models.csv, variables: {{{QUOTED}: 1}}}}"]
    other = [lines[0] if x.startswith("forcing:") else x for x in text.splitlines()]
    (folder / "table.yaml").write_text("\n".join(other))
    (folder / "keys.yaml").write_text(f"{text}\n{QUOTED}: 1\nresponses: {{{QUOTED}: {QUOTED}}}\n")


def spoil(store: Path) -> None:
    """Put EVIL wherever a store holds text of others."""
    case = quarantine.Case((1, 0, 3), CRASHED, EVIL, EVIL)
    quarantine.record(Folder.at(store), case)


COMMANDS = {
    "validate": ("validate", "s.yaml"),
    "validate, its table": ("plan", "table.yaml"),
    "validate, its keys": ("validate", "keys.yaml"),
    "validate, no file": ("validate", f"{EVIL}.yaml"),
    "validate, set": ("validate", "s.yaml", "--set", f"{EVIL}={EVIL}"),
    "plan": ("plan", "s.yaml"),
    "run": ("run", "s.yaml", "--store", "new.zarr"),
    "run, changed": ("run", "s.yaml", "--store", "d.zarr", "--set", "seed=99"),
    "init": ("init", EVIL),
    "status": ("status", "d.zarr"),
    "report": ("report", "d.zarr"),
    "analyze": ("analyze", "d.zarr"),
    "replay": ("replay", "d.zarr", "1/0/3"),
    "replay, no member": ("replay", "d.zarr", EVIL),
    "verify": ("verify", "d.zarr", "--rerun", "1"),
    "extend": ("extend", "d.zarr", "--until", "1"),
    "worker": ("worker", f"{EVIL.splitlines()[0]}.zarr"),
    "submit": ("submit", "s.yaml", "--store", "jobs.zarr", "--emit-script"),
    "cancel": ("cancel", "d.zarr"),
    "no such command": (EVIL,),
    "no such option": ("status", "d.zarr", f"--{EVIL}"),
}


@pytest.fixture
def spoiled(tmp_path, monkeypatch):
    """A folder with a scenario and a finished store that are full of escapes."""
    monkeypatch.chdir(tmp_path)
    damaged(
        root(lambda r: r["attributes"].update(title=EVIL, synthetic=EVIL)),
        journal(lambda r: r.update(notes=[EVIL])),
    )(tmp_path)
    write_scenario(tmp_path)
    spoil(tmp_path / "d.zarr")
    return tmp_path


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_prints_an_escape(spoiled, name):
    said = soilsweep(*COMMANDS[name])
    assert "Traceback" not in said.err
    harmless(said.out)
    harmless(said.err)


def test_status_spells_titles_and_causes_out_and_json_has_them_as_they_are(spoiled):
    out = soilsweep("status", "d.zarr").out
    assert out.count(SPELLED) >= 3
    found = json.loads(soilsweep("status", "d.zarr", "--json").out)
    assert found["title"] == found["synthetic"] == EVIL


def test_pages_hold_no_escape(spoiled):
    assert soilsweep("report", "d.zarr").code == 0
    assert "\x1b" not in (spoiled / "d.html").read_text()


def test_bars_move_the_cursor_and_titles_do_not(spoiled):
    """On a terminal: what draws the bar passes, what a scenario says does not."""
    ours, theirs = pty.openpty()
    command = [*PROGRAM, "run", "s.yaml", "--store", "new.zarr"]
    done = subprocess.Popen(command, stdout=theirs, stderr=theirs, cwd=spoiled)
    os.close(theirs)
    seen = b""
    while True:
        try:
            part = os.read(ours, 65536)
        except OSError:
            break
        if not part:
            break
        seen += part
    os.close(ours)
    assert done.wait(PATIENCE) == 0
    assert b"\x1b[" in seen
    assert b"\x1b]0;" not in seen
    assert b"\x1b[2J" not in seen
