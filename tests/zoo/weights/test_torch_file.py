import io
import os
import pickle
import pickletools
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.zoo.weights import torch_writer
from tests.zoo.weights.torch_writer import named, text, whole
from zoo import InputError
from zoo.weights import torch_file, torch_pickle

FOLDER = Path(__file__).parent
GRID = np.arange(24.0).reshape(2, 3, 4)
ARRAYS = {"a.weight": GRID.astype("f4"), "a.count": np.array(7, "i8"), "half": np.arange(3, dtype="f2")}


def read(path, content, storages=None):
    """Reads an archive with a pickle."""
    torch_writer.write_archive(path, content, storages or {"0": bytes(96)})
    return torch_file.read(path)


def one_tensor(*arguments):
    """Returns the pickle of a state dict with one tensor `x`; arguments as of `torch_writer.tensor`."""
    return b"\x80\x02}" + text("x") + torch_writer.tensor(*arguments) + b"s."


@pytest.mark.parametrize("name", ["torch_archive.pth", "torch_legacy.pth"])
def test_files_of_torch_save(name):
    """`benchmarks/torch_files.py` wrote them: all kinds of floats, views of one storage, a parameter, a number."""
    expected = {
        "float32": GRID,
        "part": GRID[1],
        "turned": GRID[0].T,
        "float64": [[1.5]],
        "float16": [0, 1, 2],
        "bfloat16": [1.5, -2.0],
        "int64": 7,
        "parameter": [1, 1],
    }
    found = torch_file.read(FOLDER / name)
    assert list(found) == list(expected)
    for key, values in expected.items():
        np.testing.assert_array_equal(found[key], values)
        assert found[key].dtype == ("int64" if key == "int64" else "float32")


@pytest.mark.parametrize("legacy", [False, True])
def test_round_trip(tmp_path, legacy):
    torch_writer.write(tmp_path / "a.pth", ARRAYS, legacy)
    found = torch_file.read(tmp_path / "a.pth")
    assert {key: array.shape for key, array in found.items()} == {key: a.shape for key, a in ARRAYS.items()}
    for key, array in ARRAYS.items():
        np.testing.assert_array_equal(found[key], array)


@pytest.mark.parametrize("legacy", [False, True])
def test_an_empty_dict(tmp_path, legacy):
    torch_writer.write(tmp_path / "a.pth", {}, legacy)
    assert torch_file.read(tmp_path / "a.pth") == {}


def test_numbers_stay_in_the_file(tmp_path):
    torch_writer.write(tmp_path / "a.pth", ARRAYS)
    array = torch_file.read(tmp_path / "a.pth")["a.weight"]
    assert not array.flags.owndata and not array.flags.writeable


class Touches:
    """Pickles as a call that leaves a file behind."""

    def __init__(self, path):
        self.path = str(path)

    def __reduce__(self):
        return os.mkdir, (self.path,)


def malicious(path):
    """Lists pickles that call something, and what they call."""
    mark = text(str(path)) + b"\x85R."
    return {
        "posix.mkdir": pickle.dumps(Touches(path), 2),
        "nt.mkdir": b"\x80\x02" + named("nt", "mkdir") + mark,
        "builtins.eval": b"\x80\x02" + named("builtins", "eval") + text("1") + b"\x85R.",
        "builtins.getattr": b"\x80\x02" + named("builtins", "getattr") + b"}" + text("clear") + b"\x86R.",
        "subprocess.Popen": b"\x80\x02" + named("subprocess", "Popen") + b")\x81.",
        "torch.load": b"\x80\x02" + named("torch", "load") + mark,
    }


