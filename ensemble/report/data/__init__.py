"""What figures read of a store."""
