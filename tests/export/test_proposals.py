"""Models that look at regions proposed to them: given, or found by whatever predicts, in Keras and in artifacts."""

from functools import cache, partial
from pathlib import Path

import keras
import numpy as np
import pytest
from skimage import data

import export
import zoo.proposals
from export.inputs import filled
from export.letterbox import fit
from export.runtime import opened
from export.runtimes.keras import KerasPredictor
from export.verify import compare
from tests.export.two_stage import SIZE, decided, quantized
from tests.export.writing import SUFFIXES
from zoo.detection.fast_rcnn import fast_rcnn_resnet18_fpn, fast_rcnn_vgg16
from zoo.detection.rcnn import rcnn_small
from zoo.errors import InputError

BOXES = np.float32([[20, 10, 100, 50], [0, 0, 40, 40], [60, 20, 160, 80]])


@pytest.fixture
def model():
    """An R-CNN at 40 x 60 pixels whose one class sees something in every region, and leaves boxes as they are."""
    model = rcnn_small(
        1,
        num_proposals=2,
        crop_size=16,
        context=2,
        width=1 / 8,
        units=32,
        proposals="uniform",
        input_shape=(40, 60, 3),
    )
    model.get_layer("svms").bias.assign([1.0])
    model.box_regression = False
    model.image_size, model.class_names = (40, 60), ("thing",)
    return model


def test_boxes_come_into_the_frame_and_back():
    _, placement = fit(np.zeros((80, 160, 3), np.uint8), (40, 60))
    np.testing.assert_allclose(
        placement.to_frame(BOXES[0]), [7.5, 8.75, 37.5, 23.75], atol=0.5
    )  # 3/8, 5 rows of grey
    np.testing.assert_allclose(placement.boxes(placement.to_frame(BOXES)), BOXES, atol=1e-4)


def test_proposals_of_a_picture_are_used_where_they_are_known(model, monkeypatch):
    def propose(picture, n, method):
        assert (n, method) == (2, "uniform")
        asked.append(picture.shape)
        return BOXES[:1], np.ones(1)

    asked = []
    monkeypatch.setattr(zoo.proposals, "propose", propose)
    predictor = KerasPredictor(model)
    picture = np.random.default_rng(0).integers(0, 255, (80, 160, 3)).astype(np.uint8)
    known, found = predictor.predict_each([(picture, BOXES), picture])
    assert asked == [(80, 160, 3)] and known["count"] == 2 and found["count"] == 1
    by_place = known["boxes"][:2][np.argsort(-known["boxes"][:2, 0])]
    np.testing.assert_allclose(by_place, BOXES[:2], atol=1e-3)  # the third does not fit in
    np.testing.assert_allclose(found["boxes"][0], BOXES[0], atol=1e-3)


def test_rows_are_filled_and_cut():
    np.testing.assert_array_equal(filled(BOXES, 2), BOXES[:2])
    np.testing.assert_array_equal(filled(np.zeros((0, 4)), 2), np.zeros((2, 4)))


GIVEN = {"proposals": "uniform", "input_shape": (*SIZE, 3)}
TOYS = {
    "rcnn": partial(rcnn_small, 3, num_proposals=65, crop_size=16, context=2, width=1 / 2, units=32, **GIVEN),
    "fpn": partial(fast_rcnn_resnet18_fpn, 3, num_proposals=24, width=1 / 8, **GIVEN),
    "vgg16": partial(fast_rcnn_vgg16, 3, num_proposals=24, width=1 / 16, **GIVEN),
}
"""R-CNN with one region more than go through its network at once."""
INPUTS = {"rcnn": 1.0, "fpn": 1.0, "vgg16": 100.0}
PHOTOGRAPH = data.astronaut()
PICTURES = np.stack([PHOTOGRAPH[y : y + SIZE[0], x : x + SIZE[1]] for y, x in ((40, 160), (200, 200))])
FORMS = [
    ("rcnn", "onnx", None),
    pytest.param("rcnn", "saved_model", None, marks=pytest.mark.full),
    pytest.param("fpn", "tflite", "int8", marks=pytest.mark.full),
    pytest.param("rcnn", "tflite", None, marks=pytest.mark.full),
    pytest.param("fpn", "saved_model", "float16", marks=pytest.mark.full),
    pytest.param("fpn", "onnx", None, marks=pytest.mark.full),
    pytest.param("vgg16", "onnx", "int8", marks=pytest.mark.full),
    pytest.param("vgg16", "tflite", None, marks=pytest.mark.full),
]


