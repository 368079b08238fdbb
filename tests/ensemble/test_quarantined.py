"""Members in quarantine are members of the store: a file that names another is told, not met."""

import json
import shutil
from dataclasses import asdict

import pytest
from commandline import refused, soilsweep
from support import run

from ensemble.errors import PlanError
from ensemble.members.quarantined import CONTROL, cases_of, of_block
from ensemble.store import quarantine
from ensemble.store.quarantine import Case
from ensemble.store.reading import read
from kernels import CRASHED

SHAPE = (4, 1, 200)
"""Of the runs here: forcings, locations, samples."""

STRANGERS = [(4, 0, 0), (-1, 0, 0), (0, 1, 0), (0, -1, 7), (0, 0, 200), (0, 0, -2)]


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    _, outcome = run(tmp_path_factory.mktemp("finished"))
    return outcome.path


@pytest.fixture
def store(tmp_path, finished):
    """A finished run of the test's own."""
    opened = read(shutil.copytree(finished, tmp_path / "run.zarr"))
    assert opened.specs["status"].shape == SHAPE
    return opened


def put(store, member):
    case = Case(member, CRASHED, "killed by SIGSEGV", "soilsweep replay ...")
    quarantine.record(store.root, case)
    return case


@pytest.mark.parametrize("member", [(0, 0, 0), (3, 0, 199), (2, 0, CONTROL)], ids=str)
def test_members_of_the_store_and_control_members_are_known(store, member):
    case = put(store, member)
    assert cases_of(store) == {member: case}


@pytest.mark.parametrize("member", STRANGERS, ids=str)
def test_a_member_that_the_store_does_not_have_is_refused(store, member):
    put(store, (0, 0, 3))
    # A name of ours, as it is what the file says that counts.
    content = json.dumps(asdict(put(store, (0, 0, 4))) | {"member": member}).encode()
    store.root.folder(quarantine.FOLDER).write("0_0_4.json", content, sync=False)
    name = "/".join(map(str, member))
    with pytest.raises(PlanError, match=f"names member {name}, which this store does not have"):
        cases_of(store)


def test_every_command_that_reads_members_says_so(store):
    put(store, (9, 0, 0))
    said = ("names member 9/0/0", "4 x 1 x 200 forcings, locations and samples", "remove it")
    for command in ("status", "verify"):
        refused(soilsweep(command, store.path), *said)
    refused(soilsweep("replay", store.path, "0/0/0"), *said)


def test_of_a_block_are_its_own_members_and_the_control_members_of_its_first_samples(store):
    mine, control = put(store, (1, 0, 60)), put(store, (1, 0, CONTROL))
    put(store, (2, 0, 60))
    cases = cases_of(store)
    first, second = slice(0, 50), slice(50, 100)
    assert of_block(cases, (slice(1, 2), slice(0, 1), first)) == {(0, CONTROL): control}
    assert of_block(cases, (slice(1, 2), slice(0, 1), second)) == {(0, 10): mine}
