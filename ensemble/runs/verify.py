"""Check a store: do its bytes match the journal, and does the code still give them."""

import json
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ensemble.errors import PlanError
from ensemble.farming.finishing import finalise
from ensemble.farming.opening import open_work
from ensemble.farming.work import Work
from ensemble.farming.worker import new_journal
from ensemble.members import limits
from ensemble.members.evaluation import merging as scores
from ensemble.members.experiment import Experiment
from ensemble.members.layout import Layout
from ensemble.members.recounting import with_recounted
from ensemble.members.reopening import open_layout
from ensemble.members.responses.kinds import evaluate
from ensemble.members.stored import check, is_ensemble
from ensemble.planning.identity import digest
from ensemble.planning.reasons import reasons
from ensemble.store.chunks import checksum
from ensemble.store.committed import Committed
from ensemble.store.finished import is_finalised
from ensemble.store.grid import Grid, Result
from ensemble.store.journal import Entry, Key, disagreement
from ensemble.store.lock import locked
from ensemble.store.mixtures import remarks
from ensemble.store.store import Store, partial_name
from kernels import BY_CODE, OK, OUT_OF_RANGE
from scenarios import nearest


@dataclass
class Verdict:
    """What `verify` found.

    Attributes
    ----------
    blocks, chunks, members : int
        Checked.
    damage : list of str
        One line per chunk or member that does not match.
    repaired : int
        Blocks run again because of it.
    digest : str
        Hash over all checksums: equal for equal runs.
    remarks : list of str
        Who wrote the store: codes that are mixed, late workers.
    """

    blocks: int = 0
    chunks: int = 0
    members: int = 0
    damage: list[str] = field(default_factory=list)
    repaired: int = 0
    digest: str = ""
    remarks: list[str] = field(default_factory=list)


def verify(store: Store, *, rerun: int = 0, repair: bool = False, seed: int = 0) -> Verdict:
    """Recompute every checksum; rerun some members; run damaged blocks again if asked.

    Parameters
    ----------
    store : Store
    rerun : int
        Members drawn at random and compared bit for bit.
    repair : bool
        Run damaged blocks again.
    seed : int
        Of the draw.

    Raises
    ------
    PlanError
        Members are to be rerun and the store is no ensemble's, or a damaged block does not run to
        the committed values again.
    """
    if rerun:
        check(store)
    if repair:
        with locked(store):
            return _verify(store, rerun, repair, seed)
    return _verify(store, rerun, repair, seed)


def _verify(store: Store, rerun: int, repair: bool, seed: int) -> Verdict:
    journals, work = store.journals(sums=True), open_work(store)
    verdict = Verdict(remarks=remarks(store, journals))
    layout = open_layout(store) if is_ensemble(store) else None
    if layout:
        verdict.damage += _forcing_damage(store, layout)
    for entries in journals.conflicts.values():
        verdict.damage.append(disagreement(*entries[:2]))
        if repair:
            _settle(store, work, layout, entries)
            verdict.repaired += 1
    if verdict.repaired:
        # Lines that are disowned now leave one that counts.
        store.look(journals)
    committed = journals.committed
    verdict.digest = store.digest(committed)
    for key, entry in committed.items():
        damage = list(_damage(store, work, key, entry, verdict))
        verdict.blocks += 1
        verdict.damage += damage
        if damage and repair:
            _repair(store, work, layout, entry)
            verdict.repaired += 1
    whole = len(committed) == work.grid.blocks
    if layout and whole and is_finalised(store) and not verdict.damage:
        verdict.damage += scores.differences(store, layout)
        verdict.repaired += repair and bool(verdict.damage)
    if verdict.repaired and whole:
        finalise(store, work, committed)
    for member in _draw(work.grid, committed, rerun, seed):
        verdict.members += 1
        verdict.damage += replay(store, member, layout=layout).differences
    return verdict


def _forcing_damage(store: Store, layout: Layout) -> Iterator[str]:
    """Yield one line per forcing whose drivers are not those the run was begun with."""
    for name, expected in store.attrs["identity"]["forcings"].items():
        there = name in layout.experiment.forcings
        if not there or digest(name, layout.experiment) != expected:
            yield f"forcing {name!r}: its drivers are not those the run was begun with"


