"""What all tests share: how hypothesis draws, and the fixtures of a real SLURM.

Examples are the same in every run, so that a test which passed passes; ``pytest -m hypothesis
--hypothesis-profile=fresh`` draws others. There is no deadline: a kernel's first call compiles it.
"""

import pytest
from acceptance import pytest_addoption, pytest_configure  # noqa: F401
from chaos.counting import pytest_terminal_summary  # noqa: F401
from compiling import pytest_sessionfinish, pytest_sessionstart  # noqa: F401
from hypothesis import settings
from processes import pytest_xdist_auto_num_workers  # noqa: F401
from slurm_accounts import accounted_cluster, with_accounts  # noqa: F401
from slurm_cluster import on_cluster, slurm_cluster  # noqa: F401

settings.register_profile("soilsweep", deadline=None, derandomize=True)
settings.register_profile("fresh", deadline=None, print_blob=True)
settings.load_profile("soilsweep")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Leave a real SLURM to CI, and refuse a test that belongs to two tiers."""
    for item in items:
        if item.get_closest_marker("slurm") and not item.get_closest_marker("acceptance"):
            item.add_marker("slow")
    both = [i.nodeid for i in items if {"slow", "acceptance"} <= {m.name for m in i.iter_markers()}]
    if both:
        raise pytest.UsageError(f"both slow and an acceptance: {', '.join(both)}")
