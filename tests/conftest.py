"""What all tests share: hypothesis without a deadline, as a kernel's first call compiles it;
and the fixtures of a real SLURM."""

from hypothesis import settings
from slurm_cluster import on_cluster, slurm_cluster  # noqa: F401

settings.register_profile("soilsweep", deadline=None)
settings.load_profile("soilsweep")
