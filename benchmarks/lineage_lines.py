"""What `python -m benchmarks.lineage` trains: full for a GPU, frozen or narrow for two cores, or as a toy.

Each is a recipe of this package with what the smaller sets and the shorter time ask for. `voc_animals` stands for
Pascal VOC 2012's pictures of five animals and persons, 3,131 to learn from, that VGG16's convolutions begin with;
networks that are narrow fit no published file and begin at random. Frozen ones keep VGG16's convolutions as they
came, see small pictures, and learn what stands behind them.
"""

from dataclasses import dataclass, field, replace

from benchmarks.lineage_recipes import recipes
from recipes.training.recipe import Recipe
from recipes.training.settings import change
from zoo.errors import InputError


@dataclass(frozen=True)
class Line:
    """A network of the lineage and how it is trained here.

    Attributes:
        title: as the table of docs/lineage.md has it.
        recipe: the `Recipe` in full.
        narrow: what two CPU cores change of it, as `--set` takes it.
        frozen: what they change of it to learn behind VGG16's own convolutions, `()` where it has none.
        distance: one sentence on what lies between this training and the paper's.
        begins_with: name of the line whose model it begins with, "" for VGG16's file, `None` for nothing.
        way: of measuring it, arguments of `recipes.evaluation.ways.through`.
        trains_nothing: whether it is the model of `begins_with` itself, measured in another way.
    """

    title: str
    recipe: Recipe
    narrow: tuple
    distance: str
    begins_with: str | None = ""
    way: dict = field(default_factory=dict)
    trains_nothing: bool = False
    frozen: tuple = ()


SIZES = "full", "frozen", "narrow", "toy"


