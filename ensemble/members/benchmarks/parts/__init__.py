"""What several benchmarks share: records at places and times, classes of places, totals."""
