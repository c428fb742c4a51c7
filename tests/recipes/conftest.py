import math
import shutil
import sys
from functools import partialmethod

import keras
import numpy as np
import pytest
from PIL import Image

from recipes.cli import main as cli
from recipes.data import Augment, processes
from recipes.data.sources import shapes
from recipes.training.recipe import Recipe
from recipes.training.workdir import Workdir

OBJECT = (
    "<object><name>{}</name><bndbox><xmin>{}</xmin><ymin>{}</ymin><xmax>{}</xmax><ymax>{}</ymax></bndbox></object>"
)


@pytest.fixture(autouse=True, scope="session")
def alone():
    """Work is shared out to other processes only where a test asks for it, however slow the machine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "PATIENCE", math.inf)
        yield


@pytest.fixture
def eagerly(monkeypatch):
    """Models are trained without a graph, which takes longer to trace than a few steps take."""
    monkeypatch.setattr(keras.Model, "compile", partialmethod(keras.Model.compile, run_eagerly=True))


def write_set(folder, count, size=(32, 48)):
    """Writes a `masks:` folder of noisy pictures with one bright rectangle each, labelled 1, and void in a corner."""
    rng = np.random.default_rng(count)
    for part in ("images", "masks"):
        (folder / part).mkdir(parents=True)
    for i in range(count):
        labels = np.zeros(size, np.uint8)
        top, left = rng.integers(0, size[0] // 2), rng.integers(0, size[1] // 2)
        labels[top : top + size[0] // 2, left : left + size[1] // 2] = 1
        pixels = np.where(labels == 1, 180, 70)[..., None] + rng.integers(-40, 40, (*size, 3))
        labels[:2, :2] = 255
        Image.fromarray(pixels.astype(np.uint8)).save(folder / "images" / f"{i}.png")
        Image.fromarray(labels).save(folder / "masks" / f"{i}.png")
    (folder / "classes.txt").write_text("ground\nfigure\n")
    return folder


@pytest.fixture(scope="session")
def sets(tmp_path_factory):
    """Two `masks:` folders, to learn from and to measure on."""
    folder = tmp_path_factory.mktemp("sets")
    return write_set(folder / "train", 6), write_set(folder / "val", 3)


@pytest.fixture(scope="session")
def toy(sets):
    """A recipe that learns the sets in seconds and leaves no part of training out."""
    return Recipe(
        builder="unet",
        arguments={"width": 1 / 16, "depth": 1, "batch_norm": True, "dropout": 0.3},
        data=f"masks:{sets[0]}",
        val_data=f"masks:{sets[1]}",
        picture_size=(32, 48),
        augment=Augment(flip=0.5, colour=0.2),
        batch_size=2,
        epochs=5,
        optimizer="adamw",
        learning_rate=1e-2,
        warmup_epochs=1,
        weight_decay=1e-4,
        class_weights="median_frequency",
        ema=0.5,
    )


@pytest.fixture(scope="session")
def killed(tmp_path_factory):
    """What `trained` leaves when it is killed in its third epoch, as soon as the checkpoint is written."""
    return tmp_path_factory.mktemp("killed") / "toy"


@pytest.fixture(scope="session")
def trained(toy, killed, tmp_path_factory):
    """The `Workdir` of an uninterrupted run of the toy recipe."""
    from recipes.training.train import train

    keep_checkpoints = Workdir.keep_checkpoints

    def seen(workdir, epochs, step=0):
        if epochs == 3:
            shutil.copytree(workdir.path, killed)
        keep_checkpoints(workdir, epochs, step)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Workdir, "keep_checkpoints", seen)
        return train(toy, tmp_path_factory.mktemp("runs") / "toy")


FEW = {"train": 12, "val": 5, "test": 3}


@pytest.fixture(scope="session")
def few_shapes(tmp_path_factory):
    """A folder of TFDS with a few drawn scenes."""
    folder = tmp_path_factory.mktemp("tfds")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TFDS_DATA_DIR", str(folder))
        patch.setattr(shapes, "SPLITS", FEW)
        shapes.open_shapes("train")
    return folder


@pytest.fixture
def drawn_shapes(few_shapes, monkeypatch):
    """That folder, in which `shapes:...` are looked for as long as the test runs."""
    monkeypatch.setenv("TFDS_DATA_DIR", str(few_shapes))
    monkeypatch.setattr(shapes, "SPLITS", FEW)
    return few_shapes


@pytest.fixture
def zoo(monkeypatch, capsys, tmp_path):
    """Runs `zoo WORDS` in an empty folder and returns its exit code, standard output and standard error."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")

    def run(*words):
        monkeypatch.setattr(sys, "argv", ["zoo", *map(str, words)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        out, err = capsys.readouterr()
        return ended.value.code, out, err

    return run


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
