"""Journals read in columns and by offset say what their lines say, read one by one as JSON."""

import hashlib
import json
import os
import random
import zlib
from collections import Counter

import numpy as np
import pytest

from ensemble.store.folders import Folder
from ensemble.store.journal import Entry, Journal, as_line, records, set_generation
from ensemble.store.journals import Journals
from ensemble.store.lines import Pattern, is_sound, split

BLOCKS = (3, 4, 50)
START = {"start": {"host": "h", "time": 1e9, "generation": 0, "kernel": "k1"}}
NAMES = ("status", "c soil é", "partials")


def record(draw, key, **more):
    """Return what a line holds that somebody might write."""
    names = NAMES[: draw.choice((2, 3, 3, 3))]
    found = {
        "block": list(key),
        "checksums": {name: f"{draw.getrandbits(32):08x}" for name in names},
        "status": {"0": draw.randrange(10**6)},
        "seconds": draw.choice((0, 3, 0.25, 1e-06, round(draw.random(), 6), 12345.678901)),
        "attempt": 1,
        "at": draw.choice((1.5e9, round(1.7e9 + draw.random() * 1e6, 3), 0.0)),
    }
    if draw.random() < 0.3:
        found["status"]["11"] = draw.randrange(5)
    if draw.random() < 0.2:
        found["beyond"] = {"soc": draw.randrange(100), "litter": draw.randrange(3)}
        found["excluded"] = draw.randrange(50)
    if draw.random() < 0.1:
        found["notes"] = [draw.choice(("ValueError: x", "a\nb", "é" * 700))]
    if draw.random() < 0.05:
        found["checksums"]["partials"] = draw.choice(("ABCDEF01", "", 'a"b', "12345678\n"))
    return {**found, **more}


def keys(count, draw):
    every = [(f, x, s) for f in range(3) for x in range(4) for s in range(50)]
    return draw.sample(every, count)


def fill(folder, found, journals, draw):
    """Write records into so many journals, with lines between that are torn or another's."""
    for number in range(journals):
        lines = [as_line({"start": {**START["start"], "kernel": f"k{number % 2}"}})]
        for one in found[number::journals]:
            lines.append(as_line(one))
            if draw.random() < 0.1:
                lines.append(draw.choice((b"\n", b"torn\n", as_line(one)[:30] + b"\n")))
        (folder / f"j{number}.jsonl").write_bytes(b"".join(lines))


def plain(totals):
    """Return what totals hold, without zeros."""
    by_code, by_name = ({n: of.tolist() for n, of in held.items() if of.any()}
                        for held in (totals.status, totals.beyond))  # fmt: skip
    return by_code, by_name, totals.notes, totals.excluded


def read(folder, *, sums=True):
    journals = Journals(BLOCKS, sums=sums)
    journals.look(Folder.at(folder))
    return journals


@pytest.mark.parametrize("seed", range(6))
def test_columns_say_what_lines_say(tmp_path, seed):
    draw = random.Random(seed)
    written = [record(draw, key) for key in keys(400, draw)]
    fill(tmp_path, written, 7, draw)
    committed = read(tmp_path).committed
    assert list(committed) == sorted(tuple(one["block"]) for one in written)
    status, beyond, notes, excluded, seconds = Counter(), Counter(), Counter(), 0, 0.0
    digest = hashlib.sha256()
    for one in sorted(written, key=lambda one: one["block"]):
        key = tuple(one["block"])
        entry = committed[key]
        assert dict(entry.checksums) == one["checksums"]
        assert entry.seconds == one["seconds"]
        digest.update(json.dumps([one["block"], sorted(one["checksums"].items())]).encode())
        for code, n in one["status"].items():
            status[int(code), key[0]] += n
        for name, n in one.get("beyond", {}).items():
            beyond[name, key[0]] += n
        notes.update(one.get("notes", ()))
        excluded, seconds = excluded + one.get("excluded", 0), seconds + one["seconds"]
    totals = committed.totals
    held = {(c, f): int(n) for c, of in totals.status.items() for f, n in enumerate(of)}
    assert {place: n for place, n in held.items() if n} == {p: n for p, n in status.items() if n}
    held = {(b, f): int(n) for b, of in totals.beyond.items() for f, n in enumerate(of)}
    assert {place: n for place, n in held.items() if n} == {p: n for p, n in beyond.items() if n}
    assert (totals.notes, totals.excluded) == (notes, excluded)
    assert committed.seconds == pytest.approx(seconds, rel=1e-12)
    assert committed.digest() == digest.hexdigest()
    failing = [tuple(o["block"]) for o in written if o["status"].get("11")]
    assert committed.failing == sorted(failing)
    assert sum(committed.by_kernel().values()) == 400
    assert committed.latest(3).size == 3
    late, begun = committed.since(1e6)
    young = [one for one in written if one["at"] > 1e6]
    assert (late, begun) == (len(young), min(one["at"] - one["seconds"] for one in young))


