"""Markup and style of the page."""
