"""Everything that knows SLURM; it has never heard of carbon.

Resources and a command become a batch script (`resources`, `script`), which is submitted and
watched (`jobs`, `queue`) within what the cluster allows (`limits`); inside a job, `walltime`
knows when it ends. `commands` is the one file that starts SLURM's programs.
"""
