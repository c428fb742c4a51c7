"""The programs of docs/artifacts.md, with nothing but a file, find what `export.load` finds in it."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import export
from tests.export.detector import knowing_detector, scenes

PAGE = Path(__file__).parents[2] / "docs" / "artifacts.md"


def program(language, name=""):
    """Returns the page's program in a language, written for a library of that name."""
    (text,) = re.findall(rf"^```{language} ?{name}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.S | re.M)
    return text


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with files of a detector, and a picture, narrower than they take, as PNG and PPM."""
    folder, model = tmp_path_factory.mktemp("page"), knowing_detector()
    known = scenes(2, seed=2)[0]
    for name, format, form in [
        ("plain.onnx", "onnx", {"input": "float32"}),
        ("free.onnx", "onnx", {"letterbox": True}),
        ("plain.tflite", "tflite", {"outputs": "scores,labels,boxes,count"}),
    ]:
        export.export(model, folder / name, format, score_threshold=0.3, pictures=known, **form)
    scene = Image.fromarray(scenes(1, seed=5)[0][0][:, 4:60])
    for suffix in ("png", "ppm"):
        scene.resize((95, 82), Image.Resampling.BILINEAR).save(folder / f"picture.{suffix}")
    return folder


def run(*command, **options):
    """Returns what a program prints of each object: its name, and five numbers."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, **options)
    assert ended.returncode == 0, ended.stderr
    rows = [line.rsplit(maxsplit=5) for line in ended.stdout.splitlines()]
    return [row[0] for row in rows], np.float64([row[1:] for row in rows])


def check(found, file, numbered=False, atol=0.02):
    """Compares names, scores and boxes with ours."""
    names, numbers = found
    predictor = export.load(file)
    (known,) = predictor.predict_each([np.asarray(Image.open(file.parent / "picture.png"))])
    count = int(known["count"])
    assert count > 0 and len(names) == count
    assert names == [str(i) if numbered else predictor.class_names[i] for i in known["labels"][:count]]
    np.testing.assert_allclose(numbers[:, 0], known["scores"][:count], atol=atol)
    np.testing.assert_allclose(numbers[:, 1:], known["boxes"][:count], atol=100 * atol)


@pytest.mark.parametrize("name", ["plain.onnx", "free.onnx", "plain.tflite"])
def test_python(folder, name):
    script = folder / "detect.py"
    script.write_text(program("python", Path(name).suffix[1:]))
    assert not re.search("regionzoo|export|zoo|cv2|tensorflow", program("python", "tflite"))
    found = run(sys.executable, script.name, name, "picture.png", cwd=folder)
    check(found, folder / name, atol=0.0001 if name == "free.onnx" else 0.02)


def test_node(folder):
    """In a folder where `npm install onnxruntime-node` was run, which REGIONZOO_NODE names."""
    installed = os.environ.get("REGIONZOO_NODE")
    if not installed:
        pytest.skip("REGIONZOO_NODE names no folder with onnxruntime-node")
    (folder / "detect.mjs").write_text(program("js", "node"))
    (folder / "node_modules").symlink_to(Path(installed) / "node_modules")
    check(run("node", "detect.mjs", "free.onnx", "picture.ppm", cwd=folder), folder / "free.onnx", numbered=True)


@pytest.mark.full
def test_cpp(folder):
    found = importlib.util.find_spec("openvino")
    if not (found and shutil.which("g++")):
        pytest.skip("no g++ or no openvino here: pip install openvino")
    openvino = Path(found.origin).parent
    (folder / "detect.cpp").write_text(program("cpp"))
    (library,) = (openvino / "libs").glob("libopenvino.so.*")
    flags = ["-std=c++17", f"-I{openvino / 'include'}", str(library), f"-Wl,-rpath,{openvino / 'libs'}"]
    subprocess.run(["g++", "detect.cpp", *flags, "-o", "detect"], check=True, cwd=folder)
    check(run("./detect", "free.onnx", "picture.ppm", cwd=folder), folder / "free.onnx", numbered=True)


def test_the_page_names_every_output():
    from export.outputs import CHOICES

    text = PAGE.read_text(encoding="utf-8")
    for names in CHOICES.values():
        assert not [name for name in names if f"`{name}`" not in text]
