"""Records, draws and fits of a random forest."""