def _damage(store: Store, work: Work, key: Key, entry: Entry, verdict: Verdict) -> Iterator[str]:
    """Yield one line per array of a block that is not what was committed."""
    for path, expected in entry.checksums.items():
        verdict.chunks += 1
        place = f"block {list(key)}, {path}"
        if path != "partials" and path not in store.specs:
            yield f"{place}: the store's zarr.json does not name this array"
            continue
        try:
            now = checksum(_stored(store, work.grid, key, path))
        except (OSError, ValueError) as error:
            yield f"{place}: cannot be read ({error})"
            continue
        if now != expected:
            yield f"{place}: checksum {now}, journal says {expected}"


def _stored(store: Store, grid: Grid, key: Key, path: str) -> NDArray[Any]:
    if path == "partials":
        return np.frombuffer(store.root.read(partial_name(key)), dtype=np.uint8)
    return store.read_chunk(path, grid.index(key, store.specs[path]))


def _settle(store: Store, work: Work, layout: Layout | None, entries: Sequence[Entry]) -> None:
    """Keep, of lines that disagree about a block, the one that it runs to again."""
    key, result = entries[0].block, _again(work, layout, entries[0])
    sums = store.checksums(result)
    kept = next((entry for entry in entries if dict(entry.checksums) == sums), None)
    if kept is None:
        raise _not_again(store, key)
    store.make_folders("scratch", "partials")
    store.write(work.grid, key, result, sync=True)
    journal = new_journal(store)
    for entry in entries:
        if entry is not kept:
            journal.disown(entry, sync=True)
    journal.close()


def _again(work: Work, layout: Layout | None, entry: Entry) -> Result:
    """Run a block again, and find again of its members what its line says was found so."""
    result = work.open()(entry.block)
    # Only an ensemble's blocks are added up anew.
    if layout is None or not entry.recounted:
        return result
    block = (entry.block, result.arrays, result.partials)
    return replace(result, partials=with_recounted(layout, *block, entry.recounted))


def _not_again(store: Store, key: Key) -> PlanError:
    return PlanError(
        f"{store.path}: block {list(key)} does not give the committed values again; "
        "the code or the machine is another one; run into a new store"
    )


def _repair(store: Store, work: Work, layout: Layout | None, entry: Entry) -> None:
    store.make_folders("scratch", "partials")
    result = _again(work, layout, entry)
    if store.checksums(result) != dict(entry.checksums):
        raise _not_again(store, entry.block)
    store.write(work.grid, entry.block, result, sync=True)


def _draw(grid: Grid, committed: Committed, count: int, seed: int) -> list[Key]:
    """Return members, one number along each axis, of committed blocks."""
    if not committed or not count:
        return []
    keys, draw = list(committed), random.Random(seed)
    members = []
    for _ in range(count):
        key = draw.choice(keys)
        spans = grid.spans(key)
        members.append(tuple(draw.randrange(s.start, s.stop) for s in spans))
    return members


@dataclass(frozen=True)
class Replay:
    """One member, run again.

    Attributes
    ----------
    member : tuple of int
        Forcing, location, sample.
    parameters, responses : mapping of str to float
    status : str
        Name of its outcome, with the advice it carries.
    outputs : mapping of str to ndarray
        As the store keeps them, in its precision.
    compared : int
        Arrays that were compared with the store.
    reasons : tuple of str
        Of a member that failed: its drivers and parameters that are out of range.
    differences : list of str
        Arrays whose bytes differ.
    """

    member: Key
    parameters: dict[str, float]
    status: str
    responses: dict[str, float]
    outputs: dict[str, NDArray[Any]]
    compared: int
    differences: list[str]
    notes: tuple[str, ...] = ()
    reasons: tuple[str, ...] = ()


