"""Rules that give row i: streams, sequences, levels, trajectories, resamples."""
