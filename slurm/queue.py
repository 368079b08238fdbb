"""Where jobs stand: one call of squeue for all of them, and one of sacct where there is one."""

import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from slurm.commands import SlurmError, ask, epoch

ENDED = frozenset(
    "BOOT_FAIL CANCELLED COMPLETED DEADLINE FAILED LAUNCH_FAILED NODE_FAIL OUT_OF_MEMORY PREEMPTED "
    "RECONFIG_FAIL REVOKED TIMEOUT".split()
)
"""States that a job does not leave; the others are waiting or running."""

WAITING = frozenset({"PENDING", "REQUEUED", "REQUEUE_FED", "REQUEUE_HOLD", "SPECIAL_EXIT"})

BAD = {
    "OUT_OF_MEMORY": "killed for its memory: ask for more memory, or for fewer cores",
    "TIMEOUT": "at the end of its time",
    "NODE_FAIL": "with its node",
    "BOOT_FAIL": "its node did not start",
    "LAUNCH_FAILED": "its node could not start it",
    "FAILED": "see the log",
    "DEADLINE": "its deadline passed",
}
"""How a job may end that nobody ended, and what that means."""

_LOOK = "scontrol show job says why and where; then scontrol release, or cancel and submit again"

ADVICE = {
    "JobHeldUser": "held by its owner: scontrol release",
    "JobHeldAdmin": "held by the administrators: ask them",
    "Priority": "others are first",
    "Resources": "next when nodes are free",
    "BeginTime": "not to start yet",
    "JobArrayTaskLimit": "as many of the array run as may at once",
    "PartitionTimeLimit": "longer than the partition allows: will never start",
    "PartitionNodeLimit": "larger than the partition: will never start",
    "BadConstraints": "no node is like that: will never start",
    "DependencyNeverSatisfied": "will never start: scancel",
    "PartitionDown": "the partition is closed",
    "ReqNodeNotAvail": "nodes are down or reserved for maintenance",
    "Nodes required for job are DOWN": "nodes are down or reserved for maintenance",
    "NodeDown": "its node is down",
    "launch failed requeued held": f"its node could not start it: {_LOOK}",
    "user env retrieval failed requeued held": f"its node could not start it: {_LOOK}",
    "job requeued in held state": f"was requeued and held: {_LOOK}",
    "JobHoldMaxRequeue": f"was requeued too often: {_LOOK}",
    "InvalidAccount": "the account is not, or no longer, yours: will never start",
    "InvalidQOS": "the qos is not, or no longer, yours: will never start",
    "AssociationJobLimit": "as many run as the account allows at once",
    "Reservation": "waits for its reservation",
    "Licenses": "waits for a licence",
}
"""What people may want to know beside the word of SLURM for why a job waits."""

NEVER = re.compile(r"(Assoc|QOS)Max\w*(Wall|PerJob|PerNode)\w*")
NEVER_ADVICE = "more than the account or qos allows one job: will never start; cancel, ask for less"
LIMITS = re.compile(r"(Assoc|QOS)(Max|Grp|Min)\w+")
LIMIT_ADVICE = "a limit of the account or qos: starts when others of it have ended, if it fits"


@dataclass(frozen=True)
class Job:
    """One job, or one task of a job array.

    Attributes
    ----------
    id : int
        As sbatch gave it; tasks of an array share it.
    task : int or None
        Index in the array; None outside of arrays.
    state : str
        SLURM's word, such as PENDING.
    reason : str
        Why it is in that state; empty if SLURM gives none.
    start, end : float or None
        Seconds since 1970; expected ones where they lie ahead.
    nodes : str
    """

    id: int
    task: int | None
    state: str
    reason: str = ""
    start: float | None = None
    end: float | None = None
    nodes: str = ""

    @property
    def ended(self) -> bool:
        """Whether it is over, well or not."""
        return self.state in ENDED


