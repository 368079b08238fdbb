"""Absurd content of a store's small files is told in one message and never with a traceback.

Cases that once ended in a traceback; and a few hundred of those that numbers draw (`absurd`).
"""

import json
import os
import zlib

import absurd
import pytest
from commandline import soilsweep
from malformed_stores import REPLAY, RUN, STATUS, VERIFY, changed, damaged
from malformed_stores import line as journal_line

ABSURD = (-1, 2**64, 1.5, float("nan"), True, None, "", "\x1b[2J\n", [], {}, [[]], [10**30] * 3)
SOUND = {"member": [1, 0, 3], "status": 11, "cause": "killed", "replay": "x"}


def write(name, content):
    def damage(store):
        (store / name).parent.mkdir(exist_ok=True)
        (store / name).write_bytes(content)

    return damage


def line(text):
    def damage(store):
        file = next(store.glob("journal/*.jsonl"))
        file.write_bytes(file.read_bytes() + b"%08x %s\n" % (zlib.crc32(text), text))

    return damage


def root(path, value):
    def damage(store):
        document = node = json.loads((store / "zarr.json").read_bytes())
        for key in path[:-1]:
            node = node[key]
        node[path[-1]] = value
        (store / "zarr.json").write_text(json.dumps(document))

    return damage


IN_ARRAY = ("consolidated_metadata", "metadata", "c_soil")
HERE = os.uname().nodename
CASES = {
    **{
        f"quarantine, {key}: {value!r}": write(
            "quarantine/1_0_3.json", json.dumps({**SOUND, key: value}).encode()
        )
        for key in SOUND
        for value in ABSURD
        if not (key in ("cause", "replay") and isinstance(value, str))
    },
    **{
        f"quarantine, {c[:9]!r}": write("quarantine/9.json", c) for c in (b"", b"\xff", b"[]", b"{")
    },
    **{
        f"{'.'.join(path)}: {value!r}": root((*IN_ARRAY, *path), value)
        for path in (("shape",), ("dimension_names",), ("chunk_grid",), ("attributes",))
        for value in (-1, None, "x", {}, [2**70], [[1]])
        if not (path == ("attributes",) and value == {})
    },
    "title": root(("attributes", "title"), {"a": 1}),
    "nested": line(b'{"block":' + b"[" * 10**6),
    "long": line(b'{"start":{"cpu":' + b"9" * 10**6 + b"}}"),
    "ten megabytes": line(b'"' + b"x" * 10**7 + b'"'),
    "keys twice": line(b'{"block":[0,0,0],"block":"x","checksums":{},"status":{}}'),
    "generation": write("journal/generation", b"9" * 5000),
    "generation, text": write("journal/generation", b"x"),
}


@pytest.mark.parametrize("name", CASES)
def test_a_store_that_no_version_wrote_is_refused_in_words(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    damaged(CASES[name])(tmp_path)
    said = soilsweep(*STATUS)
    assert said.code == 2, (said.out, said.err)
    assert len(said.err.strip().splitlines()) == 1
    assert len(said.err) < 600


@pytest.mark.parametrize("command", [VERIFY, REPLAY, RUN])
def test_other_commands_say_so_too(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    damaged(write("quarantine/9.json", b"[]"))(tmp_path)
    said = soilsweep(*command)
    assert (said.code, len(said.err.splitlines())) == (2, 1)
    assert "quarantine/9.json: says of no member" in said.err


NOTES = (b"9" * 6000, b"99 99 99", b"-1 0 0", b"", b"\xff", b"[[0,0,0]]", b"0")


@pytest.mark.parametrize("content", NOTES)
def test_notes_of_no_block_are_nobodys(tmp_path, monkeypatch, content):
    monkeypatch.chdir(tmp_path)
    damaged(write(f"inflight/{HERE}-999999-1", content), write("jobs/1a1-array", b""))(tmp_path)
    assert soilsweep(*STATUS).code == 0
    assert soilsweep(*RUN).code == 0


@pytest.fixture(scope="module")
def sound(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sound")
    for kind in absurd.KINDS:
        absurd.make(folder / kind, kind)
    return folder


AT_ONCE, EACH, ALL = 10, 10, 400
"""Numbers tried by a plain pytest, by one test, and by CI."""


@pytest.mark.parametrize(
    "first",
    [
        first if first < AT_ONCE else pytest.param(first, marks=pytest.mark.slow)
        for first in range(0, ALL, EACH)
    ],
)
def test_whatever_is_damaged_each_command_ends_with_one_sentence(sound, tmp_path, first):
    """No exception leaves a command, and none waits: a test that hangs is ended by its runner."""
    wrong = []
    for number in range(first, first + EACH):
        wrong += absurd.tried(sound, tmp_path / str(number), number)
    assert not wrong


def test_an_output_that_the_kernel_has_not_is_told(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    damaged(changed("zarr.json", lambda c: c.replace(rb"\"outputs\": {", UNKNOWN)))(tmp_path)
    said = soilsweep(*STATUS)
    assert (said.code, len(said.err.splitlines())) == (2, 1)
    assert "it names an output that its kernel does not have" in said.err


UNKNOWN = rb"\"outputs\": {\"c_sail\": {\"last\": \"year\"}, "
INPUT = {"a pipe": os.mkfifo, "a link": lambda path: path.symlink_to("/etc/passwd")}


@pytest.mark.parametrize("kind", INPUT)
def test_inputs_are_files(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    damaged(lambda store: INPUT[kind](store / "inputs" / "x"))(tmp_path)
    said = soilsweep(*STATUS)
    assert (said.code, len(said.err.splitlines())) == (2, 1)
    assert "d.zarr/inputs/x: is no plain file" in said.err


def test_jobs_are_not_those_that_a_link_leads_to(tmp_path, monkeypatch):
    """Other runs' jobs would be cancelled."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "jobs").mkdir()
    damaged(lambda store: (store / "jobs").symlink_to(tmp_path / "jobs"))(tmp_path)
    for words in (STATUS, ("cancel", "d.zarr")):
        said = soilsweep(*words)
        assert (said.code, len(said.err.splitlines())) == (2, 1)
        assert "d.zarr/jobs: is a symbolic link" in said.err


def test_a_status_of_a_later_version_is_named_by_its_number(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    damaged(changed("journal/*", with_status))(tmp_path)
    said = soilsweep(*STATUS)
    assert said.code == 0, said.err
    assert "status 77" in said.out


def with_status(content):
    """Return a journal in which a block's members have a status that is not known."""
    lines = []
    for text in (x[9:] for x in content.splitlines()):
        record = json.loads(text)
        if "status" in record:
            record["status"] = {"77": sum(record["status"].values())}
        lines.append(journal_line(record))
    return b"".join(lines)