def test_a_second_look_reads_what_is_new_alone(tmp_path, monkeypatch):
    draw = random.Random(1)
    written = [record(draw, key) for key in keys(90, draw)]
    fill(tmp_path, written[:60], 3, draw)
    journals = read(tmp_path)
    sizes = [sum(path.stat().st_size for path in tmp_path.glob("*.jsonl"))]
    for number, one in enumerate(written[60:80]):
        with open(tmp_path / f"j{number % 2}.jsonl", "ab") as file:
            file.write(as_line(one))
    new = as_line(START) + b"".join(as_line(one) for one in written[80:])
    (tmp_path / "new.jsonl").write_bytes(new)
    sizes.append(sum(path.stat().st_size for path in tmp_path.glob("*.jsonl")))
    pread, lengths = os.pread, []

    def counted(*asked):
        lengths.append(len(content := pread(*asked)))
        return content

    monkeypatch.setattr(os, "pread", counted)
    journals.look(Folder.at(tmp_path))
    monkeypatch.undo()
    assert sum(lengths) == sizes[1] - sizes[0]
    assert len(journals.committed) == 90
    assert journals.committed == read(tmp_path).committed
    assert journals.committed.digest() == read(tmp_path).committed.digest()


@pytest.mark.parametrize("how", ["shorter", "gone", "another file", "another generation"])
def test_journals_that_are_others_are_read_anew(tmp_path, how):
    draw = random.Random(2)
    fill(tmp_path, [record(draw, key) for key in keys(60, draw)], 3, draw)
    journals, victim = read(tmp_path), tmp_path / "j1.jsonl"
    if how == "shorter":
        victim.write_bytes(victim.read_bytes()[:-200])
    elif how == "gone":
        victim.unlink()
    elif how == "another file":
        (tmp_path / "other").write_bytes(as_line(START) + as_line(record(draw, (0, 0, 0))) * 40)
        os.replace(tmp_path / "other", victim)
    else:
        set_generation(Folder.at(tmp_path), 1)
    journals.look(Folder.at(tmp_path))
    anew = read(tmp_path)
    assert journals.committed == anew.committed
    assert journals.late == anew.late
    for now, then in zip(*(plain(one.committed.totals) for one in (journals, anew)), strict=True):
        assert now == then
    assert len(anew.committed) < 60


def test_a_line_that_is_being_written_is_read_when_it_is_whole(tmp_path):
    draw = random.Random(3)
    line, path = as_line(record(draw, (0, 0, 1))), tmp_path / "j.jsonl"
    path.write_bytes(as_line(START) + line[:40])
    journals = read(tmp_path)
    assert not journals.committed
    with open(path, "ab") as file:
        file.write(line[40:-1])
    journals.look(Folder.at(tmp_path))
    assert list(journals.committed) == [(0, 0, 1)]
    with open(path, "ab") as file:
        file.write(b"\n" + as_line(record(draw, (0, 0, 2))))
    journals.look(Folder.at(tmp_path))
    assert list(journals.committed) == [(0, 0, 1), (0, 0, 2)] == list(read(tmp_path).committed)


def commit(folder, entries):
    journal = Journal(Folder.at(folder), {})
    for entry in entries:
        journal.commit(entry, sync=False)
    journal.close()
    return journal.name


def made(key, value, members=10):
    return Entry(key, {"c": value * 4}, {0: members}, 0.5)


