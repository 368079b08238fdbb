"""What searches are made of: random words, order, what each has found, compiled steps."""
