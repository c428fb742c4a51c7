"""The model that an artifact is made from computes in float32."""

import keras
import numpy as np

from export.source import in_float32
from tests.checks import outputs_equal
from tests.export.conftest import toy
from zoo.detection.mask_rcnn import mask_rcnn_resnet18_fpn


def test_mixed_precision_model_computes_in_float32(pictures):
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = toy()
    finally:
        keras.config.set_dtype_policy("float32")
    copy = in_float32(model)
    assert all(layer.compute_dtype == "float32" for layer in copy.layers)
    assert (type(copy), copy.class_names, in_float32(copy)) == (type(model), model.class_names, copy)
    images = pictures.astype(np.float32)
    half, single = (m.predict(images, verbose=0)["logits"] for m in (model, copy))
    np.testing.assert_allclose(half, single, atol=0.02)


def test_every_input_of_a_mixed_precision_detector_becomes_float32():
    arguments = {"width": 1 / 16, "num_proposals": 8, "input_shape": (64, 96, 3), "anchor_sizes": (8, 16, 24, 32, 48)}
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = mask_rcnn_resnet18_fpn(2, **arguments)
    finally:
        keras.config.set_dtype_policy("float32")
    model.class_names = ("bfloat16", "mixed_bfloat16")
    plain = mask_rcnn_resnet18_fpn(2, **arguments)
    plain.set_weights(model.get_weights())
    copy = in_float32(model)
    assert copy.class_names == model.class_names and copy.count_params() == plain.count_params()
    for name in ("box_head", "mask_head"):
        dtypes = [[tensor.dtype for tensor in m.get_layer(name).inputs] for m in (model, copy, plain)]
        assert dtypes[0][0] == "bfloat16" and dtypes[1] == dtypes[2]
    images = np.random.default_rng(0).uniform(0, 255, (1, 64, 96, 3)).astype("float32")
    found, expected = (m.predictions(m(images, training=False)) for m in (copy, plain))
    assert expected["count"] > 0
    outputs_equal(found, expected)