def test_what_is_disowned_or_repeated_leaves_no_trace_in_totals(tmp_path):
    folder = Folder.at(tmp_path)
    commit(tmp_path, [made((1, 0, 0), "aa"), made((1, 0, 1), "cc"), made((1, 0, 1), "cc")])
    journals = read(tmp_path)
    assert journals.committed.totals.members == {0: 20}
    commit(tmp_path, [made((1, 0, 0), "bb", 7)])
    journals.look(folder)
    assert [len(known) for known in journals.conflicts.values()] == [2]
    assert journals.committed.totals.members == {0: 10}
    wrong = next(e for e in journals.conflicts[1, 0, 0] if e.checksums == {"c": "aaaaaaaa"})
    journal = Journal(folder, {})
    journal.disown(wrong, sync=False)
    journal.close()
    journals.look(folder)
    assert not journals.conflicts
    assert journals.committed.totals.members == read(tmp_path).committed.totals.members == {0: 17}
    assert journals.committed.digest() == read(tmp_path).committed.digest()
    # The only line of a block that is disowned leaves none.
    journal = Journal(folder, {})
    journal.disown(journals.committed[1, 0, 1], sync=False)
    journal.close()
    journals.look(folder)
    assert list(journals.committed) == list(read(tmp_path).committed) == [(1, 0, 0)]
    assert journals.committed.totals.members == {0: 7}


def test_the_first_of_equal_lines_counts_whenever_it_is_read(tmp_path):
    line = record(random.Random(4), (0, 1, 2))
    (tmp_path / "b.jsonl").write_bytes(as_line(START) + as_line(line))
    journals = read(tmp_path)
    (tmp_path / "a.jsonl").write_bytes(as_line(START) + as_line({**line, "seconds": 9}))
    journals.look(Folder.at(tmp_path))
    entry = journals.committed[0, 1, 2]
    assert (entry.journal, entry.seconds) == ("a.jsonl", 9)
    assert journals.committed.seconds == read(tmp_path).committed.seconds == 9


def test_what_this_process_wrote_needs_no_look(tmp_path):
    journals = read(tmp_path)
    journals.committed.note((2, 3, 49))
    assert (2, 3, 49) in journals.committed
    missing = list(journals.committed.missing(first=300))
    assert len(missing) == 599
    assert missing[0] == (1, 2, 0)
    assert missing[-1] == (1, 1, 49)
    commit(tmp_path, [made((2, 3, 49), "aa")])
    journals.look(Folder.at(tmp_path))
    assert len(journals.committed) == 1
    assert journals.committed[2, 3, 49].status == {0: 10}


def test_two_looks_rest_on_the_same_lines_or_do_not(tmp_path):
    commit(tmp_path, [made((0, 0, 0), "aa"), made((0, 0, 1), "bb")])
    first, second = read(tmp_path).committed, read(tmp_path, sums=False).committed
    assert first.rests_on_the_same(second)
    os.replace(*(tmp_path / name for name in (*os.listdir(tmp_path), "other.jsonl")))
    assert not first.rests_on_the_same(read(tmp_path).committed)
    commit(tmp_path, [made((0, 0, 2), "aa")])
    third = read(tmp_path).committed
    assert not second.rests_on_the_same(third)
    assert third.rests_on_the_same(read(tmp_path).committed)
    empty = Journals(BLOCKS).committed
    assert empty.rests_on_the_same(Journals(BLOCKS).committed)
    assert not empty.rests_on_the_same(first)


@pytest.mark.parametrize("key", [(3, 0, 0), (0, 0, 50), (0, 0), (0, 0, 0, 0), (0, 0, 10**17)])
@pytest.mark.parametrize("alone", [True, False])
def test_a_block_that_is_not_in_the_grid_is_refused(tmp_path, key, alone):
    draw = random.Random(5)
    line = {**record(draw, key), "seconds": 1e-6 if alone else 0.5}
    (tmp_path / "j.jsonl").write_bytes(as_line(START) + as_line(line))
    with pytest.raises(ValueError, match=rf"j.jsonl names block \[{', '.join(map(str, key))}\]"):
        read(tmp_path)


