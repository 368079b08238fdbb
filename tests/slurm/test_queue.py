import itertools
import time

import pytest

from slurm import queue
from slurm.commands import SlurmError
from slurm.queue import Job, Watch, counts, job_ids, parse, read, why_pending


@pytest.mark.parametrize(
    ("text", "tasks"),
    [
        ("20", [None]),
        ("20_3", [3]),
        ("20_[2-4]", [2, 3, 4]),
        ("20_[2-4,7,9-10%56]", [2, 3, 4, 7, 9, 10]),
        ("20_[2-7,12-17,22%56]", [*range(2, 8), *range(12, 18), 22]),
        ("20_[0-10:5]", [0, 5, 10]),
        ("20_[0-9:4%2]", [0, 4, 8]),
        ("20_[5%1]", [5]),
        ("20_[0]", [0]),
        ("20.batch", [None]),
        ("20_3.extern", [3]),
        ("20_3.0", [3]),
        ("20+1", [None]),
    ],
)
def test_ids(text, tasks):
    assert job_ids(text) == [(20, task) for task in tasks]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "20_",
        "20_[",
        "20_[]",
        "20_[1-3",
        "20_[1-]",
        "20_[1,,2]",
        "20_[1-3:0]",
        "20_3x",
        "2 0",
    ],
)
def test_no_ids(text):
    with pytest.raises(ValueError, match="is not an id of a SLURM job"):
        job_ids(text)


SQUEUE = """\
6_[3-4%3]|PENDING|N/A|N/A||JobArrayTaskLimit
8|PENDING|1795233992|1795234292||ReqNodeNotAvail, UnavailableNodes:n1|n2
6_0|RUNNING|1795230392|1795230692|n1|None
10|RUNNING|1795230392|NONE|n2|None
12|FAILED|1795230392|1795230392||BadConstraints
"""


def test_lines():
    assert parse(SQUEUE) == [
        Job(6, 3, "PENDING", "JobArrayTaskLimit"),
        Job(6, 4, "PENDING", "JobArrayTaskLimit"),
        Job(8, None, "PENDING", "ReqNodeNotAvail, UnavailableNodes:n1|n2", 1795233992, 1795234292),
        Job(6, 0, "RUNNING", "", 1795230392, 1795230692, "n1"),
        Job(10, None, "RUNNING", "", 1795230392, None, "n2"),
        Job(12, None, "FAILED", "BadConstraints", 1795230392, 1795230392),
    ]
    assert [job.ended for job in parse(SQUEUE)] == [False] * 5 + [True]


FOREIGN = """\
*** Maintenance on 2026-12-24, job 7 | call 5 | 6 | 7 | 8 | 9 ***
20261224
squeue: warning: a plugin is old
a|b|c|d|e|f
7|lower|1|2|n1|None

"""


def test_lines_of_others_are_skipped():
    assert parse(FOREIGN + SQUEUE + FOREIGN) == parse(SQUEUE)
    assert parse(FOREIGN) == []


def test_an_id_that_was_cut_is_an_error():
    with pytest.raises(SlurmError, match=r"'20_\[1-3' is not an id of a SLURM job, in the line"):
        parse("20_[1-3|PENDING|N/A|N/A||Priority")


@pytest.mark.parametrize(
    ("reason", "says"),
    [
        ("launch failed requeued held", "its node could not start it: scontrol show job says"),
        ("launch_failed_requeued_held", "its node could not start it: scontrol show job says"),
        ("job requeued in held state", "then scontrol release, or cancel and submit again"),
        ("QOSMaxWallDurationPerJobLimit", "will never start; cancel, ask for less"),
        ("AssocMaxWallDurationPerJobLimit", "will never start; cancel, ask for less"),
        ("QOSMaxJobsPerUserLimit", "starts when others of it have ended"),
        ("AssocGrpCpuLimit", "starts when others of it have ended"),
        ("Nodes required for job are DOWN, DRAINED or reserved", "down or reserved"),
    ],
)
def test_advice(reason, says):
    assert says in why_pending([Job(1, None, "PENDING", reason)])


def test_why_jobs_ended():
    states = ["OUT_OF_MEMORY", "COMPLETED", "TIMEOUT", "CANCELLED", "TIMEOUT", "RUNNING"]
    assert queue.why_ended([Job(1, k, state) for k, state in enumerate(states)]) == (
        "2 jobs ended TIMEOUT (at the end of its time); 1 job ended OUT_OF_MEMORY (killed for its "
        "memory: ask for more memory, or for fewer cores)"
    )
    assert queue.why_ended([]) == ""


def test_lines_of_sacct():
    line = "6_1|CANCELLED by 1000|1795230392|1795230400|None assigned|None\n\n"
    assert parse(line) == [Job(6, 1, "CANCELLED", "", 1795230392, 1795230400)]


def test_one_call_for_all_jobs(fake):
    fake("squeue", f"cat <<'EOF'\n{SQUEUE}EOF")
    jobs = read([12, 6, 8, 10, 6])
    assert [(job.id, job.task) for job in jobs] == [
        (6, 0),
        (6, 3),
        (6, 4),
        (8, None),
        (10, None),
        (12, None),
    ]
    assert fake.calls() == ["squeue -h -t all -j 6,8,10,12 -o %i|%T|%S|%e|%N|%r"]


