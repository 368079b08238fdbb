"""MIMICS: names and meanings of its pools, in the order of `one_layer.equations`."""

MEANINGS = {
    "lit_m": "metabolic litter",
    "lit_s": "structural litter",
    "mic_r": "copiotroph microbes",
    "mic_k": "oligotroph microbes",
    "som_p": "physically protected SOM",
    "som_c": "chemically protected SOM",
    "som_a": "available SOM",
}
POOL_NAMES = tuple(MEANINGS)
