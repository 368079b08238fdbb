"""In how many processes tests run: a whole default run in one a core, all else in one.

Files are shared out whole, so that what a module makes once is made once. A few tests asked for by
name are sooner done than a second process has started, and benchmarks want the machine for
themselves. What is slow waits for processes, clusters and daemons of its own: CI runs two files of
it side by side (``-n 2``).
"""

import os

import pytest

MOST = 4
"""Each process compiles kernels that another may be compiling, and holds its own fixtures."""


def whole_default_run(config: pytest.Config) -> bool:
    """Return whether this is a plain ``pytest``: no test by name and no other tier."""
    asked = config.invocation_params.args
    return config.args_source is pytest.Config.ArgsSource.TESTPATHS and not any(
        word.startswith(("-m", "-k", "--co", "--benchmark")) for word in asked
    )


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """Return the processes of ``-n auto``; 0 is this one alone."""
    return min(MOST, os.cpu_count() or 1) if whole_default_run(config) else 0