@pytest.mark.parametrize("called", malicious(""))
@pytest.mark.parametrize("legacy", [False, True])
def test_nothing_is_called(tmp_path, called, legacy):
    """Neither is what a pickle names imported: Darwin's `posix` or Windows' `nt` is not there to import."""
    content = malicious(tmp_path / "ran")[called]
    if legacy:
        (tmp_path / "a.pth").write_bytes(torch_file.MAGIC + pickle.dumps(1001, 2) + pickle.dumps({}, 2) + content)
    else:
        torch_writer.write_archive(tmp_path / "a.pth", content, {})
    with pytest.raises(InputError, match=f"its pickle calls '{called}', which is refused: only tensors are read"):
        torch_file.read(tmp_path / "a.pth")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\x80\x02}.", None),
        (pickle.dumps({"a": 1}, 2), "holds no dict of tensors; save model.state_dict"),
        (pickle.dumps([1], 2), "holds no dict of tensors"),
        (pickle.dumps({"a": {1}}, 4), "has the opcode SHORT_BINUNICODE|has the opcode FRAME"),
        (b"\x80\x02}r\xff\xff\xff\xff.", None),  # a memo of four thousand million entries, were it a list
        (b"\x80\x02})" + b"\x85" * 100_000 + b"Ns.", "pickle is damaged"),  # a key whose hash overflows the stack
        (b"\x80\x02" + b"}" * 2**20 + b".", "more than 1,048,576 steps"),
        (b"\x80\x02X\xff\xff\xff\x7fa.", "pickle is damaged"),
        (b"\x80\x02tR.", "pickle is damaged"),
        (b"\x80\x02.", "pickle is damaged"),
        (b"", "pickle is damaged"),
        (b"\x80\x02}X\x01\x00\x00\x00xh\x09s.", "pickle is damaged"),  # from the memo, where nothing is
        (b"\x80\x02" + named("torch", "FloatStorage") + b".", "holds no dict of tensors"),
        (b"\x80\x02(" + text("module") + named("torch.nn", "Linear") + b"NNtQ.", "holds 'torch.nn.Linear', which"),
        (b"\x80\x02(" + text("storage") + named("torch", "QUInt8Storage") + b"tQ.", "holds 'torch.QUInt8Storage'"),
    ],
)
def test_pickles_of_something_else(tmp_path, content, message):
    if message is None:
        assert read(tmp_path / "a.pth", content) == {}
        return
    with pytest.raises(InputError, match=message):
        read(tmp_path / "a.pth", content)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("0", "f4", 24, 0, (5, 5), (5, 1)), "'x' reaches beyond its numbers"),
        (("0", "f4", 24, 1, (24,), (1,)), "'x' reaches beyond its numbers"),
        (("0", "f4", 4, 0, (5,), (1,)), "'x' reaches beyond its numbers"),
        (("0", "f4", 2**40, 0, (2**40,), (1,)), "claim 4,398,046,511,104 bytes, the file has"),
        (("0", "f4", 24, 0, (2**20, 2**20), (0, 0)), "bytes, the file has"),
        (("0", "f4", 24, 0, (24,), (-1,)), "pickle is damaged"),
        (("0", "f4", 24, 0, (24,), (1, 1)), "pickle is damaged"),
        (("0", "f4", 24, 0, (1,) * 9, (1,) * 9), "pickle is damaged"),
        (("0", "f4", 24, 0, (0, 3), (3, 1)), r"'x' has the shape \(0, 3\), which no weights have"),
        (("1", "f4", 24, 0, (24,), (1,)), "the numbers of 'x' are missing"),
    ],
)
def test_tensors_that_claim_more_than_there_is(tmp_path, arguments, message):
    assert read(tmp_path / "a.pth", one_tensor("0", "f4", 24, 0, (24,), (1,)))["x"].shape == (24,)
    with pytest.raises(InputError, match=message):
        read(tmp_path / "a.pth", one_tensor(*arguments))


def test_a_tensor_is_no_storage(tmp_path):
    """A view of a view could reach beyond the numbers that its base was checked for."""
    inner = torch_writer.tensor("0", "f4", 24, 23, (24,), (0,))
    outer = named("torch._utils", "_rebuild_tensor_v2") + b"(" + inner + whole(0) + whole(24) + b"\x85" + whole(1)
    with pytest.raises(InputError, match="pickle is damaged"):
        read(tmp_path / "a.pth", b"\x80\x02}" + text("x") + outer + b"\x85tRs.")


def test_damaged_files(tmp_path):
    path = tmp_path / "a.pth"
    with pytest.raises(InputError, match="a.pth: no such file"):
        torch_file.read(path)
    path.write_bytes(b"")
    with pytest.raises(InputError, match="a.pth: the file is empty"):
        torch_file.read(path)
    path.write_bytes(b"<html>not found</html>")
    with pytest.raises(InputError, match="a.pth: no file of torch.save, or cut short"):
        torch_file.read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "x")
    with pytest.raises(InputError, match="not of torch.save: it has 0 entries data.pkl"):
        torch_file.read(path)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/data.pkl", b"\x80\x02}.")
    with pytest.raises(InputError, match="'a/data.pkl' is compressed"):
        torch_file.read(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/data.pkl", b"\x80\x02}.")
        archive.writestr("a/byteorder", b"big")
    with pytest.raises(InputError, match="big-endian"):
        torch_file.read(path)


@pytest.mark.parametrize("legacy", [False, True])
def test_files_cut_short(tmp_path, legacy):
    torch_writer.write(tmp_path / "whole.pth", ARRAYS, legacy)
    data = (tmp_path / "whole.pth").read_bytes()
    for end in range(0, len(data), 7):
        (tmp_path / "cut.pth").write_bytes(data[:end])
        with pytest.raises(InputError, match="cut.pth"):
            torch_file.read(tmp_path / "cut.pth")


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    legacy=st.booleans(), changes=st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=6)
)
def test_changed_bytes_give_arrays_or_the_stated_error(tmp_path, legacy, changes):
    torch_writer.write(tmp_path / "a.pth", ARRAYS, legacy)
    data = bytearray((tmp_path / "a.pth").read_bytes())
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    (tmp_path / "a.pth").write_bytes(data)
    try:
        found = torch_file.read(tmp_path / "a.pth")
    except InputError:
        return
    assert all(isinstance(array, np.ndarray) and array.sum() is not None for array in found.values())


OPCODES = [opcode.code.encode("latin-1") for opcode in pickletools.opcodes]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.sampled_from(OPCODES) | st.binary(max_size=4), max_size=40).map(b"".join))
def test_opcodes_in_any_order_give_values_or_the_stated_error(content):
    try:
        torch_pickle.interpret(io.BytesIO(b"\x80\x02" + content + b"."), "a.pth")
    except InputError as error:
        assert "a.pth" in str(error)
