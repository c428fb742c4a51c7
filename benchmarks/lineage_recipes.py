"""The recipes of `python -m benchmarks.lineage` in full: the papers', as smaller sets and less time ask for."""

from dataclasses import replace

from recipes.data import Augment
from recipes.detection import tiny_yolo_v2_bccd
from recipes.segmentation import deconvnet_objects_voc, deconvnet_voc, segnet_basic_camvid, segnet_camvid
from recipes.training.recipe import Recipe, load

MIXED = {"precision": "mixed_bfloat16"}


def recipes(data):
    """Returns the recipes by the name of their line.

    Args:
        data: folder with `voc_animals` and `camvid`.
    """
    boxes = {"data": f"voc:{data}/voc_animals:train", "val_data": f"voc:{data}/voc_animals:val"}
    pixels = {name: spec.replace("voc:", "voc_segmentation:") for name, spec in boxes.items()}
    objects = {"data": f"crops:objects:{pixels['data']}", "val_data": f"crops:objects:{pixels['val_data']}"}
    camvid = {"data": f"masks:{data}/camvid/train", "val_data": f"masks:{data}/camvid/val"}
    two_stage = {
        **boxes,
        **MIXED,
        "picture_size": (384, 384),
        "batch_size": 4,
        "epochs": 12,
        "optimizer": "adamw",
        "learning_rate": 5e-5,
        "schedule": "cosine",
        "warmup_epochs": 1,
        # fc6 and fc7 begin at random behind maps of large values, where SGD's steps are too long.
        "multipliers": {"bias": 2.0, "fc[67]": 4.0, "class_logits": 4.0, "box_deltas": 4.0},
        "metric": "ap50",
        "validate_every": 4,
    }
    # Of 512 pixels no anchor lies within a frame of 384, and anchors that cross its border do not learn.
    faster = replace(load("faster_rcnn_voc"), **two_stage, arguments={"anchor_sizes": (64, 128, 256)})
    fast = replace(load("fast_rcnn_voc"), **two_stage, proposals="edge_boxes", num_proposals=1000)
    rcnn = replace(
        load("rcnn_voc"),
        **boxes,
        **MIXED,
        builder="rcnn_vgg16",
        proposals="edge_boxes",
        num_proposals=50,
        picture_size=(384, 384),
        epochs=1,
        optimizer="adamw",
        learning_rate=5e-5,
        schedule="cosine",
        warmup_epochs=0.1,
        multipliers={"bias": 2.0, "fc[12]": 4.0, "logits": 4.0},
        metric="ap50",
    )
    yolo = replace(
        tiny_yolo_v2_bccd.recipe(),
        **boxes,
        **MIXED,
        arguments={},
        picture_size=(416, 416),
        augment=Augment(flip=0.5, scale=(0.6, 1.5), aspect=0.2, colour=0.5),
        batch_size=32,
        epochs=120,
        validate_every=20,
        max_objects=50,
    )
    fcn = replace(
        load("fcn32s_voc"),
        **pixels,
        **MIXED,
        picture_size=(384, 384),
        augment=Augment(flip=0.5),
        batch_size=8,
        epochs=20,
        optimizer="adamw",
        learning_rate=3e-5,
        schedule="polynomial",
        warmup_epochs=1,
        validate_every=5,
        multipliers={"bias": 2.0, "fc[67]": 3.0, "score_*": 10.0},
    )
    deeplab = replace(
        load("deeplab_largefov_voc"),
        **pixels,
        **MIXED,
        picture_size=(385, 385),
        augment=Augment(flip=0.5, scale=(1.0, 1.5)),
        batch_size=10,
        epochs=24,
        optimizer="adamw",
        learning_rate=3e-5,
        schedule="polynomial",
        milestones=(),
        warmup_epochs=1,
        validate_every=6,
        multipliers={"bias": 2.0, "fc[67]": 4.0, "logits": 10.0},
    )
    first = replace(
        deconvnet_objects_voc.recipe(), **objects, **MIXED, epochs=20, milestones=(12, 17), validate_every=10
    )
    second = replace(
        deconvnet_voc.recipe(),
        **MIXED,
        data=f"crops:proposals:{pixels['data']}",
        val_data=objects["val_data"],
        start="",
        epochs=1,
        milestones=(0.5,),
    )
    dense = {
        **pixels,
        **MIXED,
        "picture_size": (384, 384),
        "batch_size": 8,
        "optimizer": "adamw",
        "learning_rate": 1e-3,
        "schedule": "cosine",
        "warmup_epochs": 1,
        "weight_decay": 1e-4,
        "augment": Augment(flip=0.5, scale=(0.8, 1.5), colour=0.2),
        "validate_every": 10,
    }
    segnet = replace(segnet_camvid.recipe(), **dense, epochs=28, class_weights=None, multipliers={"encoder*": 0.1})
    unet = Recipe(builder="unet", arguments={"batch_norm": True}, **dense, epochs=30)
    finer = {"epochs": 8, "validate_every": 4, "warmup_epochs": 0.0}
    camvid = {**camvid, **MIXED, "validate_every": 20}
    return {
        "rcnn": rcnn,
        "fast_rcnn": fast,
        "faster_rcnn": faster,
        "tiny_yolo_v2": yolo,
        "fcn32s": fcn,
        "fcn16s": replace(fcn, builder="fcn16s_vgg16", learning_rate=1e-5, **finer),
        "fcn8s": replace(fcn, builder="fcn8s_vgg16", learning_rate=5e-6, **finer),
        "deconvnet_objects": first,
        "deconvnet": second,
        "deeplab": deeplab,
        "segnet": segnet,
        "unet": unet,
        "segnet_camvid": replace(segnet_camvid.recipe(), **camvid),
        "segnet_basic_camvid": replace(segnet_basic_camvid.recipe(), **camvid),
    }
