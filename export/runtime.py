"""One `predict` for every kind of file: raw pictures in, the same dict of NumPy arrays out."""

from itertools import islice
from pathlib import Path
from threading import Lock

import numpy as np

from export.artifact import ONNX_KEY, Artifact, format_of
from export.inputs import (
    DYNAMIC_BATCH,
    check_images,
    check_inputs,
    check_picture,
    check_proposals,
    feeds,
    filled,
)
from export.letterbox import fit, scaled
from export.outputs import as_predictions, returned_names
from export.quiet import native_stderr_held
from export.tasks import finish, in_picture, largest
from zoo.errors import InputError


def load(path, threads=None, providers=None):
    """Opens a SavedModel folder, an .onnx, .tflite, .xml (OpenVINO) or .keras file for prediction.

    Args:
        path: the file or folder.
        threads: CPU threads of the runtime, `None` for its own choice. TensorFlow (SavedModel) takes it once a
            process, before its first operation.
        providers: of an .onnx file, ONNX Runtime's execution providers in order of preference, such as
            "CUDAExecutionProvider", names or pairs of a name and its options; `None` for the CPU's.
    Returns:
        A `Predictor`, which any number of threads may use at once.
    Raises:
        InputError: if the file is missing, broken or no artifact, or the threads or providers cannot be had.
    """
    return opened(Path(path), threads, providers=providers)


def opened(path, threads=None, card=None, providers=None):
    """As `load`; `card` is the one that an unfinished file will carry."""
    kind = PREDICTORS[format_of(path)]
    if providers is not None and kind is not OnnxPredictor:
        raise InputError(f"{path} is no .onnx file: providers are ONNX Runtime's, leave them out")
    options = {} if providers is None else {"providers": providers}
    try:
        predictor = kind(path, threads, card, **options)
    except InputError:
        raise
    except ModuleNotFoundError as error:
        raise InputError(f"{path} needs {error.name}, which is not installed: pip install {error.name}") from error
    except Exception as error:  # every runtime has types of its own for a file it cannot read
        lines = [line for line in str(error).strip().splitlines() if not line.startswith("Exception from ")]
        message = (lines or ["no reason given"])[0][:200]  # without OpenVINO's places in its own source
        raise InputError(f"{path} cannot be loaded, it may be cut short or no model of ours: {message}") from error
    predictor.path = path
    return predictor


