import pytest

from slurm.resources import Resources, mebibytes, minutes


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("90", 90),
        ("90:00", 90),
        ("90:30", 91),
        ("0:01", 1),
        ("01:30:00", 90),
        ("100:00:00", 6000),
        ("00:00:01", 1),
        ("2-0", 2880),
        ("2-12", 3600),
        ("2-12:30", 3630),
        ("2-12:30:15", 3631),
        (" 1-00:00:00 ", 1440),
    ],
)
def test_times(text, expected):
    assert minutes(text) == expected


@pytest.mark.parametrize(
    "text", ["", "0", "00:00:00", "1h", "1:2:3:4", "-5", "1-", "1.5", "UNLIMITED", "2-1-1", "٣x"]
)
def test_no_times(text):
    with pytest.raises(ValueError, match="time"):
        minutes(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4096", 4096),
        ("500M", 500),
        ("500MiB", 500),
        ("4G", 4096),
        ("4g", 4096),
        ("4GiB", 4096),
        ("4 GiB", 4096),
        ("1.5G", 1536),
        ("2T", 2 * 1024**2),
        ("2048K", 2),
        ("1K", 1),
        ("1GB", 954),
        ("500MB", 477),
    ],
)
def test_memory(text, expected):
    assert mebibytes(text) == expected


@pytest.mark.parametrize("text", ["", "0", "0G", "4P", "G", "-1G", "4 GiB/core", "4B", "1e3"])
def test_no_memory(text):
    with pytest.raises(ValueError, match="memory"):
        mebibytes(text)


def test_directives():
    assert Resources(cores=4, memory="2GiB", time="1-00:00:30").directives() == [
        "--nodes=1",
        "--ntasks=1",
        "--cpus-per-task=4",
        "--mem=2048M",
        "--time=1441",
    ]
    named = Resources(
        partition="debug",
        account="soil",
        qos="long",
        constraint="[rack1|rack2]",
        reservation="r",
        extra=("--exclusive", "--gres=gpu:1"),
    )
    assert named.directives()[5:] == [
        "--partition=debug",
        "--account=soil",
        "--qos=long",
        "--constraint=[rack1|rack2]",
        "--reservation=r",
        "--exclusive",
        "--gres=gpu:1",
    ]


def test_every_problem_at_once():
    with pytest.raises(ValueError, match="jobs is 0") as caught:
        Resources(jobs=0, cores=-1, memory="lots", time="soon", extra=("exclusive",))
    for part in ("jobs is 0", "cores is -1", "memory 'lots'", "time 'soon'", "extra 'exclusive'"):
        assert part in str(caught.value)


@pytest.mark.parametrize(
    "field",
    [
        {"partition": "debug\n#SBATCH --uid=0"},
        {"setup": ("true\rfalse",)},
        {"modules": ("gcc", "a\nb")},
        {"extra": ("--comment=\x00",)},
        {"account": "a\x7f"},
    ],
)
def test_no_line_breaks(field):
    with pytest.raises(ValueError, match=f"{next(iter(field))} .*control character"):
        Resources(**field)
