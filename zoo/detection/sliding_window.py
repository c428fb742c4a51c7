"""Detection by sliding windows: a classifier of crops looks everywhere and at several sizes, and the best stay.

Source: Sermanet et al. 2014 (OverFeat), arXiv:1312.6229, section 3; the lectures "C4W3L03 Object detection" and
"C4W3L04 Convolutional implementation of sliding windows" (A. Ng).
"""

from collections.abc import Sequence

import keras
import numpy as np
from keras import ops

from zoo.errors import InputError
from zoo.fully_convolutional import SlidingClassifier, convolutionalize
from zoo.ops.nms import detections
from zoo.types import Size


def sliding_window(
    classifier: keras.Model,
    picture: np.ndarray,
    windows: Sequence[int | Size],
    stride: int | None = None,
    *,
    background: int | None = None,
    score_threshold: float = 0.6,
    iou_threshold: float = 0.5,
    max_detections: int = 100,
) -> dict[str, np.ndarray]:
    """Finds objects in one picture with a classifier of crops, all windows of a size in one pass.

    For each window size the picture is scaled so that the window becomes the classifier's crop. A size that does not
    fit into the picture has no place in it and finds nothing.

    Args:
        classifier: a `SlidingClassifier`, or a classifier that `convolutionalize` takes (each call converts it anew).
        picture: `(H, W, 3)` RGB 0-255, uint8 or float; as many channels as the classifier takes.
        windows: sizes in pixels of the picture, each a side or `(height, width)`.
        stride: pixels of the scaled picture, where the window is as large as the crop, from one window to the next; a
            multiple of the classifier's own stride, which is the default.
        background: index of the class that stands for no object, never reported.
        score_threshold: windows whose class has this probability or less are dropped.
        iou_threshold: a window is dropped if it overlaps a better one of its class by more than this.
        max_detections: K, rows of the result.
    Returns:
        Dict of NumPy arrays: `boxes (K, 4)` float32 xyxy in the picture's pixels, `scores (K,)` falling,
        `labels (K,)` int32 indices of the classifier's classes, -1 in empty rows, `count ()` int32.
    Raises:
        InputError: if picture, windows, stride or background do not fit the classifier.
    """
    model = classifier if isinstance(classifier, SlidingClassifier) else convolutionalize(classifier)
    picture = check_picture(picture, model)
    stride = model.stride if stride is None else stride
    if stride < 1 or stride % model.stride:
        raise InputError(
            f"stride must be a multiple of {model.stride}, the stride of {model.name}, received {stride}"
        )
    num_classes = model.output.shape[-1]
    if background is not None and not 0 <= background < num_classes:
        raise InputError(f"background must be a class index below {num_classes}, received {background}")
    # A row of its own, below every threshold, for the picture into which no window fits.
    found = [(np.zeros((1, 4), "float32"), np.zeros((1, num_classes), "float32"))]
    for window in windows:
        found.append(window_scores(model, picture, check_window(window), stride))
    boxes, scores = map(np.concatenate, zip(*found, strict=True))
    if background is not None:
        scores[:, background] = 0
    best = detections(
        boxes[None],
        scores[None],
        score_threshold=score_threshold,
        iou_threshold=iou_threshold,
        max_detections=max_detections,
    )
    return {name: ops.convert_to_numpy(array)[0] for name, array in best.items()}


def window_scores(model, picture, window, stride):
    """Judges all windows of one size.

    Args:
        model: a `SlidingClassifier`.
        picture: `(H, W, 3)` float32.
        window: `(height, width)` in the picture's pixels.
        stride: pixels of the scaled picture, a multiple of the model's.
    Returns:
        `(boxes (N, 4), probabilities (N, C))` NumPy float32, row after row; N is 0 where the window does not fit.
    """
    crop, size = np.array(model.window), np.array(picture.shape[:2])
    if any(size < window):
        return np.zeros((0, 4), "float32"), np.zeros((0, model.output.shape[-1]), "float32")
    scaled = np.rint(size * crop / window).astype(int)
    cells = (scaled - crop) // stride + 1
    height, width = (int(side) for side in crop + (cells - 1) * stride)
    image = resize(picture[None], scaled)[:, :height, :width]
    step = stride // model.stride
    logits = ops.cast(model(image, training=False)[0, ::step, ::step], "float32")
    probabilities = ops.convert_to_numpy(ops.softmax(logits, axis=-1))
    y, x = np.meshgrid(*(np.arange(count) * stride for count in cells), indexing="ij")
    boxes = np.stack([x, y, x + crop[1], y + crop[0]], axis=-1) * np.tile((size / scaled)[::-1], 2)
    return boxes.reshape(-1, 4).astype("float32"), probabilities.reshape(-1, probabilities.shape[-1])


def crop_by_crop(classifier, picture, stride, batch_size=256):
    """Cuts out every window and classifies it: slow, and what `convolutionalize` must equal.

    Args:
        classifier: a `keras.Model` of one fixed picture size that returns `(B, C)`.
        picture: `(H, W, 3)`, no smaller than the classifier's crop.
        stride: pixels from one crop to the next.
        batch_size: crops a call.
    Returns:
        `(h, w, C)` NumPy, what the classifier gives to the crop at `(stride * i, stride * j)`.
    """
    size = classifier.inputs[0].shape[1:3]
    crops = np.lib.stride_tricks.sliding_window_view(picture, size, axis=(0, 1))[::stride, ::stride]
    crops = np.moveaxis(crops, 2, -1)
    rows, columns = crops.shape[:2]
    places = np.arange(rows * columns)
    batches = np.split(places, places[batch_size::batch_size])
    logits = [classifier.predict_on_batch(crops[batch // columns, batch % columns]) for batch in batches]
    return np.concatenate(logits).reshape(rows, columns, -1)


def check_picture(picture, model):
    """Returns a picture as float32, or raises `InputError` if it has other dimensions than the model takes."""
    picture, channels = np.asarray(picture), model.inputs[0].shape[-1]
    if picture.ndim != 3 or picture.shape[-1] != channels or 0 in picture.shape:
        raise InputError(f"picture must be (H, W, {channels}), received {picture.shape}")
    return picture.astype("float32")


def check_window(window):
    """Returns `(height, width)` of a window given as that or as one side."""
    sides = np.broadcast_to(window, 2) if np.size(window) in (1, 2) else ()
    if len(sides) != 2 or min(sides) <= 0:
        raise InputError(f"a window is a side or (height, width) in pixels, above 0, received {window}")
    return np.array(sides)


def resize(images, size):
    """Scales `(B, H, W, C)` float32 to `(height, width)`, averaging where it shrinks."""
    size = tuple(int(side) for side in size)
    if images.shape[1:3] == size:
        return images
    return ops.image.resize(images, size, interpolation="bilinear", antialias=True)