ABSURD = {
    '"seconds":0.5': ('"seconds":-0.5', '"seconds":00.5', '"seconds":.5', '"seconds":100000000000'),
    '"0":10': ('"0":010', '"0":1.0', '"0":-1', '"0":"10"', '"256":10', '"0":', '"0":1e3'),
    '"attempt":1': ('"attempt":1.5', '"attempt":true', '"tempt":1', '"attempt":01'),
    '"block":[0,0,0]': ('"block":[0,0,-1]', '"block":[0,0,00]', '"block":[]', '"block":[0,,0]'),
    '"c":"aaaaaaaa"': ('"c":"aaaaa"aa"', '"c":"aaaaaaaa', '"c":aaaaaaaa', '"c":["aaaaaa"]'),
}


@pytest.mark.parametrize(
    ("part", "instead"), [(part, one) for part, every in ABSURD.items() for one in every]
)
def test_absurd_lines_between_usual_ones_are_refused_by_number(tmp_path, part, instead):
    usual = as_line({**record(random.Random(6), (0, 0, 0)), "status": {"0": 10}, "seconds": 0.5})
    one = {"block": [0, 0, 0], "checksums": {"c": "a" * 8}, "status": {"0": 10}, "seconds": 0.5}
    text = as_line({**one, "attempt": 1, "at": 1.0})[9:-1]
    assert part.encode() in text
    wrong = text.replace(part.encode(), instead.encode())
    lines = [as_line(START), b"%08x %s\n" % (zlib.crc32(text), text), usual]
    lines += [b"%08x %s\n" % (zlib.crc32(wrong), wrong), usual]
    (tmp_path / "j.jsonl").write_bytes(b"".join(lines))
    with pytest.raises(ValueError, match=r"journal j.jsonl, line 4: its checksum is right and"):
        read(tmp_path)


def test_checksums_of_lines_are_looked_at_one_by_one():
    draw = random.Random(7)
    lines = [as_line(record(draw, (0, 0, k))) for k in range(50)]
    wrong = {3: lines[3][:20] + b"x" + lines[3][21:], 9: lines[9].upper(), 11: b"short\n"}
    lines = [wrong.get(k, line) for k, line in enumerate(lines)]
    found = split(b"".join(lines))
    assert np.flatnonzero(~found.sound).tolist() == sorted(wrong)
    assert [is_sound(line[:-1]) for line in lines] == found.sound.tolist()


def test_a_pattern_fits_no_line_that_json_reads_otherwise(tmp_path):
    """Bytes of a line are changed one by one: what fits still holds what JSON finds in it."""
    one = {"block": [0, 12, 345], "checksums": {"a": "0123abcd"}, "status": {"0": 100, "7": 2}}
    text = json.dumps({**one, "seconds": 0.125, "attempt": 1, "at": 1.5}, separators=(",", ":"))
    pattern, tried = Pattern({**one, "seconds": 0.125, "attempt": 1, "at": 1.5}), 0
    changed = [text[:k] + new + text[k + 1 :] for k in range(len(text)) for new in '0a1"},.-e ']
    lines = split("".join(f"00000000 {one}\n" for one in [text, *changed]).encode())
    fits, columns = pattern.match(lines, np.arange(len(changed) + 1))
    assert fits[0]
    for row, line in enumerate(np.flatnonzero(fits)):
        held = json.loads(lines.text(line))
        assert [int(column[row]) for column in columns.block] == held["block"]
        assert {c: int(n[row]) for c, n in columns.status.items()} == {
            int(code): n for code, n in held["status"].items()
        }
        assert f"{columns.checksums['a'][row]:08x}" == held["checksums"]["a"]
        assert columns.numbers["seconds"][row] == held["seconds"]
        assert columns.numbers["at"][row] == held["at"]
        tried += 1
    assert tried > 100


def test_lines_that_are_read_one_by_one_are_those_of_columns(tmp_path):
    draw = random.Random(8)
    fill(tmp_path, [record(draw, key) for key in keys(100, draw)], 2, draw)
    found = [
        tuple(one["block"])
        for name in ("j0.jsonl", "j1.jsonl")
        for _, one in records(Folder.at(tmp_path), name)
        if "block" in one
    ]
    assert sorted(found) == list(read(tmp_path).committed)
