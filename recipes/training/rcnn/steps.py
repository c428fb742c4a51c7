"""R-CNN's five steps, one after the other, each with its file in the run's folder."""

import json
from dataclasses import asdict

import numpy as np

from export.runtimes.keras import KerasPredictor
from recipes.data.augment import Augment
from recipes.data.files import DAMAGED
from recipes.evaluation.evaluate import evaluate
from recipes.report.tables import figure, show
from recipes.training.rcnn.features import write_features
from recipes.training.rcnn.finetune import POSITIVE, finetune
from recipes.training.rcnn.regions import Regions, find_regions, write_pictures
from recipes.training.rcnn.regression import near_objects, train_regressors
from recipes.training.rcnn.svm import train_svms
from zoo.errors import InputError
from zoo.files import replace_file, replace_text

FIGURES = ("ap50", "voc_ap50", "ap")


def train_rcnn(model, twin, recipe, data, val_data, workdir):
    """Trains an `Rcnn` and saves it as the run's `model.keras`.

    Step 1 gathers the regions (`pictures.npy`, `regions.npz`), 2 trains the network on them (a checkpoint an epoch),
    3 writes its features (`fc7.npy`, `pool5.npy`), 4 trains the SVMs (`svms.npz`), 5 the regressions of boxes
    (`regressors.npz`). A resumed run takes the files that are whole; from the first that is not, all is made anew.
    At last the model is measured without and with its regressions, which `box_regression.json` keeps.

    Args:
        model: the `Rcnn` to train, perhaps in half precision.
        twin: the same in float32, which is measured and saved.
        recipe: the `Recipe`.
        data: the source to learn from, with proposals.
        val_data: the source to measure on, with proposals.
        workdir: the `Workdir`.

    Raises:
        InputError: if there is nothing to learn from, see each step.
    """
    layer, files = model.get_layer("regions"), Files(workdir.path)
    shape = (len(data), *recipe.picture_size, 3)
    pictures = files.get("pictures.npy", lambda path: write_pictures(path, data, recipe), reading(shape))
    regions = files.get("regions.npz", lambda path: find_regions(data, recipe).save(path), Regions.load)
    print(f"step 1 of 5: {len(regions)} regions in {len(pictures)} pictures, {covered(regions)}")

    if files.renewed:
        workdir.keep_checkpoints(0)
    files.renewed |= finetune(model, recipe, regions, pictures, workdir)

    def features(key, rows):
        def write(path):
            write_features(path, layer, key, regions, pictures, rows, f"step 3 of 5: {key} of regions")

        return files.get(f"{key}.npy", write, reading((len(rows), layer.network.output[key].shape[-1])))

    near = near_objects(regions)
    fc7, pool5 = features("fc7", np.arange(len(regions))), features("pool5", near)
    print(f"step 3 of 5: features of {len(fc7)} regions, and of {len(pool5)} near an object for step 5")

    def svms(path):
        np.savez(path, *train_svms(fc7, regions, twin.class_names, recipe.seed))

    def regressors(path):
        np.savez(path, *train_regressors(pool5, regions, near, twin.num_classes))

    twin.get_layer("svms").set_weights(files.get("svms.npz", svms, weights_and_biases))
    twin.get_layer("regressors").set_weights(files.get("regressors.npz", regressors, weights_and_biases))
    twin.get_layer("regions").set_weights(layer.get_weights())
    replace_file(workdir.model, twin.save)
    write_box_regression(twin, val_data, workdir)


def check_recipe(recipe):
    """Refuses settings that training in steps does not know: of `augment` regions take the flips alone.

    Raises:
        InputError: that names them.
    """
    own, plain = asdict(recipe.augment), asdict(Augment())
    unknown = [f"augment.{name}" for name in own if "flip" not in name and own[name] != plain[name]]
    unknown += [
        name
        for name in ("crop_size", "multi_scale", "class_weights", "ema", "steps", "patience")
        if getattr(recipe, name)
    ]
    unknown += ["accumulate"] if recipe.accumulate > 1 else []
    unknown += [f"resizing={recipe.resizing}"] if recipe.resizing != "letterbox" else []
    if unknown:
        raise InputError(f"{recipe.builder} is trained on regions, without {', '.join(unknown)}: leave them out")


class Files:
    """The files of a run's steps.

    Attributes:
        folder: where they lie.
        renewed: whether a file was made anew, so that all that follow from it have to be as well.
    """

    def __init__(self, folder):
        self.folder, self.renewed = folder, False

    def get(self, name, write, read):
        """Returns what `read(path)` makes of a file, after `write(temporary path)` where it has to be made."""
        path = self.folder / name
        if path.exists() and not self.renewed:
            try:
                return read(path)
            except DAMAGED as error:
                print(f"{path} is damaged ({str(error).splitlines()[0]}): it and what follows from it is made anew")
        self.renewed = True
        replace_file(path, write)
        return read(path)


def reading(shape):
    """Returns a function that opens an .npy file of this shape as a memory map; another one raises `ValueError`."""

    def read(path):
        found = np.load(path, mmap_mode="r")
        if found.shape != shape:
            raise ValueError(f"its array is {found.shape}, not {shape}")
        return found

    return read


def weights_and_biases(path):
    """Reads the two arrays of an .npz file."""
    with np.load(path) as arrays:
        return [arrays["arr_0"], arrays["arr_1"]]


def covered(regions):
    """Says how many regions show an object."""
    shown = regions.overlap[regions.objects < 0] >= POSITIVE
    return f"{int(shown.sum())} of {len(shown)} proposals overlap an object by half or more"


def write_box_regression(model, source, workdir):
    """Prints and keeps the figures of an `Rcnn` before and after its boxes are mended."""
    found = {}
    for name, mended in (("before", False), ("after", True)):
        model.box_regression = mended
        scores = evaluate(KerasPredictor(model), source)
        found[name] = {key: scores[key] for key in FIGURES}
    replace_text(workdir.path / "box_regression.json", json.dumps(found, indent=2) + "\n")
    rows = [[f"{name} box regression", *map(figure, scores.values())] for name, scores in found.items()]
    show(f"R-CNN on {source.spec}", ["", "AP50 (COCO)", "AP50 (VOC)", "AP"], rows)
