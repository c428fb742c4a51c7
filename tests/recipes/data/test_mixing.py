import numpy as np
import pytest
import tensorflow as tf

from recipes.data import Augment, Source, pipeline
from recipes.data.copy_paste import copy_paste, in_frame
from recipes.data.mixing import check_mixing, mixup, mosaic
from recipes.data.targets import CROP_SIZE, crop_masks
from tests.recipes.data.batches import assert_batches_equal, first
from zoo import InputError

SIZE = 40, 60


def drawn(*objects, size=SIZE):
    """A black picture with a rectangle `(level, x1, y1, x2, y2)` an object, whose middle is its keypoint.

    What stands later lies above; the masks are those of the pixels seen. The label is a tenth of the level.
    """
    image = np.zeros((*size, 3), np.uint8)
    for level, x1, y1, x2, y2 in objects:
        image[y1:y2, x1:x2] = level
    boxes = np.array([box for _, *box in objects], np.float32).reshape(-1, 4)
    masks = np.array([image[..., 0] == level for level, *_ in objects], np.uint8).reshape(-1, *size)
    middles = np.stack([boxes[:, 0::2].mean(1), boxes[:, 1::2].mean(1), np.full(len(boxes), 2)], 1)[:, None]
    return {
        "image": tf.constant(image),
        "boxes": tf.constant(boxes),
        "labels": tf.constant([level // 10 for level, *_ in objects], tf.int32),
        "crops": crop_masks(tf.constant(masks), tf.constant(boxes), CROP_SIZE),
        "keypoints": tf.constant(middles.astype(np.float32)),
    }


def seen(image, level, slack=4):
    """The pixels of a level, bool."""
    return np.abs(np.asarray(image)[..., 0].astype(int) - level) <= slack


def around(pixels):
    rows, columns = np.nonzero(pixels)
    return [columns.min(), rows.min(), columns.max() + 1, rows.max() + 1]


FOUR = (
    drawn((100, 5, 5, 25, 30), (140, 30, 8, 55, 33)),
    drawn((180, 10, 10, 40, 35)),
    drawn(),
    drawn((220, 2, 4, 58, 36)),
)


COLOURS = {100: (250, 0, 0), 140: (0, 250, 0), 180: (0, 0, 250), 220: (250, 0, 250)}


def coloured(example):
    """Gives each level a colour that is still known where scaling has blurred it."""
    image = np.array(example["image"])
    for level, colour in COLOURS.items():
        image[seen(image, level)] = colour
    return {**example, "image": tf.constant(image)}


def of_colour(image, level):
    wanted = np.array(COLOURS[level]) > 0
    pixels = np.asarray(image)
    return (pixels[..., wanted] > 125).all(-1) & (pixels[..., ~wanted] < 125).all(-1)


@pytest.mark.parametrize("seed", range(8))
def test_the_targets_of_a_mosaic_are_what_its_pixels_show(seed):
    tiled = mosaic([coloured(example) for example in FOUR], SIZE, (seed, 3))
    assert tiled["image"].dtype == tf.uint8 and tiled["image"].shape == (*SIZE, 3)
    shown = {level: pixels for level in COLOURS if (pixels := of_colour(tiled["image"], level)).sum() > 12}
    labels = tiled["labels"].numpy().tolist()
    assert shown and shown.keys() <= {10 * label for label in labels}
    masks = in_frame(tiled["crops"], tiled["boxes"], SIZE).numpy()
    for label, box, mask, point in zip(labels, tiled["boxes"], masks, tiled["keypoints"].numpy()[:, 0], strict=True):
        if (pixels := shown.get(10 * label)) is not None:
            np.testing.assert_allclose(box, around(pixels), atol=2.0)
            assert (mask & pixels).sum() >= 0.8 * max(mask.sum(), pixels.sum()) - 4
            x, y, visibility = point
            assert pixels[int(y), int(x)] if visibility else (x, y) == (0, 0)


def test_a_mosaic_of_label_maps_is_that_of_its_pictures():
    maps = [tf.fill(SIZE, level) for level in (1, 2, 3, 4)]
    examples = [
        {"image": tf.cast(tf.stack([50 * labels] * 3, -1), tf.uint8), "segmentation": labels} for labels in maps
    ]
    tiled = mosaic(examples, SIZE, (5, 1))
    labels, image = tiled["segmentation"].numpy(), tiled["image"].numpy()[..., 0]
    assert labels.shape == SIZE and len(np.unique(labels)) > 1
    assert np.mean(np.abs(image - 50.0 * labels) <= 2) > 0.9  # but for the seams, which are blurred


def test_four_empty_pictures_are_an_empty_mosaic():
    tiled = mosaic([drawn()] * 4, SIZE, (0, 1))
    assert tiled["boxes"].shape == (0, 4) and tiled["labels"].shape == (0,)


def test_mixup_has_both_pictures_and_the_objects_of_both():
    mixed = mixup(FOUR[0], FOUR[1], (0, 7))
    share = (np.asarray(mixed["image"], float)[6, 6, 0]) / 100  # of the first alone
    assert 0.2 < share < 0.8
    assert mixed["image"][34, 35, 0].numpy() == pytest.approx(180 * (1 - share), abs=1.5)  # of the second alone
    np.testing.assert_array_equal(mixed["labels"], [10, 14, 18])
    np.testing.assert_array_equal(mixed["boxes"], np.concatenate([FOUR[0]["boxes"], FOUR[1]["boxes"]]))
    alone = mixup(drawn(), FOUR[1], (0, 7))
    np.testing.assert_array_equal(alone["labels"], [18])


UNDER = drawn((100, 5, 5, 25, 30), (140, 30, 8, 55, 33), (160, 0, 36, 6, 40))
OVER = drawn((200, 20, 0, 40, 20), (220, 4, 4, 26, 31), (240, 50, 30, 60, 40))


@pytest.mark.parametrize("seed", range(8))
def test_the_targets_of_pasted_objects_are_exactly_what_the_pixels_show(seed):
    pasted = copy_paste(UNDER, OVER, SIZE, (seed, 1))
    image = pasted["image"].numpy()
    levels = [level for level in (100, 140, 160, 200, 220, 240) if seen(image, level, 0).any()]
    assert (10 * pasted["labels"].numpy()).tolist() == levels  # 220 alone covers 100 whole
    masks = in_frame(pasted["crops"], pasted["boxes"], SIZE).numpy()
    for level, box, mask in zip(levels, pasted["boxes"], masks, strict=True):
        np.testing.assert_array_equal(mask, seen(image, level, 0))
        np.testing.assert_array_equal(box, around(seen(image, level, 0)))


def test_points_under_a_pasted_object_are_hidden():
    # The middle of 140 is (42, 20): pasted over by a rectangle that leaves its other half.
    pasted = next(
        found
        for seed in range(9)
        if len((found := copy_paste(UNDER, drawn((250, 35, 10, 50, 30)), SIZE, (seed, 2)))["labels"]) == 4
    )
    np.testing.assert_array_equal(pasted["keypoints"][:, 0, 2], [2, 1, 2, 2])


def test_of_what_is_covered_too_far_nothing_is_learned():
    over = drawn((250, 30, 8, 50, 33))  # leaves a fifth of 140
    counts = {}
    for visible in (0.0, 0.19, 0.21):
        found = [copy_paste(UNDER, over, SIZE, (seed, 2), visible)["labels"].numpy().tolist() for seed in range(9)]
        counts[visible] = {tuple(labels) for labels in found}
    assert counts[0.0] == counts[0.19] == {(10, 14, 16), (10, 14, 16, 25)}
    assert counts[0.21] == {(10, 14, 16), (10, 16, 25)}


@pytest.mark.parametrize("pair", [(drawn(), OVER), (UNDER, drawn()), (drawn(), drawn())])
def test_nothing_is_pasted_from_or_onto_nothing(pair):
    pasted = copy_paste(*pair, SIZE, (1, 1))
    expected = seen(pasted["image"], 0, 0)
    assert (~expected).any() == bool(len(pasted["labels"]))


class Squares(Source):
    """Pictures with a square each and an ignored one beside it, of sizes of their own; the last is empty."""

    spec, classes, keys = "squares", tuple(map(str, range(30))), ("boxes", "labels", "masks", "keypoints", "ignored")
    count = 5

    def table(self):
        return {"place": np.arange(self.count, dtype=np.int64)}

    def decode(self, record):
        place = tf.cast(record["place"], tf.int32)
        height, level, kept = 30 + 4 * place, 100 + 20 * place, tf.cast(place < 4, tf.int32)
        square = tf.pad(tf.fill((12, 12), level), ((6, height - 18), (6, 42)))
        other = tf.pad(tf.fill((12, 12), 250), ((6, height - 18), (30, 18)))
        shown = kept * (square + other)
        masks = tf.cast(tf.stack([square, other]) > 0, tf.uint8)[: 2 * kept]
        return {
            "image": tf.cast(tf.stack([shown] * 3, -1), tf.uint8),
            "name": tf.constant("x"),
            "boxes": tf.constant([[6.0, 6, 18, 18], [30, 6, 42, 18]])[: 2 * kept],
            "labels": tf.stack([level // 10, 25])[: 2 * kept],
            "masks": masks,
            "keypoints": tf.constant([[[12.0, 12, 2]], [[36, 12, 2]]])[: 2 * kept],
            "ignored": tf.constant([False, True])[: 2 * kept],
        }


MIXES = Augment(copy_paste=0.5, mosaic=0.5, mixup=0.5)
ARGUMENTS = {"task": "masks_and_keypoints", "picture_size": (32, 48), "batch_size": 2, "training": True}


@pytest.mark.full
def test_mixed_batches_learn_no_ignored_object_and_resume():
    arguments = {**ARGUMENTS, "augment": MIXES, "max_objects": 6}
    whole = first(pipeline(Squares(), **arguments), 8)
    labels = np.concatenate([targets["labels"] for _, targets in whole])
    assert {*np.unique(labels)} == {-1, 10, 12, 14, 16}  # neither 25 nor the empty picture's 18
    assert ((labels >= 0).sum(1) > 1).any()
    assert_batches_equal(whole[3:], first(pipeline(Squares(), skip=6, workers=1, **arguments), 5))


@pytest.mark.full
def test_without_mixing_the_stream_is_as_ever():
    plain = first(pipeline(Squares(), **ARGUMENTS, augment=Augment()), 2)
    assert_batches_equal(plain, first(pipeline(Squares(), **ARGUMENTS, augment=Augment(mosaic=0.0)), 2))
    other = first(pipeline(Squares(), **ARGUMENTS, augment=Augment(mosaic=1.0)), 2)
    assert any(np.any(a[0] != b[0]) for a, b in zip(plain, other, strict=True))


def test_workers_are_the_threads_of_a_pipeline():
    dataset = pipeline(Squares(), **ARGUMENTS, workers=3)
    assert dataset.options().threading.private_threadpool_size == 3


class InTurn(Squares):
    spec = "in turn"

    def table(self):
        return None


@pytest.mark.parametrize(
    ("changes", "source", "task", "proposals", "message"),
    [
        (
            {"copy_paste": 0.5},
            Squares(),
            "detection",
            False,
            "copy_paste is for instance_segmentation, masks",
        ),
        (
            {"mixup": 0.5},
            Squares(),
            "segmentation",
            False,
            "mixup is for detection.*: set augment.mixup=0 for",
        ),
        ({"mosaic": 0.5}, Squares(), "localization", False, "augment.mosaic is for segmentation, detection"),
        ({"mosaic": 0.5}, Squares(), "detection", True, "augment.mosaic mixes no regions that are proposed: set"),
        ({"mosaic": 0.5}, InTurn(), "detection", False, "reads pictures in any order, in turn only in its own: set"),
    ],
)
def test_what_cannot_be_mixed_is_one_line(changes, source, task, proposals, message):
    with pytest.raises(InputError, match=message):
        check_mixing(Augment(**changes), source, task, proposals)
    check_mixing(Augment(), source, task, proposals)
