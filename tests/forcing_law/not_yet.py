"""What of the law is not obeyed yet, one line each; who mends one takes its line out."""

NOT_YET: dict[tuple[str, str], str] = {
    # The trap takes for a gap what is a value: soils have -99 per mil, and none has -999.
    ("soil_profiles", "fill_values_out_of_range"): "D14C_BulkLayer of -999 is taken for a value",
    ("soil_profiles", "gaps"): "nothing says that a layer has no D14C_err",
}
"""(reader, trap): what it waits for. Each must still fail."""
