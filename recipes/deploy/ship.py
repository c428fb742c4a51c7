"""Export and verification as the command line asks for them: by the names of files and sources."""

import sys
from functools import partial
from pathlib import Path

import numpy as np

import export
from export.files import SUFFIXES, located
from export.runtimes.keras import KerasPredictor
from export.servers import check_server, export_for
from export.source import open_model
from export.ways import CALIBRATED
from recipes.data import open_source
from recipes.data.examples import first, letterboxed, representative
from recipes.evaluation.evaluate import labels_of
from recipes.training.known import known_to, without_bad
from recipes.training.settings import literal
from recipes.training.workdir import Workdir
from zoo.errors import InputError
from zoo.weights import catalogue


def ship(
    model,
    output=None,
    *,
    format,
    quantize=None,
    image_size=None,
    batch_size=1,
    data=None,
    pictures=100,
    search=None,
    server=None,
    **form,
):
    """Exports a .keras file, or a model by name.

    Args:
        model: path of the .keras file, or a name as `zoo.load` takes it.
        output: file to write; by default `artifacts/model[-int8].onnx` beside the model, of a name in the current
            folder, with its form in the name.
        format: see `export.export`.
        quantize: see `export.export`.
        image_size: `"HEIGHTxWIDTH"`, "any", a pair, or `None` for the training's.
        batch_size: see `export.export`.
        data: source whose pictures int8 learns its ranges from, and on which the artifact is compared with Keras; of
            the data of the model's run without those that it left out. If not given, those of the model's run: int8
            learns from its training data, and its validation data are compared on.
        pictures: how many of each at most; those that int8 learns from are spread evenly over their source.
        search: see `export.export`.
        server: "triton" or "tf-serving", for a folder as that reads it, `servers/SERVER/MODEL` beside the model by
            default; the format is then the server's.
        **form: what the file takes and returns, a detector's thresholds, ONNX's opset, see `export.export`.

    Returns:
        The `export.Artifact`.

    Raises:
        InputError: if anything named is wrong or missing.
        export.VerificationError: if the artifact differs from Keras.
    """
    check_model(model)
    size = (None, None) if image_size == "any" else literal(image_size) if isinstance(image_size, str) else image_size
    if size is not None and (not isinstance(size, tuple) or len(size) != 2):
        raise InputError(f"--image-size takes HEIGHTxWIDTH, as in 360x480, or any, received {image_size!r}")
    if server is None and format not in SUFFIXES:
        raise InputError(f"unknown format {format!r}: choose one of {', '.join(SUFFIXES)}")
    if output is None:
        output = artifact_path(model, format, quantize, form) if server is None else repository(model, server)
        output.parent.mkdir(exist_ok=True, parents=server is not None)
    learned, words, compared = None, "", None
    keras_model = open_model(model)
    predictor = KerasPredictor(keras_model)
    size = checked(size or predictor.frame_size, model)
    frame = predictor.frame_size if size and None in size else size
    if quantize in CALIBRATED:
        source = source_of(model, predictor.task, data, "data")
        if source is None:
            raise InputError(f"{quantize} learns from pictures: name their source with --data, as in --data shapes")
        learned = representative(source, checked(frame, model), pictures, predictor.resizing)
        words = f"{source.spec}, spread evenly over its {len(source):,} pictures"
    if source := source_of(model, predictor.task, data, "val_data"):
        compared = list(examples_of(source, predictor, checked(frame, model), pictures))
    export_it = partial(export.export, format=format) if server is None else partial(export_for, server)
    return export_it(
        keras_model,
        output,
        image_size=size,
        quantize=quantize,
        batch_size=batch_size,
        representative=learned,
        source=words,
        search=search,
        pictures=np.stack([picture for picture, _ in compared]) if compared else None,
        targets=[targets for _, targets in compared] if compared else None,
        **form,
    )


def check_model(path):
    """Raises `InputError` if something is neither a file nor a model's name."""
    if not catalogue.find(path) and not Path(path).is_file():
        fault = "is a folder" if Path(path).is_dir() else f"does not exist{catalogue.hint(path)}"
        raise InputError(f"{path} {fault}: give a .keras file or a name that `zoo weights` lists")


def folder_of(model):
    """Returns the folder that a .keras file lies in, the current one for a name."""
    return Path() if catalogue.is_name(model) else Path(model).parent


