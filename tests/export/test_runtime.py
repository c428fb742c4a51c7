"""Loading, wrong pictures, broken files, cards."""

import shutil
import warnings
import zipfile
from pathlib import Path

import keras
import numpy as np
import pytest

import export
import zoo
from export.artifact import Artifact
from export.files import sha256
from export.runtimes.keras import KerasPredictor
from tests.export.conftest import toy
from zoo.errors import InputError

ALL = [("saved_model", None, None), ("onnx", None, 1), ("tflite", None, 1)]


@pytest.fixture(scope="module")
def keras_file(model, tmp_path_factory):
    path = tmp_path_factory.mktemp("keras") / "toy.keras"
    model.save(path)
    return path


def test_keras_file_predicts_the_same_dict(keras_file, exported, model, pictures):
    predictor = export.load(keras_file)
    assert (predictor.task, predictor.class_names) == ("segmentation", ("red", "green", "blue"))
    assert predictor.card is None and predictor.batch_size is None and predictor.image_size == (None, None)
    ours, theirs = predictor.predict(pictures), export.load(exported("onnx").path).predict(pictures)
    assert {k: v.dtype for k, v in ours.items()} == {k: v.dtype for k, v in theirs.items()}
    logits = model.predict(pictures.astype(np.float32), verbose=0)["logits"]
    np.testing.assert_allclose(ours["logits"], logits, atol=1e-4)


@pytest.mark.parametrize(("format", "quantize", "batch_size"), ALL)
def test_wrong_pictures_are_named(exported, format, quantize, batch_size):
    predictor = export.load(exported(format, quantize, batch_size).path)
    assert predictor.image_size == (32, 48) and predictor.task == "segmentation"
    for wrong, message in [
        (np.zeros((1, 0, 48, 3), np.uint8), r"received \(1, 0, 48, 3\)"),
        (np.zeros((1, 32, 48, 4), np.uint8), r"\(N, height, width, 3\), received \(1, 32, 48, 4\)"),
        (np.zeros((32, 48, 3), np.uint8), r"received \(32, 48, 3\): a batch has a dimension more"),
        (np.zeros((1, 3, 32, 48), np.uint8), r"received \(1, 3, 32, 48\): channels come last"),
        ([np.zeros((32, 48, 3), np.uint8), np.zeros((8, 8, 3), np.uint8)], "received some of several sizes: give"),
        (None, r"\(N, height, width, 3\), received None"),
        ("street.jpg", "received the path 'street.jpg': zoo predict opens pictures, or give"),
        ([Path("a.jpg"), Path("b.jpg")], "received a list of 2 paths: zoo predict opens pictures"),
        (np.zeros((1, 32, 48, 3), np.int64), "uint8 or float, received int64"),
        (np.full((1, 32, 48, 3), 300.0), "0 to 255, received 300"),
        (np.full((1, 32, 48, 3), np.nan), "0 to 255"),
    ]:
        with pytest.raises(InputError, match=message):
            predictor.predict(wrong)
    with pytest.raises(InputError, match="received the path 'street.jpg': give np.asarray"):
        list(predictor.predict_each(["street.jpg"]))
    with pytest.raises(InputError, match=r"received float64 \(8, 8, 3\): give pixels of 0 to 255 as picture.astype"):
        list(predictor.predict_each([np.zeros((8, 8, 3))]))


def test_pixels_that_are_scaled_already_are_warned_of(exported, pictures):
    """Rounded they are nearly black: the prediction is that of nothing."""
    predictor = export.load(exported("onnx").path)
    with pytest.warns(UserWarning, match="the model takes raw pixels of 0 to 255 .* received 0 to 1"):
        predictor.predict(np.linspace(0, 1, pictures.size).reshape(pictures.shape))
    with warnings.catch_warnings(action="error"):
        predictor.predict(pictures.astype(float))


def test_pictures_of_any_size(exported, keras_file, pictures):
    predictor = export.load(exported("onnx").path)
    tall = np.concatenate([pictures[0], pictures[0][:16]])
    found = predictor.predict(tall[None].repeat(2, axis=1).repeat(2, axis=2))
    assert found["logits"].shape == (1, 96, 96, 3) and found["classes"].shape == (1, 96, 96)
    np.testing.assert_array_equal(found["classes"], found["logits"].argmax(-1))
    assert export.load(keras_file).frame_size == (32, 48)
    for one in (predictor, export.load(keras_file)):
        own, scaled = one.predict_each([pictures[0], pictures[0].repeat(2, axis=0).repeat(2, axis=1)])
        np.testing.assert_allclose(own["logits"], predictor.predict(pictures[:1])["logits"][0], atol=1e-4)
        assert scaled["classes"].shape == (64, 96) and scaled["classes"].dtype == np.int32
        assert (scaled["classes"][::2, ::2] == own["classes"]).mean() > 0.95
    for wrong in (pictures[0].astype(float), pictures, np.zeros((0, 4, 3), np.uint8)):
        with pytest.raises(InputError, match=r"pictures are uint8 \(height, width, 3\) RGB"):
            list(predictor.predict_each([wrong]))


