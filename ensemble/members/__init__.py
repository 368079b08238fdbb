"""The ensemble as a work: rows, tiles, blocks, sums."""
