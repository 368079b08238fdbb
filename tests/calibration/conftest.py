import os

import pytest


@pytest.fixture(autouse=True, scope="module")
def unsynced():
    """Write stores of this process without waiting for disks, on which others write, too.

    Power cuts are not what these tests try; what they kill are processes.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(os, "fsync", lambda descriptor: None)
        yield
