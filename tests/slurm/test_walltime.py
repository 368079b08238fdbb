import itertools
import math
import threading

import pytest
from waiting import wait_for

from slurm.commands import SlurmError
from slurm.walltime import Walltime, asked_end, job_end

JOB = {"SLURM_JOB_ID": "1"}


class Clock:
    now = 1000.0

    def __call__(self):
        return self.now


def test_outside_of_slurm_nobody_is_asked(fake):
    fake("squeue", "echo '1|2000'")
    assert job_end({}) is None
    assert job_end({"SLURM_JOB_END_TIME": "5"}) is None
    assert Walltime({}).left() == math.inf
    assert fake.calls() == []


def test_told_by_the_environment(fake):
    fake("squeue", "echo '1|2000'")
    assert job_end({**JOB, "SLURM_JOB_END_TIME": "1700000000"}) == 1700000000
    assert fake.calls() == []
    assert asked_end({**JOB, "SLURM_JOB_END_TIME": "1700000000"}) == 2000


@pytest.mark.parametrize("printed", ["1|NONE", "1|N/A", "", "7|2000", "1|Unknown"])
def test_no_end(fake, printed):
    fake("squeue", f"echo '{printed}'")
    assert job_end(JOB) is None
    assert Walltime(JOB).left() == math.inf


def test_the_last_task_of_an_array_is_answered_with_all(fake):
    fake("squeue", "printf '2|5000\\n3|6000\\n1|7000\\n11|8000\\n'")
    assert job_end(JOB) == 7000


def test_left_and_how_often_slurm_is_asked(fake):
    fake("squeue", "echo '1|5000'")
    clock = Clock()
    walltime = Walltime(JOB, clock)
    asked = []
    while clock.now < 4990:
        assert walltime.left() == 5000 - clock.now
        if len(fake.calls()) > len(asked):
            asked.append(clock.now)
        clock.now += 5
    gaps = [b - a for a, b in itertools.pairwise(asked)]
    assert all(200 <= gap <= 305 for gap in gaps[:5])
    assert 20 <= gaps[-1] <= 60
    assert len(set(gaps)) > 3


def test_a_changed_limit_is_noticed_even_if_the_environment_said_otherwise(fake):
    fake("squeue", "echo '1|9000'")
    clock = Clock()
    walltime = Walltime({**JOB, "SLURM_JOB_END_TIME": "2000"}, clock)
    assert walltime.left() == 1000
    clock.now += 301
    assert walltime.left() == 9000 - clock.now


def test_a_controller_that_is_away(fake):
    fake("squeue", "echo 'Unable to contact slurm controller (connect failure)' >&2; exit 1")
    with pytest.raises(SlurmError):
        job_end(JOB)
    clock = Clock()
    walltime = Walltime(JOB, clock)
    assert walltime.left() == math.inf
    assert walltime.left() == math.inf
    asked = len(fake.calls())
    fake("squeue", "echo '1|9000'")
    clock.now += 61
    assert walltime.left() == 9000 - clock.now
    assert len(fake.calls()) == asked + 1
    fake("squeue", "exit 1")
    clock.now += 400
    assert walltime.left() == 9000 - clock.now


def test_threads_ask_once_and_wait_for_the_first_answer(fake):
    fake("squeue", "sleep 0.3; echo '1|9000'")
    walltime, seen = Walltime(JOB, lambda: 1000.0), []
    threads = [threading.Thread(target=lambda: seen.append(walltime.left())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [8000.0] * 8
    assert len(fake.calls()) == 1


def test_later_questions_keep_nobody_waiting(fake, tmp_path):
    clock = Clock()
    fake("squeue", "echo '1|9000'")
    walltime = Walltime(JOB, clock)
    walltime.left()
    clock.now += 400
    asked = len(fake.calls())
    answer = tmp_path / "answer"
    fake("squeue", f"until [ -e {answer} ]; do sleep 0.01; done; echo '1|9000'")
    slow = threading.Thread(target=walltime.left)
    slow.start()
    wait_for(lambda: len(fake.calls()) > asked, "SLURM is asked", every=0.01)
    assert walltime.left() == 9000 - clock.now
    assert slow.is_alive(), "the second waited for the answer to the first"
    answer.touch()
    slow.join()
