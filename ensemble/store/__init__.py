"""A run on disk: arrays, chunks, journals, locks; never a kernel, a scenario or a backend."""
