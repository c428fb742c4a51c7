import keras
import numpy as np
import pytest
from keras import layers

from zoo import InputError
from zoo.backbones.alexnets import alexnet
from zoo.backbones.darknet import darknet19
from zoo.backbones.vgg import vgg16
from zoo.detection.sliding_window import crop_by_crop
from zoo.fully_convolutional import SlidingClassifier, convolutionalize


def unpadded(head=layers.Flatten):
    """Two unpadded convolutions and poolings, stride 4, and two dense layers."""
    return keras.Sequential(
        [
            keras.Input((18, 14, 3)),
            layers.Rescaling(1 / 255),
            layers.Conv2D(4, 3, activation="relu"),
            layers.BatchNormalization(),
            layers.MaxPooling2D(),
            layers.Conv2D(6, 3),
            layers.LeakyReLU(0.1),
            layers.AveragePooling2D(2),
            head(),
            layers.Dropout(0.5),
            layers.Dense(8, activation="relu"),
            layers.Dense(5),
        ],
        name="unpadded",
    )


def picture(height, width, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3)).astype("float32")


def randomize(model):
    """Gives every weight a value of its own, batch statistics and biases included."""
    rng = np.random.default_rng(1)
    model.set_weights([rng.uniform(0.1, 1, w.shape) - 0.4 * (w.ndim > 1) for w in model.get_weights()])


def equals_crop_by_crop(classifier, model, image):
    crops = crop_by_crop(classifier, image, model.stride)
    dense = model.predict(image[None], verbose=0)[0]
    np.testing.assert_allclose(dense, crops, rtol=1e-5, atol=1e-5 * np.abs(crops).max())
    return crops.shape


@pytest.mark.core
def test_dense_layer_by_hand():
    classifier = keras.Sequential([keras.Input((2, 2, 1)), layers.Flatten(), layers.Dense(1)])
    classifier.set_weights([np.array([[1.0], [10], [100], [1000]]), np.array([0.5])])
    model = convolutionalize(classifier)
    logits = model.predict(np.array([[1.0, 2, 3], [4, 5, 6]]).reshape(1, 2, 3, 1), verbose=0)
    np.testing.assert_allclose(logits[0, :, :, 0], [[5421.5, 6532.5]])
    assert (model.window, model.stride) == ((2, 2), 1)


@pytest.mark.core
@pytest.mark.parametrize("head", [layers.Flatten, layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D])
def test_unpadded_classifier_equals_crop_by_crop(head):
    classifier = unpadded(head)
    randomize(classifier)
    model = convolutionalize(classifier)
    assert (model.window, model.stride) == ((18, 14), 4)
    assert equals_crop_by_crop(classifier, model, picture(50, 46)) == (9, 9, 5)
    assert equals_crop_by_crop(classifier, model, picture(18, 14)) == (1, 1, 5)
    assert equals_crop_by_crop(classifier, model, picture(21, 31)) == (1, 5, 5)


def test_weights_are_a_copy():
    classifier = unpadded()
    model = convolutionalize(classifier)
    before = model.predict(picture(18, 14)[None], verbose=0)
    randomize(classifier)
    np.testing.assert_array_equal(model.predict(picture(18, 14)[None], verbose=0), before)


@pytest.mark.core
def test_loaded_and_nested_classifiers(tmp_path):
    features = keras.Sequential([keras.Input((18, 14, 3)), layers.Conv2D(4, 3), layers.ReLU()], name="features")
    image = keras.Input((18, 14, 3))
    relu = layers.ReLU()
    x = relu(layers.Conv2D(3, 1)(relu(layers.MaxPooling2D()(features(image)))))
    classifier = keras.Model(image, layers.Dense(2)(layers.Flatten()(x)))
    randomize(classifier)
    classifier.save(tmp_path / "classifier.keras")
    loaded = keras.saving.load_model(tmp_path / "classifier.keras")
    assert equals_crop_by_crop(classifier, convolutionalize(loaded), picture(20, 18)) == (2, 3, 2)


def test_saves_and_loads(tmp_path):
    model = convolutionalize(unpadded())
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is SlidingClassifier and (loaded.window, loaded.stride) == ((18, 14), 4)
    image = picture(30, 30)[None]
    np.testing.assert_array_equal(loaded.predict(image, verbose=0), model.predict(image, verbose=0))


