"""`export`: check what is asked for, convert beside the target, measure, put in place."""

import json
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from export.artifact import Artifact
from export.convert import ConversionError, convert
from export.decoders import decoder_of
from export.examples import check_representative, examples_of
from export.form import Form, form_of, preprocessing
from export.placing import folder_beside, put_in_place, unverified
from export.requests import (
    check_batch_size,
    check_class_names,
    check_loops,
    check_size,
    check_target,
    check_way,
)
from export.runtime import opened
from export.runtimes.keras import KerasPredictor
from export.search import LIMIT
from export.source import at_thresholds, attributes_of, open_model
from export.switches import switch_layers
from export.tolerances import tolerances
from export.verify import FAILED, compare
from export.ways import CALIBRATED, SEARCHED
from zoo.errors import InputError
from zoo.types import File

if TYPE_CHECKING:
    import keras

LATENCY_RUNS = 5
LATENCY_SECONDS = 2.0
"""After which no other run begins."""
NOISE = "compared on noise alone: give pictures of what the model was trained for (--data, pictures=)"


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
    model_or_path: "keras.Model | File",
    path: File,
    format: str = "onnx",
    image_size: tuple[int | None, int | None] | None = None,
    quantize: str | None = None,
    batch_size: int | None = 1,
    representative: np.ndarray | None = None,
    source: str = "",
    search: float | None = None,
    pictures: np.ndarray | Sequence[np.ndarray] | None = None,
    targets: Sequence | None = None,
    score_threshold: float | None = None,
    iou_threshold: float | None = None,
    max_detections: int | None = None,
    opset: int | None = None,
    input: str = "uint8",
    outputs: str | None = None,
    raw: bool = False,
    paste: bool = False,
    letterbox: bool = False,
) -> Artifact:
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
    check_way(format, quantize, search, opset)
    place = check_target(Path(path), format)
    model = open_model(model_or_path)
    check_loops(model, quantize)
    check_class_names(model)
    image_size = check_size(model, image_size, format)
    check_batch_size(batch_size, format)
    representative = check_representative(representative, quantize, image_size)
    examples = examples_of(model, pictures, targets, representative, image_size)
    form = form_of(
        model, format, image_size, batch_size, input=input, outputs=outputs, raw=raw, paste=paste, letterbox=letterbox
    )
    thresholds = {
        "score_threshold": score_threshold,
        "iou_threshold": iou_threshold,
        "max_detections": max_detections,
    }
    with at_thresholds(model, thresholds), folder_beside(place) as folder:
        keras = KerasPredictor(model)
        inputs = form.feed(keras.inputs_of(representative)) if quantize in CALIBRATED else None
        plan = Plan(model, place, format, quantize, opset, form, inputs, source)
        written = folder / place.name
        artifact, predictor, found = attempt(plan, keras, examples, written, search)
        if quantize in SEARCHED and search is None and found.verdict == FAILED:
            artifact, predictor, found = attempt(plan, keras, examples, written, LIMIT)
        if examples.noise:
            found = replace(found, doubts=(*found.doubts, NOISE))
        parity = {"pictures": examples.origin, **found.summary()}
        replace(artifact, parity=parity, latency=latency(predictor, examples.pictures[0])).embed(written)
        target = unverified(place) if found.verdict == FAILED else place
        put_in_place(written, target, folder)
    made = Artifact.read(target)
    if found.verdict == FAILED:
        raise VerificationError(made)
    return made


@dataclass(frozen=True)
class Plan:
    """What is to be written, all of it checked.

    Attributes:
        model: the `zoo.ZooModel`.
        path: where the artifact will stand.
        format: see `export`, as `quantize` and `opset`.
        form: the file's `export.form.Form`.
        inputs: of integers, the file's inputs on the representative pictures, by name; else `None`.
        source: where those pictures are from, in words.
    """

    model: Any
    path: Path
    format: str
    quantize: str | None
    opset: int | None
    form: Form
    inputs: dict | None
    source: str


def attempt(plan, keras, examples, target, limit):
    """Writes the file and compares it with Keras.

    Args:
        plan: the `Plan`.
        keras: the `KerasPredictor` of its model.
        examples: the `Examples` to compare on.
        target: where the file lies for now.
        limit: the noise down to which layers are sought that stay float32, `None` to seek none.
    Returns:
        `(artifact, predictor, found)`: its card without measurements, the file's `Predictor`, the `Verification`.
    """
    report = convert(
        keras.model,
        target,
        plan.format,
        form=plan.form,
        quantize=plan.quantize,
        representative=plan.inputs,
        limit=limit,
        **({} if plan.opset is None else {"opset": plan.opset}),
    )
    artifact = card(plan, **report)
    try:
        predictor = opened(target, None, artifact)
    except InputError as error:
        reason = str(error).replace(str(target), plan.path.name)
        raise ConversionError(f"conversion to {plan.format} failed: {reason}") from error
    limits = tolerances(artifact.task, plan.quantize, bool(switch_layers(plan.model)))
    judged = limits if plan.quantize is None or not examples.noise else {}
    return artifact, predictor, compare(predictor, keras, examples.pairs(), judged)


def card(plan, search, **report):
    """Returns the `Artifact` of a file that was written, before it is measured.

    Args:
        plan: the `Plan`.
        search: what `export.search` found, or `None`.
        **report: what else `export.convert.convert` returned.
    """
    model, form = plan.model, plan.form
    calibration = {}
    if plan.inputs is not None:
        known = {"pictures": len(plan.inputs["image"]), "source": plan.source or "given by the caller"}
        calibration = known | ({"search": search} if search else {})
    return Artifact(
        path=str(plan.path),
        format=plan.format,
        quantize=plan.quantize,
        class_names=tuple(getattr(model, "class_names", ())),
        task=getattr(model, "task", None),
        attributes=attributes_of(model),
        form=json.loads(json.dumps(form.to_dict())),
        decoder=decoder_of(model, form.image_size) if form.raw else {},
        preprocessing=preprocessing(model, form),
        calibration=calibration,
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        **report,
    )


def latency(predictor, picture):
    """Returns the median milliseconds a call of a few runs on a picture, after one to warm up if there is time."""
    batch = np.stack([picture] * (predictor.batch_size or 1))
    inputs, seconds = predictor.inputs_of(batch), []
    while len(seconds) <= LATENCY_RUNS and sum(seconds) < LATENCY_SECONDS:
        start = time.perf_counter()
        predictor.call(inputs)
        seconds.append(time.perf_counter() - start)
    steady = seconds[1:] or seconds
    return {"p50_ms": round(1e3 * float(np.median(steady)), 3), "runs": len(steady), "batch_size": len(batch)}
