"""Programs of others, run member by member."""
