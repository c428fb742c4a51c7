"""`export`: check the request, convert beside the target, measure, put in place."""

import glob
import json
import os
import shutil
import tempfile
import time
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from export.artifact import Artifact, weights_beside
from export.convert import ConversionError, convert
from export.decoders import decoder_of
from export.form import USUAL, form_of
from export.runtime import KerasPredictor, opened
from export.search import LIMIT
from export.switches import switch_layers
from export.tolerances import tolerances
from export.verify import FAILED, compare
from zoo.errors import InputError

QUANTIZE = {
    "saved_model": (None, "float16"),
    "onnx": (None, "float16", "dynamic", "weight_int4", "int8", "int8_symmetric"),
    "tflite": (None, "float16", "dynamic", "weight_int4", "int8", "int8_full"),
    "openvino": (None, "float16", "dynamic", "int8"),
}
"""By format, the ways to quantize."""
CALIBRATED = ("int8", "int8_symmetric", "int8_full")
"""Those that learn ranges from pictures."""
SEARCHED = ("int8", "int8_symmetric")
"""Of these, those that can leave layers in float."""
PREPROCESSING = "raw RGB pixels 0..255 as {0}"
FRAME = ", brought by the caller to {0}x{1} (height x width) by {2}"
ANY_SIZE = " of a picture of any size"
SIDES = ", scaled by the caller to sides of {0}, at most {1}"
REGIONS = "; at most {1} regions that {0} finds in the picture, brought there with it"
LATENCY_RUNS = 5


class VerificationError(RuntimeError):
    """An artifact differs from its Keras model.

    Attributes:
        artifact: the `Artifact`, which was kept under another name.
    """

    def __init__(self, artifact):
        failures = "; ".join(artifact.parity["failures"])
        super().__init__(f"the artifact differs from Keras: {failures}; it was kept as {artifact.path}")
        self.artifact = artifact


