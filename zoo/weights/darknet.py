"""Networks that others trained with Darknet, from their .cfg and .weights files.

Source: Darknet by J. Redmon: src/parser.c and one file for each layer.
"""

from keras import layers

from zoo.backbones.darknet import to_unit
from zoo.backbones.darknet_layers import CellGrid
from zoo.detection.detector import Detector
from zoo.detection.yolo_v1 import YoloV1
from zoo.detection.yolo_v2 import YoloV2
from zoo.errors import InputError
from zoo.model import ZooModel
from zoo.weights import darknet_cfg, darknet_weights, names
from zoo.weights.darknet_sections import LAYERS, Network

VOC_NAMES = names.VOC[1:]
"""In the order of Darknet's data/voc.names."""


def build(cfg_path, weights_path=None, *, class_names=()):
    """Builds the network that a Darknet .cfg describes, of the YOLO v1 and v2 era, and loads its weights.

    Args:
        cfg_path: the .cfg file.
        weights_path: the .weights file; random weights without one.
        class_names: names of the classes, index for index, such as `VOC_NAMES`.
    Returns:
        A `YoloV2` where the network ends with `[region]`, a `YoloV1` where it ends with `[detection]`: trained,
        exported and measured as any other. Otherwise, as for classifiers, a `ZooModel` without a task that returns
        the last layer's output. Pictures are raw pixels, stretched to the size in `[net]`.
    Raises:
        InputError: if a section or option is not supported, or the weights do not fit; it names the file.
    """
    net, *sections = darknet_cfg.read(cfg_path)
    size = net.integer("height"), net.integer("width")
    net.expect(channels=3)
    if not sections:
        raise net.error("no layers follow")
    image = layers.Input((*size, 3), name="image")
    network = Network(to_unit(image))
    for section in sections[:-1]:
        add(network, section)
    model = end(image, network, sections[-1])
    if class_names:
        classes = model.num_classes if isinstance(model, Detector) else model.output_shape[-1]
        if classes != len(class_names):
            raise InputError(f"{cfg_path}: has {classes} classes, received {len(class_names)} class names")
        model.class_names = tuple(class_names)
    model.image_size, model.resizing = size, "stretch"
    if weights_path is not None:
        darknet_weights.load(model, weights_path, partial=False)
    return model


def add(network, section):
    """Adds one section's layer."""
    if section.kind not in LAYERS:
        where = "in the middle of a network" if section.kind in HEADS else "here"
        raise section.error(f"this section is not supported {where}; known are {', '.join(LAYERS)}")
    network.tensors.append(LAYERS[section.kind](network, section))


def end(image, network, section):
    """Adds the last section and returns the model."""
    if section.kind in HEADS:
        return HEADS[section.kind](image, network, section)
    add(network, section)
    return ZooModel(image, network.last, name=section.path.stem)


def region(image, network, section):
    """Reads YOLOv2's last layer: boxes from anchors; `thresh` and the scales weigh its loss."""
    section.allow(
        *("anchors", "classes", "coords", "num", "softmax", "bias_match", "jitter", "rescore", "absolute", "random"),
        *("object_scale", "noobject_scale", "class_scale", "coord_scale", "thresh", "max"),
    )
    section.expect(coords=4, softmax=1)
    grid = network.map(section)
    classes, count, sides = section.integer("classes", 20), section.integer("num", 1), section.numbers("anchors")
    if len(sides) != 2 * count or min(sides) <= 0:
        raise section.error(f"num={count} takes {2 * count} anchors above 0, received {sides}")
    if grid.shape[3] != count * (5 + classes):
        raise section.error(
            f"num={count} and classes={classes} take {count * (5 + classes)} channels, received {grid.shape[3]}"
        )
    (height, width), cells = image.shape[1:3], grid.shape[1:3]
    if height % cells[0] or width % cells[1]:
        raise section.error(f"a grid of {cells[0]}x{cells[1]} cells does not divide {height}x{width} pixels")
    model = YoloV2(image, {"grid": grid}, name=section.path.stem)
    model.num_classes, model.stride = classes, (height // cells[0], width // cells[1])
    model.anchors = tuple(zip(sides[::2], sides[1::2], strict=True))
    model.ignored_iou = section.number("thresh", 0.5)
    for scale in ("object_scale", "noobject_scale", "class_scale", "coord_scale"):
        setattr(model, scale, section.number(scale, 1.0))
    return model


def detection(image, network, section):
    """Reads YOLO's last layer: a vector of classes, confidences and boxes; the scales weigh its loss."""
    section.allow(
        *("classes", "coords", "num", "side", "softmax", "sqrt", "rescore", "jitter", "forced", "random", "max"),
        *("object_scale", "noobject_scale", "class_scale", "coord_scale"),
    )
    section.expect(coords=4, softmax=0, sqrt=1, object_scale=1, class_scale=1)
    if "sqrt" not in section.options:
        raise section.error("sqrt=1 is missing: boxes by their sides, not their square roots, are not supported")
    classes, count, side = section.integer("classes"), section.integer("num"), section.integer("side", 7)
    x = network.vector(section)
    if x.shape[1] != side**2 * (classes + 5 * count):
        raise section.error(
            f"side={side}, num={count}, classes={classes} take {side**2 * (classes + 5 * count)} values, "
            f"received {x.shape[1]}"
        )
    grid = CellGrid(side, count, dtype="float32", name="grid")(x)
    model = YoloV1(image, {"grid": grid}, name=section.path.stem)
    model.num_classes, model.num_boxes = classes, count
    model.coord_scale = section.number("coord_scale", 1.0)
    model.noobject_scale = section.number("noobject_scale", 1.0)
    return model


HEADS = {"region": region, "detection": detection}
