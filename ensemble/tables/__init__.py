"""A run as cells of text, the same for console and page."""
