"""What jobs ask for: scenario, profile, and what is certain not to run."""

import pytest
from commandline import refused, soilsweep
from support import SMALL, load

from ensemble.farming.jobs import PROFILES, resources_of
from ensemble.planning.jobs import reasons
from scenarios import ScenarioError

SITES = """
frontier: {partition: batch, account: soil, cores: 56, memory: 480GiB, time: 120, modules: [python]}
laptop: {cores: 2}
"""


@pytest.fixture
def sites(tmp_path, monkeypatch):
    file = tmp_path / "sites.yaml"
    file.write_text(SITES)
    monkeypatch.setenv(PROFILES, str(file))
    return file


def asked(tmp_path, *settings):
    loaded = load(tmp_path, SMALL, "execution={backend: slurm}", *settings)
    return resources_of(loaded.execution, loaded.base)


def test_a_profile_says_what_the_scenario_does_not(tmp_path, sites):
    found = asked(tmp_path, "execution.profile=frontier", "execution.cores=8")
    assert (found.partition, found.account, found.cores) == ("batch", "soil", 8)
    assert (found.mebibytes, found.minutes, found.modules) == (480 * 1024, 120, ("python",))
    assert found.jobs == 1


def test_a_profile_s_file_may_lie_beside_the_scenario(tmp_path, sites, monkeypatch):
    monkeypatch.delenv(PROFILES)
    found = asked(tmp_path, "execution.profile=laptop", "execution.profiles=sites.yaml")
    assert found.cores == 2


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("a: {core: 3}", "a.core: unknown key 'core'; did you mean 'cores'?"),
        ("a: {cores: many}", "a.cores: found 'many'; needed a whole number"),
        ("a: 5", "found 5; needed 'key: value' lines (jobs, cores"),
        ("b: {cores: 3}", "no profile 'a'"),
        ("- a", "found a list"),
    ],
)
def test_what_is_wrong_in_a_profile_is_said_with_its_place(tmp_path, sites, text, says):
    sites.write_text(text)
    with pytest.raises(ScenarioError) as caught:
        asked(tmp_path, "execution.profile=a")
    assert says in str(caught.value)
    assert str(sites) in str(caught.value)


def test_a_missing_file_of_profiles_is_named(tmp_path, sites):
    sites.unlink()
    with pytest.raises(ScenarioError, match=r"sites\.yaml"):
        asked(tmp_path, "execution.profile=a")


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("execution.time=noon", "noon"),
        ("execution.memory=much", "much"),
        ('execution.account="a\\nb"', "control character"),
    ],
)
def test_what_slurm_does_not_take_is_refused(tmp_path, setting, says):
    with pytest.raises(ScenarioError, match=says):
        asked(tmp_path, setting)


def test_certainties_are_refused_before_anything_is_queued(tmp_path, monkeypatch):
    from support import plan

    monkeypatch.setenv("PATH", "")
    settings = ("execution={backend: slurm, memory: 1, cores: 64, time: 1}", "block.sample=200")
    planned = plan(tmp_path, *settings)
    found = reasons(planned, resources_of(planned.scenario.execution))
    assert len(found) == 1
    assert "64 workers need" in found[0]
    (tmp_path / "s.yaml").write_text(SMALL)
    words = [w for s in settings for w in ("--set", s)]
    for verb in ("run", "submit"):
        said = soilsweep(verb, tmp_path / "s.yaml", "--store", tmp_path / "no.zarr", *words)
        refused(said, "64 workers need", "execution.memory")
    assert not (tmp_path / "no.zarr").exists()


def test_without_slurm_submit_says_where_to_go(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    (tmp_path / "s.yaml").write_text(SMALL)
    said = soilsweep("submit", tmp_path / "s.yaml", "--store", tmp_path / "x.zarr")
    refused(said, "sbatch is not on this machine's PATH")
    assert not (tmp_path / "x.zarr").exists()