def test_no_jobs_no_call(fake):
    fake("squeue", "echo '1|RUNNING|1|2|n1|None'")
    assert read([]) == []
    assert fake.calls() == []


def test_forgotten_jobs_are_no_error_but_others_are(fake):
    fake("squeue", "echo 'slurm_load_jobs error: Invalid job id specified' >&2; exit 1")
    assert read([5]) == []
    fake("squeue", "echo 'Protocol authentication error' >&2; exit 1")
    with pytest.raises(SlurmError, match="authentication"):
        read([5])


def test_accounting_knows_ended_ones_and_the_queue_knows_better(fake):
    fake("squeue", "echo '6_0|RUNNING|1|2|n1|None'")
    fake("sacct", "echo '6_0|NODE_FAIL|1|2|n1|None'; echo '6_1|TIMEOUT|1|2|n1|None'")
    assert {job.task: job.state for job in read([6], accounting=True)} == {
        0: "RUNNING",
        1: "TIMEOUT",
    }
    fake("sacct", "echo 'Slurm accounting storage is disabled' >&2; exit 1")
    assert counts(read([6], accounting=True)) == {"RUNNING": 1}


def test_counts():
    assert list(counts(parse(SQUEUE)).items()) == [("PENDING", 3), ("RUNNING", 2), ("FAILED", 1)]
    assert counts([]) == {}


@pytest.fixture
def _in_nepal(monkeypatch):
    with monkeypatch.context() as patch:
        patch.setenv("TZ", "Asia/Kathmandu")
        time.tzset()
        yield
    time.tzset()


@pytest.mark.usefixtures("_in_nepal")
def test_why_pending():
    jobs = [
        Job(1, None, "PENDING", "Resources", start=1795233992.0),
        Job(2, None, "PENDING", "Resources", start=1795230000.0),
        Job(3, None, "PENDING", "Resources"),
        Job(4, None, "PENDING", "JobHeldUser"),
        Job(5, None, "RUNNING", "", start=1.0),
    ]
    assert why_pending(jobs) == (
        "3 jobs wait (Resources, next when nodes are free), expected to start at 2026-11-21 08:45; "
        "1 job waits (JobHeldUser, held by its owner: scontrol release)"
    )
    assert why_pending(jobs[4:]) == ""
    assert why_pending([Job(1, None, "PENDING")]) == "1 job waits (no reason yet)"


def seconds_between_questions(monkeypatch, watch, clock, until):
    asked = []
    monkeypatch.setattr(queue, "read", lambda ids, accounting: asked.append(clock.now) or [])
    while clock.now < until:
        watch.jobs()
        clock.now += 0.25
    return [b - a for a, b in itertools.pairwise(asked)]


class Clock:
    now = 0.0

    def __call__(self):
        return self.now


def test_watch_asks_ever_less_often(monkeypatch):
    clock = Clock()
    gaps = seconds_between_questions(monkeypatch, Watch([1, 2], clock=clock), clock, 600)
    assert gaps[0] == 2
    assert gaps == sorted(gaps)
    assert gaps[-1] == 60
    assert 12 <= len(gaps) <= 20


def test_watch_asks_soon_for_a_new_job(monkeypatch):
    clock, seen = Clock(), []
    monkeypatch.setattr(queue, "read", lambda ids, accounting: seen.append(set(ids)) or [])
    watch = Watch([1], clock=clock)
    for clock.now in range(0, 500, 20):
        watch.jobs()
    asked = len(seen)
    watch.add(2)
    clock.now += 1
    watch.jobs()
    assert len(seen) == asked
    clock.now += 1.5
    watch.jobs()
    assert seen[-1] == {1, 2}


def test_watch_keeps_the_last_answer(monkeypatch):
    clock = Clock()
    answers = iter([[Job(1, None, "RUNNING")], SlurmError("away"), [Job(1, None, "COMPLETED")]])

    def answer(ids, accounting):
        if isinstance(found := next(answers), SlurmError):
            raise found
        return found

    monkeypatch.setattr(queue, "read", answer)
    watch = Watch([1], clock=clock)
    seen = []
    for clock.now in (0, 10, 20):
        seen.append((watch.jobs()[0].state, watch.problem))
    assert seen == [("RUNNING", ""), ("RUNNING", "away"), ("COMPLETED", "")]


def test_watch_fails_if_it_never_had_an_answer(fake):
    fake("squeue", "exit 1")
    with pytest.raises(SlurmError, match="it said nothing"):
        Watch([1]).jobs()


def test_watch_says_for_how_long_it_has_no_answer(monkeypatch):
    clock, answers = Clock(), iter([[], "down", "down", []])

    def read(ids, accounting):
        if (answer := next(answers)) == "down":
            raise SlurmError("squeue failed")
        return answer

    monkeypatch.setattr(queue, "read", read)
    watch, silent = Watch([1], clock=clock), []
    for clock.now in (0, 100, 200, 300):
        watch.jobs()
        silent.append(watch.silent)
    assert silent == [0, 0, 100, 0]
