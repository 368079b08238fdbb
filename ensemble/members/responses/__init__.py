"""Numbers made of outputs: changes, combinations, costs against observations."""
