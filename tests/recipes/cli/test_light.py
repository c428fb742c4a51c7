"""What answers at once: verbs that load no framework, asked of a process of its own."""

import json
import shutil
import subprocess
import sys

import pytest

from recipes.deploy.ship import ship
from recipes.report.run import report, write_metrics

HEAVY = {
    *("tensorflow", "keras", "jax", "torch", "tensorflow_datasets", "tensorboard", "onnx", "tf2onnx"),
    *("ai_edge_quantizer", "sklearn", "scipy", "skimage", "matplotlib"),
}
PROGRAM = """
import sys
from recipes.cli.main import main
try:
    main()
except SystemExit as ended:
    print(ended.code, *sys.modules, sep="\\n", file=sys.stderr)
"""


def run(*words):
    """Runs `zoo WORDS` and returns the exit code, what was printed, and the modules that were loaded."""
    ended = subprocess.run([sys.executable, "-c", PROGRAM, *map(str, words)], capture_output=True, text=True)
    code, *modules = ended.stderr.splitlines()
    return code, ended.stdout, set(modules)


@pytest.fixture(scope="module")
def artifacts(trained, tmp_path_factory):
    """The folder of the artifacts of a run with its report."""
    write_metrics(trained)
    report(trained)
    own = shutil.copytree(trained.path, tmp_path_factory.mktemp("light") / "run")
    for format in ("onnx", "tflite"):
        ship(own / "model.keras", format=format)
    return own / "artifacts"


@pytest.mark.parametrize("words", [["--help"], ["list"], ["weights"], ["train", "--help"]])
def test_what_there_is_is_listed_without_a_framework(words):
    code, printed, modules = run(*words)
    assert code == "0" and printed
    assert not HEAVY & modules


@pytest.mark.parametrize(("format", "runtime"), [("onnx", "onnxruntime"), ("tflite", "ai_edge_litert")])
def test_an_artifact_predicts_and_is_timed_by_its_runtime_alone(artifacts, sets, tmp_path, format, runtime):
    artifact = artifacts / f"model.{format}"
    code, _, modules = run("predict", artifact, sets[1] / "images", "--output", tmp_path)
    assert code == "0" and runtime in modules
    assert not (HEAVY | {"onnxruntime", "ai_edge_litert"} - {runtime}) & modules
    assert len(json.loads((tmp_path / "predictions.json").read_text())) == 3
    code, _, modules = run("benchmark", artifact, "--runs", "1")
    assert code == "0" and "p95" in (artifacts.parent / "report.html").read_text()
    assert not (HEAVY | {"onnxruntime", "ai_edge_litert"}) & modules


def test_a_page_is_written_and_linked(artifacts, sets, tmp_path):
    output, sample = artifacts.parent / "a web", next((sets[1] / "images").iterdir())
    code, printed, modules = run("web", artifacts / "model.onnx", "--output", output, "--sample", sample)
    assert code == "0" and f"--directory {output}" in printed
    assert not (HEAVY | {"onnxruntime", "ai_edge_litert"}) & modules
    described = json.loads((output / "page.json").read_text())
    assert described["title"] == artifacts.parent.name and described["colours"][0] == "#0072b2"
    assert (output / described["samples"][0]).read_bytes() == sample.read_bytes()
    link = 'href="a%20web/index.html"'
    assert link in (artifacts.parent / "report.html").read_text()
    output.rename(tmp_path / "moved")
    run("benchmark", artifacts / "model.onnx", "--runs", "1")
    assert link not in (artifacts.parent / "report.html").read_text()


def test_a_sample_that_no_browser_shows_is_one_line(artifacts, tmp_path):
    (tmp_path / "scan.tif").write_bytes(b"II")
    program = "import sys\nfrom recipes.cli.main import main\nmain()"
    words = "web", artifacts / "model.onnx", "--output", tmp_path / "web", "--sample", tmp_path / "scan.tif"
    ended = subprocess.run([sys.executable, "-c", program, *map(str, words)], capture_output=True, text=True)
    assert ended.returncode == 2 and ended.stderr.startswith(f"error: {tmp_path / 'scan.tif'}: browsers show .jpg")
    assert not (tmp_path / "web").exists()


def test_a_missing_extra_is_one_line(tmp_path):
    (tmp_path / "model.onnx").touch()
    program = f"from tests.installation import without\nwithout('skimage')\n{PROGRAM}"
    words = "facewarp", "face.png", "--model", tmp_path / "model.onnx"
    ended = subprocess.run([sys.executable, "-c", program, *map(str, words)], capture_output=True, text=True)
    line, code, *_ = ended.stderr.splitlines()
    assert line == "error: skimage is not installed, which this needs: pip install 'regionzoo[train]'"
    assert code == "2"
