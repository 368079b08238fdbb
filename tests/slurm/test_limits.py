import pytest

from slurm.commands import SlurmError
from slurm.limits import Limits, array_tasks, max_minutes, parse, parse_max_minutes, read

CONFIG = """\
Configuration data as of 2026-11-21T03:03:54
AccountingStorageBackupHost = (null)
AccountingStorageType   = accounting_storage/{storage}
ClusterName             = test
KillWait                = 2 sec
MaxArraySize            = 1001
MaxJobCount             = 10000
MaxStepCount            = 40000
PowerPlugin             = 
SLURM_VERSION           = 22.05.8
SchedulerParameters     = sched_interval=1,batch_sched_delay=0

Slurmctld(primary) at host is UP
"""

PARTITIONS = """\
PartitionName=debug AllowGroups=ALL Default=NO MaxNodes=UNLIMITED MaxTime=00:30:00 State=UP
PartitionName=day Default=YES DefaultTime=NONE MaxTime=1-00:00:00 MinNodes=0
PartitionName=free Default=NO DefaultTime=NONE MaxTime=UNLIMITED MinNodes=0
"""


def limits(**changed):
    return Limits(
        **{
            "cluster": "test",
            "version": "22.05.8",
            "max_array_size": 1001,
            "max_job_count": 10000,
            "kill_wait": 2,
            "accounting": False,
            **changed,
        }
    )


@pytest.mark.parametrize(("storage", "known"), [("none", False), ("slurmdbd", True)])
def test_config(storage, known):
    assert parse(CONFIG.format(storage=storage)) == limits(accounting=known)


def test_newer_versions_print_null_and_nothing_is_slurms_defaults():
    assert not parse("AccountingStorageType = (null)").accounting
    assert parse("") == limits(cluster="", version="", kill_wait=30)


@pytest.mark.parametrize(
    ("wanted", "size", "count", "fit"),
    [
        (10, 1001, 10000, 10),
        (1001, 1001, 10000, 1001),
        (1002, 1001, 10000, 1001),
        (500, 1001, 100, 99),
        (5, 0, 10000, 0),
        (0, 1001, 10000, 0),
    ],
)
def test_array_tasks(wanted, size, count, fit):
    assert array_tasks(wanted, limits(max_array_size=size, max_job_count=count)) == fit


@pytest.mark.parametrize(
    ("partition", "expected"),
    [("", 1440), ("debug", 30), ("debug,day", 1440), ("free", None), ("debug,free", None)],
)
def test_partitions(partition, expected):
    assert parse_max_minutes(PARTITIONS, partition) == expected


def test_no_such_partition():
    with pytest.raises(SlurmError, match="no partition nope; available: debug, day, free"):
        parse_max_minutes(PARTITIONS, "day,nope")
    with pytest.raises(SlurmError, match="no partition is the default; available: none"):
        parse_max_minutes("", "")


def test_through_scontrol(fake, tmp_path):
    (tmp_path / "config").write_text(CONFIG.format(storage="none"))
    (tmp_path / "partition").write_text(PARTITIONS)
    fake("scontrol", f'cat {tmp_path}/"$2"')
    assert read() == limits()
    assert max_minutes("debug") == 30