def export(
    model_or_path,
    path,
    format="onnx",
    image_size=None,
    quantize=None,
    batch_size=1,
    representative=None,
    source="",
    search=None,
    pictures=None,
    targets=None,
    score_threshold=None,
    iou_threshold=None,
    max_detections=None,
    opset=None,
    input="uint8",
    outputs=None,
    raw=False,
    paste=False,
    letterbox=False,
):
    """Writes a model as a file that another runtime reads: raw pixels in, final predictions out.

    The artifact's input is `image`, uint8 `(batch_size, height, width, 3)`, and for a model that looks at proposed
    regions (R-CNN, Fast R-CNN) also `proposals`, float32 `(batch_size, num_proposals, 4)` xyxy in the picture's
    pixels, rows of zeros where there are fewer; what `load` returns finds them itself where they are not given. Its
    outputs are those of the model's `predict` (a detector's after suppression), and for segmentation `classes
    (B, H, W)` int32 besides. It is written to a temporary folder beside `path`, compared with Keras, timed (the
    network alone, without the search for regions), and renamed: an interrupted export leaves what was at `path` as it
    was. So does an artifact that differs from Keras, see `export.verify`: it is kept as `NAME.unverified.SUFFIX`.

    Args:
        model_or_path: a `zoo.ZooModel` on any backend, or a .keras file; a classifier too, of which
            `keras.Model(model.input, {"logits": model.output["logits"]})` leaves out the feature maps.
        path: the file to write (for OpenVINO an .xml, beside which its .bin goes), a folder for a SavedModel; an
            artifact already there is replaced.
        format: "saved_model", "onnx", "tflite" or "openvino".
        image_size: `(height, width)` in pixels, `None` in either place for any number, where the model takes any (not
            in TFLite); `model.image_size` if not given.
        quantize: `None`, "float16" (half the file), "dynamic" or "int8" (a quarter of it; a SavedModel has neither,
            and R-CNN no "int8"), "weight_int4" (an eighth of what is fully connected, a quarter of the rest); in ONNX
            also "int8_symmetric", for TensorRT; in TFLite "int8_full", which has no float tensor.
        batch_size: pictures a call; `None` for any number (not in TFLite).
        representative: uint8 `(N, height, width, 3)` pictures from which integers learn their ranges; some tens will
            do, spread over what the model is made for.
        source: where these are from, in words for the card.
        search: of "int8" and "int8_symmetric", the noise of the last layers (RMS of what integers change, over the
            standard deviation of the values) down to which those layers are sought and left in float32 that spoil
            it: see `export.search`. Without it they are sought, down to a noise of `export.search.LIMIT`, where the
            artifact exceeds its limits of parity. It quantizes and runs the file once for every layer.
        pictures: uint8 `(N, height, width, 3)` on which parity and latency are measured; without them the
            representative ones, or noise, on which a quantized form is not judged (of two sizes where the file takes
            any).
        targets: those of `pictures`, a list as `verify` takes them: without them nobody can tell what a quantized
            form loses.
        score_threshold: of a detector, the score above which the artifact reports what it finds; `None` for the
            model's, which stays as it is.
        iou_threshold: likewise, the overlap with a better box above which one is dropped.
        max_detections: likewise, the artifact's number of rows.
        opset: version of ONNX's operators, 13 or later; `None` for 18.
        input: dtype of the pixels, 0 to 255, that the artifact takes: "uint8", or "float32" for runtimes that have
            no bytes, as the GPU delegates of TFLite.
        outputs: names of outputs in the order in which the artifact has them, a tuple or separated by commas: those
            of the task, which `None` stands for, and for a detector the four of `export.outputs.MEDIAPIPE` in pixels'
            shares, of which "mediapipe" is short.
        raw: leave decoding and suppression out: a one-stage detector's grid as the network has it, for the decoders
            of `export.decoders`.
        paste: add to the masks of boxes `pasted (B, K, height, width)` uint8, masks of the picture's size.
        letterbox: take pictures of any size (not in TFLite), brought to `image_size` and what is found there back
            within the graph.
    Returns:
        The `Artifact`, whose card is also inside the file; its `parity` says under "verdict" whether it passed.
    Raises:
        InputError: if an argument is wrong, or the model has an operator that the format lacks.
        ConversionError: if the converter fails otherwise.
        VerificationError: if the artifact differs from Keras.
    """
    from export.source import at_thresholds, attributes_of, open_model

    check_choice("format", format, QUANTIZE)
    check_choice(f"quantize for {format}", quantize, QUANTIZE[format])
    check_search(search, quantize)
    path = check_target(Path(path), format)
    if opset is not None and format != "onnx":
        raise InputError(f"opset is a number of ONNX's, received {opset!r}: leave it out for {format}")
    model = open_model(model_or_path)
    check_loops(model, quantize)
    check_class_names(model)
    image_size = check_size(model, image_size, format)
    check_batch_size(batch_size, format)
    if representative is not None:
        representative = check_pictures("representative", representative, image_size)
    elif quantize in CALIBRATED:
        raise InputError(
            f"{quantize} needs representative pictures: pass representative=, uint8 (N, height, width, 3)"
        )
    real = pictures is not None or representative is not None
    targets = check_targets(targets, pictures)
    calibrated = quantize in CALIBRATED
    pictures, origin = choose_pictures(model, pictures, representative, image_size)
    thresholds = {
        "score_threshold": score_threshold,
        "iou_threshold": iou_threshold,
        "max_detections": max_detections,
    }
    form = form_of(
        model, format, image_size, batch_size, input=input, outputs=outputs, raw=raw, paste=paste, letterbox=letterbox
    )
    with at_thresholds(model, thresholds), folder_beside(path) as folder:
        keras = KerasPredictor(model)
        written = folder / path.name
        inputs = form.feed(keras.inputs_of(representative)) if calibrated else None
        limits = tolerances(getattr(model, "task", None), quantize, bool(switch_layers(model)))

        def converted(limit):
            report = convert(
                keras.model,
                written,
                format,
                form=form,
                quantize=quantize,
                representative=inputs,
                limit=limit,
                **({} if opset is None else {"opset": opset}),
            )
            layers = report.pop("search")
            artifact = Artifact(
                path=str(path),
                format=format,
                quantize=quantize,
                class_names=tuple(getattr(model, "class_names", ())),
                task=getattr(model, "task", None),
                attributes=attributes_of(model),
                form=json.loads(json.dumps(form.to_dict())),
                decoder=decoder_of(model, image_size) if raw else {},
                preprocessing=preprocessing(model, form),
                calibration=calibration(representative, source, layers) if calibrated else {},
                created=datetime.now(UTC).isoformat(timespec="seconds"),
                **report,
            )
            try:
                predictor = opened(written, None, artifact)
            except InputError as error:
                reason = str(error).replace(str(written), path.name)
                raise ConversionError(f"conversion to {format} failed: {reason}") from error
            examples = zip(pictures, targets or [None] * len(pictures), strict=True)
            found = compare(predictor, keras, examples, limits if real or quantize is None else {})
            return artifact, predictor, found

        artifact, predictor, found = converted(search)
        if quantize in SEARCHED and search is None and found.verdict == FAILED:
            artifact, predictor, found = converted(LIMIT)
        if not real:
            found = replace(found, doubts=(*found.doubts, NOISE))
        measured = {"parity": {"pictures": origin, **found.summary()}, "latency": latency(predictor, pictures)}
        replace(artifact, **measured).embed(written)
        target = unverified(path) if found.verdict == FAILED else path
        put_in_place(written, target, folder)
    made = Artifact.read(target)
    if found.verdict == FAILED:
        raise VerificationError(made)
    return made