class Predictor:
    """A model in its runtime.

    Attributes:
        path: its file, `None` of a model in memory.
        card: the `Artifact` that the file carries, or `None`.
        task: its task, `None` without a card.
        class_names: its class names, `()` without a card.
        keypoint_names: names of its points, `()` where it has none or they are unknown.
        skeleton: pairs of points to draw lines between, `()` likewise.
        image_size: `(height, width)` in pixels; `None` in either place where any will do.
        frame_size: `(height, width)` that other pictures are brought to, `None` to take them as they are.
        network_size: `(height, width)` that the network sees, also of a file that brings pictures to it itself.
        dtype: of the pixels that its input takes, "uint8" or "float32".
        names: of what `predict` returns, `()` where no card says so.
        sides: `(shorter, longest)` pixels that the sides of pictures are scaled to where any size will do, or `None`.
        resizing: how: "letterbox" or "stretch".
        batch_size: pictures a call, `None` for any number.
        proposals: method of `zoo.proposals` whose regions the model needs, "" for a model of pictures alone.
        num_proposals: how many of them a picture at most.
    """

    path = None

    def __init__(self, card, input_shape, dtype="uint8"):
        self.card, self.dtype = card, dtype
        self.task = card.task if card else None
        self.class_names = card.class_names if card else ()
        self.batch_size, *size, channels = input_shape
        self.image_size = tuple(size)
        self.frame_size = None if None in size else self.image_size
        self.network_size = tuple(card.form["image_size"]) if card and card.form else self.image_size
        self.names = returned_names(card)
        self.take_attributes(card.attributes if card else {})
        if channels != 3:
            raise InputError(f"the model takes pictures of {channels} channels: only RGB models can be loaded")

    def take_attributes(self, attributes):
        """Sets the names and the skeleton of points, how pictures are resized, and what finds regions in them."""
        self.keypoint_names = tuple(attributes.get("keypoint_names", ()))
        self.skeleton = tuple(tuple(pair) for pair in attributes.get("skeleton", ()))
        self.resizing = attributes.get("resizing", "letterbox")
        self.proposals = attributes.get("proposals", "")
        self.num_proposals = attributes.get("num_proposals", 0)
        self.sides = None if self.frame_size or any(self.network_size) else attributes.get("sides")

    def predict(self, images, proposals=None):
        """Predicts any number of pictures of one size, `batch_size` at a time.

        Pictures of another size than the model's are resized, and boxes, points and maps come back in their own
        pixels.

        Args:
            images: `(N, height, width, 3)` RGB 0-255, uint8, or float, which is rounded to whole numbers.
            proposals: of a model that needs them, `(P, 4)` xyxy for each picture, in its pixels; they are found where
                they are not given. Other models do without.
        Returns:
            Dict of NumPy arrays of first dimension N, float32 and int32.
        Raises:
            InputError: if shape, dtype or range is another, or there are proposals of more or fewer pictures.
        """
        images = check_images(images)
        check_proposals(proposals, len(images))
        if len(images) == 0:
            blank = self.predict(np.zeros((1, *images.shape[1:]), np.uint8), [np.zeros((0, 4))])
            return {name: array[:0] for name, array in blank.items()}
        if any(want not in (None, got) for want, got in zip(self.image_size, images.shape[1:3], strict=True)):
            each = list(self.predict_each(images if proposals is None else zip(images, proposals, strict=True)))
            return {name: np.stack([one[name] for one in each]) for name in each[0]}
        parts = [
            as_predictions(self.call(inputs), self.card, images.shape[1:3])
            for inputs in feeds(self.inputs_of(images, proposals), self.batch_size)
        ]
        return {name: np.concatenate([part[name] for part in parts])[: len(images)] for name in parts[0]}

    def predict_each(self, pictures):
        """Predicts pictures of any sizes, reading no more of them ahead than one batch.

        Args:
            pictures: iterable of uint8 `(height, width, 3)` RGB, or of pairs of a picture and its proposals, `(P, 4)`
                xyxy in the picture's own pixels; a model that needs them finds them where they are not given.
        Yields:
            One dict a picture, without batch dimension, its boxes, points and maps in that picture's own pixels.
        Raises:
            InputError: if a picture is something else, or the model's map does not cover its frame.
        """
        pictures = iter(pictures)
        # Thousands of regions fill the memory as a batch of pictures does.
        alike = self.batch_size or (1 if self.proposals else DYNAMIC_BATCH)
        while chunk := [self.in_frame(picture) for picture in islice(pictures, alike if self.frame_size else 1)]:
            frames, proposals, placements = zip(*chunk, strict=True)
            outputs = self.predict(np.stack(frames), proposals)
            for i, placement in enumerate(placements):
                yield in_picture({name: array[i] for name, array in outputs.items()}, placement)

    def in_frame(self, picture):
        """Returns what `predict_each` is given, in the model's frame: pixels, proposals, and the `Placement`."""
        picture, proposals = picture if isinstance(picture, tuple) else (picture, None)
        picture = check_picture(picture)
        if self.sides:
            frame, placement = fit(picture, scaled(picture.shape[:2], *self.sides), "stretch")
        else:
            own = (want or got for want, got in zip(self.image_size, picture.shape, strict=False))
            frame, placement = fit(picture, self.frame_size or tuple(own), self.resizing)
        if self.proposals:
            proposals = placement.to_frame(self.propose(picture) if proposals is None else proposals)
        return frame, proposals, placement

    def propose(self, picture):
        """Returns the `(P, 4)` regions that the model's method finds in a uint8 picture."""
        from zoo.proposals import propose

        return propose(picture, self.num_proposals, self.proposals)[0]

    def inputs_of(self, batch, proposals=None):
        """Returns the network's inputs by name.

        Args:
            batch: `(N, height, width, 3)` uint8.
            proposals: as those of `predict`.
        Returns:
            Dict of `image`, the batch in the file's dtype, and of a model that needs them `proposals`,
            `(N, num_proposals, 4)` float32.
        """
        image = batch.astype(self.dtype, copy=False)
        if not self.proposals:
            return {"image": image}
        found = map(self.propose, batch) if proposals is None else proposals
        return {"image": image, "proposals": np.stack([filled(boxes, self.num_proposals) for boxes in found])}

    def call(self, inputs):
        """Runs the network alone, on what `inputs_of` returns of one batch."""
        raise NotImplementedError


class OnnxPredictor(Predictor):
    """An .onnx file in ONNX Runtime."""

    def __init__(self, path, threads=None, card=None, providers=("CPUExecutionProvider",)):
        with native_stderr_held():  # without a home it complains of its telemetry
            import onnxruntime

        check_providers(providers, onnxruntime.get_available_providers())
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads or 0
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(str(path), options, providers=list(providers))
        self.outputs = [output.name for output in self.session.get_outputs()]
        card = card or Artifact.of(path, self.session.get_modelmeta().custom_metadata_map.get(ONNX_KEY))
        taken = self.session.get_inputs()
        inputs = {one.name: (ONNX_TYPES.get(one.type, one.type), sides(one.shape)) for one in taken}
        super().__init__(card, *check_inputs(path, inputs, card))

    def call(self, inputs):
        """Runs the network."""
        return dict(zip(self.outputs, self.session.run(self.outputs, inputs), strict=True))