def job_ids(text: str) -> list[tuple[int, int | None]]:
    """Return job and task numbers of an id as SLURM prints it.

    Parameters
    ----------
    text : str
        ``20``, ``20_3``, ``20_[2-7,12-17:2,22%56]``, ``20+1`` (a part of a job of parts) or
        ``20_3.batch`` (a step, which counts as its job).

    Raises
    ------
    ValueError
        Something else, or an id that was cut short.
    """
    match = re.fullmatch(r"(\d+)(?:\+\d+)?(?:_(?:(\d+)|\[([\d,:-]+)(?:%\d+)?\]))?(?:\.\w+)?", text)
    if not match:
        raise ValueError(f"{text!r} is not an id of a SLURM job")
    job = int(match[1])
    if match[2]:
        return [(job, int(match[2]))]
    if not match[3]:
        return [(job, None)]
    return [(job, task) for part in match[3].split(",") for task in _range(part, text)]


def _range(part: str, text: str) -> range:
    match = re.fullmatch(r"(\d+)(?:-(\d+)(?::([1-9]\d*))?)?", part)
    if not match:
        raise ValueError(f"{text!r} is not an id of a SLURM job")
    return range(int(match[1]), int(match[2] or match[1]) + 1, int(match[3] or 1))


_LINE = re.compile(
    r"(?P<ids>\d[^|\s]*)\|(?P<state>[A-Z][A-Z_]*)[^|]*\|(?P<start>[^|]*)\|(?P<end>[^|]*)\|"
    r"(?P<nodes>[^|]*)\|(?P<reason>.*)"
)


def parse(text: str) -> list[Job]:
    """Return the jobs in lines of ``id|state|start|end|nodes|reason``; other lines are not SLURM's.

    Raises
    ------
    SlurmError
        The id of a line is cut, or of a form that is not known.
    """
    jobs = []
    for line in text.splitlines():
        match = _LINE.fullmatch(line.strip())
        if not match:  # A site's banner, a warning of a wrapper.
            continue
        # sacct says CANCELLED by 1000, and both mark a state that is cut with a plus.
        ids, state, start, end, nodes, reason = (word.strip() for word in match.groups())
        reason = "" if reason in {"None", "(null)"} else reason.strip("()")
        nodes = "" if nodes in {"None assigned", "(null)"} else nodes
        try:
            tasks = job_ids(ids)
        except ValueError as error:
            raise SlurmError(f"{error}, in the line {line!r}; see squeue --me") from error
        jobs += [
            Job(job, task, state, reason, epoch(start), epoch(end), nodes) for job, task in tasks
        ]
    return jobs


def read(ids: Iterable[int], *, accounting: bool = False) -> list[Job]:
    """Ask where jobs stand.

    Parameters
    ----------
    ids : iterable of int
        As sbatch gave them. Those that SLURM has forgotten, minutes after their end, are not in
        the answer.
    accounting : bool
        Whether to ask sacct too, which forgets nothing; see `slurm.limits.Limits`.

    Raises
    ------
    SlurmError
        squeue is missing or fails.
    """
    wanted = ",".join(map(str, sorted(set(ids))))
    if not wanted:
        return []
    jobs: dict[tuple[int, int | None], Job] = {}
    for job in [*(_ended(wanted) if accounting else ()), *_queued(wanted)]:
        jobs[job.id, job.task] = job
    return [jobs[key] for key in sorted(jobs, key=lambda k: (k[0], -1 if k[1] is None else k[1]))]


def _queued(wanted: str) -> list[Job]:
    try:
        # Ended jobs stay for some minutes (MinJobAge), and are not shown unless asked for.
        return parse(ask("squeue", "-h", "-t", "all", "-j", wanted, "-o", "%i|%T|%S|%e|%N|%r"))
    except SlurmError as error:
        # Of several ids squeue skips those it has forgotten; the only one is an error.
        if "Invalid job id specified" in error.stderr:
            return []
        raise


def _ended(wanted: str) -> list[Job]:
    columns = "JobID,State,Start,End,NodeList,Reason"
    try:
        return parse(ask("sacct", "-n", "-X", "-P", "-j", wanted, "-o", columns, seconds=30))
    except SlurmError:
        return []  # The accounting's data base is often down for longer than the controller.


