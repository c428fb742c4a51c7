import keras
import numpy as np
import pytest

from zoo.backbones.normalization import normalize, set_convention

pytestmark = pytest.mark.core
PIXELS = np.array([[0, 0, 0], [255, 255, 255], [124, 116, 104]], "uint8").reshape(1, 1, 3, 3)
EXPECTED = {
    "caffe": [[-123.68, -116.779, -103.939], [131.32, 138.221, 151.061], [0.32, -0.779, 0.061]],
    "ilsvrc12": [[-122.6789, -116.6688, -104.007], [132.3211, 138.3312, 150.993], [1.3211, -0.6688, -0.007]],
    "ilsvrc12_rounded": [[-123, -117, -104], [132, 138, 151], [1, -1, 0]],
    "torchvision": [[-2.1179, -2.0357, -1.8044], [2.2489, 2.4286, 2.64], [0.0056, -0.0049, 0.0082]],
    "symmetric": [[-1, -1, -1], [1, 1, 1], [-0.02745, -0.0902, -0.18431]],
    "raw": PIXELS[0, 0],
}


@pytest.mark.parametrize("convention", EXPECTED)
def test_conventions_by_hand(convention):
    values = np.asarray(normalize(PIXELS, convention))
    np.testing.assert_allclose(values[0, 0], EXPECTED[convention], atol=2e-4)


def test_a_model_changes_its_convention_and_keeps_it(tmp_path):
    image = keras.Input((None, None, 3))
    model = keras.Model(image, normalize(image, "caffe"))
    model.predict(PIXELS, verbose=0)
    set_convention(model, "torchvision")
    model.save(tmp_path / "model.keras")
    for changed in (model, keras.saving.load_model(tmp_path / "model.keras")):
        values = changed.predict(PIXELS, verbose=0)
        np.testing.assert_allclose(values[0, 0], EXPECTED["torchvision"], atol=2e-4)
