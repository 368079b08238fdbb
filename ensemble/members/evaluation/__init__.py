"""Benchmarks in a run and after it: moments of steps, sums of pairs, scores of members."""
