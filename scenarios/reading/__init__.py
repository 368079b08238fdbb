"""YAML text to a checked scenario: nodes, lines, wording, cross checks."""
