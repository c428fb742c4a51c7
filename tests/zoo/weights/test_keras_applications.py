import zipfile

import h5py
import keras
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zoo import InputError, weights
from zoo.backbones.normalization import CONVENTIONS, set_convention
from zoo.backbones.vgg import vgg16
from zoo.weights import keras_applications, keras_file

TOY = {"width": 1 / 32, "input_shape": (32, 32, 3)}
TOP = {"include_top": True, "num_classes": 3}
SHAPES = [(i, j, 2 << min(i - 1, 3)) for i, count in enumerate((2, 2, 3, 3, 3), 1) for j in range(1, count + 1)]


def theirs(top):
    """Returns a network of keras.applications' layers and names at toy width, with random biases, too."""
    rng = keras.initializers.RandomNormal(stddev=0.3, seed=0)
    options = {"activation": "relu", "bias_initializer": rng, "kernel_initializer": rng}
    x = image = keras.Input((32, 32, 3), name="input_layer")
    for i, j, filters in SHAPES:
        x = keras.layers.Conv2D(filters, 3, padding="same", name=f"block{i}_conv{j}", **options)(x)
        if (i, j + 1, filters) not in SHAPES:
            x = keras.layers.MaxPooling2D(name=f"block{i}_pool")(x)
    if top:
        x = keras.layers.Flatten(name="flatten")(x)
        for name in ("fc1", "fc2"):
            x = keras.layers.Dense(128, name=name, **options)(x)
        x = keras.layers.Dense(3, name="predictions", bias_initializer=rng)(x)
    return keras.Model(image, x, name="vgg16")


def write_version_1(path, model):
    """Writes the form of the published file: bytes for names, `block1_conv1_W_1:0` for an array."""
    with h5py.File(path, "w") as file:
        file.attrs["layer_names"] = [layer.name.encode() for layer in model.layers]
        for layer in model.layers:
            group = file.create_group(layer.name)
            names = [f"{layer.name}_{kind}_1:0" for kind in "Wb"][: len(layer.weights)]
            group.attrs["weight_names"] = [name.encode() for name in names]
            for name, value in zip(names, layer.get_weights(), strict=True):
                group[name] = value


@pytest.mark.parametrize("top", [False, True])
@pytest.mark.parametrize("form", ["a.keras", "a.weights.h5", "version_1.h5"])
def test_the_same_outputs(tmp_path, form, top):
    """keras.applications turns the channels round and subtracts the mean before its network."""
    peer, path = theirs(top), tmp_path / form
    if form == "version_1.h5":
        write_version_1(path, peer)
    else:
        (peer.save_weights if form == "a.weights.h5" else peer.save)(path)
    ours = vgg16(**TOY, **(TOP if top else {}))
    report = weights.load(ours, path, source="keras_applications")
    assert len(report.loaded) == (32 if top else 26) and not report.unused and not report.missing
    picture = np.random.default_rng(0).integers(0, 256, (1, 32, 32, 3)).astype("float32")
    expected = peer(keras.applications.vgg16.preprocess_input(picture.copy()))
    np.testing.assert_allclose(ours(picture)["logits" if top else "pool5"], expected, rtol=1e-3, atol=1e-3)
    assert ours.get_layer("normalize").offset == CONVENTIONS["caffe"][1]


def test_files_of_the_zoo_and_of_keras_are_told_apart(tmp_path):
    model = vgg16(**TOY)
    model.save_weights(tmp_path / "ours.weights.h5")
    with pytest.raises(InputError, match="of the zoo, not of keras.applications: load it by source='zoo'"):
        weights.load(model, tmp_path / "ours.weights.h5", source="keras_applications")
    theirs(False).save_weights(tmp_path / "theirs.weights.h5")
    with pytest.raises(InputError, match="of keras.applications, not of the zoo: load it by source='keras_app"):
        weights.load(model, tmp_path / "theirs.weights.h5", source="zoo")
    # Without a source, what the layers tell is right.
    assert len(weights.load(model, tmp_path / "ours.weights.h5").loaded) == 26
    assert model.get_layer("normalize").offset == CONVENTIONS["caffe"][1]
    first = model.get_layer("block1_conv1")
    ours = np.array(first.kernel)
    weights.load(model, tmp_path / "theirs.weights.h5")
    assert not np.array_equal(first.kernel, ours)


