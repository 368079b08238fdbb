"""What is made after a run: other people's models through the same benchmarks, and its store."""
