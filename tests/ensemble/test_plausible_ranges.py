"""What comes of `parameters: all`: soils of the control member's size, and a word on which."""

import json

import numpy as np
import pytest
import xarray as xr
from commandline import soilsweep
from support import DATA, needs_data, plan, run

from ensemble.report import write_report
from kernels.contract.factors import INITIAL_CARBON
from scenarios import ScenarioError

BOXES = """
version: 1
name: b
kernel: two_box
forcing: {reader: synthetic_models, n: 2}
design: {method: monte_carlo, n: 64, parameters: PARAMETERS}
responses: {d: {output: c_total, change: [1901, 2018]}}
"""
ALL, SOME = "all", "{tau_soil_obs: {loguniform: [10, 1000]}}"
VEG = "He et al. (2021): 10.3 +- 1.4 yr, two standard deviations"
SOIL = "He et al. (2022): 38.3 +- 11 yr, two standard deviations"
START = INITIAL_CARBON.plausible.source

SOILS = """
version: 1
name: soils
kernel: {chain: [{models: [casa_cnp, mimics_testbed, corpse]}], drivers: mean}
forcing: {reader: synthetic_testbed, cells: 40}
design: {method: latin_hypercube, n: 60, parameters: all}
outputs: {soil_litter_carbon: all}
"""


@pytest.fixture(scope="module")
def soils(tmp_path_factory):
    folder = tmp_path_factory.mktemp("soils")
    run(folder, text=SOILS)
    with xr.open_datatree(folder / "run.zarr", engine="zarr") as tree:
        return tree.load()


@pytest.mark.parametrize("model", ["casa_cnp", "mimics_testbed", "corpse"])
def test_the_mean_stock_is_of_the_order_of_the_control_members(soils, model):
    """Uniform over bounds it was ten times that for CASA and three thousand times for CORPSE."""
    control = soils["control/soil_litter_carbon"].sel(model=model)
    members = soils["soil_litter_carbon"].sel(model=model)
    ratio = float(members.mean() / control.mean())
    assert 0.5 < ratio < 2.0
    # Of single members a hundredth is beyond ten times; a mean can be had of none of these.
    assert float((members / control).quantile(0.99)) < 10


def test_next_to_no_member_fails(soils):
    assert float((soils["status"] != 0).mean()) < 0.01


def test_parameters_keep_their_bounds_and_plausible_range(soils):
    about = soils["tau_pass"].attrs
    assert about["valid_range"] == [5.0, 5000.0]
    np.testing.assert_allclose(about["plausible_range"], [111.11, 333.33])
    assert about["plausible_source"].startswith("half to one and a half times the default")
    drawn = soils["tau_pass"]
    assert about["plausible_range"][0] <= float(drawn.min())
    assert float(drawn.max()) <= about["plausible_range"][1]


def test_a_store_says_which_ranges_were_drawn_from(soils):
    design = json.loads(soils.attrs["design"])
    assert design["plausible"].keys() == design["distributions"].keys() == set(design["parameters"])
    assert design["plausible"]["beta"] == "Wang et al. (2021), table 1"


