"""Sums over space: regions, what a block adds to them, how blocks are merged."""
