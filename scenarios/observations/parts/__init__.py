"""Parts of observation readers."""
