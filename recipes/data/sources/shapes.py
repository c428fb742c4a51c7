"""`shapes[:split]`: drawn scenes with every kind of target, for trying things out offline.

Each scene is drawn from (split, index) alone: 1 to 6 shapes, some behind others, on a textured ground. Fills are
drawn independently of the class, so only the outline tells what a shape is. `single_shapes[:split]` are scenes of
one shape, and every tenth of none: a localizer's data.
"""

import contextlib
import io
import math

import cv2
import numpy as np
import tensorflow_datasets as tfds
from PIL import Image, ImageDraw

from recipes.data.sources.tfds import Naming, Tfds, data_dir
from zoo.errors import InputError
from zoo.progress import track

SPLITS = {"train": 1200, "val": 200, "test": 200}
SIZE = 128
OVERSAMPLING = 2
MOST_SHAPES = 6
TRIES = 10
RADIUS = (14, 30)  # pixels
TILT = math.radians(20)
LEAST_VISIBLE = 0.6  # of a shape, each time another is put in front of it
LEAST_PIXELS = 150
LEAST_CONTRAST = 70
NOISE = 6.0


def _polygon(radii):
    """Returns `(N, 2)` x, y of corners at equal angles, the first one straight up."""
    angles = np.arange(len(radii)) * 2 * math.pi / len(radii)
    return np.array(radii)[:, None] * np.stack([np.sin(angles), -np.cos(angles)], axis=-1)


ARM = 0.33
# Outlines about (0, 0) in a circle of radius 1, y downwards.
OUTLINES = {
    "circle": _polygon([0.9] * 48),
    "square": np.array([[-0.75, -0.75], [0.75, -0.75], [0.75, 0.75], [-0.75, 0.75]]),
    "triangle": _polygon([1.0] * 3),
    "star": _polygon([1.0, 0.42] * 5),
    "cross": np.array(
        [[-ARM, -0.95], [ARM, -0.95], [ARM, -ARM], [0.95, -ARM], [0.95, ARM], [ARM, ARM]]
        + [[ARM, 0.95], [-ARM, 0.95], [-ARM, ARM], [-0.95, ARM], [-0.95, -ARM], [-ARM, -ARM]]
    ),
}
CLASSES = tuple(OUTLINES)
# In the shape's own frame, inside every outline.
KEYPOINTS = {"centre": (0, 0), "top": (0, -0.6), "right": (0.3, 0.1), "bottom": (0, 0.3), "left": (-0.3, 0.1)}


FLIP_PAIRS = ((2, 4),)  # right and left
SKELETON = ((0, 1), (0, 2), (0, 3), (0, 4))  # all hang on the centre
NAMING = Naming(
    segmentation="segmentation_mask",
    classes=dict(enumerate(("background", *CLASSES))),
    instances="instances",
)


def open_shapes(split=""):
    """Opens the scenes; the first time they are drawn into TFDS's data folder (TFDS_DATA_DIR).

    The label map has "background" as class 0; object labels count the shapes from 0.

    Args:
        split: "train", "val" or "test", or a part of one, e.g. "train[:100]"; "" for "train".

    Returns:
        A source with every kind of target.

    Raises:
        InputError: if there is no such split.
    """
    return _open(ZooShapes, "shapes", split)


def open_single_shapes(split=""):
    """As `open_shapes`, with one shape in each scene, and none in every tenth."""
    return _open(ZooSingleShapes, "single_shapes", split)


def _open(builder_class, kind, split):
    split = split or "train"
    if split.split("[")[0] not in SPLITS:
        raise InputError(f"{kind}:{split}: no such split; {kind} has {', '.join(SPLITS)}")
    builder = builder_class(data_dir=data_dir())
    if not builder.is_prepared():
        builder = _prepare(builder)
    source = Tfds(builder, split, f"{kind}:{split}", NAMING)
    source.keypoint_names, source.flip_pairs, source.skeleton = tuple(KEYPOINTS), FLIP_PAIRS, SKELETON
    return source


def _prepare(builder):
    tfds.disable_progress_bar()  # `track` draws ours.
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            builder.download_and_prepare()
    except OSError:
        # TFDS draws into a folder of its own and renames it, which fails where another process was faster.
        if not builder.is_prepared():
            raise
    return type(builder)(data_dir=data_dir())


