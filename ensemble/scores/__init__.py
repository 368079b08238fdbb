"""Scores of modelled against observed values: pure functions of arrays, none of files or runs."""
