import os

import calibrated
import pytest


@pytest.fixture(autouse=True, scope="module")
def unsynced():
    """Write stores of this process without waiting for disks, on which others write, too.

    Power cuts are not what these tests try; what they kill are processes.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield


@pytest.fixture(scope="module")
def sites(tmp_path_factory):
    """Return a folder with the sites of twins; modules of other sites have their own."""
    folder = tmp_path_factory.mktemp("twins")
    calibrated.write(folder)
    return folder
