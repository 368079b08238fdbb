"""Harm that kills nobody: what sleeps, grows, is edited, planted or dated otherwise meanwhile.

Each does one thing to a way and says what it did, "" where it could not.
"""

import json
import os
import signal
import time
from contextlib import suppress

import farming
from commandline import tree
from waiting import wait_for

from chaos.kills import kill_driver, kill_in_block
from chaos.site import state_of, words_of
from ensemble.errors import DONE, USER
from ensemble.store.journal import as_line

MOST_ASLEEP = 2

START_SECONDS = 30.0
"""Within so long a process that starts has compared its code with the store's."""

REFUSED = ("misbehaving.model.open_ has changed", "misbehaving.model.open_: not found at line")
"""Of what a process says that has other code, or whose code was edited while it imported it."""

LINKED = "is a symbolic link"


def freeze(way, draw, how=""):
    """Stop a process in a block or in a commit, as a frozen node would, and let it go on later."""
    if len(way.site.asleep) >= MOST_ASLEEP:
        return ""
    pid, where = _stopped(way, draw)
    if not pid:
        return ""
    how = how or draw.choice(way.sleeps)
    what = f"froze {pid} {where}"
    if how == "to the end":
        way.site.asleep.add(pid)
        return f"{what}, to the end"
    if how == "taken over":
        way.site.asleep.add(pid)
        wait_for(
            lambda: way.taken_over(pid) or way.ended() is not None,
            f"the claim of {pid}, which sleeps, is taken over:\n{way.site.said()}",
        )
        way.site.asleep.discard(pid)
    else:
        time.sleep(draw.uniform(0.1, 2.0))
    os.kill(pid, signal.SIGCONT)
    return f"{what}, {how}"


def _stopped(way, draw, seconds=2.0):
    """Return (process, where it stands) of one that has been stopped; (0, "") where none was."""
    in_commit = draw.random() < 0.5
    until = time.monotonic() + seconds
    while time.monotonic() < until and way.ended() is None:
        found = way.site.writing() if in_commit else [(p, "in a block") for p in way.site.busy()]
        if found:
            pid, where = draw.choice(found)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGSTOP)
            if _stands(pid):
                return pid, f"in the commit of {where}" if in_commit else where
        time.sleep(0.0005 if in_commit else 0.01)
    return 0, ""


def _stands(pid):
    """Return whether a process stands still, once it does one or the other."""
    wait_for(lambda: state_of(pid) in ("T", "Z", ""), f"{pid} stops", 20, every=0.001)
    return state_of(pid) == "T"


def extend(way, draw):
    """Extend the run when it is complete; one that sleeps till then wakes meanwhile or after."""
    if way.extended or not way.site.growing:
        return ""
    way.extended = True
    slept = freeze(way, draw, "to the end") if "to the end" in way.sleeps else ""
    return f"to be extended{slept and ', '}{slept}"


def edit(way, draw):
    """Edit the kernel while processes start or are replaced, and put it back."""
    site = way.site
    if not site.store.exists():
        return ""
    before = site.logs()
    site.edit()
    try:
        how = kill_in_block(way, draw) or "nobody killed"
        if not _refused_or_ended(way, before):
            return f"edited the kernel, {how}, nobody has joined"
        if (code := way.ended()) is not None and not _said(site, before, REFUSED):
            how += f", ended with {code}, the same command again"
            left = site.blocks - site.committed()
            code = way.again()
            assert code == USER or not left, f"found {code}\n{site.said_since(before)}"
    finally:
        site.put_back()
    site.refuse_tracebacks(before)
    way.refusing = True
    way.refresh()
    return f"edited the kernel, {how}: {'refused' if _said(site, before, REFUSED) else 'unseen'}"


def _refused_or_ended(way, before):
    with suppress(TimeoutError):
        return wait_for(
            lambda: _said(way.site, before, REFUSED) or way.ended() is not None,
            "somebody is refused",
            START_SECONDS,
        )


def _said(site, before, words):
    said = site.said_since(before)
    return any(word in said for word in words)


def plant(way, draw):
    """End the launch, plant a link in the store, give the same command, and remove the link."""
    site = way.site
    if not site.store.exists():
        return ""
    way.halt()
    name = draw.choice(way.places)
    place, kept = site.store / name, site.folder / "kept"
    victim = site.victim / "thesis" if name == "lock" else site.victim
    there, done, before = tree(site.victim), site.committed(), site.logs()
    if was := place.exists():
        place.rename(kept)
    place.symlink_to(victim)
    try:
        code = way.again()
        way.halt()
        assert tree(site.victim) == there, f"a link at {name} was followed"
        assert place.is_symlink(), f"a link at {name} was replaced"
    finally:
        place.unlink()
        if was:
            kept.rename(place)
    site.refuse_tracebacks(before)
    said = site.said_since(before)
    assert site.committed() == done, f"committed with a link at {name}\n{said}"
    if done < site.blocks:
        assert LINKED in said, f"a link at {name} with exit {code}\n{said}"
        assert code == way.refuses, f"a link at {name}: found {code}\n{said}"
    way.refusing = True
    return f"planted a link at {name}: exit {code}"


def jump(way, draw):
    """Move times by hours: of files, of what journals say, or the clock of who starts next."""
    site = way.site
    if not site.store.exists():
        return ""
    hours = draw.choice([-30, -5, -1, 1, 5, 30])
    kind = draw.choice(["files", "journals", "clock"])
    if kind == "clock":
        site.shift = 3600 * hours
        what = kill_in_block(way, draw) or kill_driver(way, draw) or "nobody killed"
    else:
        what = f"{(_move_files if kind == 'files' else _move_stamps)(site, draw, 3600 * hours)}"
    code, _, said = farming.call("status", site.store, "--json")
    assert code == DONE, said
    return f"{kind} {hours:+d} h ({what})"


def _move_files(site, draw, seconds):
    """Move the times of heartbeats, claims, notes and journals."""
    moved = 0
    for folder in ("workers", "claims", "inflight", "journal", "scratch", "partials"):
        for file in sorted(site.store.glob(f"{folder}/*")):
            with suppress(FileNotFoundError):
                if draw.random() < 0.7:
                    at = file.stat().st_mtime + seconds
                    os.utime(file, (at, at))
                    moved += 1
    return f"{moved} files"


def _move_stamps(site, draw, seconds):
    """Move what journals say of the time of commits; those of processes that write are left."""
    moved = 0
    for file in sorted(site.store.glob("journal/*.jsonl")):
        if words_of(file.stem.split("-")[-2]):
            continue
        lines = []
        for line in file.read_bytes().splitlines(keepends=True):
            if line.endswith(b"\n") and b'"at":' in line:
                record = json.loads(line[9:])
                line = as_line({**record, "at": max(0.0, record["at"] + seconds)})
                moved += 1
            lines.append(line)
        file.write_bytes(b"".join(lines))
    return f"{moved} lines"


def remarks(store):
    """Return what `status` has to say of who wrote a store."""
    code, out, said = farming.call("status", store, "--json")
    assert code == DONE, said
    return json.loads(out)["remarks"]
