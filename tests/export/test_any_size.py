"""Files that take pictures of any size, beside `predict_each` of plain ones; masks of the picture's size."""

import numpy as np
import onnxruntime
import pytest
import tensorflow as tf
from skimage import data

import export
from export.letterbox import fit
from export.runtimes.keras import KerasPredictor
from tests.checks import quick
from tests.export.test_tasks import PICTURES, SIDE, TASKS, follows, says
from tests.export.writing import SUFFIXES
from zoo.ops.masks import paste

SIZES = [(41, 90), (16, 16), (7, 5), (120, 33), (32, 32)]
"""Larger and smaller than the frame, wide and high, by area and bilinearly, odd and even, and the frame's own."""


def any_pictures(seed=0):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (*size, 3), dtype=np.uint8) for size in SIZES]


@pytest.mark.parametrize("resizing", ["letterbox", "stretch"])
@pytest.mark.parametrize("size", [(64, 96), (50, 31)])
def test_pictures_are_resized_as_opencv_does(size, resizing):
    """To one grey level in five of a hundred pixels; of a photograph in one of a thousand."""
    from export.letterbox_graph import fit as in_graph

    framed = tf.function(lambda image: in_graph(image, size, resizing)[0], reduce_retracing=True)
    photographs = [data.astronaut(), data.astronaut()[:301, :499], data.astronaut()[:100]]
    for picture in (*any_pictures(), *photographs):
        known, _ = fit(picture, size, resizing)
        given = picture[None] if len(picture) % 2 else picture[None] + np.float32(0.3)
        different = np.abs(framed(tf.constant(given))[0].numpy() - known)
        assert different.max() <= 1 and (different > 0).mean() <= (0.001 if len(picture) >= 100 else 0.05)


def sided(model, path, format="onnx", **form):
    """Exports a model twice; returns predictors of the plain file and of the one for any size."""
    plain, free = path / f"plain{SUFFIXES[format]}", path / f"free{SUFFIXES[format]}"
    export.export(model, plain, format, pictures=PICTURES)
    artifact = export.export(model, free, format, pictures=PICTURES, letterbox=True, **form)
    assert artifact.inputs[0]["shape"] == [1, None, None, 3] and artifact.parity["passed"]
    assert "of a picture of any size" in artifact.preprocessing and artifact.form["letterbox"]
    return export.load(plain), export.load(free)


def check(found, known):
    """Compares what is found in one picture."""
    assert found.keys() == known.keys()
    for name, values in known.items():
        assert found[name].shape == values.shape and found[name].dtype == values.dtype, name
        np.testing.assert_allclose(found[name], values, atol=0.02, err_msg=name)


@pytest.mark.parametrize(
    "task, format, resizing",
    quick(
        [(task, "onnx", "letterbox") for task in TASKS]
        + [("detection", "saved_model", "letterbox"), ("masks_and_keypoints", "onnx", "stretch")],
        ("masks_and_keypoints", "onnx", "stretch"),
    ),
)
def test_predictions_come_back_in_the_pictures_own_pixels(tmp_path, task, format, resizing):
    model = says(task)
    model.resizing = resizing
    plain, free = sided(model, tmp_path, format)
    assert (free.image_size, free.network_size, free.frame_size) == ((None, None), (SIDE, SIDE), None)
    pictures = any_pictures()
    for found, known in zip(free.predict_each(pictures), plain.predict_each(pictures), strict=True):
        check(found, known)
    together = free.predict(np.stack([pictures[0], pictures[0][::-1]]))
    check({name: values[0] for name, values in together.items()}, next(plain.predict_each(pictures)))
    assert export.verify(free.path, model, [(picture, None) for picture in PICTURES]).passed
    assert free.predict(PICTURES[:0]).keys() == plain.predict(PICTURES[:0]).keys()


