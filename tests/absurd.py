"""Small stores with absurd content, drawn by numbers: the same number gives the same damage."""

import contextlib
import copy
import json
import os
import random
import shutil
import zlib
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import frozen
import google_crc32c
import numpy as np
from commandline import soilsweep
from numcodecs import VLenUTF8, blosc

KINDS = {
    "cross": frozen.two_box(
        frozen.CROSS,
        f"{frozen.MOMENTS}\nblock: {{sample: 6}}\n"
        "limits: {c_soil: {above: 1700 Pg C, then: exclude}}",
    ),
    "morris": f"{frozen.SCENARIOS['morris']}\nblock: {{sample: 6}}\n",
    "statistics-only": frozen.SCENARIOS["statistics-only"],
}
CASE = {"member": [1, 0, 3], "status": 11, "cause": "killed", "replay": "x"}
VALUES: tuple[Any, ...] = (
    *(-1, 0, 1, 2, 255, 256, 2**31, 2**63, 2**64, 10**30, 1.5, -0.0, 1e308, float("nan")),
    *(float("inf"), True, False, None, "", "x", "\x1b[2J\n", "../../etc/passwd", "0", "1901"),
    *("c_soil", "sample", "forcing", "\ud800", "é" * 300, [], {}, [[]], [0], [-1], [1, 2, 3]),
    *(["x"], [None], {"a": 1}, {"": {}}, [10**30] * 3),
)
COMMANDS = (
    ("status", "d.zarr", "--json"),
    ("verify", "d.zarr"),
    ("verify", "d.zarr", "--rerun", "2"),
    ("verify", "d.zarr", "--repair"),
    ("replay", "d.zarr", "1/0/3"),
    ("report", "d.zarr", "--output", "page.html"),
    ("analyze", "d.zarr"),
    ("run", "s.yaml", "--store", "d.zarr", "-q"),
    ("extend", "d.zarr", "--until", "0.5", "--most", "8", "-q"),
)


def make(folder: Path, kind: str) -> None:
    """Make a sound store of a kind: one is half done, one is analysed."""
    folder.mkdir()
    (folder / "s.yaml").write_text(KINDS[kind])
    store = folder / "d.zarr"
    said = soilsweep("run", folder / "s.yaml", "--store", store, "-q")
    assert said.code == 0, said.err
    if kind == "morris":
        assert soilsweep("analyze", store).code == 0
    if kind != "cross":
        return
    for journal in store.glob("journal/*.jsonl"):
        lines = journal.read_bytes().splitlines(keepends=True)
        journal.write_bytes(b"".join(lines[:-2] if len(lines) > 3 else lines))
    notes = {
        "quarantine/1_0_3.json": json.dumps(CASE),
        "claims/0-0-0": "host-1-0-1a",
        "workers/host-1-0-1a": "{}",
        "jobs/12-array": "",
        f"inflight/{os.uname().nodename}-999999-1": "0 0 1",
    }
    for name, content in notes.items():
        (store / name).parent.mkdir(exist_ok=True)
        (store / name).write_text(content)


def damage(store: Path, draw: random.Random) -> list[str]:
    """Damage a store in one or two ways; return which."""
    times = 1 if draw.random() < 0.8 else 2
    chosen = draw.choices([f for f, _ in DAMAGES], [n for _, n in DAMAGES], k=times)
    found = []
    for how in chosen:
        # What was damaged before may have left nothing for the second.
        with contextlib.suppress(IndexError) if found else contextlib.nullcontext():
            found.append(f"{how.__name__}: {how(store, draw)}")
    return found


