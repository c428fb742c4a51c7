"""Networks with pooling switches are compared with Keras at the switches that the artifact chose."""

from types import SimpleNamespace

import keras
import numpy as np
import pytest

import export
import zoo
from export.predictor import Predictor
from export.runtimes.keras import KerasPredictor
from export.switches import PREFIX, Switched, chosen, windows, with_switches
from export.tolerances import tolerances
from export.verify import compare
from tests.export.writing import settled, write
from zoo.errors import InputError
from zoo.ops.switches import max_pool

FORMATS = ["onnx", *(pytest.param(format, marks=pytest.mark.full) for format in ("saved_model", "tflite"))]


@pytest.fixture(scope="module")
def trained():
    """A narrow SegNet-Basic after two steps, and pictures that it has seen."""
    keras.utils.set_random_seed(0)
    model = zoo.segnet_basic(5, width=1 / 8, input_shape=(48, 64, 3))
    return model, settled(model)


@pytest.fixture(scope="module")
def written(trained, tmp_path_factory):
    """Returns a function of the format to the model's artifact."""
    folder = tmp_path_factory.mktemp("written")
    made = {}

    def path(format):
        if format not in made:
            made[format] = write(trained[0], folder, format, (48, 64))[0]
        return made[format]

    return path


def test_windows_by_hand():
    x = np.arange(2 * 4 * 4 * 3).reshape(2, 4, 4, 3).astype(np.float32)
    seen = windows(x)
    assert seen.shape == (2, 2, 2, 3, 4)
    assert seen[1, 0, 1, 2].tolist() == [x[1, 0, 2, 2], x[1, 0, 3, 2], x[1, 1, 2, 2], x[1, 1, 3, 2]]
    pooled, switches = map(np.asarray, max_pool(x * np.float32([1, -1, 1])))
    np.testing.assert_array_equal(windows(x * np.float32([1, -1, 1])).argmax(-1), switches)


def test_given_switches_are_used_and_weighed():
    image = keras.Input((5, 4, 1), name="image")
    pooled, switches = zoo.layers.MaxPoolWithSwitches(name="pool")(image)
    logits = zoo.layers.Unpool(name="logits")([pooled, switches, image])
    model = zoo.segmentation.segmenter.Segmenter(image, {"logits": logits})
    x = np.float32([[8, 7, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 4], [2, 2, 0, 1]]).reshape(1, 5, 4, 1)
    twin, (layer,) = chosen(model)
    layer.given = np.float32([[1, 0], [0, 3], [3, 1]]).reshape(1, 3, 2, 1)
    found = np.asarray(twin(x)["logits"])[0, :, :, 0]
    assert found.tolist() == [[0, 8, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 4], [0, 0, 0, 1]]
    # One pixel next to the largest, of 8; the last row, repeated below, has no other of its largest.
    assert layer.gaps.ravel().tolist() == [1 / 8, 0, 0, 0, 0, 0]
    layer.given[0, 0, 1, 0] = 5.0  # none of the four
    twin(x)
    assert layer.gaps[0, 0, 1, 0] == np.inf


@pytest.mark.parametrize("format", FORMATS)
def test_a_file_shows_its_switches_in_a_copy_alone(trained, written, tmp_path, format):
    model, images = trained
    artifact, keras_model = export.load(written(format)), KerasPredictor(model)
    assert not any(name.startswith(PREFIX) for name in artifact.predict(images))
    switched = Switched(artifact, keras_model, tmp_path)
    shown = switched.shown.predict(images)
    own = with_switches(model).predict_on_batch(images.astype(np.float32))
    names = [f"{PREFIX}pool{i}" for i in range(1, 5)]
    assert set(names) < set(shown)
    for name in names:
        assert shown[name].shape == own[name].shape and np.mean(shown[name] != own[name]) < 1e-3
    for pictures in (images, images[:1]):  # again, in another number
        theirs, ours = artifact.predict(pictures)["logits"], switched.predict(pictures)["logits"]
        np.testing.assert_allclose(theirs, ours, atol=1e-4)
    assert switched.gap <= 1e-5 and switched.count == 3 * sum(shown[name][0].size for name in names)


def test_a_gap_without_a_number_stays(trained, written, tmp_path):
    switched = Switched(export.load(written("onnx")), KerasPredictor(trained[0]), tmp_path)
    layer = SimpleNamespace(name="pool1", given=np.zeros(2))
    for gaps in ([0.0, np.nan], [0.0, 0.5]):
        layer.gaps = np.array(gaps)
        switched.take(layer)
        assert np.isnan(switched.figures()["switch_gap"]) and switched.place == "picture #1, layer pool1"


class Moved(Predictor):
    """An artifact that sees pictures a little moved: its switches differ, and so do its values."""

    def __init__(self, predictor, moved):
        self.__dict__.update(vars(predictor))
        self.inner, self.moved = predictor, moved

    def predict(self, pictures, proposals=None):
        """Returns the predictions of the moved pictures."""
        return self.inner.predict(np.clip(pictures + self.moved, 0, 255).astype(np.uint8), proposals)


def test_no_limit_is_raised(trained, written):
    model, images = trained
    examples, limits = [(image, None) for image in images], tolerances("segmentation", None, switches=True)
    artifact = export.load(written("onnx"))
    assert compare(artifact, KerasPredictor(model), examples, limits).passed
    found = compare(Moved(artifact, 2), KerasPredictor(model), examples, limits)
    assert found.verdict == "failed" and found.tolerance["relative"] == 1e-4
    assert found.failures[0].startswith("relative") and "(logits, picture #" in found.failures[0]


def test_a_bias_is_found(trained, tmp_path):
    """A bias in every logit moves no class: limits that follow what switches do to the values let it pass."""
    model, images = trained
    broken = keras.models.clone_model(model)
    broken.set_weights(
        [
            w + 0.146 if v.path.endswith("logits/bias") else w
            for v, w in zip(model.weights, model.get_weights(), strict=True)
        ]
    )
    assert any(v.path.endswith("logits/bias") for v in model.weights)
    path, _ = write(broken, tmp_path, "onnx", (48, 64))
    found = export.verify(path, model, [(image, None) for image in images])
    assert not found.passed and found.agreement == 1.0 and found.failures[0].startswith("relative")


def test_a_file_without_names_is_one_line(trained, written, tmp_path):
    import onnx

    proto = onnx.load(written("onnx"))
    for node in proto.graph.node:
        for names in (node.input, node.output):
            names[:] = [name.replace(PREFIX, "other_") for name in names]
    onnx.save(proto, tmp_path / "other.onnx")
    with pytest.raises(InputError, match="other.onnx does not name the switches of its layers.*export it again"):
        export.verify(tmp_path / "other.onnx", trained[0], [(trained[1][0], None)])