def test_sides_are_scaled_where_any_will_do():
    """As torchvision's detectors want it: the frame is the picture's own, and boxes come back along each axis."""
    seen = []

    class Seeing(KerasPredictor):
        def call(self, inputs):
            seen.append(inputs["image"].shape)
            return {"boxes": np.float32([[[0, 0, *inputs["image"].shape[2:0:-1]]]])}

    image = keras.Input((None, None, 3), name="image")
    any_size = zoo.ZooModel(image, {"boxes": image}, name="any")
    any_size.sides = (80, 133)
    pictures = [np.zeros((*size, 3), np.uint8) for size in ((48, 64), (10, 90))]
    found = list(Seeing(any_size).predict_each(pictures))
    assert seen == [(1, 80, 106, 3), (1, 14, 133, 3)]
    np.testing.assert_allclose([one["boxes"][0] for one in found], [[0, 0, 64, 48], [0, 0, 90, 10]])


def test_card_survives_json_and_reading(exported):
    for form in ALL:
        artifact = exported(*form)
        assert Artifact.from_dict(artifact.to_dict()) == artifact == Artifact.read(artifact.path)
        assert artifact.sha256 == sha256(artifact.path) and artifact.size > 0
        assert export.load(artifact.path).card == artifact


def test_tflite_labels_are_an_associated_file(exported):
    with zipfile.ZipFile(exported("tflite").path) as archive:
        assert archive.read("labels.txt").decode().splitlines() == ["red", "green", "blue"]


def test_artifact_without_card_still_predicts(exported, pictures, tmp_path):
    folder = shutil.copytree(exported("saved_model", None, None).path, tmp_path / "bare")
    shutil.rmtree(folder / "assets.extra")
    predictor = export.load(folder)
    assert predictor.card is None and predictor.task is None and predictor.class_names == ()
    assert predictor.predict(pictures)["classes"].shape == (5, 32, 48)


@pytest.mark.parametrize(("format", "quantize", "batch_size"), ALL)
def test_truncated_file(exported, tmp_path, format, quantize, batch_size):
    source = Path(exported(format, quantize, batch_size).path)
    broken = tmp_path / source.name
    if source.is_dir():
        shutil.copytree(source, broken)
        data = next((broken / "variables").glob("*.data-*"))
    else:
        data = Path(shutil.copy(source, broken))
    data.write_bytes(data.read_bytes()[: data.stat().st_size // 3])
    with pytest.raises(InputError, match="cut short") as failure:
        export.load(broken)
    assert str(broken) in str(failure.value) and "\n" not in str(failure.value)


def test_what_is_no_artifact(tmp_path):
    with pytest.raises(InputError, match="does not exist"):
        export.load(tmp_path / "missing.onnx")
    with pytest.raises(InputError, match="is no artifact"):
        export.load(tmp_path)
    text = tmp_path / "model.keras"
    text.write_text("no model")
    with pytest.raises(InputError, match="cannot be read as a .keras file"):
        export.load(text)
    with pytest.raises(InputError, match=f"{tmp_path} is a run's folder: give the model in it, {text}, or"):
        export.load(tmp_path)


def test_verify_finds_another_model(exported, pictures):
    keras.utils.set_random_seed(7)
    result = export.verify(exported("onnx").path, toy(), [(pictures[0], None), (pictures[1], None)])
    assert not result.passed and "agreement" in result.failures[1]
    assert result.metric is None and result.metric_change is None
    assert export.verify(exported("onnx").path, toy(), [(pictures[0], None)], tolerance={"agreement": 0.0}).passed


def test_verify_needs_examples(exported, model):
    with pytest.raises(InputError, match="no examples"):
        export.verify(exported("onnx").path, model, [])
    with pytest.raises(InputError, match="32x48 pixels, received 16x48"):
        export.verify(exported("onnx").path, model, [(np.zeros((16, 48, 3), np.uint8), None)])
    with pytest.raises(InputError, match="tolerance must be a dict"):
        export.verify(exported("onnx").path, model, [], tolerance=0.1)
