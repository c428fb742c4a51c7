import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.zoo.weights.caffe_writer import blob, caffemodel, field, fields, number
from zoo import InputError
from zoo.weights import caffe_file

KERNEL = np.arange(12, dtype="float32").reshape(2, 3, 1, 2) - 5
ARRAYS = {"conv1/0": KERNEL, "conv1/1": np.array([0.5, -0.25], "float32"), "a/b/0": np.array([[3.0]], "float32")}
FORMATS = "layer", "layers", "layers of 2013"


@pytest.fixture
def write(tmp_path):
    """Writes bytes to a file and returns its path."""

    def write(content):
        path = tmp_path / "toy.caffemodel"
        path.write_bytes(content)
        return path

    return write


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize(("packed", "double"), [(True, False), (False, False), (True, True), (False, True)])
def test_all_formats_give_the_arrays_back(write, format, packed, double):
    read = caffe_file.read(write(caffemodel(ARRAYS, format, packed, double)))
    assert list(read) == list(ARRAYS)
    for name, values in ARRAYS.items():
        assert read[name].dtype == np.float32
        four = (1,) * (4 - values.ndim) + values.shape
        np.testing.assert_array_equal(read[name], values if format == "layer" else values.reshape(four))


def test_a_file_by_hand(write):
    """A `layer` (field 100) named "c" (field 1) with one blob (field 7) of shape 2 (field 7) and values (field 5)."""
    content = bytes.fromhex("a206 14 0a0163 3a0f 3a030a0102 2a08 0000803f 000000c0".replace(" ", ""))
    read = caffe_file.read(write(content))
    assert list(read) == ["c/0"] and read["c/0"].tolist() == [1.0, -2.0]


def test_other_fields_and_layers_without_weights_are_stepped_over(write):
    nothing = field(100, field(1, b"data")) * 2 + field(100, field(1, b"relu") + field(999, b"of a fork"))
    assert list(caffe_file.read(write(nothing + caffemodel(ARRAYS)))) == list(ARRAYS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "holds no weights"),
        (b"PK\x03\x04 an archive", "cut short or no .caffemodel"),
        (field(100, field(1, b"relu")), "holds no weights"),
        (caffemodel(ARRAYS)[:-1], "cut short or no .caffemodel"),
        (caffemodel({"c/0": KERNEL}) * 2, "has two layers 'c' with weights"),
        (caffemodel({"c/0": []}), r"the blob 0 of layer 'c' has 0 values, which do not fit its shape \(0,\)"),
    ],
)
def test_wrong_files_are_named(write, content, message):
    with pytest.raises(InputError, match=f"toy.caffemodel: .*{message}"):
        caffe_file.read(write(content))


@pytest.mark.parametrize("shape", [[3], [1, 1, 1, 3], [2**40, 2**40], [2**64 - 2, 2**64 - 1], [1] * 40, [2, 1] * 40])
def test_shapes_that_do_not_fit_are_refused(write, shape):
    bad = blob([1.0, 2.0], "layer", True, False).replace(field(7, field(1, b"\x02")), b"")
    bad += b"".join(field(7, number(1, side)) for side in shape)
    with pytest.raises(InputError, match="has 2 values, which do not fit its shape"):
        caffe_file.read(write(field(100, field(1, b"c") + fields(7, [bad]))))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"missing.caffemodel: no such .caffemodel file"):
        caffe_file.read(tmp_path / "missing.caffemodel")


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_damaged_files_raise_nothing_but_input_errors(tmp_path_factory, data):
    """Random bytes, and valid files that are cut short or have some bytes replaced."""
    path = tmp_path_factory.getbasetemp() / "damaged.caffemodel"
    whole = caffemodel(ARRAYS, data.draw(st.sampled_from(FORMATS)))
    content = bytearray(data.draw(st.one_of(st.binary(max_size=200), st.just(whole))))
    for place, byte in data.draw(st.dictionaries(st.integers(0, 199), st.integers(0, 255), max_size=4)).items():
        if place < len(content):
            content[place] = byte
    path.write_bytes(content[: data.draw(st.integers(0, len(content)))])
    try:
        read = caffe_file.read(path)
    except InputError as error:
        assert str(error).startswith(f"{path}: ") and "\n" not in str(error)
    else:
        assert all(values.dtype == np.float32 for values in read.values())