NOISE = "compared on noise alone: give pictures of what the model was trained for"


def unverified(path):
    """Returns under which name an artifact is kept that should stand at `path` and differs from its model."""
    return path.with_name(f"{path.stem}.unverified{path.suffix}")


def check_targets(targets, pictures):
    """Returns the targets as a list or `None`, or raises `InputError` if they are not those of the pictures."""
    if targets is None:
        return None
    if pictures is None or len(targets) != len(pictures):
        count = "no" if pictures is None else len(pictures)
        raise InputError(f"targets are those of pictures, one for each: received {len(targets)} of {count} pictures")
    return list(targets)


def check_choice(name, value, known):
    """Raises `InputError` with the known values if `value` is none of them."""
    if value not in known:
        raise InputError(f"unknown {name} {value!r}: choose one of {', '.join(map(str, known))}")


def check_search(search, quantize):
    """Raises `InputError` if layers are sought for no noise, or where none can stay in float."""
    if search is None:
        return
    if quantize not in SEARCHED:
        raise InputError(f"search finds layers that stay float in {' or '.join(SEARCHED)}, received {quantize!r}")
    if not isinstance(search, int | float) or not search > 0:
        raise InputError(f"search takes the noise that may be left, a number above 0, received {search!r}")


def check_loops(model, quantize):
    """Raises `InputError` for R-CNN in integers: its network runs in a loop, and nothing is calibrated inside."""
    from zoo.detection.region_features import RegionFeatures

    if quantize in CALIBRATED and any(isinstance(layer, RegionFeatures) for layer in model.layers):
        raise InputError(
            f"model {model.name!r} cannot become {quantize}: its network runs in a loop over the regions, inside of "
            "which no activations are measured; choose dynamic, whose kernels have 8 bits too"
        )


def check_class_names(model):
    """Raises `InputError` if a class name has a line break: other programs read the names a line each."""
    for name in getattr(model, "class_names", ()):
        if "\n" in name or "\r" in name:
            raise InputError(
                f"the class name {name!r} has a line break, and files name a class a line: change model.class_names"
            )


def check_target(path, format):
    """Returns the absolute path to write, or raises `InputError` if nothing of this format can stand there."""
    path = path.absolute()
    if not path.parent.is_dir():
        raise InputError(f"{path} cannot be written: make the folder {path.parent} first")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{path} cannot be written: the folder {path.parent} is not writable")
    if format == "saved_model":
        if path.exists() and not (path / "saved_model.pb").is_file():
            raise InputError(f"{path} is there and no SavedModel: choose another path")
        return path
    suffix = ".xml" if format == "openvino" else f".{format}"
    if path.suffix != suffix:
        raise InputError(f"{path} must end in {suffix} for the format {format}")
    if path.is_dir():
        raise InputError(f"{path} is a folder: choose another path")
    return path


def check_size(model, image_size, format):
    """Returns `(height, width)`, or raises `InputError` if it is unknown, no size, or not the model's or format's."""
    from export.source import fixed_size

    image_size = image_size or getattr(model, "image_size", None)
    fixed = fixed_size(model)
    if image_size is None:
        if None in fixed:
            raise InputError("the picture size is unknown: pass image_size=(height, width)")
        return fixed
    try:
        height, width = (None if side is None else int(side) for side in image_size)
    except (TypeError, ValueError):
        raise InputError(f"image_size must be (height, width), received {image_size!r}") from None
    asked = f"{height or 'any'}x{width or 'any'}"
    if any(side is not None and side < 1 for side in (height, width)):
        raise InputError(f"image_size must be positive, received {height}x{width}")
    if any(side not in (None, given) for side, given in zip(fixed, (height, width), strict=True)):
        raise InputError(f"the model takes pictures of {fixed[0]}x{fixed[1]}, received image_size {asked}")
    if format == "tflite" and None in (height, width):
        raise InputError(f"tflite takes a fixed image_size, received {asked}: name it, or choose onnx or saved_model")
    return height, width


def check_batch_size(batch_size, format):
    """Raises `InputError` if `batch_size` is neither a positive integer nor, where it may be, `None`."""
    if batch_size is None:
        if format == "tflite":
            raise InputError("tflite takes a fixed batch_size: pass a number, or choose onnx or saved_model")
    elif not isinstance(batch_size, int) or batch_size < 1:
        raise InputError(f"batch_size must be a positive number or None, received {batch_size!r}")