@pytest.mark.parametrize("closing", ["activation", "layer"])
def test_closing_softmax_is_left_off(closing):
    last = [layers.Dense(3, activation="softmax")] if closing == "activation" else [layers.Dense(3), layers.Softmax()]
    classifier = keras.Sequential([keras.Input((6, 6, 3)), layers.Conv2D(2, 3), layers.Flatten(), *last])
    logits = convolutionalize(classifier).predict(picture(6, 6)[None] / 255, verbose=0)[:, 0, 0]
    probabilities = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(classifier.predict(picture(6, 6)[None] / 255, verbose=0), probabilities, rtol=1e-5)


@pytest.mark.parametrize(("builder", "size"), [(vgg16, 64), (alexnet, 95), (darknet19, 64)])
def test_tops_of_the_zoo_equal_themselves_on_one_crop(builder, size):
    classifier = builder(include_top=True, num_classes=6, width=1 / 32, input_shape=(size, size, 3))
    model = convolutionalize(classifier)
    image = picture(size, size)[None]
    logits = model.predict(image, verbose=0)
    assert (model.stride, logits.shape) == (32, (1, 1, 1, 6))
    np.testing.assert_allclose(logits[:, 0, 0], classifier.predict(image, verbose=0)["logits"], rtol=1e-3, atol=1e-5)
    assert model.compute_output_shape((1, size + 64, size + 32, 3)) == (1, 3, 2, 6)


def test_same_padding_differs_only_where_a_window_sees_its_border():
    classifier = keras.Sequential(
        [keras.Input((8, 8, 3)), layers.Conv2D(2, 3, padding="same"), layers.MaxPooling2D(), layers.Flatten()]
        + [layers.Dense(2)]
    )
    model, image = convolutionalize(classifier), picture(8, 16)
    crops, dense = crop_by_crop(classifier, image, 2), model.predict(image[None], verbose=0)[0]
    assert np.abs(crops - dense).max() > 1  # what the docstring warns of
    kernel = np.array(model.layers[-1].kernel)
    kernel[0], kernel[-1], kernel[:, 0], kernel[:, -1] = 0, 0, 0, 0
    model.layers[-1].kernel.assign(kernel)
    classifier.layers[-1].kernel.assign(kernel.reshape(-1, 2))
    crops, dense = crop_by_crop(classifier, image, 2), model.predict(image[None], verbose=0)[0]
    np.testing.assert_allclose(dense, crops, rtol=1e-4, atol=1e-3)


def branching(image):
    x = layers.Conv2D(3, 3, padding="same")(image)
    return layers.Dense(2)(layers.Flatten()(layers.Add(name="shortcut")([x, image])))


def reshaped(image):
    return layers.Dense(2)(layers.Reshape((192,), name="reshape")(image))


def normalized_flat(image):
    return layers.Dense(2)(layers.BatchNormalization(name="late_bn")(layers.Flatten()(image)))


def oblong_strides(image):
    return layers.Dense(2)(layers.Flatten()(layers.Conv2D(2, 1, strides=(1, 2), name="oblong")(image)))


def early_softmax(image):
    return layers.Dense(2)(layers.Flatten()(layers.Softmax(name="early")(image)))


def not_flat(image):
    return layers.Conv2D(2, 3)(image)


@pytest.mark.parametrize(
    ("outputs", "message"),
    [
        (branching, "'shortcut' joins branches"),
        (reshaped, "'reshape' .Reshape. cannot"),
        (normalized_flat, "'late_bn' .BatchNormalization. between Flatten and Dense"),
        (oblong_strides, "'oblong' has strides .1, 2."),
        (early_softmax, "'early' is a softmax"),
        (not_flat, r"one vector of logits, received \(6, 6, 2\)"),
        (layers.Flatten(), r"one vector of logits, received \(192,\)"),
    ],
)
def test_what_cannot_be_turned_is_named(outputs, message):
    image = keras.Input((8, 8, 3))
    with pytest.raises(InputError, match=message):
        convolutionalize(keras.Model(image, outputs(image)))


def test_size_must_be_fixed_and_the_model_built():
    with pytest.raises(InputError, match="one fixed size"):
        convolutionalize(darknet19(include_top=True, width=1 / 32))
    with pytest.raises(InputError, match="not built"):
        convolutionalize(keras.Sequential([layers.Flatten(), layers.Dense(2)]))
    with pytest.raises(InputError, match="a dict with logits"):
        convolutionalize(vgg16(width=1 / 32, input_shape=(32, 32, 3)))
