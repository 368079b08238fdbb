"""What stored members say: indices, which of them are noise, and shares of variance."""
