"""An artifact runs on its own runtime: no framework, no converter, nothing of training is loaded with it."""

import json
import subprocess
import sys
import zipfile

import pytest

import export
from zoo.errors import InputError

HEAVY = ["tensorflow", "keras", "jax", "torch", "tensorflow_datasets", "sklearn", "scipy", "skimage", "matplotlib"]
CONVERTERS = ["onnx", "tf2onnx", "ai_edge_quantizer"]
SCRIPT = """
import json, sys
import numpy as np
import export
from zoo.errors import InputError

artifact, broken, *unwanted = sys.argv[1:]
found = export.load(artifact).predict(np.zeros((1, 50, 40, 3), np.uint8))
try:
    export.load(broken)
except InputError as error:
    refusal = str(error)
shapes = {name: array.shape for name, array in found.items()}
print(json.dumps([shapes, refusal, [name for name in unwanted if name in sys.modules]]))
"""


@pytest.mark.parametrize(("format", "other"), [("onnx", "ai_edge_litert"), ("tflite", "onnxruntime")])
def test_an_artifact_loads_its_runtime_alone(exported, tmp_path, format, other):
    broken = tmp_path / f"broken.{format}"
    broken.write_bytes(b"no model")
    command = [sys.executable, "-c", SCRIPT, exported(format).path, str(broken), other, *HEAVY, *CONVERTERS]
    ended = subprocess.run(command, check=True, capture_output=True, text=True)
    shapes, refusal, loaded = json.loads(ended.stdout)
    assert shapes == {"logits": [1, 50, 40, 3], "classes": [1, 50, 40]}
    assert f"{broken} cannot be loaded, it may be cut short" in refusal and "\n" not in refusal
    assert loaded == []


def test_wrong_files_are_refused_without_a_framework(tmp_path):
    script = """
import sys, export
for name in ("missing.onnx", "."):
    try:
        export.load(name)
    except ValueError as error:
        print(str(error).count("is no artifact") + str(error).count("does not exist"), "\\n" in str(error))
print([name for name in sys.argv[1:] if name in sys.modules])
"""
    command = [sys.executable, "-c", script, "onnxruntime", "ai_edge_litert", "cv2", *HEAVY, *CONVERTERS]
    found = subprocess.check_output(command, cwd=tmp_path, text=True).splitlines()
    assert found == ["1 False", "1 False", "[]"]


CARDS = {"no JSON": b"{not json", "no dict": b"[]", "no fields": b'{"class_names": []}', "no text": b"\xff\xfe"}


@pytest.mark.parametrize("card", CARDS.values(), ids=CARDS)
def test_a_damaged_card_is_one_line(tmp_path, card):
    entry = b"\x0a\x0eregionzoo_card\x12" + bytes([len(card)]) + card
    (tmp_path / "model.onnx").write_bytes(b"\x72" + bytes([len(entry)]) + entry)
    with zipfile.ZipFile(tmp_path / "model.tflite", "w") as archive:
        archive.writestr("card.json", card)
    for file in ("model.onnx", "model.tflite"):
        with pytest.raises(InputError, match=f"{file}: the card that it carries is damaged: export it again"):
            export.Artifact.read(tmp_path / file)


@pytest.mark.parametrize(
    "content", [b"\xff" * 1_000_000, b"\0" * 1000, b"\x72\x05ab"], ids=["endless", "zeros", "cut"]
)
def test_noise_is_no_onnx(tmp_path, content):
    (tmp_path / "noise.onnx").write_bytes(content)
    with pytest.raises(InputError, match="noise.onnx cannot be read as ONNX, it may be cut short: export it again"):
        export.Artifact.read(tmp_path / "noise.onnx")


def test_metadata_of_another_kind_are_stepped_over(tmp_path):
    (tmp_path / "other.onnx").write_bytes(bytes([14 << 3, 5]))
    assert export.Artifact.read(tmp_path / "other.onnx") is None
