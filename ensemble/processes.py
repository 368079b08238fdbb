"""What environment variables tell a process of those that have started it."""

RANKS = ("OMPI_COMM_WORLD_RANK", "PMI_RANK", "PMIX_RANK")
"""Set where MPI has started this process, which it watches itself."""

REPLACEABLE = "SOILSWEEP_REPLACEABLE"
"""Set in a child that is started again if it dies: a block that hangs may end it."""
