"""Compiled mathematics that has no model in it."""
