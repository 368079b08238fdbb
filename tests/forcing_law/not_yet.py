"""What of the law is not obeyed yet, one line each; who mends one takes its line out."""

NOT_YET: dict[tuple[str, str], str] = {
    ("clm_history", "fill_values_without_attribute"): "time, order and gaps of NetCDF",
    ("clm_history", "fill_values_with_attribute"): "time, order and gaps of NetCDF",
}
"""(reader, trap): what it waits for. Each must still fail."""
