"""Every shipped scenario ends with a screen: what was found, how far it is, what to do next."""

import pytest
from commandline import soilsweep

import scenarios
from ensemble.commands.console import MOST_LINES

FEWER = {"wang2021-morris": ["--set", "design.trajectories=4"]}
"""Of what takes two minutes."""


@pytest.mark.slow
@pytest.mark.parametrize("name", scenarios.library())
def test_a_shipped_scenario_ends_with_a_screen(name, tmp_path):
    store = tmp_path / "run.zarr"
    said = soilsweep("run", name, "--store", store, *FEWER.get(name, ()))
    assert said.code == 0, said.err
    lines = said.out.splitlines()
    assert len(lines) <= MOST_LINES, said.out
    ends = [k for k, line in enumerate(lines) if line.startswith(f"{store}: complete, ")]
    assert ends == [len(lines) - 3]
    assert f"soilsweep report {store}; soilsweep " in lines[-2]
