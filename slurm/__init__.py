"""Everything that knows SLURM; it has never heard of carbon.

Empty until runs are farmed out over a cluster: scenarios run on local threads so far.
"""
