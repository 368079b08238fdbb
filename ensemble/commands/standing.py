"""Where a run stands, on one screen: rate, time left, failures, logs and what to type next."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from ensemble.printing import put
from ensemble.runs import failing
from ensemble.tables.limits import limit_lines
from scenarios.visible import visible

ENSEMBLE, CALIBRATION, EVALUATION = (
    f"ensemble.{name}" for name in ("members", "calibration", "evaluation")
)
"""Works, as stores name them."""

COUNTED = {ENSEMBLE: "members", CALIBRATION: "searches"}
TOLD = {ENSEMBLE: "members", CALIBRATION: "candidates at most"}
"""What has a status in each, and what running blocks count; of others, parts."""

SCREEN = 30
"""Lines that a status has at most."""

SHOWN = 3
"""Lines of each list: of notes, remarks, members in quarantine, limits."""

FEWEST_FAILURES = 5
"""Lines about failures, however little room is left."""

UNITS = ((86_400.0, "days"), (3_600.0, "h"), (60.0, "min"))


def print_status(summary: Mapping[str, Any]) -> None:
    """Print where a run stands."""
    put(*status_lines(summary))


def status_lines(summary: Mapping[str, Any]) -> list[str]:
    """Return where a run stands, for people: what is not known, or none, has no line."""
    whole = f"soilsweep status {shlex.quote(summary['store'])} --json"
    pairs = [pair for pair in _pairs(summary, whole) if pair[1]]
    width = max(len(name) for name, _ in pairs)
    ways = next_of(summary)
    room = max(FEWEST_FAILURES, SCREEN - len(pairs) - len(ways))
    failed = _some(failing.lines(summary["failures"]), room, whole)
    lines = [f"{name.ljust(width)}  {value}" for name, value in pairs]
    typed = [f"{'next:' if not k else ''.ljust(5)} {way}" for k, way in enumerate(ways)]
    return [visible(line) for line in (*lines, *failed, *typed)]


def duration(seconds: float) -> str:
    """Return a time as people say it, in its largest unit."""
    for length, word in UNITS:
        if seconds >= length:
            return f"{seconds / length:.{0 if seconds >= 10 * length else 1}f} {word}"
    return f"{seconds:.0f} s"


def next_of(summary: Mapping[str, Any]) -> list[str]:
    """Return the commands that a person may want next, each with what it does."""
    store = shlex.quote(summary["store"])
    if not summary["complete"]:
        if summary["running"] or summary["workers"]:
            return [f"soilsweep status {store} --watch    # until it is done"]
        return [f"soilsweep worker {store}    # goes on here, as does the command that began it"]
    ways = [f"soilsweep report {store}    # its page"]
    if summary.get("may_be_analysed"):
        ways.append(f"soilsweep analyze {store}    # indices of its design, shares of variance")
    elif summary["work"] == CALIBRATION:
        ways.append(f"soilsweep apply {store}    # a scenario with what was found")
    failed = [member for status in summary["failures"] for member in status["first"]]
    ways += [
        f"soilsweep replay {store} {shlex.quote(member)}    # runs a member that failed"
        for member in failed[:1]
    ]
    return ways


def _pairs(summary: Mapping[str, Any], whole: str) -> Iterator[tuple[str, str]]:
    """Yield each line's label and words."""
    yield "store", summary["store"]
    yield "title", summary["title"]
    if summary["work"] == EVALUATION:
        yield "state", "complete: models that were there, against observations"
        yield "models", ", ".join(summary["models"])
        yield "against", ", ".join(summary["benchmarks"])
    else:
        yield "state", _state(summary)
        yield "running", _running(summary)
        yield "within", _within(summary)
        yield "rate", _rate(summary)
        left = summary["seconds_left"]
        yield "time left", duration(left) if left and not summary["complete"] else ""
        kind = COUNTED.get(summary["work"], "parts")
        yield kind, ", ".join(f"{n:,} {status}" for status, n in summary["members"].items())
    yield "scores", ", ".join(summary.get("evaluation", ()))
    # Of works that are no ensembles nothing is said of limits.
    limits = limit_lines(summary["limits"]) if "limits" in summary else []
    for name, found in (("limits", limits), ("quarantine", summary["quarantine"]),
                        ("remarks", summary["remarks"]), ("notes", summary["notes"])):  # fmt: skip
        lines = _some(found, SHOWN, whole)
        yield from zip((name, *[""] * len(lines)), lines, strict=False)
    yield "jobs", ", ".join(f"{n:,} {state}" for state, n in summary.get("jobs", {}).items())
    for name in ("ended", "queue", "logs"):
        found = summary.get(name, "")
        yield name, found if isinstance(found, str) else ", ".join(map(str, found))
    yield "data", summary["data"]
    yield "synthetic", summary["synthetic"]
    yield "digest", summary.get("digest", "")


def _some(lines: Sequence[str], most: int, whole: str) -> list[str]:
    """Return the first lines, and which command has the others."""
    if len(lines) <= most:
        return list(lines)
    return [*lines[: most - 1], f"{len(lines) - most + 1:,} more: {whole}"]


def _state(summary: Mapping[str, Any]) -> str:
    done, every = summary["blocks"]["done"], summary["blocks"]["all"]
    if summary["complete"]:
        return f"complete, {every:,} blocks"
    word = "running" if summary["running"] or summary["workers"] else "not complete"
    return f"{word}, {done:,} of {every:,} blocks ({done / every:.0%})"


def _running(summary: Mapping[str, Any]) -> str:
    workers = summary["workers"]
    if not workers:
        return summary["running"] or "nobody"
    said = f"{workers:,} worker{'s' if workers > 1 else ''}"
    return f"{summary['running']}, {said}" if summary["running"] else said


def _within(summary: Mapping[str, Any]) -> str:
    if not (found := summary["within"]):
        return ""
    what = TOLD.get(summary["work"], "parts")
    return (
        f"{found['done']:,} of {found['all']:,} {what} in {found['blocks']:,} blocks, the first "
        f"begun {duration(found['seconds'])} before it said so"
    )


def _rate(summary: Mapping[str, Any]) -> str:
    """Return blocks a minute, and members where these are what is counted."""
    rate, done = summary["blocks_per_minute"], summary["blocks"]["done"]
    if not rate or summary["complete"]:
        return ""
    text = f"{rate:,.3g} blocks a minute"
    if summary["work"] != ENSEMBLE or not done:
        return text
    members = sum(summary["members"].values()) / done
    return f"{text}, {rate * members:,.3g} members a minute"
