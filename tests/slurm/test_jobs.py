import pytest

from slurm.commands import SlurmError
from slurm.jobs import cancel, check, submit


@pytest.mark.parametrize(
    ("printed", "job"),
    [
        ("Submitted batch job 123", 123),
        ("Submitted batch job 123 on cluster north", 123),
        ("Welcome to 2026!\n41\nSubmitted batch job 42\n43", 42),
    ],
)
def test_id(fake, tmp_path, printed, job):
    fake("sbatch", f"cat > {tmp_path}/script; echo '{printed}'")
    assert submit("#!/bin/bash\n", "--hold") == job
    assert (tmp_path / "script").read_text() == "#!/bin/bash\n"
    assert fake.calls() == ["sbatch --hold"]


@pytest.mark.parametrize("printed", ["Submitted", "2026", ""])
def test_no_id(fake, printed):
    fake("sbatch", f"echo '{printed}'; cat > /dev/null")
    with pytest.raises(SlurmError, match="no job id; see squeue --me"):
        submit("")


@pytest.mark.parametrize(("message", "times"), [("connect failure", 5), ("Socket timed out", 1)])
def test_only_what_never_arrived_is_sent_again(fake, message, times):
    fake("sbatch", f"echo 'error: {message}' >&2; exit 1")
    with pytest.raises(SlurmError, match=message):
        submit("")
    assert len(fake.calls()) == times


def test_a_script_that_nobody_reads_is_an_answer_all_the_same(fake):
    fake("sbatch", "echo refused >&2; exit 1")
    with pytest.raises(SlurmError, match="refused"):
        submit("#" * 1_000_000)


def test_cancel(fake):
    fake("scancel")
    cancel([])
    assert fake.calls() == []
    cancel([7, 5, 7])
    assert fake.calls() == ["scancel 5 7"]


def test_cancelling_what_has_ended_is_no_error(fake):
    fake("scancel", "echo 'scancel: error: Kill job error on job id 5: Invalid job id' >&2; exit 1")
    cancel([5])
    fake("scancel", "echo 'Access/permission denied' >&2; exit 1")
    with pytest.raises(SlurmError, match="denied"):
        cancel([5])


def test_a_script_that_is_taken_is_asked_about_once(fake):
    fake("sbatch", "cat > /dev/null")
    for script in ("one", "other", "one"):
        check(f"#!/bin/sh\n# {script} of a test\n")
    assert fake.calls() == ["sbatch --test-only"] * 2


def test_a_script_that_is_refused_is_asked_about_again(fake):
    fake("sbatch", "cat > /dev/null; echo refused >&2; exit 1")
    for _ in range(2):
        with pytest.raises(SlurmError, match="refused"):
            check("#!/bin/sh\n# of a site that changes its mind\n")
    assert fake.calls() == ["sbatch --test-only"] * 2
