import numpy as np
import pytest
from PIL import Image

from recipes.data import open_source
from recipes.training.anchors import find_anchors
from zoo import InputError


@pytest.fixture
def boxed(tmp_path):
    """A `yolo:` folder of two 128 x 64 pictures with boxes of two sizes."""
    for part in ("images", "labels"):
        (tmp_path / part).mkdir()
    (tmp_path / "data.yaml").write_text("names: [thing]\ntrain: images\n")
    for i in range(2):
        Image.fromarray(np.zeros((64, 128, 3), np.uint8)).save(tmp_path / "images" / f"{i}.png")
        (tmp_path / "labels" / f"{i}.txt").write_text("0 0.5 0.5 0.25 0.25\n0 0.5 0.5 0.5 0.75\n")
    return open_source(f"yolo:{tmp_path}:train")


def test_the_two_sizes_are_found_in_cells_of_the_frame(boxed):
    # Letterboxed into 64 x 64 the pictures are halved: boxes of 16 x 8 and 32 x 24 pixels.
    assert find_anchors(boxed, (64, 64), 2, seed=0) == ((0.5, 0.25), (1.0, 0.75))
    assert find_anchors(boxed, (64, 64), 2, seed=0, stride=8) == ((2.0, 1.0), (4.0, 3.0))


def test_more_anchors_than_sizes(boxed):
    with pytest.raises(InputError, match="yolo:.*1 to 2 anchors in these sizes, received k=3"):
        find_anchors(boxed, (64, 64), 3, seed=0)