def test_a_plan_says_so(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.yaml").write_text(BOXES.replace("PARAMETERS", ALL))
    said = soilsweep("plan", "b.yaml")
    names = {VEG: "(tau_veg_obs)", SOIL: "(tau_soil_obs)", START: "(initial_carbon_factor)"}
    assert ", ".join(f"{source} {name}" for source, name in names.items()) in said.out
    found = json.loads(soilsweep("plan", "b.yaml", "--json").out)
    assert found["plausible_ranges"] == names


def test_a_plan_of_stated_distributions_says_none(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "b.yaml").write_text(BOXES.replace("PARAMETERS", SOME))
    assert json.loads(soilsweep("plan", "b.yaml", "--json").out)["plausible_ranges"] == {}


def test_a_plan_names_the_first_of_many(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "s.yaml").write_text(SOILS)
    found = json.loads(soilsweep("plan", "s.yaml", "--json").out)["plausible_ranges"]
    rule = next(names for source, names in found.items() if source.startswith("half to"))
    assert rule.startswith("(x_kopt_litter, tau_cwd, ")
    assert rule.endswith(" more (SOILSWEEP_ALL=1 lists them))")


def test_the_page_says_so_beside_the_distribution(tmp_path):
    run(tmp_path, text=BOXES.replace("PARAMETERS", ALL))
    page = write_report(tmp_path / "run.zarr", tmp_path / "page.html").read_text()
    assert f"the kernel&#39;s plausible range ({SOIL})" in page


def test_samples_over_decades_are_as_many_in_each(tmp_path):
    planned = plan(tmp_path, "design.n=3000", text=BOXES.replace("PARAMETERS", SOME))
    values = planned.layout.sampler.first.rows(0, 3000)["tau_soil_obs"]
    # A binomial share of 3000 has a standard deviation of 0.009.
    assert (values < 100).mean() == pytest.approx(0.5, abs=0.04)
    attributes = planned.layout.sampler.first.attributes
    assert attributes["distributions"] == {
        "tau_soil_obs": {"loguniform": {"lower": 10.0, "upper": 1000.0}}
    }


RELATIVE = """
from dataclasses import replace
from kernels import HALF_AROUND, two_box
own = (replace(p, plausible=HALF_AROUND) for p in two_box.KERNEL.parameters)
KERNEL = replace(two_box.KERNEL, name="relative_boxes.model", parameters=tuple(own))
"""


@pytest.fixture
def relative(tmp_path, monkeypatch):
    """Return a scenario of a kernel that says no range, of which each forcing has defaults."""
    (tmp_path / "relative_boxes").mkdir()
    (tmp_path / "relative_boxes" / "__init__.py").touch()
    (tmp_path / "relative_boxes" / "model.py").write_text(RELATIVE)
    monkeypatch.syspath_prepend(tmp_path)
    return BOXES.replace("two_box", "relative_boxes.model").replace("PARAMETERS", ALL)


def test_forcings_with_other_defaults_share_no_range_that_follows_them(tmp_path, relative):
    with pytest.raises(ScenarioError, match="its default differs between the forcings") as caught:
        plan(tmp_path, text=relative)
    assert len(caught.value.problems) == 2
    alone = plan(tmp_path, "forcing.n=1", text=relative)
    assert alone.layout.sampler.first.attributes["plausible"].keys() == {
        "tau_veg_obs", "tau_soil_obs", "initial_carbon_factor"
    }  # fmt: skip


def test_the_remedy_that_is_said_gives_each_forcing_its_own(tmp_path, relative):
    planned = plan(tmp_path, "independent=[forcing]", text=relative)
    for f in range(2):
        default = planned.experiment.derived[f]["tau_soil_obs"].default[0]
        values = planned.layout.sampler.design(f, 0).rows(0, 64)["tau_soil_obs"]
        assert values.max() <= 1.5 * default
        assert values.min() >= 0.5 * default
        # Of 64 between half and one and a half, some lie in either quarter.
        assert values.min() < 0.8 * default < 1.2 * default < values.max()


def test_a_range_follows_what_parameters_say(tmp_path, relative):
    """What the scenario says of a parameter is the control member's everywhere."""
    said = "parameters={tau_veg_obs: 20, tau_soil_obs: 60}"
    design = plan(tmp_path, said, text=relative).layout.sampler.first
    assert design.attributes["distributions"] == {
        "tau_veg_obs": {"uniform": {"lower": 10.0, "upper": 30.0}},
        "tau_soil_obs": {"uniform": {"lower": 30.0, "upper": 90.0}},
        "initial_carbon_factor": {"uniform": {"lower": 0.5, "upper": 1.5}},
    }


@needs_data
def test_ranges_follow_the_defaults_of_vegetation_types(tmp_path):
    table = DATA / "testbed" / "point_fernow" / "pftlookup_igbp_FEF_CASAcal26_xkNlitteropt.csv"
    text = f"""
        version: 1
        name: types
        kernel: {{name: casa_cnp, drivers: mean, table: {table}}}
        forcing: {{reader: synthetic_testbed, cells: 30}}
        design: {{method: monte_carlo, n: 16, parameters: [tau_slow, met_to_fast]}}
        outputs: {{soil_litter_carbon: all}}
        """
    planned, outcome = run(tmp_path, text=text)
    assert outcome.failed == 0
    default = planned.experiment.derived[0]["tau_slow"].default
    assert len(np.unique(default)) > 1
    drawn = xr.open_zarr(tmp_path / "run.zarr")["tau_slow"]
    assert drawn.dims == ("location", "sample")
    share = drawn.values / default[:, None]
    assert share.min() >= 0.5 * (1 - 1e-15)
    assert share.max() <= 1.5 * (1 + 1e-15)
    # One row of the design is one place in the range, at every location.
    np.testing.assert_allclose(share, np.broadcast_to(share[:1], share.shape), rtol=1e-12)
    assert "plausible_range" not in drawn.attrs
    assert drawn.attrs["plausible_source"].startswith("half to one and a half")
