"""What of the law is not obeyed yet, one line each; who mends one takes its line out."""

NOT_YET: dict[tuple[str, str], str] = {}
"""(reader, trap): what it waits for. Each must still fail."""
