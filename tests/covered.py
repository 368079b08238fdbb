"""Which plug-ins the laws are about: our own files, and installed ones that are asked for.

``SOILSWEEP_LAWS=steady,one_pool`` asks for two, whatever they are; others that happen to be
installed here are somebody else's affair.
"""

import os

import kernels

ASKED = frozenset(os.environ.get("SOILSWEEP_LAWS", "").replace(",", " ").split())


def covered(plugins):
    """Return the names of our own files of one kind, and of installed ones that are asked for."""
    ours = set(plugins.ours())
    return sorted(ours | (ASKED and ASKED & set(plugins.names())))


def covered_kernels():
    """Return the names of our own kernels, and of installed ones that are asked for."""
    return [name for name in kernels.names() if kernels.is_ours(name) or name in ASKED]
