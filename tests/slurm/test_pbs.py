"""Scripts for PBS: each directive is one of its user's guide, and bash runs what stands below.

No PBS is here: what qsub itself says of a script is not tested.
"""

import re
import subprocess
import time
from pathlib import Path

import pytest

from slurm import pbs
from slurm.resources import Resources

DIRECTIVES = {
    r"-S /bin/bash": 1,
    r"-N [A-Za-z0-9][A-Za-z0-9_.-]{0,14}": 1,
    r"-J 0-[1-9]\d*": 1,
    r"-r y": 1,
    r"-l select=1:ncpus=[1-9]\d*:mem=[1-9]\d*mb": 1,
    r"-l walltime=\d{2,}:[0-5]\d:[0-5]\d": 1,
    r"-q \S+": 1,
    r"-A \S+": 1,
    r"-j oe": 1,
    r"-o /[^\s:,]+/": 1,
    r"-m n": 1,
}
"""As `qsub(1B)` of PBS Professional has them; its ``-J X-Y`` needs X below Y."""

ASKED = Resources(
    jobs=10,
    cores=4,
    memory="8GiB",
    time="1-02:30",
    partition="workq",
    account="soil",
    extra=("-m n",),
    cache="/scratch/compiled",
)


def script(resources=ASKED, command=("soilsweep", "worker"), log="/runs/x.zarr/logs", array=10):
    name = "soilsweep-a study of turnover"
    return pbs.batch_script(resources, command, name=name, log=log, array=array)


def test_directives_are_those_of_pbs():
    lines = script().splitlines()
    found = [line.removeprefix("#PBS ") for line in lines if line.startswith("#PBS ")]
    for pattern, count in DIRECTIVES.items():
        assert sum(bool(re.fullmatch(pattern, one)) for one in found) == count, pattern
    assert len(found) == len(DIRECTIVES)
    assert "-N soilsweep-a_stu" in found
    assert "-J 0-9" in found
    assert "-l select=1:ncpus=4:mem=8192mb" in found
    assert "-l walltime=26:30:00" in found
    # Directives end at the first command.
    first = next(k for k, line in enumerate(lines) if line and not line.startswith("#"))
    assert not any(line.startswith("#PBS") for line in lines[first:])


def test_one_job_is_no_array():
    assert "#PBS -J" not in script(array=1)


def test_workers_are_told_when_they_have_to_be_gone(tmp_path):
    text = script(Resources(time="30"), ["printf", "%s\\n", "it's $HOME"])
    before = time.time()
    done = subprocess.run(["bash"], input=text, text=True, capture_output=True, check=True)
    said, until, moment = done.stdout.splitlines()
    assert (said, until) == ("it's $HOME", "--until")
    assert moment.startswith("@")
    left = int(moment[1:]) - before
    assert 29 * 60 - 1 <= left <= 29 * 60 + time.time() - before + 1


def test_what_pbs_would_read_otherwise_is_refused_all_at_once():
    with pytest.raises(ValueError, match=r"execution.qos .*execution.constraint .*' ' ':'"):
        script(Resources(qos="high", constraint="cpu"), log="/a b/c:d/logs")
    with pytest.raises(ValueError, match="control character"):
        script(command=["a\nb"])
    assert "/runs" in script(log=str(Path("/runs/logs")))
