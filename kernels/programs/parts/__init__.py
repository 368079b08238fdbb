"""Processes, the files they exchange, and what a scenario says of them."""