def lines(data):
    """Returns the lines by name.

    Args:
        data: folder with `voc_animals` and `camvid`.
    """
    full = recipes(data)
    small = ("arguments.width=0.25", "precision=float32", "multipliers={}", "freeze=()")
    thin = ("arguments.width=0.125", *small[1:])
    plain = ("optimizer=adamw", "schedule=cosine", "warmup_epochs=0.2")
    dense_small = (*thin, *plain, "picture_size=128x128", "batch_size=8")
    deeplab_small = (
        *thin,
        *plain,
        "picture_size=129x129",
        "crop_size=none",
        "augment.scale=(1, 1)",
        "batch_size=8",
        "learning_rate=3e-4",
        "epochs=2",
    )
    frozen = ("freeze=block*", "precision=float32", "batch_size=8")
    fcn_frozen = (*frozen, "picture_size=128x128", "learning_rate=1e-4", "warmup_epochs=0.1", "validate_every=1")
    deeplab_frozen = (
        *frozen,
        "picture_size=161x161",
        "crop_size=none",
        "augment.scale=(1, 1)",
        "learning_rate=2e-4",
        "multipliers={'bias': 2.0, 'logits': 5.0}",
        "warmup_epochs=0.1",
        "epochs=2",
        "validate_every=1",
    )
    two_stage_frozen = (*frozen, "picture_size=192x192", "learning_rate=1e-4", "warmup_epochs=0.1", "epochs=1")
    return {
        "rcnn": Line(
            "R-CNN",
            full["rcnn"],
            (*small, *plain, "num_proposals=20", "learning_rate=3e-4", "epochs=1", "batch_size=64"),
            "AdamW, 50 edge boxes a picture in place of 2,000 of selective search; fc6 and fc7 begin at random.",
        ),
        "fast_rcnn": Line(
            "Fast R-CNN",
            full["fast_rcnn"],
            (*small, *plain, "picture_size=192x192", "num_proposals=300", "learning_rate=3e-4", "epochs=2"),
            "AdamW, 1,000 edge boxes in place of selective search, 384 pixels of 600; fc6 and fc7 begin at random.",
            frozen=(*two_stage_frozen, "num_proposals=64"),
        ),
        "faster_rcnn": Line(
            "Faster R-CNN",
            full["faster_rcnn"],
            (*small, *plain, "picture_size=192x192", "learning_rate=3e-4", "epochs=2", "arguments.num_proposals=100"),
            "AdamW, 384 pixels in place of 600 and anchors of half the sides; fc6 and fc7 begin at random.",
            frozen=(*two_stage_frozen, "arguments.region_samples=32"),
        ),
        "tiny_yolo_v2": Line(
            "Tiny YOLO v2",
            full["tiny_yolo_v2"],
            ("arguments.width=0.25", "precision=float32", "picture_size=224x224", "batch_size=8", "epochs=12"),
            "from scratch, where the release begins with a classifier of ImageNet.",
            None,
        ),
        "fcn32s": Line(
            "FCN-32s",
            full["fcn32s"],
            (*dense_small, "learning_rate=3e-4", "epochs=2"),
            "AdamW for 20 epochs in place of SGD for 175; fc6 and fc7 begin at random, at three times the rate.",
            frozen=(*fcn_frozen, "epochs=1"),
        ),
        "fcn16s": Line(
            "FCN-16s",
            full["fcn16s"],
            (*dense_small, "learning_rate=1e-4", "epochs=1"),
            "8 epochs after FCN-32s'.",
            "fcn32s",
            frozen=(*fcn_frozen, "steps=200"),
        ),
        "fcn8s": Line(
            "FCN-8s",
            full["fcn8s"],
            (*dense_small, "learning_rate=1e-4", "epochs=1"),
            "8 epochs after FCN-16s'.",
            "fcn16s",
            frozen=(*fcn_frozen, "steps=200"),
        ),
        "deconvnet_objects": Line(
            "DeconvNet, first stage",
            full["deconvnet_objects"],
            (*thin, *plain, "picture_size=96x96", "batch_size=16", "learning_rate=1e-3", "epochs=2"),
            "one object at a time, of 3,131 pictures and six classes.",
        ),
        "deconvnet": Line(
            "DeconvNet",
            full["deconvnet"],
            (*thin, *plain, "picture_size=96x96", "batch_size=16", "learning_rate=1e-3", "steps=400"),
            "one epoch of proposed regions; measured over edge boxes, without the ensemble with FCN-8s.",
            "deconvnet_objects",
            {"proposals": "edge_boxes"},
        ),
        "deeplab": Line(
            "DeepLab-LargeFOV",
            full["deeplab"],
            deeplab_small,
            "AdamW, polynomial decay, batches of 10; fc6 and fc7 begin at random, not cut out of VGG16's.",
            frozen=deeplab_frozen,
        ),
        "deeplab_crf": Line(
            "DeepLab-LargeFOV with a CRF",
            full["deeplab"],
            deeplab_small,
            "the network above; the CRF has the authors' numbers, for pictures of 500 pixels, where these have 384.",
            "deeplab",
            {"crf": True},
            trains_nothing=True,
            frozen=deeplab_frozen,
        ),
        "segnet": Line(
            "SegNet",
            full["segnet"],
            (*dense_small, "learning_rate=1e-3", "epochs=3"),
            "not among the paper's data; VGG16's file has no batch normalisation, which begins anew.",
        ),
        "unet": Line(
            "U-Net",
            full["unet"],
            ("arguments.width=0.25", "precision=float32", "picture_size=128x128", "epochs=4"),
            "not among the paper's data; with batch normalisation, from scratch as there.",
            None,
        ),
        "segnet_camvid": Line(
            "SegNet, CamVid",
            full["segnet_camvid"],
            (*thin, "picture_size=180x240", "epochs=20", "validate_every=5"),
            "367 pictures in place of 3,433, measured on the validation split.",
        ),
        "segnet_basic_camvid": Line(
            "SegNet-Basic, CamVid",
            full["segnet_basic_camvid"],
            ("arguments.width=0.5", "precision=float32", "picture_size=180x240", "epochs=30", "validate_every=5"),
            "as the paper, with flips; measured on the validation split.",
            None,
        ),
    }


def recipe_of(line, size, vgg16):
    """Returns a line's recipe at a size; in full or frozen it begins with VGG16's file, if with no other line.

    Raises:
        InputError: if nothing of the line can be frozen.
    """
    if size in ("narrow", "toy"):
        narrow = change(line.recipe, line.narrow)
        return toy(narrow) if size == "toy" else narrow
    if size == "frozen" and not line.frozen:
        raise InputError(f"{line.title} is trained full or narrow: behind frozen convolutions it has little to learn")
    recipe = change(line.recipe, line.frozen) if size == "frozen" else line.recipe
    weights = {"weights": str(vgg16)} if line.begins_with == "" else {}
    return replace(recipe, arguments={**recipe.arguments, **weights})


def toy(recipe):
    """Returns a narrow recipe on a few drawn pictures."""
    crops = recipe.data.split("voc_segmentation:")[0] if recipe.data.startswith("crops:") else ""
    return change(
        recipe,
        [
            f"data={crops}shapes:train[:12]",
            f"val_data={crops and 'crops:objects:'}shapes:val[:3]",
            "picture_size=64x64",
            "arguments.width=0.0625",
            "batch_size=4",
            "epochs=2",
            "crop_size=none",
            "augment.scale=(1, 1)",
            "milestones=()",
            "warmup_epochs=0.0",
            "validate_every=1",
        ],
    )