@pytest.mark.parametrize("quantize", [None, pytest.param("int8", marks=pytest.mark.full)])
def test_maps_of_a_segmenter(model, pictures, tmp_path, quantize):
    asked = {"quantize": quantize, "representative": pictures if quantize else None}
    for name, form in (("plain.onnx", {}), ("free.onnx", {"letterbox": True, "outputs": "logits,classes"})):
        export.export(model, tmp_path / name, pictures=pictures[:2], **asked, **form)
    predictors = [export.load(tmp_path / name) for name in ("plain.onnx", "free.onnx")]
    large = [pictures[0].repeat(3, axis=0)[:71], pictures[1][:20].repeat(5, axis=1), pictures[2]]
    for known, found in zip(*(predictor.predict_each(large) for predictor in predictors), strict=True):
        assert (
            found["logits"].shape == known["logits"].shape and (found["classes"] == known["classes"]).mean() > 0.995
        )
        np.testing.assert_allclose(found["logits"], known["logits"], atol=0.5 if quantize else 0.1)
    free = onnxruntime.InferenceSession(tmp_path / "free.onnx")
    assert free.run(["classes"], {"image": large[0][None]})[0].shape == (1, 71, 48)


@pytest.mark.full
def test_regions_are_given_in_the_pictures_own_pixels(tmp_path):
    plain, free = sided(follows(), tmp_path)
    picture = any_pictures()[0]
    regions = np.float32([[10, 5, 60, 30], [0, 0, 90, 41]])
    known, found = (next(predictor.predict_each([(picture, regions)])) for predictor in (plain, free))
    check(found, known)
    np.testing.assert_allclose(np.sort(found["boxes"][:2], axis=0), np.sort(regions, axis=0), atol=1e-3)


@pytest.mark.parametrize("format", quick(["onnx", "tflite", "saved_model"], "tflite"))
def test_pasted_masks(tmp_path, format):
    model = says("masks_and_keypoints")
    path = tmp_path / f"pasted{SUFFIXES[format]}"
    artifact = export.export(model, path, format, pictures=PICTURES, paste=True)
    assert artifact.outputs[-1] == {"name": "pasted", "dtype": "uint8", "shape": [1, 3, SIDE, SIDE]}
    assert artifact.parity["passed"] and export.verify(path, model, [(PICTURES[1], None)]).passed
    predictor, reference = export.load(path), KerasPredictor(model).predict(PICTURES)
    found = predictor.predict(PICTURES)
    known = np.stack(
        [paste(*pair, (SIDE, SIDE)) for pair in zip(reference["masks"], reference["boxes"], strict=True)]
    )
    assert found["pasted"].shape == (2, 3, SIDE, SIDE) and 0.05 < known.mean() < 0.95
    assert (found["pasted"] == known).mean() > 0.995
    large = PICTURES[0].repeat(3, axis=0).repeat(3, axis=1)
    (one,) = predictor.predict_each([large])
    assert one["pasted"].shape == (3, 48, 48)
    assert (one["pasted"] == paste(one["masks"], one["boxes"], (48, 48))).mean() > 0.9


@pytest.mark.full
def test_pasted_masks_of_a_picture_of_any_size(tmp_path):
    plain, free = sided(says("instance_segmentation"), tmp_path, paste=True)
    for picture, known, found in zip(SIZES, *(p.predict_each(any_pictures()) for p in (plain, free)), strict=True):
        assert found["pasted"].shape == (3, *picture)
        assert (found["pasted"] == paste(known["masks"], known["boxes"], picture)).mean() > 0.99


def test_boxes_without_area_and_outside_have_empty_masks():
    from export.paste import paste as in_graph

    boxes = np.float32([[0, 0, 0, 0], [3, 4, 3, 9], [-20, -20, -8, -8], [-4, -2, 6, 5], [2.5, 1.2, 30, 9.9]])
    masks = np.random.default_rng(0).uniform(0, 1, (5, 28, 28)).astype(np.float32)
    found = in_graph(masks[None], boxes[None], (11, 17))[0].numpy().astype(bool)
    known = paste(masks, boxes, (11, 17))
    assert (found == known).mean() > 0.995 and not found[:3].any() and found[3].any() and found[4].any()
