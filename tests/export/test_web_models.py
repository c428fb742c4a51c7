"""The page's modules, in Node.js, predict what Python does with the same file, task by task."""

import numpy as np
import pytest

import export
import zoo
from export.comparisons import COMPARISONS
from export.contract import broken
from export.differences import tally
from export.tolerances import exceeded
from export.verify import values_of
from tests.export import conftest, pages, two_stage
from tests.export.test_localization import drawn_at_random
from tests.export.writing import solved


def unet():
    """A U-Net to which the classes of its scenes are clear."""
    pictures, labels = conftest.scenes(8, seed=0)
    model = zoo.unet(3, width=0.125, depth=2, batch_norm=True, input_shape=(*conftest.SIZE, 3))
    model.class_names = ("red", "green", "blue")
    return solved(model, "logits", pictures.astype(np.float32), 8.0 * np.eye(3)[labels] - 4.0), pictures


def tiny_yolo_v2():
    """A Tiny YOLO v2 whose random boxes differ from cell to cell, and that finds none where all is black."""
    model = zoo.tiny_yolo_v2(3, width=0.125, input_shape=(96, 128, 3), score_threshold=0.9)
    grid = model.get_layer("grid")
    grid.set_weights([np.random.default_rng(0).normal(0, 0.5, w.shape) for w in grid.get_weights()])
    return model, two_stage.pictures(2, seed=1)


def landmarks():
    model = drawn_at_random(zoo.landmarks(5, width=0.25, input_shape=(64, 96, 3)))
    model.keypoint_names, model.skeleton = tuple("abcde"), ((0, 1), (2, 3))
    return model, two_stage.pictures(2, seed=1)[:, :64, :96]


def mask_rcnn():
    return two_stage.toy("mask"), two_stage.pictures(2, seed=1)


MODELS = {"unet": unet, "tiny_yolo_v2": tiny_yolo_v2, "landmarks": landmarks, "mask_rcnn": mask_rcnn}


def odd_sizes(picture):
    """Yields a picture as it is, a part with odd sides, and one beyond twice the frame, which is reduced by areas."""
    yield picture
    yield picture[3:, 2:-11]
    yield np.kron(picture, np.ones((2, 3, 1), np.uint8))[:-3, :-5]


def compared(task, size, references, candidates):
    """Returns the sentences on how predictions of the same pictures differ more than an artifact may from Keras."""
    comparison, differences = COMPARISONS[task](references[0], size), {}
    for reference, candidate in zip(references, candidates, strict=True):
        comparison.update(reference, candidate, None)
        tally(differences, *comparison.align(reference, candidate))
        assert broken(candidate, 0) == ""
    found = values_of({name: difference.result() for name, difference in differences.items()})
    found |= {"agreement": comparison.agreement, **comparison.figures()}
    return exceeded(found, export.TOLERANCES[task][None], {})


@pytest.mark.full
@pytest.mark.parametrize("name", MODELS)
def test_a_page_predicts_what_python_does(tmp_path, name):
    model, pictures = MODELS[name]()
    artifact = export.export(model, tmp_path / "model.onnx", image_size=pictures.shape[1:3], pictures=pictures)
    page = pages.written(artifact.path, tmp_path / "page")
    given = [picture for one in pictures for picture in odd_sizes(one)]
    given.append(np.zeros((57, 91, 3), np.uint8))
    references = list(export.load(artifact.path).predict_each(given))
    candidates, _ = pages.predicted(page, given)
    shapes = [{key: array.shape for key, array in one.items()} for one in references]
    assert [{key: array.shape for key, array in one.items()} for one in candidates] == shapes
    assert compared(artifact.task, artifact.image_size, references, candidates) == ()
    if name == "tiny_yolo_v2":
        assert candidates[0]["count"] > 0 and candidates[-1]["count"] == 0
