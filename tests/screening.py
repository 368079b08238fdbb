"""A Morris screening of MIMICS by depth in a second: one mode, the four invented profiles.

The shipped `wang2021-morris` runs the paper's mode beside it, which takes 2,000 times as long.
"""

MISFITS = """\
version: 1
name: screening
title: Morris screening of MIMICS by depth against carbon and 14C
kernel: {name: mimics_profile, preset: w21_code, carbon14: tracer}
forcing: {reader: synthetic_profiles}
design:
  method: morris
  trajectories: 50
  levels: 4
  parameters:
    x_v: {uniform: [2, 30]}
    x_k: {uniform: [2, 30]}
    x_d: {uniform: [0.1, 15]}
    x_D: {uniform: [0.01, 25]}
    alpha_r: {uniform: [1, 30]}
    alpha_v: {uniform: [1, 30]}
    beta: {uniform: [1, 2]}
seed: 2021
responses:
  j_soc: {output: soc, cost: {observed: soc, relative_error: 0.1}}
  j_14c: {output: fraction_modern, cost: {observed: fraction_modern, relative_error: 0.1}}
"""
"""Up to the misfits of carbon and of 14C, to which others may be added."""

TEXT = (
    MISFITS
    + """\
  j: {combine: {j_soc: 1, j_14c: 5}}
statistics:
  j_soc: [mean, std, mu, mu_star, mu_star_conf, sigma, theta]
  j_14c: [mean, std, mu, mu_star, mu_star_conf, sigma, theta]
  soc: [mean, std, q05, q50, q95, mu_star, theta]
  fraction_modern: [mean, std, q05, q50, q95, mu_star, theta]
histograms: {pilot: 32}
outputs: {soc: all, fraction_modern: all, residual: all}
"""
)


def scenario(folder, *settings):
    """Return the scenario, loaded from a file in a folder."""
    import scenarios

    file = folder / "screening.yaml"
    file.write_text(TEXT)
    return scenarios.load(file, settings=settings)
