"""What a kernel is, how it compiles, how it is told from another."""
