"""How links are joined and what one feeds to the next."""