@pytest.fixture(scope="module")
def toys():
    """Returns a function of a kind to a detector that looks at regions, each built once."""

    @cache
    def toy(kind):
        keras.utils.set_random_seed(3)
        model = decided(TOYS[kind](), INPUTS[kind])
        model.image_size = SIZE
        return model

    return toy


@pytest.fixture(scope="module")
def exported(toys, tmp_path_factory):
    """Returns a function of kind, format and quantize to the artifact, each made once."""
    made = {}

    def artifact(kind, format, quantize):
        if (kind, format, quantize) not in made:
            path = tmp_path_factory.mktemp("artifact") / f"{kind}{SUFFIXES[format]}"
            made[kind, format, quantize] = export.export(
                toys(kind),
                path,
                format,
                quantize=quantize,
                representative=PICTURES if quantize == "int8" else None,
                pictures=PICTURES,
            )
        return made[kind, format, quantize]

    return artifact


@pytest.mark.parametrize("kind, format, quantize", FORMS)
def test_an_artifact_takes_regions_or_finds_them(toys, exported, kind, format, quantize):
    artifact, model = exported(kind, format, quantize), toys(kind)
    count = model.num_proposals
    # What a quantized form loses is told from labels alone.
    assert artifact.parity["verdict"] == ("cannot tell" if quantize else "passed"), artifact.parity
    assert not artifact.parity["failures"] and artifact.parity["outputs"]["boxes"]["max_abs"] < 3, artifact.parity
    assert artifact.inputs == [
        {"name": "image", "dtype": "uint8", "shape": [1, *SIZE, 3]},
        {"name": "proposals", "dtype": "float32", "shape": [1, count, 4]},
    ]
    predictor, reference = export.load(artifact.path), KerasPredictor(model)
    assert (predictor.proposals, predictor.num_proposals) == ("uniform", count)
    given, none = predictor.predict(PICTURES, [BOXES, np.zeros((0, 4))])["count"]
    assert given > 0 and none == 0
    found, paired = predictor.predict_each([PHOTOGRAPH, (PHOTOGRAPH, reference.propose(PHOTOGRAPH))])
    (expected,) = reference.predict_each([PHOTOGRAPH])
    for name in expected:
        np.testing.assert_array_equal(found[name], paired[name])
        if quantize is None:
            np.testing.assert_allclose(found[name], expected[name], atol=1e-2)
    assert expected["count"] == 8 and found["boxes"].max() > max(SIZE)  # in the photograph's own pixels


@pytest.mark.parametrize(
    "format, quantize",
    [
        ("onnx", "dynamic"),
        pytest.param("onnx", "float16", marks=pytest.mark.full),
        pytest.param("tflite", "dynamic", marks=pytest.mark.full),
        pytest.param("tflite", "float16", marks=pytest.mark.full),
    ],
)
def test_kernels_in_a_loop_shrink_too(toys, exported, tmp_path, format, quantize):
    plain = exported("rcnn", format, None)
    path = quantized(Path(plain.path), tmp_path, quantize)
    assert path.stat().st_size < 0.75 * plain.size
    limits = export.TOLERANCES["detection"][quantize]
    predictors = opened(path, None, plain), KerasPredictor(toys("rcnn"))
    found = compare(*predictors, [(picture, None) for picture in PICTURES], limits)
    assert not found.failures and found.outputs["boxes"]["max_abs"] < 0.2, found


def test_onnx_folds_what_a_loop_is_given(exported):
    operators = exported("rcnn", "onnx", None).operators
    assert operators["Loop"] == 1 and "Sqrt" not in operators  # of batch normalisation


def test_no_integers_in_a_loop(toys, tmp_path):
    with pytest.raises(InputError, match="'rcnn_small' cannot become int8: .* choose dynamic"):
        export.export(toys("rcnn"), tmp_path / "model.onnx", quantize="int8", representative=PICTURES)
    assert not list(tmp_path.iterdir())


def test_proposals_of_other_pictures_are_refused(model):
    with pytest.raises(InputError, match="received those of 1 for 2"):
        KerasPredictor(model).predict(np.zeros((2, 40, 60, 3), np.uint8), [BOXES])
