import time
from datetime import datetime
from types import SimpleNamespace

import pytest
from waiting import ended, wait_for

from slurm import commands
from slurm.commands import TRANSIENT, UNREACHED, SlurmError, ask, available, call, epoch

FAILS_TWICE = """
n=$(grep -c . "$COUNT" 2>/dev/null); echo x >> "$COUNT"
[ "${n:-0}" -ge 2 ] && { echo fine; exit 0; }
echo "slurm_load_jobs error: $MESSAGE" >&2; exit 1
"""


def test_prints_and_stdin(fake):
    fake("sbatch", "cat; printf '%s|' \"$@\"")
    assert call("sbatch", "a b", "it's", stdin="script ☂\n") == "script ☂\na b|it's|"


def test_missing(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert not available("sbatch")
    with pytest.raises(SlurmError, match="sbatch is not on this machine's PATH; run this on a log"):
        call("sbatch")


def test_failure_says_command_code_and_last_lines(fake):
    fake("sbatch", "seq 20 >&2; echo 'invalid account' >&2; exit 3")
    with pytest.raises(SlurmError) as caught:
        call("sbatch", "--parsable")
    assert str(caught.value) == (
        "sbatch --parsable failed (exit 3): 17\n18\n19\n20\ninvalid account"
    )
    assert (caught.value.exit_code, caught.value.command) == (3, ("sbatch", "--parsable"))


def test_time_out_ends_what_a_wrapper_started(fake, tmp_path):
    fake("squeue", f"sleep 600 & echo $! > {tmp_path}/pid; wait")
    began = time.monotonic()
    with pytest.raises(SlurmError, match=r"squeue -h gave no answer within 2 s"):
        call("squeue", "-h", seconds=2)
    assert time.monotonic() - began < 600
    pid = int((tmp_path / "pid").read_text())
    wait_for(lambda: ended(pid), "what the wrapper started is gone")


@pytest.mark.parametrize(
    "message",
    [
        "Unable to contact slurm controller (connect failure)",
        "Socket timed out on send/recv operation",
        "Connection refused",
        "Zero Bytes were transmitted or received",
        "slurmctld is in standby mode",
    ],
)
def test_questions_are_asked_again(fake, tmp_path, monkeypatch, message):
    monkeypatch.setenv("COUNT", str(tmp_path / "count"))
    monkeypatch.setenv("MESSAGE", message)
    fake("squeue", FAILS_TWICE)
    assert ask("squeue") == "fine\n"
    assert len(fake.calls()) == 3


def test_pauses_grow_and_end(fake, monkeypatch):
    slept = []
    monkeypatch.setattr(commands, "PAUSES", (1.0, 2.0, 4.0))
    monkeypatch.setattr(commands, "time", SimpleNamespace(sleep=slept.append))
    fake("squeue", "echo Socket timed out >&2; exit 1")
    with pytest.raises(SlurmError, match="Socket timed out"):
        ask("squeue")
    assert len(fake.calls()) == 4
    assert len(slept) == 3
    assert all(most / 2 <= pause <= most for pause, most in zip(slept, (1, 2, 4), strict=True))


def test_other_errors_are_not_repeated(fake):
    fake("squeue", "echo Invalid job id specified >&2; exit 1")
    with pytest.raises(SlurmError):
        ask("squeue")
    assert len(fake.calls()) == 1


def test_what_may_have_arrived_is_not_sent_twice():
    assert UNREACHED.search("Unable to contact slurm controller (connect failure)")
    assert not UNREACHED.search("Socket timed out on send/recv operation")
    assert TRANSIENT.search("Socket timed out on send/recv operation")


def test_personal_formats_do_not_reach_questions_but_jobs_keep_them(fake, monkeypatch):
    monkeypatch.setenv("SQUEUE_FORMAT", "%j")
    monkeypatch.setenv("SLURM_TIME_FORMAT", "relative")
    for name in ("squeue", "sbatch"):
        fake(name, 'echo "$SQUEUE_FORMAT,$SLURM_TIME_FORMAT,$SLURM_BITSTR_LEN"')
    assert call("squeue") == ",%s,0\n"
    assert call("sbatch") == "%j,relative,\n"


@pytest.mark.parametrize("text", ["N/A", "NONE", "Unknown", "None", "", "Tomorr 12:00", "-1"])
def test_no_time(text):
    assert epoch(text) is None


def test_times():
    assert epoch("1795230392") == 1795230392
    local = datetime(2026, 11, 21, 3, 4, 54)
    assert epoch("2026-11-21T03:04:54 ") == local.timestamp()