class TFLitePredictor(Predictor):
    """A .tflite file in LiteRT with its XNNPACK kernels; its interpreter serves one thread at a time."""

    def __init__(self, path, threads=None, card=None):
        from ai_edge_litert.interpreter import Interpreter

        card = card or Artifact.read(path)
        with native_stderr_held():  # it announces its delegate
            self.interpreter = Interpreter(str(path), num_threads=threads)
            self.interpreter.allocate_tensors()
            self.runner = self.interpreter.get_signature_runner()
        details = self.runner.get_input_details()
        inputs = {name: (np.dtype(one["dtype"]).name, one["shape"].tolist()) for name, one in details.items()}
        super().__init__(card, *check_inputs(path, inputs, card))
        self.scales = {name: output["quantization"] for name, output in self.runner.get_output_details().items()}
        self.turn = Lock()

    def call(self, inputs):
        """Runs the network."""
        with self.turn:
            outputs = self.runner(**inputs)
        return {name: dequantize(array, *self.scales[name]) for name, array in outputs.items()}


class OpenVinoPredictor(Predictor):
    """An .xml file, and its .bin, in OpenVINO on the CPU."""

    def __init__(self, path, threads=None, card=None):
        import openvino

        card = card or Artifact.read(path)
        options = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}  # bfloat16 where it likes
        if threads is not None:
            options["INFERENCE_NUM_THREADS"] = threads
        core = openvino.Core()
        model = core.read_model(path)
        self.outputs = [
            port.get_any_name() for port in model.outputs
        ]  # what is compiled may have names of inner tensors
        self.network = core.compile_model(model, "CPU", options)
        inputs = {
            port.get_any_name(): (
                port.get_element_type().to_dtype().name,
                [side.get_length() if side.is_static else None for side in port.get_partial_shape()],
            )
            for port in self.network.inputs
        }
        super().__init__(card, *check_inputs(path, inputs, card))

    def call(self, inputs):
        """Runs the network, each call in a request of its own."""
        found = self.network.infer_new_request(inputs)
        return {name: np.array(found[i]) for i, name in enumerate(self.outputs)}


class SavedModelPredictor(Predictor):
    """A SavedModel folder in TensorFlow."""

    def __init__(self, path, threads=None, card=None, signature="serving_default"):
        import tensorflow as tf

        card = card or Artifact.read(path)
        if threads is not None:
            tf.config.threading.set_intra_op_parallelism_threads(threads)
        self.module = tf.saved_model.load(str(path))  # the function does not keep its variables alive
        self.function = self.module.signatures[signature]
        specs = self.function.structured_input_signature[1]
        inputs = {name: (spec.dtype.name, spec.shape.as_list()) for name, spec in specs.items()}
        super().__init__(card, *check_inputs(path, inputs, card))

    def call(self, inputs):
        """Runs the network."""
        import tensorflow as tf

        outputs = self.function(**{name: tf.constant(array) for name, array in inputs.items()})
        return {name: tensor.numpy() for name, tensor in sorted(outputs.items())}


class KerasPredictor(Predictor):
    """A `keras.Model` or a .keras file on the backend of this process, in float32 and for one thread at a time."""

    def __init__(self, model_or_path, threads=None, card=None):
        from export.source import attributes_of, in_float32, open_model

        if threads is not None:
            raise InputError(f"{model_or_path}: threads can be set for artifacts only")
        self.model = in_float32(open_model(model_or_path))
        super().__init__(None, self.model.inputs[0].shape)
        self.task = getattr(self.model, "task", None)
        self.class_names = tuple(getattr(self.model, "class_names", ()))
        self.frame_size = self.frame_size or getattr(self.model, "image_size", None)
        self.take_attributes(attributes_of(self.model))
        self.turn = Lock()  # Keras traces the first call of a size

    def call(self, inputs):
        """Runs the network."""
        images = inputs["image"].astype(np.float32)
        with self.turn:
            outputs = self.model.predict_on_batch({**inputs, "image": images} if self.proposals else images)
        return finish(self.task, outputs, largest)  # `model.predictions` included


ONNX_TYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32"}
PREDICTORS = {
    "onnx": OnnxPredictor,
    "tflite": TFLitePredictor,
    "saved_model": SavedModelPredictor,
    "openvino": OpenVinoPredictor,
    "keras": KerasPredictor,
}


def check_providers(providers, available):
    """Raises `InputError` if ONNX Runtime, as it is installed here, lacks one of the execution providers."""
    if isinstance(providers, str):
        raise InputError(f"providers is a list, received {providers!r}")
    for provider in providers:
        name = provider if isinstance(provider, str) else provider[0]
        if name not in available:
            raise InputError(f"ONNX Runtime has no provider {name!r} here: choose among {', '.join(available)}")


def sides(shape):
    """Returns the shape that ONNX Runtime tells, `None` for sides that it has names for."""
    return [side if isinstance(side, int) else None for side in shape]


def dequantize(array, scale, zero_point):
    """Turns an integer output with a scale back into float32; others pass."""
    return array if scale == 0 else np.float32(scale) * (array.astype(np.float32) - zero_point)
