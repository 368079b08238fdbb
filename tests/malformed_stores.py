"""Stores that were damaged or are not ours, and what must be said of them."""

import atexit
import json
import shutil
import tempfile
import zlib
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from commandline import soilsweep
from malformed_scenarios import GOOD, Case

SETTING = ("--set", "block.sample=50")
RUN = ("run", "s.yaml", "--store", "d.zarr", "--quiet", *SETTING)
STATUS, VERIFY = ("status", "d.zarr"), ("verify", "d.zarr")
REPLAY, ANALYZE = ("replay", "d.zarr", "1/0/3"), ("analyze", "d.zarr")


@cache
def finished() -> Path:
    """Return a finished store of 16 blocks, beside its scenario; made once."""
    folder = Path(tempfile.mkdtemp(prefix="soilsweep-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    (folder / "s.yaml").write_text(GOOD)
    store = folder / "d.zarr"
    said = soilsweep("run", folder / "s.yaml", "--store", store, "--quiet", *SETTING)
    assert said.code == 0, said.err
    return store


def damaged(*damages: Callable[[Path], object]) -> Callable[[Path], object]:
    """Return what copies the finished store to ``d.zarr`` and damages it."""

    def make(folder: Path) -> None:
        shutil.copy(finished().parent / "s.yaml", folder)
        shutil.copytree(finished(), folder / "d.zarr")
        for damage in damages:
            damage(folder / "d.zarr")

    return make


def gone(name: str) -> Callable[[Path], object]:
    def damage(store: Path) -> None:
        path = next(store.glob(name))
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return damage


def changed(name: str, change: Callable[[bytes], bytes]) -> Callable[[Path], object]:
    def damage(store: Path) -> None:
        path = next(store.glob(name))
        path.write_bytes(change(path.read_bytes()))

    return damage


def root(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    """Return what changes the store's zarr.json."""

    def edit(content: bytes) -> bytes:
        document = json.loads(content)
        change(document)
        return json.dumps(document).encode()

    return changed("zarr.json", edit)


def line(record: dict[str, Any]) -> bytes:
    text = json.dumps(record).encode()
    return b"%08x %s\n" % (zlib.crc32(text), text)


def journal(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], object]:
    """Return what adds a valid line to the journal: that of a block, changed."""

    def edit(content: bytes) -> bytes:
        lines = content.split(b"\n")
        record = json.loads(next(x for x in lines if b'"block":[1,0,0]' in x)[9:])
        change(record)
        return content + line(record)

    return changed("journal/*", edit)


def flipped(content: bytes) -> bytes:
    half = len(content) // 2
    return content[:half] + bytes([content[half] ^ 1]) + content[half + 1 :]


def half(content: bytes) -> bytes:
    return content[: len(content) // 2]


CHUNK = "c_soil/c.1.0.0.0"
ZARR = "d.zarr: its zarr.json is damaged ("
TWICE = "d.zarr: block [1, 0, 0] was committed twice with different c_soil"
NO_JOURNAL = "d.zarr: its folder journal/ is missing, which says what is committed"
COORDINATES = "d.zarr: its coordinates or drivers are damaged ("
FORMAT, FOREIGN = "found a store of format 99; needed", "found a Zarr store of another program"

Damage = Callable[[Path], object]


def _of_another_version(document: dict[str, Any]) -> None:
    identity = json.loads(document["attributes"]["identity"])
    identity["scenario"]["version"] = 7
    document["attributes"]["identity"] = json.dumps(identity)


STORES: dict[str, tuple[Damage, tuple[str, ...], str]] = {
    "no zarr.json": (
        gone("zarr.json"),
        RUN,
        "d.zarr: found a folder with other files; needed a store",
    ),
    "no zarr.json, status": (gone("zarr.json"), STATUS, "d.zarr: not a store: no zarr.json inside"),
    "zarr.json cut": (changed("zarr.json", half), RUN, ZARR),
    "zarr.json cut, status": (changed("zarr.json", half), STATUS, ZARR),
    "zarr.json empty": (changed("zarr.json", lambda _: b""), VERIFY, ZARR),
    "zarr.json binary": (changed("zarr.json", lambda _: bytes(range(256))), RUN, ZARR),
    "zarr.json, a list": (changed("zarr.json", lambda _: b"[]"), RUN, ZARR),
    "format 99": (root(lambda r: r["attributes"].update(soilsweep_format=99)), RUN, FORMAT),
    "format 99, status": (
        root(lambda r: r["attributes"].update(soilsweep_format=99)),
        STATUS,
        FORMAT,
    ),
    "foreign": (root(lambda r: r.update(attributes={})), RUN, FOREIGN),
    "foreign, analyze": (root(lambda r: r.update(attributes={})), ANALYZE, FOREIGN),
    "not consolidated": (root(lambda r: r.pop("consolidated_metadata")), RUN, ZARR),
    "consolidated, null": (root(lambda r: r.update(consolidated_metadata=None)), VERIFY, ZARR),
    "no identity": (root(lambda r: r["attributes"].pop("identity")), STATUS, ZARR),
    "scenario of another version": (
        root(_of_another_version),
        STATUS,
        "d.zarr: its scenario is not one of this version of soilsweep",
    ),
    "no journal": (gone("journal"), RUN, NO_JOURNAL),
    "no journal, status": (gone("journal"), STATUS, NO_JOURNAL),
    "no journal, verify": (gone("journal"), VERIFY, NO_JOURNAL),
    "an empty journal": (changed("journal/*", lambda _: b""), ANALYZE, "0/16 blocks are committed"),
    "block of another store": (
        journal(lambda r: r.update(block=[99, 0, 0])),
        RUN,
        "names block [99, 0, 0], which this store does not have; remove that journal",
    ),
    "journal of another version": (
        journal(lambda r: r.pop("checksums")),
        STATUS,
        "it lacks 'checksums'",
    ),
    "sums cut": (changed("partials/*", half), RUN, "--repair"),
    "sums gone": (gone("partials/1-0-0"), RUN, "--repair"),
    "names damaged": (changed("forcing/c.0", lambda _: b"x"), STATUS, COORDINATES),
    "names gone": (gone("forcing/c.0"), VERIFY, COORDINATES),
    "driver cut": (changed("drivers/npp/c.*", half), VERIFY, COORDINATES),
    "driver gone": (gone("drivers/npp/c.*"), REPLAY, COORDINATES),
    "edges gone": (gone("pilot/*_edges/c.*"), STATUS, COORDINATES),
    **{
        f"two commits that differ, {words[0]}": (
            journal(lambda r: r["checksums"].update(c_soil="00000000")),
            words,
            TWICE,
        )
        for words in (RUN, STATUS, REPLAY, ANALYZE)
    },
}

# name: (damage, command, what is printed); the code is 3
MISMATCHES: dict[str, tuple[Damage, tuple[str, ...], str]] = {
    "two commits that differ": (
        journal(lambda r: r["checksums"].update(c_soil="00000000")),
        VERIFY,
        "block [1, 0, 0] was committed twice with different c_soil",
    ),
    "chunk cut": (changed(CHUNK, half), VERIFY, "block [1, 0, 0], c_soil: cannot be read"),
    "chunk gone": (gone(CHUNK), VERIFY, "block [1, 0, 0], c_soil: "),
    "chunk empty": (
        changed(CHUNK, lambda _: b""),
        VERIFY,
        "block [1, 0, 0], c_soil: cannot be read",
    ),
    "chunk of noise": (
        changed(CHUNK, lambda content: bytes(len(content))),
        VERIFY,
        "c_soil: ",
    ),
    "a bit of a chunk": (changed(CHUNK, flipped), VERIFY, "block [1, 0, 0], c_soil: "),
    "a bit of a chunk, as JSON": (
        changed(CHUNK, flipped),
        (*VERIFY, "--json"),
        '"damage": ["block [1',
    ),
    "array without metadata": (
        root(lambda r: r["consolidated_metadata"]["metadata"].pop("c_soil")),
        VERIFY,
        "c_soil: the store's zarr.json does not name this array",
    ),
    "a bit of sums": (changed("partials/1-0-0", flipped), VERIFY, "block [1, 0, 0], partials: "),
    "sums lost": (gone("partials/1-0-0"), VERIFY, "block [1, 0, 0], partials: "),
    "a bit of a driver": (changed("drivers/npp/c.*", flipped), VERIFY, "forcing 'S03': "),
    "member of a cut chunk": (
        changed(CHUNK, half),
        REPLAY,
        "member [1, 0, 3], c_soil: cannot be read",
    ),
    "member of a lost chunk": (gone(CHUNK), REPLAY, "member [1, 0, 3], c_soil: cannot be read"),
}

MEMBERS = {
    "x": "member 'x': needed FORCING/LOCATION/SAMPLE, such as 0/0/42",
    "": "member '': needed FORCING/LOCATION/SAMPLE",
    "0/0/3/4": "member '0/0/3/4': needed FORCING/LOCATION/SAMPLE",
    "//": "member '//': no forcing ''",
    "S99/global/0": "no forcing 'S99'",
    "S01/42/0": "is not in 0-0",
    "0/0/x": "no sample 'x'; it is a number",
    "0/0/-1": "no sample '-1'",
    "0/0/1e3": "no sample '1e3'",
    "0/0/²": "no sample '²'",
    "0/0/200": "sample 200 is not in 0-199",
    "4/0/0": "forcing 4 is not in 0-3",
}

CHANGES = {
    "another seed": ((*RUN, "--set", "seed=8"), "seed was 7 and is now 8"),
    "other blocks": (RUN[:-2], "block length: sample was 50 and is now 200"),
    "other blocks, accepted": ((*RUN[:-2], "--accept-changes", "why not"), "cannot be cut anew"),
}


def _foreign_folder(folder: Path) -> None:
    (folder / "s.yaml").write_text(GOOD)
    (folder / "d.zarr").mkdir()
    (folder / "d.zarr" / "thesis.txt").write_text("precious")


CASES = {
    **{
        f"store: {name}": Case(damaged(damage), (said,), words)
        for name, (damage, words, said) in STORES.items()
    },
    **{
        f"store: {name}": Case(damaged(damage), (), words, code=3, lines=0, prints=said)
        for name, (damage, words, said) in MISMATCHES.items()
    },
    **{
        f"replay {member}": Case(damaged(), (said,), ("replay", "d.zarr", member))
        for member, said in MEMBERS.items()
    },
    **{
        f"store: {name}": Case(damaged(), (said,), words, lines=None)
        for name, (words, said) in CHANGES.items()
    },
    "store: a folder of something else": Case(
        _foreign_folder, ("d.zarr: found a folder with",), RUN
    ),
}