def replay(store: Store, member: Key, *, layout: Layout | None = None) -> Replay:
    """Run one member alone, from the store alone, and compare it with what is stored.

    Raises
    ------
    PlanError
        No such member.
    """
    layout = layout or open_layout(store)
    experiment = layout.experiment
    for k, axis in zip(member, layout.grid.axes, strict=True):
        if not 0 <= k < axis.size:
            raise PlanError(f"{store.path}: {axis.name} {k} is not in 0-{axis.size - 1}")
    forcing, place, row = member
    here, sample = slice(place, place + 1), slice(row, row + 1)
    rows = layout.sampler.rows(forcing, here, sample)
    tiler = layout.tiler()
    drivers = {n: v[here] for n, v in experiment.drivers[forcing].items()}
    (tile,) = tiler.tiles(drivers, experiment.coords, rows.values, rows.levels, 1)
    outputs = {
        name: kept.of(tile)[0, ..., 0].astype(layout.precision)
        for name, kept in layout.outputs.items()
    }
    scalars = evaluate(layout.functionals, tile, forcing, place)
    responses = {name: float(values[0, 0]) for name, values in scalars.items()}
    code = BY_CODE[int(tile.status[0, 0])]
    again: dict[str, NDArray[Any]] = {"status": tile.status[0, 0], **outputs}
    if layout.excluding:
        left_out = limits.excluded_of(tile, layout.limits) is not None
        again[limits.EXCLUDED] = np.array(left_out, dtype=np.uint8)
    if layout.keeps_responses:
        again |= {name: np.float64(value) for name, value in responses.items()}  # type: ignore[misc]
    compared, differences = _compare(store, layout.grid, member, again)
    parameters = {n: float(v[0, 0]) for n, v in rows.values.items()}
    return Replay(
        member=member,
        parameters=parameters,
        status=f"{code.name}: {code.advice}",
        responses=responses,
        outputs=outputs,
        compared=compared,
        differences=differences,
        notes=(*tile.notes, *limits.notes(tile, layout.limits)),
        reasons=_reasons(experiment, member, parameters, code.code),
    )


def _reasons(
    experiment: Experiment, member: Key, parameters: Mapping[str, float], code: int
) -> tuple[str, ...]:
    """Return why a member failed, as far as that can be told."""
    if code == OK:
        return ()
    told = tuple(reasons(experiment, member[0], member[1], parameters))
    if code != OUT_OF_RANGE or told:
        return told
    return (
        "each driver and each parameter is in its own range: several fail together in a way that "
        f"kernel {experiment.kernel.name} does not name",
    )


def _compare(
    store: Store, grid: Grid, member: Key, again: dict[str, NDArray[Any]]
) -> tuple[int, list[str]]:
    """Return how many arrays were compared and one line for each that differs."""
    lengths = [axis.length for axis in grid.axes]
    key = tuple(k // n for k, n in zip(member, lengths, strict=True))
    if key not in store.committed():
        return 0, []
    forcing, place, row = (k % n for k, n in zip(member, lengths, strict=True))
    differences = []
    for path, values in again.items():
        try:
            chunk = _stored(store, grid, key, path)
        except (OSError, ValueError) as error:
            differences.append(f"member {list(member)}, {path}: cannot be read ({error})")
            continue
        stored = chunk[forcing, place, ..., row]
        if np.asarray(stored).tobytes() != np.asarray(values).tobytes():
            differences.append(f"member {list(member)}, {path}: the stored bytes differ")
    return len(again), differences


def parse_member(text: str, store: Store) -> Key:
    """Return the member that ``JULES-ES-1p0/global/42`` or ``0/0/42`` names.

    Raises
    ------
    PlanError
        Not three parts, or a name that is not in the store.
    """
    check(store)
    parts = text.split("/")
    if len(parts) != 3:
        raise PlanError(f"member {text!r}: needed FORCING/LOCATION/SAMPLE, such as 0/0/42")
    names_along = (store.read_strings("forcing"), store.read_strings("location"), ())
    numbers = []
    for part, names, axis in zip(
        parts, names_along, ("forcing", "location", "sample"), strict=True
    ):
        if part in names:
            numbers.append(names.index(part))
        elif part.isdecimal():
            numbers.append(int(part))
        else:
            hint = nearest(part, names) if names else "; it is a number from 0"
            raise PlanError(f"member {text!r}: no {axis} {part!r}{hint}")
    return tuple(numbers)


def as_json(replayed: Replay) -> str:
    """Return a replay for programs."""
    return json.dumps(
        {
            "member": list(replayed.member),
            "parameters": replayed.parameters,
            "status": replayed.status,
            "responses": replayed.responses,
            "compared": replayed.compared,
            "differences": replayed.differences,
            "notes": list(replayed.notes),
            "reasons": list(replayed.reasons),
        }
    )