class ZooShapes(tfds.core.GeneratorBasedBuilder):
    """The scenes as a TFDS dataset of `SIZE` x `SIZE` pixels; boxes bound the visible part of a shape."""

    VERSION = tfds.core.Version("1.0.0")

    def draw(self, split, index):
        """Draws one scene."""
        return draw(split, index)

    def _info(self):
        shape = (SIZE, SIZE, 1)
        return tfds.core.DatasetInfo(
            builder=self,
            description="Textured scenes of overlapping shapes.",
            disable_shuffling=True,
            features=tfds.features.FeaturesDict(
                {
                    "file_name": tfds.features.Text(),
                    "image": tfds.features.Image(shape=(SIZE, SIZE, 3), encoding_format="png"),
                    "segmentation_mask": tfds.features.Image(shape=shape, encoding_format="png"),
                    "instances": tfds.features.Image(shape=shape, encoding_format="png"),
                    "objects": tfds.features.Sequence(
                        {
                            "bbox": tfds.features.BBoxFeature(),
                            "label": tfds.features.ClassLabel(names=CLASSES),
                            "keypoints": tfds.features.Tensor(shape=(len(KEYPOINTS), 3), dtype=np.float32),
                        }
                    ),
                }
            ),
        )

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in SPLITS}

    def _generate_examples(self, split):
        for index in track(range(SPLITS[split]), f"drawing {self.name.removeprefix('zoo_')}:{split}", SPLITS[split]):
            scene = self.draw(split, index)
            objects = [
                {
                    "bbox": tfds.features.BBox(ymin=y1 / SIZE, xmin=x1 / SIZE, ymax=y2 / SIZE, xmax=x2 / SIZE),
                    "label": int(label),
                    "keypoints": points,
                }
                for (x1, y1, x2, y2), label, points in zip(
                    scene["boxes"].tolist(), scene["labels"], scene["keypoints"], strict=True
                )
            ]
            yield (
                index,
                {
                    "file_name": f"{split}_{index:05d}",
                    "image": png(scene["image"][..., ::-1]),
                    "segmentation_mask": png(scene["segmentation"]),
                    "instances": png(scene["instances"]),
                    "objects": objects,
                },
            )


class ZooSingleShapes(ZooShapes):
    """Scenes with one shape, as the localizer learns them; every tenth has none."""

    def draw(self, split, index):
        """Draws one scene."""
        return draw(split, index, num_shapes=0 if index % 10 == 9 else 1)


def png(picture):
    """Encodes a grey `(H, W)` or BGR `(H, W, 3)` uint8 picture, in a third of the time that TensorFlow takes."""
    return cv2.imencode(".png", picture)[1].tobytes()


def draw(split, index, num_shapes=None):
    """Draws one scene; the same for the same arguments.

    Args:
        split: a name in `SPLITS`.
        index: 0 or more.
        num_shapes: how many shapes to draw; `None` for 1 to 6 at random.

    Returns:
        A dict of arrays: "image" `(SIZE, SIZE, 3)` uint8; "segmentation" and "instances" (0 where there is no
        object, else 1 + its place) `(SIZE, SIZE)` uint8; "boxes" `(N, 4)` float32 xyxy of the visible part;
        "labels" `(N,)` int32; "keypoints" `(N, 5, 3)` float32 x, y and 2 (seen), 1 (hidden by another shape)
        or 0 (outside the picture).
    """
    rng = np.random.default_rng([list(SPLITS).index(split), index])
    ground = rng.uniform(40, 215, 3)
    canvas = _texture(rng, ground, SIZE, SIZE)
    instances = np.zeros((SIZE, SIZE), np.uint8)
    labels, places = [], []
    for _ in range(rng.integers(1, MOST_SHAPES + 1) if num_shapes is None else num_shapes):
        label = int(rng.integers(len(CLASSES)))
        for _ in range(TRIES):
            place = _random_place(rng)
            outline = _moved(OUTLINES[CLASSES[label]], place)
            alpha = _cover(outline)
            if _leaves_enough(instances, alpha >= 0.5):
                break
        else:
            break
        labels.append(label)
        places.append(place)
        instances[alpha >= 0.5] = len(labels)
        x1, y1 = np.floor(outline.min(0)).astype(int).clip(0)
        x2, y2 = np.ceil(outline.max(0)).astype(int).clip(0, SIZE) + 1
        part, share = canvas[y1:y2, x1:x2], alpha[y1:y2, x1:x2, None]
        part += share * (_texture(rng, _contrasting(rng, ground), *part.shape[:2]) - part)
    canvas += NOISE * rng.standard_normal(canvas.shape, np.float32)
    labels = np.array(labels, np.int32)
    return {
        "image": np.clip(np.rint(canvas), 0, 255).astype(np.uint8),
        "segmentation": np.concatenate([[0], labels + 1]).astype(np.uint8)[instances],
        "instances": instances,
        "boxes": np.array([_box(instances == i + 1) for i in range(len(labels))], np.float32).reshape(-1, 4),
        "labels": labels,
        "keypoints": np.array(
            [_keypoints(place, instances, i + 1) for i, place in enumerate(places)], np.float32
        ).reshape(-1, len(KEYPOINTS), 3),
    }


