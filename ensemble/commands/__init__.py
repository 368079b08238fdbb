"""The command line and what it prints; no number of its own."""