def check_pictures(name, pictures, image_size):
    """Returns uint8 `(N, height, width, 3)`, or raises `InputError` that names the argument."""
    pictures = np.asarray(pictures)
    if pictures.dtype != np.uint8 or pictures.ndim != 4 or not fits(pictures, image_size) or 0 in pictures.shape:
        height, width = (side or "any" for side in image_size)
        raise InputError(
            f"{name} must be uint8 (N, {height}, {width}, 3), received {pictures.dtype} {pictures.shape}"
        )
    return pictures


def fits(pictures, image_size):
    """Says whether `(N, height, width, 3)` pictures are of a size, `None` in which is any."""
    return all(want in (None, got) for want, got in zip((*image_size, 3), pictures.shape[1:], strict=True))


def preprocessing(model, form):
    """Returns what the card says that the caller does to a picture."""
    from export.source import proposals_of

    pixels = PREPROCESSING.format(form.input)
    if form.letterbox:
        pixels += ANY_SIZE
    elif None in form.image_size:
        sides = getattr(model, "sides", None)
        pixels += SIDES.format(*sides) if sides else ANY_SIZE
    else:
        pixels += FRAME.format(*form.image_size, getattr(model, "resizing", "letterbox"))
    method = proposals_of(model)
    return pixels + (REGIONS.format(method, model.num_proposals) if method else "")


def calibration(representative, source, found):
    """Returns what the card says of the pictures that ranges were learned from, and of the layers left in float."""
    known = {"pictures": len(representative), "source": source or "given by the caller"}
    return known | ({"search": found} if found else {})


def choose_pictures(model, pictures, representative, image_size):
    """Returns the pictures to measure on, and in words where they come from."""
    if pictures is not None:
        return check_pictures("pictures", pictures, image_size), f"{len(pictures)} given by the caller"
    if representative is not None:
        return representative[:4], f"{len(representative[:4])} of the representative pictures"
    usual = getattr(model, "image_size", None) or USUAL
    size = [side or other for side, other in zip(image_size, usual, strict=True)]
    noise = np.random.default_rng(0).integers(0, 256, (2, *size, 3), dtype=np.uint8)
    if None in image_size:  # the second picture is larger
        wider = np.pad(
            noise[1], [(0, 32 * (image_size[0] is None)), (0, 64 * (image_size[1] is None)), (0, 0)], "wrap"
        )
        return [noise[0], wider], "2 of uniform noise, of two sizes"
    return noise, "2 of uniform noise"


def latency(predictor, pictures):
    """Returns the median milliseconds a call of a few runs, after one to warm up."""
    batch = np.stack([pictures[0]] * (predictor.batch_size or 1))
    inputs = predictor.inputs_of(batch)
    predictor.call(inputs)
    seconds = []
    for _ in range(LATENCY_RUNS):
        start = time.perf_counter()
        predictor.call(inputs)
        seconds.append(time.perf_counter() - start)
    return {"p50_ms": round(1e3 * float(np.median(seconds)), 3), "runs": LATENCY_RUNS, "batch_size": len(batch)}


@contextmanager
def folder_beside(path):
    """Makes a temporary folder next to `path`, removed at the end whatever happens.

    A killed process cannot remove its folder: the name holds the process id, and the next export to the same path
    removes what processes left that are gone.
    """
    import psutil

    for left in path.parent.glob(f".{glob.escape(path.name)}.*.tmp"):
        if not psutil.pid_exists(int(left.name.split(".")[-3])):
            shutil.rmtree(left)
    folder = Path(tempfile.mkdtemp(prefix=f".{path.name}.{os.getpid()}.", suffix=".tmp", dir=path.parent))
    try:
        yield folder
    finally:
        shutil.rmtree(folder)


def put_in_place(written, path, folder):
    """Renames the finished artifact to `path`; the one that was there moves aside first if it is more than a file.

    A file is replaced in one step. A folder that holds files cannot be, nor an OpenVINO file with its weights, so for
    an instant there is none at `path`.
    """
    weights = weights_beside(written)
    parts = {written: path, **({weights: path.with_suffix(".bin")} if weights else {})}
    aside = {}
    try:
        for target in parts.values() if weights or path.is_dir() else ():
            if target.exists():
                aside[target] = folder / f"previous{target.suffix}"
                target.rename(aside[target])
        for part in reversed(parts):  # the weights first: a graph without them is broken
            os.replace(part, parts[part])
    except OSError:
        for target, previous in aside.items():
            os.replace(previous, target)
        raise
