"""Our metadata documents are those that zarr-python writes for the same arrays."""

import json

import numpy as np
import pytest
import zarr
from zarr.codecs import BloscCodec
from zarr.core.dtype import VariableLengthBytes

from ensemble.store.arrays import BLOSC_LEVEL, ENCODING, ArraySpec, array_document, documents

SPECS = [
    ArraySpec("c_veg", "float32", ("forcing", "sample"), (3, 10), (1, 10), attrs={"units": "Pg C"}),
    ArraySpec("x", "float64", ("time",), (7,), (7,)),
    ArraySpec("status", "uint8", ("sample",), (10,), (4,), fill=255),
    ArraySpec("counts", "uint64", ("bin",), (10,), (4,), fill=0),
    ArraySpec("year", "int64", ("time",), (7,), (7,), fill=0),
    ArraySpec("raw", "float64", ("time",), (7,), (7,), raw=True),
    ArraySpec("names", "string", ("forcing",), (3,), (3,), fill=""),
]


def as_zarr_writes(spec, path):
    text = spec.dtype == "string"
    size = 0 if text else np.dtype(spec.dtype).itemsize
    blosc = BloscCodec(typesize=size or 1, cname="lz4", clevel=BLOSC_LEVEL, shuffle="shuffle")
    plain = spec.raw or text
    zarr.create_array(
        path,
        shape=spec.shape,
        chunks=spec.chunks,
        dtype=VariableLengthBytes() if text else spec.dtype,
        compressors=None if plain else blosc,
        fill_value=b"" if text else spec.fill,
        attributes={**spec.attrs, **(ENCODING if text else {})},
        dimension_names=spec.dims,
        zarr_format=3,
        chunk_key_encoding={"name": "default", "separator": "."},
    )
    return json.loads((path / "zarr.json").read_text())


@pytest.mark.filterwarnings("ignore::zarr.errors.UnstableSpecificationWarning")
@pytest.mark.parametrize("spec", SPECS, ids=lambda spec: spec.path)
def test_array_document_equals_zarrs(spec, tmp_path):
    assert array_document(spec) == as_zarr_writes(spec, tmp_path / "a")


def test_consolidated_root_equals_zarrs(tmp_path):
    specs = (SPECS[0], ArraySpec("statistics/mean", "float64", ("forcing",), (3,), (3,)))
    for node, document in documents(specs, {"title": "t"}).items():
        (tmp_path / node).mkdir(parents=True, exist_ok=True)
        (tmp_path / node / "zarr.json").write_text(json.dumps(document))
    ours = json.loads((tmp_path / "zarr.json").read_text())
    with pytest.warns(zarr.errors.ZarrUserWarning, match="not part in the Zarr format 3"):
        zarr.consolidate_metadata(tmp_path)
    theirs = json.loads((tmp_path / "zarr.json").read_text())
    inline = {k: v for k, v in theirs["consolidated_metadata"]["metadata"].items()}
    for node in inline.values():
        node.pop("consolidated_metadata", None)
    assert ours["consolidated_metadata"]["metadata"] == inline
    assert ours["attributes"] == theirs["attributes"]
