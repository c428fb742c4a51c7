"""OpenVINO's files, written from ONNX's, in OpenVINO's runtime."""

import shutil
from pathlib import Path

import numpy as np
import pytest

import export
from export.files import weights_beside
from export.runtimes.keras import KerasPredictor
from tests.export import two_stage
from tests.export.conftest import scenes
from tests.export.test_threads import together
from tests.export.writing import write
from zoo.errors import InputError

pytest.importorskip("openvino", reason="OpenVINO is an extra: pip install 'regionzoo[openvino]'")
FORMS = [(None, 1), (None, None), ("float16", 1), ("dynamic", 1), ("int8", 1)]


@pytest.mark.parametrize(("quantize", "batch_size"), FORMS)
def test_the_same_predictions_as_keras(exported, model, pictures, labels, quantize, batch_size):
    artifact = exported("openvino", quantize, batch_size)
    found = export.verify(artifact.path, model, zip(pictures, labels, strict=True))
    assert found.passed, found.failures
    assert artifact.format == "openvino" and artifact.versions["openvino"] and artifact.task == "segmentation"
    assert artifact.inputs == [{"name": "image", "dtype": "uint8", "shape": [batch_size, 32, 48, 3]}]
    assert {one["name"]: one["dtype"] for one in artifact.outputs} == {"logits": "float32", "classes": "int32"}
    predictor = export.load(artifact.path)
    assert predictor.card == artifact and predictor.predict(pictures[:0])["logits"].shape == (0, 32, 48, 3)
    large = predictor.predict(np.resize(pictures, (2, 40, 90, 3)))
    assert large["classes"].shape == (2, 40, 90)


def test_fewer_bits_are_fewer_bytes(exported):
    ways = (None, "float16", "int8")
    weights = {q: weights_beside(Path(exported("openvino", q).path)).stat().st_size for q in ways}
    assert weights["float16"] < 0.6 * weights[None] and weights["int8"] < 0.6 * weights[None]


def test_the_card_and_the_weights_belong_to_the_file(exported, tmp_path):
    import openvino

    artifact = exported("openvino")
    xml = Path(artifact.path)
    assert '"task": "segmentation"' in openvino.Core().read_model(xml).get_rt_info(["regionzoo_card"]).astype(str)
    assert artifact.size == xml.stat().st_size + xml.with_suffix(".bin").stat().st_size
    copy = tmp_path / "toy.xml"
    shutil.copy(xml, copy)
    with pytest.raises(InputError, match="toy.xml cannot be loaded"):
        export.load(copy)
    copy.write_bytes(xml.read_bytes()[:500])
    with pytest.raises(InputError, match="toy.xml cannot be read as OpenVINO's XML, it may be cut short"):
        export.load(copy)


def test_a_file_is_replaced_with_its_weights(model, pictures, tmp_path):
    path = tmp_path / "toy.xml"
    for quantize in (None, "float16"):
        artifact = export.export(model, path, "openvino", quantize=quantize, pictures=pictures)
        assert export.load(path).card == artifact and artifact.quantize == quantize
    assert sorted(file.name for file in tmp_path.iterdir()) == ["toy.bin", "toy.xml"]
    with pytest.raises(InputError, match="must end in .xml for the format openvino"):
        export.export(model, tmp_path / "toy.openvino", "openvino")


def test_threads_share_it(exported):
    together(export.load(exported("openvino", None, None).path).predict)


def test_threads_and_sizes(model, pictures, tmp_path):
    path = tmp_path / "any.xml"
    export.export(model, path, "openvino", image_size=(None, None), batch_size=None)
    predictor = export.load(path, threads=1)
    for size in ((32, 48), (64, 20)):
        images = np.resize(scenes(2, seed=4)[0], (2, *size, 3))
        ours, theirs = predictor.predict(images), KerasPredictor(model).predict(images)
        np.testing.assert_allclose(ours["logits"], theirs["logits"], atol=1e-3)


@pytest.mark.full
def test_a_two_stage_detector(tmp_path):
    network = two_stage.toy("plain")
    path, operators = write(network, tmp_path, "openvino", two_stage.SIZE)
    found = two_stage.compared(path, network)
    assert found.passed and found.agreement == 1.0, found.failures
    assert any("NonMaxSuppression" in name for name in operators)


def test_int8_that_letterboxes_is_refused_and_nothing_stays(model, pictures, tmp_path):
    with pytest.raises(InputError, match="openvino reads no int8 file that letterboxes: choose dynamic"):
        export.export(model, tmp_path / "a.xml", "openvino", quantize="int8", letterbox=True, representative=pictures)
    assert not list(tmp_path.iterdir())