def _paths(node: Any, here: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    if here:
        yield here
    pairs = (
        node if isinstance(node, dict) else dict(enumerate(node if isinstance(node, list) else ()))
    )
    for name, inner in pairs.items():
        yield from _paths(inner, (*here, name))


def _changed(document: Any, draw: random.Random) -> Any:
    """Return a document with one absurd value, at any depth alike; JSON in texts is one, too."""
    document = copy.deepcopy(document)
    every = list(_paths(document))
    if not every:
        return draw.choice(VALUES)
    depth = draw.choice(sorted({len(path) for path in every}))
    *above, last = draw.choice([path for path in every if len(path) == depth])
    node = document
    for name in above:
        node = node[name]
    old = node[last]
    if isinstance(old, str) and old[:1] in ("[", "{") and draw.random() < 0.9:
        node[last] = json.dumps(_changed(json.loads(old), draw))
        return document
    how = draw.random()
    if how < 0.65:
        node[last] = copy.deepcopy(draw.choice(VALUES))
    elif how < 0.75:
        del node[last]
    elif isinstance(old, list) and old:
        draw.choice((old.pop, old.reverse, lambda: old.append(old[0])))()
    elif isinstance(node, dict):
        node[draw.choice(("x", f"{last}2", "statistics/zz"))] = node.pop(last)
    else:
        node[last] = copy.deepcopy(draw.choice(VALUES))
    return document


def _garbled(content: bytes, draw: random.Random) -> bytes:
    place = draw.randrange(len(content) + 1)
    match draw.randrange(6):
        case 0:
            return content[:place]
        case 1:
            return b""
        case 2 if content:
            at = place % len(content)
            return content[:at] + bytes([content[at] ^ 1 << draw.randrange(8)]) + content[at + 1 :]
        case 3:
            return draw.randbytes(max(1, len(content)))
        case 4:
            return bytes(len(content))
        case _:
            return content[:place] + draw.randbytes(4) + content[place + 4 :]


def _line(record: Any) -> bytes:
    text = json.dumps(record, separators=(",", ":")).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def _instead(path: Path, draw: random.Random) -> None:
    """Put something else in the place of a file or folder: nothing, a folder, a pipe, a link."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
    path.parent.mkdir(exist_ok=True)
    kind = draw.randrange(5)
    if kind == 1:
        path.mkdir()
    elif kind == 2:
        os.mkfifo(path)
    elif kind == 3:
        path.symlink_to("/etc/passwd")
    elif kind == 4:
        path.write_text("x")


def metadata(store: Path, draw: random.Random) -> str:
    document = json.loads((store / "zarr.json").read_text())
    attrs, nodes = document["attributes"], document["consolidated_metadata"]["metadata"]
    kind = draw.random()
    if kind < 0.4:
        names = ("identity", "identity", "design", "provenance", "accepted_changes", "noticed")
        name = draw.choice([n for n in names if n in attrs])
        attrs[name] = json.dumps(_changed(json.loads(attrs[name]), draw))
    elif kind < 0.6:
        document["attributes"] = name = _changed(attrs, draw)
    elif kind < 0.95:
        name = draw.choice(sorted(nodes))
        nodes[name] = _changed(nodes[name], draw)
    else:
        document = name = _changed(document, draw)
    (store / "zarr.json").write_text(json.dumps(document))
    return str(name)[:40]


def journal(store: Path, draw: random.Random) -> str:
    file = draw.choice(sorted(store.glob("journal/*.jsonl")))
    lines = file.read_bytes().splitlines(keepends=True)
    at = draw.randrange(len(lines))
    record = _changed(json.loads(lines[at][9:]), draw)
    if draw.random() < 0.5:
        lines[at] = _line(record)
    else:
        lines.append(_line(record))
    file.write_bytes(b"".join(lines))
    return f"{at}: {str(record)[:60]}"


def notes(store: Path, draw: random.Random) -> str:
    names = ("quarantine/1_0_3.json", "quarantine/9.json", "claims/0-0-0", "workers/h-1-0-1a")
    name = draw.choice((*names, "jobs/12-array", "lock", "finalised", "journal/generation"))
    file = store / name
    if draw.random() < 0.3:
        _instead(file, draw)
        return f"{name} replaced"
    file.parent.mkdir(exist_ok=True)
    if draw.random() < 0.5 or not file.exists():
        file.write_text(json.dumps(_changed(CASE, draw)))
    else:
        file.write_bytes(_garbled(file.read_bytes(), draw))
    return name


def sums(store: Path, draw: random.Random) -> str:
    file = draw.choice(sorted((store / "partials").iterdir()))
    content = file.read_bytes()
    header, _, body = content.partition(b"\n")
    # What was damaged before need be no text any more.
    if draw.random() < 0.4 or not header.isascii() or not header.endswith(b"}"):
        file.write_bytes(_garbled(content, draw))
        return file.name
    file.write_bytes(json.dumps(_changed(json.loads(header), draw)).encode() + b"\n" + body)
    if draw.random() < 0.5:
        _vouch_for(store, file)
    return f"{file.name}, its first line"


def _vouch_for(store: Path, file: Path) -> None:
    """Let the journal say that sums are what they now are."""
    key = [int(word) for word in file.name.split("-")]
    found = f"{google_crc32c.value(file.read_bytes()):08x}"
    for journal in store.glob("journal/*.jsonl"):
        records = [json.loads(x[9:]) for x in journal.read_bytes().splitlines()]
        for record in records:
            if record.get("block") == key:
                record["checksums"]["partials"] = found
        journal.write_bytes(b"".join(map(_line, records)))


def chunk(store: Path, draw: random.Random) -> str:
    by_array = defaultdict(list)
    for file in sorted(store.rglob("c.*")):
        by_array[file.parent].append(file)
    file = draw.choice(by_array[draw.choice(sorted(by_array))])
    content = file.read_bytes()
    if draw.random() < 0.2:
        _instead(file, draw)
    elif draw.random() < 0.4 and content[12:16] == len(content).to_bytes(4, "little"):
        raw = _garbled(blosc.decompress(content), draw) or b"\0"
        file.write_bytes(blosc.compress(raw, b"lz4", 5, 1, 0))
    else:
        file.write_bytes(_garbled(content, draw))
    return str(file.relative_to(store))


def names(store: Path, draw: random.Random) -> str:
    file = store / draw.choice(("forcing", "location")) / "c.0"
    found = list(VLenUTF8().decode(file.read_bytes()))
    match draw.randrange(4):
        case 0:
            found = [draw.choice(("\x1b[2J", "", "a/b", "x" * 5000)) for _ in found]
        case 1:
            found.append("more")
        case 2:
            found.pop()
        case _:
            found = ["same"] * len(found)
    file.write_bytes(bytes(VLenUTF8().encode(np.array(found, dtype=object))))
    return str(found)[:60]


def folder(store: Path, draw: random.Random) -> str:
    inside = ("journal", "partials", "scratch", "inflight", "inputs", "quarantine", "jobs")
    name = draw.choice((*inside, "status", "statistics", "drivers", "forcing", "realization"))
    _instead(store / name, draw)
    return name


DAMAGES = (
    *((metadata, 40), (journal, 25), (notes, 10), (sums, 10), (chunk, 10), (names, 4), (folder, 5)),
)
"""What is damaged, and how often of about a hundred times."""

LISTS = ("was begun by another run", "cannot be accepted")
"""Refusals that list what differs, line by line."""


def tried(sound: Path, folder: Path, number: int, commands: int = 2) -> list[str]:
    """Damage a copy of one of the sound stores, and return what commands say that they should not.

    Parameters
    ----------
    sound : Path
        Folder of what `make` made, by kind.
    folder : Path
        To be made.
    number : int
        Of the damage.
    commands : int
        Drawn, beside ``status``.
    """
    draw = random.Random(number)
    kind = draw.choice(sorted(KINDS))
    shutil.copytree(sound / kind, folder)
    with contextlib.chdir(folder):
        how = damage(folder / "d.zarr", draw)
        wrong = []
        for words in (("status", "d.zarr"), *draw.sample(COMMANDS, commands)):
            said = soilsweep(*words)
            lines = said.err.strip().splitlines()
            one = len(lines) == 1 and len(said.err) < 1500
            listed = lines and any(text in said.err for text in LISTS)
            sentence = said.code != 2 or one or listed
            silent = "\x1b" not in said.out + said.err
            if said.code not in (0, 2, 3, 75) or not sentence or not silent:
                wrong.append(f"{number}, {kind}, {how}, {words}: {said.code} {said.err[:500]!r}")
    return wrong
