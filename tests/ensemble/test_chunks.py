import numpy as np
import pytest
import zarr
from hypothesis import given
from hypothesis import strategies as st

from ensemble.store.arrays import ArraySpec
from ensemble.store.chunks import checksum, chunk_name, decode, encode
from ensemble.store.folders import Folder
from ensemble.store.writing import create


@given(
    dtype=st.sampled_from(["float32", "float64", "uint8", "uint64", "int64"]),
    shape=st.tuples(st.integers(1, 5), st.integers(1, 300)),
    raw=st.booleans(),
)
def test_decode_returns_what_encode_took(dtype, shape, raw):
    spec = ArraySpec("a", dtype, ("x", "y"), shape, shape, fill=0, raw=raw)
    values = np.random.default_rng(1).normal(100, 30, shape).astype(dtype)
    again = decode(spec, bytes(encode(spec, values)))
    assert again.dtype == dtype
    np.testing.assert_array_equal(again, values)
    assert checksum(again) == checksum(values)


def test_zarr_reads_our_chunks_with_an_edge_chunk(tmp_path):
    spec = ArraySpec("a", "float32", ("x", "y"), (3, 10), (1, 4))
    names = ArraySpec("names", "string", ("x",), (3,), (3,), fill="")
    values = np.arange(30, dtype="f4").reshape(3, 10)
    labels = np.array(["JULES", "", "forêt"], dtype=object)
    path = tmp_path / "s.zarr"
    create(path, (spec, names), {"title": "t"}, {"a": values, "names": labels})
    group = zarr.open_group(path, mode="r")
    np.testing.assert_array_equal(group["a"][:], values)
    assert [name.decode() for name in group["names"][:]] == list(labels)


def test_checksum_sees_one_bit_and_not_the_memory_order():
    values = np.arange(12.0).reshape(3, 4)
    flipped = values.copy()
    flipped.view(np.uint64)[1, 1] ^= 1
    assert checksum(values) != checksum(flipped)
    assert checksum(values) == checksum(np.asfortranarray(values))


def test_a_failed_write_leaves_the_old_file_and_no_temporary(tmp_path, monkeypatch):
    folder, file = Folder.at(tmp_path), tmp_path / "chunk"
    folder.write("chunk", b"old", sync=False)

    def full(descriptor, view):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ensemble.store.folders.os.write", full)
    with pytest.raises(OSError, match="No space"):
        folder.write("chunk", b"new content", sync=False)
    assert file.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["chunk"]


def test_a_torn_chunk_is_an_error_not_a_number():
    spec = ArraySpec("a", "float64", ("x",), (1000,), (1000,))
    whole = bytes(encode(spec, np.random.default_rng(0).random(1000)))
    with pytest.raises(ValueError, match="not a whole blosc chunk"):
        decode(spec, whole[: len(whole) // 2])
    assert chunk_name(spec, (3,)) == "a/c.3"