def test_a_model_of_the_zoo_brings_its_convention(tmp_path):
    saved, model = vgg16(**TOY), vgg16(**TOY)
    set_convention(saved, "torchvision")
    saved.save(tmp_path / "a.keras")
    weights.load(model, tmp_path / "a.keras")
    assert model.get_layer("normalize").offset == CONVENTIONS["torchvision"][1]
    np.testing.assert_array_equal(model.get_layer("block5_conv3").kernel, saved.get_layer("block5_conv3").kernel)
    with zipfile.ZipFile(tmp_path / "a.keras") as archive, zipfile.ZipFile(tmp_path / "b.keras", "w") as damaged:
        damaged.writestr("config.json", "{}")
        damaged.writestr("model.weights.h5", archive.read("model.weights.h5"))
    before = model.get_weights()
    with pytest.raises(InputError, match="b.keras: its config.json describes no model of the zoo"):
        weights.load(model, tmp_path / "b.keras")
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)


def test_other_models(tmp_path):
    image = keras.Input((8, 8, 3))
    with pytest.raises(InputError, match="plain is not built on VGG16"):
        keras_applications.wanted(keras.Model(image, keras.layers.Conv2D(1, 1)(image), name="plain"))


def test_damaged_files(tmp_path):
    path = tmp_path / "a.h5"
    with pytest.raises(InputError, match="a.h5: no such file"):
        keras_file.read(path)
    path.write_bytes(b"nothing")
    with pytest.raises(InputError, match="a.h5: no weights file of Keras, or damaged"):
        keras_file.read(path)
    h5py.File(path, "w").close()
    with pytest.raises(InputError, match="a.h5: holds no weights of layers"):
        keras_file.read(path)
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("config.json", "{}")
    with pytest.raises(InputError, match="a.keras: no weights file of Keras"):
        keras_file.read(tmp_path / "a.keras")


def test_links_to_other_files_are_refused(tmp_path):
    with h5py.File(tmp_path / "secret.h5", "w") as file:
        file["numbers"] = np.arange(4.0)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        vars_ = file.create_group("layers/conv2d/vars")
        vars_.attrs["name"] = "block1_conv1"
        vars_["0"] = h5py.ExternalLink(str(tmp_path / "secret.h5"), "numbers")
    with pytest.raises(InputError, match="'block1_conv1/0' is no array that the file itself holds"):
        keras_file.read(tmp_path / "a.h5")


def test_arrays_in_other_files_or_larger_than_the_file_are_refused(tmp_path):
    path, secret = tmp_path / "a.h5", tmp_path / "secret"
    secret.write_bytes(bytes(16))
    with h5py.File(path, "w") as file:
        vars_ = file.create_group("layers/conv2d/vars")
        vars_.attrs["name"] = "block1_conv1"
        vars_.create_dataset("0", (4,), "f4", external=[(str(secret), 0, 16)])
    with pytest.raises(InputError, match="'block1_conv1/0' is no array that the file itself holds"):
        keras_file.read(path)
    with h5py.File(path, "w") as file:
        vars_ = file.create_group("layers/conv2d/vars")
        vars_.attrs["name"] = "block1_conv1"
        vars_.create_dataset("0", (2**40,), "f4", chunks=(2**10,))
    with pytest.raises(InputError, match="'block1_conv1/0' claims 4,398,046,511,104 bytes"):
        keras_file.read(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.floats(0, 1), st.integers(0, 255)), min_size=1, max_size=4), st.floats(0.2, 1))
def test_changed_bytes_give_arrays_or_the_stated_error(tmp_path, changes, kept):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        vars_ = file.create_group("layers/conv2d/vars")
        vars_.attrs["name"] = "block1_conv1"
        vars_["0"] = np.arange(6.0)
    data = bytearray((tmp_path / "a.h5").read_bytes())
    for place, value in changes:
        data[int(place * (len(data) - 1))] = value
    (tmp_path / "b.h5").write_bytes(data[: int(kept * len(data))])
    try:
        arrays, _ = keras_file.read(tmp_path / "b.h5")
    except InputError:
        return
    assert all(isinstance(array, np.ndarray) for array in arrays.values())
