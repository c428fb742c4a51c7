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
from export.web import runtimes
from tests.checks import quick
from tests.export import chromium, pages, stand_in
from tests.export.detector import knowing_detector, scenes

PAGE = Path(__file__).parents[2] / "docs" / "artifacts.md"


def program(language, name=""):
    """Returns the page's program in a language, written for a library of that name."""
    title = f' title="{name}"' if name else ""
    (text,) = re.findall(rf"^```{language}{title}\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.S | re.M)
    return text


FORMS = {
    "plain.onnx": ("onnx", {"input": "float32"}),
    "free.onnx": ("onnx", {"letterbox": True}),
    "fixed.onnx": ("onnx", {}),
    "plain.tflite": ("tflite", {"outputs": "scores,labels,boxes,count"}),
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder with a picture, narrower than the files take it, as PNG and PPM."""
    folder = tmp_path_factory.mktemp("page")
    scene = Image.fromarray(scenes(1, seed=5)[0][0][:, 4:60])
    for suffix in ("png", "ppm"):
        scene.resize((95, 82), Image.Resampling.BILINEAR).save(folder / f"picture.{suffix}")
    return folder


def made(folder, name):
    """Returns the path of a detector's file in the folder, which is made there if missing."""
    format, form = FORMS[name]
    if not (folder / name).exists():
        known = scenes(2, seed=2)[0]
        export.export(knowing_detector(), folder / name, format, score_threshold=0.3, pictures=known, **form)
    return folder / name


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


@pytest.mark.parametrize("name", quick([*FORMS], "plain.onnx"))
def test_python(folder, name):
    file = made(folder, name)
    script = folder / "detect.py"
    script.write_text(program("python", Path(name).suffix[1:]))
    assert not re.search("regionzoo|export|zoo|cv2|tensorflow", program("python", "tflite"))
    found = run(sys.executable, script.name, name, "picture.png", cwd=folder)
    check(found, file, atol=0.0001 if name == "free.onnx" else 0.02)


def test_node(folder):
    """In a folder where `npm install onnxruntime-node` was run, which REGIONZOO_NODE names."""
    installed = os.environ.get("REGIONZOO_NODE")
    if not installed:
        pytest.skip("REGIONZOO_NODE names no folder with onnxruntime-node")
    (folder / "detect.mjs").write_text(program("js", "node"))
    (folder / "node_modules").symlink_to(Path(installed) / "node_modules")
    file = made(folder, "free.onnx")
    check(run(*runtimes.node(), "detect.mjs", file.name, "picture.ppm", cwd=folder), file, numbered=True)


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
    file = made(folder, "free.onnx")
    check(run("./detect", file.name, "picture.ppm", cwd=folder), file, numbered=True)


def java(folder, *command):
    """Runs one of Java's commands in the folder; the test is skipped where there is none."""
    if not shutil.which("javac"):
        pytest.skip("there is no javac in the PATH")
    subprocess.run(command, check=True, cwd=folder)


@pytest.mark.full
def test_java_against_a_stand_in(folder):
    (folder / "Detect.java").write_text(program("java"))
    java(folder, "javac", "-d", "classes", "Detect.java", *map(str, stand_in.write(folder / "stand_in")))
    names, numbers = run("java", "-cp", "classes", "Detect", "any.onnx", "picture.png", cwd=folder)
    assert names == ["two", "one"]
    np.testing.assert_allclose(numbers, [[0.9, 1, 2, 3.25, 4], [0.5, 5, 6, 7, 8]])
    given = np.frombuffer((folder / "given.bin").read_bytes(), np.uint8)
    np.testing.assert_array_equal(given, np.asarray(Image.open(folder / "picture.png")).ravel())


@pytest.mark.full
def test_java(folder):
    """With ONNX Runtime's own library, a .jar that REGIONZOO_ONNXRUNTIME_JAR names."""
    jar = os.environ.get("REGIONZOO_ONNXRUNTIME_JAR")
    if not jar:
        pytest.skip("REGIONZOO_ONNXRUNTIME_JAR names no onnxruntime.jar")
    (folder / "Detect.java").write_text(program("java"))
    java(folder, "javac", "-cp", jar, "-d", "with_jar", "Detect.java")
    file = made(folder, "free.onnx")
    check(run("java", "-cp", f"{jar}:with_jar", "Detect", file.name, "picture.png", cwd=folder), file)


@pytest.mark.full
def test_a_page_of_ones_own(folder, tmp_path):
    site = pages.written(made(folder, "fixed.onnx"), tmp_path / "site") / "runtime"  # ONNX Runtime's files
    file = made(folder, "free.onnx")
    (site / "own.html").write_text(program("html"))
    shutil.copyfile(file, site / "model.onnx")
    with chromium.served(site) as (address, lacking), chromium.browser(tmp_path / "profile") as tab:
        tab.open(f"{address}/own.html")
        tab.wait("document.querySelector('input').onchange !== null")
        asked = tab.call("Runtime.evaluate", expression="document.querySelector('input')")["result"]
        tab.call("DOM.setFileInputFiles", files=[str(folder / "picture.png")], objectId=asked["objectId"])
        tab.wait("document.querySelector('pre').textContent !== ''")
        rows = [line.rsplit(maxsplit=5) for line in tab.run("document.querySelector('pre').textContent").splitlines()]
        assert not [path for path, _ in lacking if path != "/favicon.ico"]
    check(([row[0] for row in rows], np.float64([row[1:] for row in rows])), file, numbered=True)


def test_the_page_names_every_output():
    from export.outputs import CHOICES

    text = PAGE.read_text(encoding="utf-8")
    for names in CHOICES.values():
        assert not [name for name in names if f"`{name}`" not in text]
