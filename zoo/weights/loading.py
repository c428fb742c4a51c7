"""Gives a model the weights of a file, whoever published it."""

import logging
from os import PathLike
from pathlib import Path

from keras import layers

from zoo.backbones.normalization import set_convention
from zoo.errors import InputError
from zoo.weights import (
    caffe,
    catalogue,
    darknet_weights,
    download,
    keras_applications,
    keras_file,
    names,
    own,
    published,
    torchvision,
)
from zoo.weights.matching import assign, layers_with_weights
from zoo.weights.rooms import allowed, backbone_of, network_of

LOG = logging.getLogger("zoo")
SOURCES = {
    "torchvision": torchvision,
    "caffe": caffe,
    "darknet": darknet_weights,
    "keras_applications": keras_applications,
    "zoo": own,
}
SUFFIXES = {
    ".pth": "torchvision",
    ".pt": "torchvision",
    ".caffemodel": "caffe",
    ".weights": "darknet",
    ".h5": "keras",
    ".keras": "keras",
}
"""Who writes files of such a name; Keras, "zoo" or "keras_applications"."""


def load(model, path_or_name, source=None, partial=None, frozen_batch_norm=None):
    """Gives a model weights; it stays as it is unless they fit.

    They fit if all do, or all but heads, which depend on the number of classes or points, or if all of the backbone's
    do: a classifier's file goes into what is built on it, see `zoo.weights.rooms.may_keep`. What the model was built
    with stays where the file has nothing for it, and the report says where.

    With the weights comes what they were trained with: how pixels are normalised, that batch normalisation is frozen
    in the published detectors, and that Darknet's detectors take pictures stretched; with those that have a name, or
    a published file's own name, also how pictures are resized and the names of classes and points, see
    `zoo.weights.published.Published`. All are part of the model's configuration, which `model.save` keeps and
    `model.save_weights` does not.

    Args:
        model: a model of the zoo, a backbone too, under whatever name.
        path_or_name: a file, or a name that `zoo weights` lists, such as "regionzoo/tiny_yolo_v2_bccd" or
            "torchvision/COCO_V1", of which torchvision has several and the one for the model is taken; or one on the
            Hugging Face Hub, "hf://USER/REPOSITORY/model.keras". What is not here is fetched once. Weights of a
            classifier go into the backbone of a detector or segmenter.
        source: what wrote the file: "torchvision"; "caffe"; "darknet"; "keras_applications"; "zoo" for our own
            models. `None` to go by the suffix and, in Keras's files, the layers.
        partial: `None` for the above; `True` for whatever layers fit, `False` for all of the model or nothing.
            Darknet's files name no layers: in part, the first ones take what fits, see
            `zoo.weights.darknet_weights.load`, and of its `.conv.23` and the like, which begin a network, always so.
        frozen_batch_norm: `False` lets batch normalisation learn where the weights want it frozen, and leaves it its
            own epsilon: of a batch without variance the weights' 0 would make infinity. Compile the model afterwards.
    Returns:
        A `zoo.weights.matching.Report`: what was loaded, unused and missing, and which layers are as they were.
    Raises:
        InputError: if the file is missing, damaged, of another model, or of no known kind.
    """
    if not isinstance(path_or_name, str | PathLike) or not str(path_or_name):
        raise InputError(f"weights are a file or a published name, received {path_or_name!r}")
    entry = find(model, path_or_name)
    path = Path(entry.file) if entry else catalogue.weights_file(path_or_name) or Path(path_or_name)
    source = checked(source or (entry.source if entry else by_suffix(path)))
    reader = SOURCES[source]
    if source == "darknet":  # whose files tell no tensors without the model
        report = darknet_weights.load(model, path, partial)
    else:
        tensors = download.tensors(entry, reader.read) if entry else reader.read(path)
        convention = reader.convention(model, path)
        report = assign(reader.wanted(model, tensors), tensors, path, allowed(model, partial))
        if convention:
            set_convention(model, convention)
    if entry := entry or published.of_file(path.name):
        pass_on(entry, model, report)
        if entry.epsilon is not None and frozen_batch_norm is not False:
            freeze_batch_norm(model, entry.epsilon)
    return report


def find(model, name):
    """Looks a name up.

    Args:
        model: the model that asks; its layers tell what it is, whatever it is called.
        name: such as "torchvision/COCO_V1", or "torchvision/resnet50", which leaves no choice.
    Returns:
        The `Published` for the model, or of that name for a classifier that it stands on; `None` for other names and
        for files.
    Raises:
        InputError: if torchvision has none of that name, or not for this model.
    """
    if not catalogue.is_name(name):
        return None
    if entry := published.of_model(name):
        return entry
    named = {entry.model: entry for entry in published.PUBLISHED if entry.name == str(name)}
    if not named:
        if str(name).startswith("torchvision/"):
            raise catalogue.unknown(name)
        return None
    for network in (network_of(model), backbone_of(model)):
        if network in named:
            return named[network]
    raise InputError(f"no {name} for {model.name}: published for {', '.join(named)}")


def pass_on(entry, model, report):
    """Gives a detector or segmenter what its weights were trained with, beside the numbers.

    That is how pictures are resized, where it takes any size; names of classes and of points, where their heads have
    the weights.
    """
    if entry.sides is None or network_of(model) != entry.model:
        return
    if None in model.inputs[0].shape[1:3]:
        model.sides = entry.sides
    if {"class_logits", "head_logits"} & {*report.taken}:
        model.class_names = entry.classes
    if "keypoint_logits" in report.taken:
        for attribute, value in names.PERSON.items():
            setattr(model, attribute, value)


def freeze_batch_norm(model, epsilon):
    """Makes a model's batch normalisation keep its statistics and factors, with another epsilon."""
    for layer in layers_with_weights(model):
        if isinstance(layer, layers.BatchNormalization):
            layer.epsilon, layer.trainable = epsilon, False


def checked(source):
    """Returns a source that is known."""
    if source not in SOURCES:
        raise InputError(f"unknown source {source!r}: choose one of {', '.join(SOURCES)}")
    return source


def by_suffix(path):
    """Returns the source of a file by its name, where it has Keras's by its layers."""
    if darknet_weights.FIRST_LAYERS.search(path.name):
        return "darknet"
    for suffix, source in SUFFIXES.items():
        if path.name.endswith(suffix):
            if source == "keras":
                return "keras_applications" if keras_file.is_of_applications(path) else "zoo"
            return source
    near = catalogue.hint_of_weights(path)
    wrong = f"no name of published weights{near}{',' if near else ''} and no suffix of {', '.join(SUFFIXES)}"
    raise InputError(f"{path}: {wrong}; name its source")


def with_weights(model, weights, frozen_batch_norm=None):
    """Returns a model that a builder made, with the weights that its argument `weights` names.

    What came of it is the model's attribute `begun_with`, a `Report`, and where some layers have kept their own
    weights the logger "zoo" says so.

    Args:
        model: the model.
        weights: as `path_or_name` of `load`; `None` for the weights it has.
        frozen_batch_norm: as of `load`.
    """
    if weights is not None:
        model.begun_with = load(model, weights, frozen_batch_norm=frozen_batch_norm)
        if model.begun_with.missing:
            LOG.warning("%s", model.begun_with.in_short())
    return model