def counts(jobs: Iterable[Job]) -> dict[str, int]:
    """Return the number of jobs by state, the commonest first."""
    return dict(Counter(job.state for job in jobs).most_common())


def why_pending(jobs: Iterable[Job]) -> str:
    """Return a sentence on the jobs that wait; empty if none does."""
    waiting = [job for job in jobs if job.state in WAITING]
    clauses = []
    for reason, n in Counter(job.reason for job in waiting).most_common():
        advice = _advice(reason)
        why = ", ".join(filter(None, (reason or "no reason yet", advice)))
        clause = f"{n} {'job waits' if n == 1 else 'jobs wait'} ({why})"
        starts = [job.start for job in waiting if job.reason == reason and job.start]
        if starts:
            first = datetime.fromtimestamp(min(starts))
            clause += f", expected to start at {first:%Y-%m-%d %H:%M}"
        clauses.append(clause)
    return "; ".join(clauses)


def _advice(reason: str) -> str:
    """Return what a reason means; SLURM writes some as a word, and some as words."""
    first = reason.split(",")[0]
    known = ADVICE.get(first) or ADVICE.get(first.replace("_", " ")) or ""
    if NEVER.match(first):
        return NEVER_ADVICE
    return known or (LIMIT_ADVICE if LIMITS.match(first) else "")


def why_ended(jobs: Iterable[Job]) -> str:
    """Return a sentence on the jobs that ended as nobody wanted; empty if none did."""
    bad = Counter(job.state for job in jobs if job.state in BAD)
    return "; ".join(
        f"{n} {'job' if n == 1 else 'jobs'} ended {state} ({BAD[state]})"
        for state, n in bad.most_common()
    )


class Watch:
    """Jobs watched together: SLURM is asked after 2 s, then ever less often, up to 60 s.

    Parameters
    ----------
    ids : iterable of int
    accounting : bool
        As for `read`.
    clock : callable, optional
        Seconds, for tests.

    Attributes
    ----------
    problem : str
        Why the last answer is an old one; empty if it is not.
    asked : frozenset of int
        The jobs that the last answer is about.
    """

    SHORTEST, LONGEST, GROWTH = 2.0, 60.0, 1.5

    def __init__(
        self,
        ids: Iterable[int] = (),
        *,
        accounting: bool = False,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.problem = ""
        self.asked: frozenset[int] = frozenset()
        self._ids = set(ids)
        self._accounting = accounting
        self._clock = clock
        self._jobs: list[Job] | None = None
        self._interval = self.SHORTEST
        self._next = float("-inf")
        self._unanswered: float | None = None

    @property
    def silent(self) -> float:
        """Return for how many seconds SLURM has been asked in vain; 0 if it has answered."""
        return 0.0 if self._unanswered is None else self._clock() - self._unanswered

    def add(self, *ids: int) -> None:
        """Watch more jobs; they are asked for within two seconds."""
        self._ids.update(ids)
        self._interval = self.SHORTEST
        self._next = min(self._next, self._clock() + self.SHORTEST)

    def jobs(self) -> Sequence[Job]:
        """Return where the jobs stand, or stood when last asked.

        Raises
        ------
        SlurmError
            The first question failed; after that an old answer is better than none.
        """
        now = self._clock()
        if self._jobs is None or now >= self._next:
            try:
                asked = frozenset(self._ids)
                self._jobs = read(asked, accounting=self._accounting)
                self.asked, self.problem, self._unanswered = asked, "", None
            except SlurmError as error:
                self._unanswered = now if self._unanswered is None else self._unanswered
                if self._jobs is None:
                    raise
                self.problem = str(error)
            # From now, not from before: a slow answer is a sign to ask less often.
            self._next = self._clock() + self._interval
            self._interval = min(self._interval * self.GROWTH, self.LONGEST)
        return self._jobs
