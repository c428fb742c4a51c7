"""An artifact runs on its own runtime: no framework, no converter, nothing of training is loaded with it."""

import json
import subprocess
import sys

import pytest

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
