import numpy as np
import pytest

from export.predictor import Predictor
from recipes.data import open_source
from recipes.evaluation.by_views import exchanged, scaled_side
from recipes.evaluation.evaluate import evaluate
from recipes.evaluation.merging import merged
from recipes.evaluation.ways import through
from tests.recipes.blobs import GREEN, RED, detector, found, picture
from zoo import InputError


def rows(*objects):
    """Returns a prediction of `(label, score, box)`, with an empty row below."""
    labels, scores, boxes = zip(*objects, (-1, 0, (0, 0, 0, 0)), strict=True)
    return {"boxes": np.float32(boxes), "scores": np.float32(scores), "labels": np.int32(labels)}


def test_views_are_merged_by_class_and_between_them_alone():
    first = rows((0, 0.9, (0, 0, 10, 10)), (0, 0.8, (0, 0, 10, 9)), (1, 0.7, (0, 0, 10, 10)))
    second = rows((0, 0.95, (0, 0, 10, 10)), (1, 0.3, (20, 0, 30, 10)))
    seen = merged([first, second], "detection")
    assert seen["count"] == 3 and seen["labels"].tolist() == [0, 1, 1]
    np.testing.assert_allclose(seen["scores"], [0.95, 0.7, 0.3])
    # What one view tells apart stays apart.
    assert merged([first], "detection")["count"] == 3
    assert merged([rows(), rows()], "detection")["boxes"].shape == (0, 4)


def test_what_an_edge_cuts_gives_way_to_the_whole_whatever_its_score():
    part, whole = rows((0, 0.9, (50, 10, 64, 20))), rows((0, 0.4, (50, 10, 80, 20)))
    cut = [np.array([True, False]), np.array([False, False])]
    assert merged([part, whole], "detection", cut)["boxes"].tolist() == [[50, 10, 80, 20]]
    assert merged([part, rows((1, 0.4, (50, 10, 80, 20)))], "detection", cut)["count"] == 2  # of another class
    assert merged([part], "detection", cut[:1])["boxes"].tolist() == [[50, 10, 64, 20]]  # all that is seen of it


def test_things_are_found_in_a_mirror_where_they_are():
    def near_the_left(images):
        for image in images:
            seen = found(image)
            yield {**seen, "labels": np.where(seen["boxes"][:, 0] < 40, seen["labels"], -1)}

    image = picture((40, 91), (RED, (5, 5, 17, 17)), (GREEN, (75, 20, 85, 30)))
    (seen,) = through(detector(predict_each=near_the_left), flip=True).predict_each([image])
    assert seen["labels"].tolist() == [0, 1] and seen["boxes"].tolist() == [[5, 5, 17, 17], [75, 20, 85, 30]]


def test_a_detector_is_measured_in_its_views(squares):
    """Squares stand on a dark ground, in tiles and mirrors as in the whole picture."""

    def finder(images):
        for image in images:
            yield found(np.where(image > 120, np.uint8([255, 0, 0]), np.uint8(0)))

    source = open_source(squares)
    looking = through(
        detector(class_names=("square", "ghost"), predict_each=finder, proposals=""),
        **{"tile": "64x80", "overlap": 0.7, "flip": True},
    )
    assert evaluate(looking, source)["ap50"] == 1


def test_masks_and_named_points_are_mirrored():
    def posed(images):
        """A thing's right eye is at its left, as faces look at us; its mask covers its left half."""
        for image in images:
            seen = found(image)
            x1, y1, x2, y2 = seen["boxes"].T
            score = 9.0 if image[0, 0, 2] else 1.0  # the blue corner is where the picture is not mirrored
            seen["scores"] = seen["scores"] * (0.5 if score > 1 else 1)
            points = np.stack([np.stack([x, y1, np.full_like(x, score)], -1) for x in (x2 - 1, x1 + 1)], axis=1)
            masks = np.tile(np.float32([1, 0]), (len(x1), 2, 1))
            yield {**seen, "keypoints": points, "masks": masks}

    image = picture((40, 60), (RED, (10, 5, 30, 25)))
    image[0, 0, 2] = 255
    looking = through(
        detector(task="masks_and_keypoints", keypoint_names=("left_eye", "right_eye"), predict_each=posed), flip=True
    )
    (seen,) = looking.predict_each([image])
    assert seen["keypoints"].tolist() == [[[29, 5, 1], [11, 5, 1]]]  # the mirrored view's, which is surer
    assert seen["masks"].tolist() == [[[0, 1], [0, 1]]] and seen["boxes"].tolist() == [[10, 5, 30, 25]]
    with pytest.raises(InputError, match="--flip needs the names of the keypoints"):
        exchanged(())


class Segmenter(Predictor):
    """A network of any size whose one logit is each pixel's brightness, and that notes the sizes it is given."""

    def __init__(self, size=(None, None)):
        super().__init__(None, (None, *size, 3))
        self.task, self.given = "segmentation", []

    def predict(self, images, proposals=None):
        self.given.append(images.shape[1:3])
        return {"logits": images[..., :1].astype(np.float32)}


def test_maps_are_averaged_over_scales_and_mirrors():
    ramp = np.tile(np.arange(0, 240, 3, np.uint8)[:, None], (40, 1, 3))
    network = Segmenter()
    (seen,) = through(network, flip=True, scales=(0.5, 1.0, 1.25)).predict_each([ramp])
    assert [*dict.fromkeys(network.given)] == [(20, 40), (40, 80), (50, 100)] and len(network.given) == 6
    assert seen["logits"].shape == (40, 80, 1)
    np.testing.assert_allclose(seen["logits"][:, 4:-4, 0], ramp[:, 4:-4, 0], atol=1.1)


def test_the_size_that_pictures_are_brought_to_is_scaled():
    network = Segmenter()
    network.frame_size = (64, 96)
    list(through(network, scales=(0.8, 1.5)).predict_each([np.zeros((50, 70, 3), np.uint8)]))
    assert network.given == [(64, 64), (96, 160)]
    sided = Segmenter()
    sided.sides = (40, 100)
    list(through(sided, scales=(0.5, 1.0)).predict_each([np.zeros((50, 70, 3), np.uint8)]))
    assert sided.given == [(20, 28), (40, 56)] and sided.sides == (40, 100)
    assert [scaled_side(side, 1.25) for side in (416, 100, 32)] == [512, 125, 32]


def test_what_cannot_be_seen_so_is_refused():
    with pytest.raises(InputError, match="--scales needs a model that takes .* any size, received one of 8x8"):
        through(Segmenter((8, 8)), scales=(0.5,))
    with pytest.raises(InputError, match="--scales takes numbers from 0.1 to 10, received 0, 1"):
        through(Segmenter(), scales=(0, 1))
    with pytest.raises(InputError, match="--flip and --scales are for segmentation and detectors"):
        through(detector(task="points"), flip=True)
    with pytest.raises(InputError, match="leave out --scales"):
        through(Segmenter(), scales=(2,), proposals="edge_boxes")


def test_tiles_of_a_scaled_picture():
    """With tiles a scale is the picture's: a network of one size sees it larger, too."""
    image = picture((60, 80), (RED, (10, 10, 20, 20)))
    looking = through(detector(network_size=(40, 40)), tile=40, scales=(1.0, 2.0))
    (seen,) = looking.predict_each([image])
    assert seen["count"] == 1
    np.testing.assert_allclose(seen["boxes"], [[10, 10, 20, 20]], atol=0.6)
