import numpy as np
import pytest
from PIL import Image

from tests.recipes.test_road import OBJECT


@pytest.fixture(scope="session")
def squares(tmp_path_factory):
    """A `voc:` folder of bright squares on a dark ground, one with none; no picture shows a ghost."""
    folder = tmp_path_factory.mktemp("squares")
    for part in ("Annotations", "JPEGImages"):
        (folder / part).mkdir()
    (folder / "classes.txt").write_text("square\nghost\n")
    rng = np.random.default_rng(0)
    for i in range(5):
        pixels = rng.integers(20, 60, (80, 120, 3), np.uint8)
        objects = ""
        if i:
            x, y = rng.integers(1, 60), rng.integers(1, 30)
            pixels[y : y + 40, x : x + 40] = 220
            objects = OBJECT.format("square", x + 1, y + 1, x + 40, y + 40)
        Image.fromarray(pixels).save(folder / "JPEGImages" / f"{i}.png")
        (folder / "Annotations" / f"{i}.xml").write_text(f"<annotation>{objects}</annotation>")
    return f"voc:{folder}"
