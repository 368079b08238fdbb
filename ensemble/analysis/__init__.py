"""What stored members say: indices and shares of variance."""