def _random_place(rng):
    """Draws centre x, y and radius in pixels, and an angle."""
    x, y = rng.uniform(0.1 * SIZE, 0.9 * SIZE, 2)
    return x, y, rng.uniform(*RADIUS), rng.uniform(-TILT, TILT)


def _moved(points, place):
    x, y, radius, angle = place
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return radius * np.asarray(points, float) @ turn + (x, y)


def _cover(outline):
    """Returns the share of each pixel inside an outline, `(SIZE, SIZE)` 0-1."""
    large = Image.new("L", (SIZE * OVERSAMPLING,) * 2)
    ImageDraw.Draw(large).polygon([tuple(point) for point in outline * OVERSAMPLING], fill=255)
    return np.asarray(large.reduce(OVERSAMPLING), np.float32) / 255


def _leaves_enough(instances, inside):
    """Says whether each shape stays mostly visible when another is put in front of it."""
    before = np.bincount(instances.ravel(), minlength=MOST_SHAPES + 1)[1:]
    after = np.bincount(instances[~inside], minlength=MOST_SHAPES + 1)[1:]
    return bool(np.all(after >= LEAST_VISIBLE * before)) and inside.sum() >= LEAST_PIXELS


def _texture(rng, colour, height, width):
    """Returns `(height, width, 3)` floats about a colour: soft blotches and stripes of any direction."""
    blotches = Image.fromarray(rng.integers(0, 256, (6, 6, 3), dtype=np.uint8))
    blotches = np.asarray(blotches.resize((width, height), Image.Resampling.BICUBIC), np.float32) / 127.5 - 1
    angle, wavelength, phase = rng.uniform((0, 5, 0), (math.pi, 20, 2 * math.pi))
    across = np.arange(width, dtype=np.float32) * math.cos(angle)
    down = np.arange(height, dtype=np.float32) * math.sin(angle)
    stripes = np.sin((across + down[:, None]) * (2 * math.pi / wavelength) + phase)
    return colour.astype(np.float32) + 25 * blotches + rng.uniform(0, 25) * stripes[..., None]


def _contrasting(rng, ground):
    """Draws a colour that stands out from the ground."""
    while True:
        colour = rng.uniform(40, 215, 3)
        if np.linalg.norm(colour - ground) > LEAST_CONTRAST:
            return colour


def _box(mask):
    rows, columns = np.flatnonzero(mask.any(1)), np.flatnonzero(mask.any(0))
    return columns[0], rows[0], columns[-1] + 1, rows[-1] + 1


def _keypoints(place, instances, number):
    points = _moved(list(KEYPOINTS.values()), place)
    x, y = np.floor(points).astype(int).T
    inside = (x >= 0) & (x < SIZE) & (y >= 0) & (y < SIZE)
    seen = instances[y.clip(0, SIZE - 1), x.clip(0, SIZE - 1)] == number
    visibility = np.where(inside, 1 + seen, 0)
    return np.where(inside[:, None], np.column_stack([points, visibility]), 0).astype(np.float32)
