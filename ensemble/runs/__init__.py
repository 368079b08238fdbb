"""What people do with a run, one verb a file."""
