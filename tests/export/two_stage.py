"""Toy two-stage detectors with random but decided weights, written in this process, and drawn pictures."""

import warnings

import keras
import numpy as np
import onnx

import export
import export.onnx
from export import onnx_quantize, onnx_shrink, tflite_quantize
from zoo.detection.faster_rcnn import faster_rcnn_resnet18_fpn, faster_rcnn_zf
from zoo.detection.keypoint_rcnn import keypoint_rcnn_resnet18_fpn
from zoo.detection.mask_keypoint_rcnn import mask_keypoint_rcnn_resnet18_fpn
from zoo.detection.mask_rcnn import mask_rcnn_resnet18_fpn

SIZE = 96, 128
TOY = {
    "width": 0.125,
    "input_shape": (*SIZE, 3),
    "anchor_sizes": (12, 24, 36, 48, 72),
    "num_proposals": 40,
}
SPREAD = {
    "class_logits": 1.5,
    "box_deltas": 1.0,
    "rpn_objectness": 2.0,
    "rpn_deltas": 0.5,
    "mask_logits": 4.0,
    "keypoint_logits": 2.0,
    "svms": 1.0,
    "regressors": 0.3,
}
"""By layer, the standard deviation of its outputs for inputs of about 1; as built they are all but equal."""
BUILDERS = {
    "plain": lambda: faster_rcnn_zf(
        3, width=1 / 16, input_shape=(*SIZE, 3), anchor_sizes=(12, 24, 48), num_proposals=40
    ),
    "faster": lambda: faster_rcnn_resnet18_fpn(3, **TOY),
    "mask": lambda: mask_rcnn_resnet18_fpn(3, **TOY),
    "keypoint": lambda: keypoint_rcnn_resnet18_fpn(1, num_keypoints=5, **TOY),
    "both": lambda: mask_keypoint_rcnn_resnet18_fpn(2, num_keypoints=5, **TOY),
}


def toy(kind):
    """Builds a toy whose scores, classes, boxes, masks and points differ from region to region."""
    keras.utils.set_random_seed(0)
    return decided(BUILDERS[kind]())


def decided(model, inputs=1.0):
    """Gives a detector weights by which regions differ, its last layers taking about `inputs`, and 8 rows."""
    model.max_detections = 8
    rng = np.random.default_rng(0)
    for weight in model.weights:
        layer, name = weight.path.split("/")[-2:]
        if layer in SPREAD and name == "kernel":
            axis = 3 if layer == "keypoint_logits" else -2  # a transposed convolution's inputs come last
            kernel = rng.normal(0, 1 / np.sqrt(weight.shape[axis]), weight.shape)
            # Without a mean: inputs after a ReLU are positive, and would have all regions say the same.
            weight.assign(SPREAD[layer] / inputs * (kernel - kernel.mean(axis, keepdims=True)))
        elif name == "gamma":
            weight.assign(np.full(weight.shape, 0.6))
    return model


def pictures(count, seed):
    """Returns `(count, 96, 128, 3)` uint8: grey noise with a few coloured rectangles and rings."""
    rng = np.random.default_rng(seed)
    scenes = rng.normal(110, 12, (count, *SIZE, 3))
    rows, columns = np.mgrid[: SIZE[0], : SIZE[1]]
    for scene in scenes:
        for i in range(4):
            y, x, side = rng.integers(10, 80), rng.integers(10, 110), rng.integers(6, 30)
            apart = np.maximum(abs(rows - y), abs(columns - x)) if i % 2 else np.hypot(rows - y, columns - x)
            scene[(apart < side) & (apart > side / 3)] = rng.integers(0, 255, 3)
    return np.clip(scenes, 0, 255).astype(np.uint8)


def quantized(plain, folder, quantize):
    """Quantizes a float32 file of batch size 1 as its writer does, without converting the model again."""
    path, inputs = folder / f"{quantize}{plain.suffix}", {"image": pictures(6, seed=2)}
    if plain.suffix == ".tflite":
        with warnings.catch_warnings(action="ignore"):  # of the quantizer's own making
            content, _ = tflite_quantize.quantized(plain.read_bytes(), quantize, inputs, 1)
            path.write_bytes(content)
    elif quantize == "int8":
        onnx_quantize.quantize_integers(plain, path, inputs, 1)
    else:
        onnx.save(onnx_shrink.shrink(onnx.load(plain), quantize), path)
    return path


def compared(path, model, quantize=None):
    """Returns the `Verification` on two pictures."""
    limits = export.TOLERANCES[model.task][quantize]
    return export.verify(path, model, [(picture, None) for picture in pictures(2, seed=1)], limits)
