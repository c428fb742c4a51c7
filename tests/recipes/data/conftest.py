import numpy as np
import pytest
from PIL import Image

from recipes.data.sources import shapes


@pytest.fixture
def scenes(drawn_shapes):
    """`open_shapes` on the few drawn scenes."""
    return shapes.open_shapes


@pytest.fixture
def folder(tmp_path):
    """A folder for `masks:`: five pictures of 20x30 with labels 0 to 2 and void, and their class names."""
    rng = np.random.default_rng(0)
    for part in ("images", "masks"):
        (tmp_path / "set" / part).mkdir(parents=True)
    for name in "abcde":
        pixels = rng.integers(0, 256, (20, 30, 3), dtype=np.uint8)
        labels = rng.choice(np.array([0, 1, 2, 255], np.uint8), (20, 30))
        Image.fromarray(pixels).save(tmp_path / "set" / "images" / f"{name}.png")
        Image.fromarray(labels).save(tmp_path / "set" / "masks" / f"{name}.png")
    (tmp_path / "set" / "classes.txt").write_text("sky\nroad\ncar\n")
    return tmp_path / "set"