def source_of(model, task, data, role):
    """Returns a `Source` of pictures for an artifact of a model.

    Args:
        model: path of the .keras file.
        task: its task, `None` where that is unknown.
        data: the source's name; those of the model's run if not given.
        role: the field of that run's recipe, "data" or "val_data".
    Returns:
        The source, without what the run left out of it; `None` where neither names one, or the run's is gone.
    """
    if task is None:
        return None
    folder = Path(model).absolute().parent
    if data is None and (folder / "recipe.json").is_file():
        named = getattr(Workdir(folder, resume=True).read_recipe(), role)
        try:
            return without_bad(open_source(named).of_task(task), known_to(model))
        except InputError as error:
            print(f"without the data of its run: {error}", file=sys.stderr)
    return None if data is None else without_bad(open_source(data).of_task(task), known_to(model))


def examples_of(source, predictor, size, count):
    """Yields the pictures of a source with the model's targets, see `recipes.data.examples.letterboxed`.

    Args:
        source: a `Source`; of a detector, its classes may be some of the model's.
        predictor: what `export.load` returns. One that names no classes has no targets.
        size: `(height, width)` in pixels.
        count: the first so many only; `None` for all.
    Raises:
        InputError: if the source's classes or keypoints are not those that the model learned.
    """
    ours, theirs = predictor.class_names, tuple(source.class_names(predictor.task))
    known = bool(ours) == bool(theirs)
    if known:
        labels_of(predictor, source)
    places = np.array([ours.index(name) for name in theirs if name in ours])
    for picture, targets in letterboxed(source, predictor.task, size, count):
        if known and theirs != ours:
            labels = targets["labels"]
            targets = {**targets, "labels": np.where(labels < 0, -1, places[labels])}
        yield picture, targets if known else None


def checked(size, model):
    """Returns the size of the pictures, or raises `InputError` if it is unknown."""
    if size is None:
        raise InputError(f"{model} was not trained at one size: name it with --image-size HEIGHTxWIDTH, or any")
    return size


def artifact_path(model, format, quantize=None, form=()):
    """Returns where an artifact of a model lies by default: `artifacts/model[-int8].onnx` beside it, see `folder_of`.

    Of the arguments of `form` those that `export.export` takes for what a file takes and returns are in its name too,
    as in `model-letterbox.onnx`, so that files of several forms stand beside each other.
    """
    form = dict(form)
    words = [word for word in ("raw", "paste", "letterbox") if form.get(word)]
    words += [form["input"]] if form.get("input", "uint8") != "uint8" else []
    words += ["_".join(form["outputs"].split(","))] if form.get("outputs") else []
    name = "-".join(filter(None, [Path(model).stem, quantize, *words]))
    return folder_of(model) / "artifacts" / f"{name}{SUFFIXES[format] or '_saved_model'}"


def repository(model, server):
    """Returns where a model's folder for a server lies by default; an unknown server is an `InputError`."""
    check_server(server)
    return folder_of(model) / "servers" / server / Path(model).stem


def verify(artifact, model, data=None, count=None):
    """Verifies an artifact against its .keras file on a source.

    Args:
        artifact: path of a SavedModel folder, .onnx, .tflite or .xml (OpenVINO) file, or the name of one of ours.
        model: path of the .keras file or a name; `None` for the artifact's name, or the `model.keras` above its file.
        data: the source; of the data of the model's run without those that it left out. If not given, the run's
            validation data.
        count: its first so many pictures only.

    Returns:
        The `export.Verification`.

    Raises:
        InputError: if no model is named and none lies above the artifact, no data are and it lies in no run, or a
            name is wrong.
    """
    if model:
        check_model(model)
    if count is not None and count < 1:
        raise InputError(f"--count takes 1 picture or more, received {count}")
    if model is None:
        model = artifact if catalogue.is_name(artifact) else model_above(artifact)
    artifact = located(artifact)
    predictor = export.load(artifact)
    source = source_of(model, predictor.task, data, "val_data")
    if source is None:
        raise InputError(f"{model}: its own data are not known; name labelled pictures of its classes with --data")
    size = predictor.network_size
    keras_model = open_model(model)
    frame = checked(KerasPredictor(keras_model).frame_size if None in size else size, model)
    return export.verify(artifact, keras_model, examples_of(source, predictor, frame, count))


def pictures_for(artifact, data, count):
    """Returns the first so many pictures of a source, in their own sizes, for an artifact to be timed on."""
    card, source = export.Artifact.read(artifact), open_source(data)
    return first(source.of_task(card.task) if card and card.task else source, count)


def model_above(artifact):
    """Returns `model.keras` in the artifact's folder or the one above it."""
    folder = Path(artifact).absolute().parent
    for candidate in (folder / "model.keras", folder.parent / "model.keras"):
        if candidate.is_file():
            return candidate
    raise InputError(f"{artifact}: there is no model.keras near it; name the Keras model with --model")
