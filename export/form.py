"""The form in which a model stands in a file: what the file takes and what it returns."""

from dataclasses import dataclass

from export.outputs import CHOICES, MEDIAPIPE, NEEDS, PASTED, names_of, raw_names
from export.source import proposals_of
from zoo.errors import InputError

INPUTS = ("uint8", "float32")

USUAL = 256, 320
"""Height and width in pixels of the pictures that are tried where neither file nor model says a size."""
PREPROCESSING = "raw RGB pixels 0..255 as {0}"
FRAME = ", brought by the caller to {0}x{1} (height x width) by {2}"
ANY_SIZE = " of a picture of any size"
SIDES = ", scaled by the caller to sides of {0}, at most {1}"
REGIONS = "; at most {1} regions that {0} finds in the picture, brought there with it"


@dataclass(frozen=True)
class Form:
    """What a file takes and returns.

    Attributes:
        image_size: `(height, width)` in pixels that the network sees, `None` in either place for any number.
        batch_size: pictures a call, `None` for any number.
        input: "uint8" or "float32", pixels of 0 to 255 either way.
        outputs: names of the outputs in order; `()` for those of the task, by the alphabet.
        raw: whether the outputs are the network's own, which nobody decoded or suppressed.
        letterbox: whether the file takes pictures of any size, brings them to `image_size` itself and what it finds
            there back.
    """

    image_size: tuple
    batch_size: int | None = 1
    input: str = "uint8"
    outputs: tuple = ()
    raw: bool = False
    letterbox: bool = False

    @property
    def taken_size(self):
        """`(height, width)` of the pictures that the file takes, `None` for sides of any length."""
        return (None, None) if self.letterbox else self.image_size

    @property
    def mediapipe(self):
        """Whether the outputs are those that MediaPipe and the Task Library expect of a detector."""
        return self.outputs == MEDIAPIPE

    def feed(self, inputs):
        """Returns a dict of inputs with the pixels `image` in the form's dtype."""
        return {**inputs, "image": inputs["image"].astype(self.input)}

    def ordered(self, found):
        """Returns the dict of what a file returns, in its order."""
        return {name: found[name] for name in self.outputs or sorted(found)}

    def to_dict(self):
        """Returns the attributes as a dict that JSON can hold."""
        return dict(vars(self))

    @classmethod
    def from_dict(cls, known):
        """Builds the form back from `to_dict()`, lists made tuples again."""
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in known.items()})


def form_of(model, format, image_size, batch_size, *, input, outputs, raw, paste, letterbox):
    """Returns the `Form` that is asked for.

    Args:
        model: a `zoo.ZooModel`.
        format: "saved_model", "onnx", "tflite" or "openvino".
        image_size: `(height, width)`, checked.
        batch_size: checked.
        input: see `Form`.
        outputs: names in order, "mediapipe" for its four, or `None` for the task's own.
        raw: see `Form`.
        paste: whether the task's own are followed by `pasted`.
        letterbox: see `Form`.
    Raises:
        InputError: if a name is unknown, or the model, the format and what is asked for do not go together.
    """
    if input not in INPUTS:
        raise InputError(f"unknown input {input!r}: choose one of {', '.join(INPUTS)}")
    if letterbox and format == "tflite":
        raise InputError("tflite takes pictures of one size alone: leave out letterbox, or choose another format")
    if letterbox and batch_size not in (None, 1):
        raise InputError(f"pictures of any size come one a call: letterbox takes batch_size 1, received {batch_size}")
    if letterbox and None in image_size:
        raise InputError("letterbox brings pictures to one size: name it as image_size, in both places")
    return Form(image_size, batch_size, input, chosen(model, outputs, raw, paste, letterbox), bool(raw), letterbox)


def chosen(model, outputs, raw, paste, letterbox):
    """Returns the names of the outputs in order, or raises `InputError` as `form_of`."""
    if raw:
        if outputs or paste or letterbox:
            raise InputError("raw outputs are the network's own: leave out outputs, paste and letterbox")
        return raw_names(model)
    own = names_of(model)
    known = CHOICES.get(model.task, own)
    if outputs == "mediapipe":
        if not set(MEDIAPIPE) <= set(known):
            raise InputError(f"mediapipe's outputs are those of detectors, and model {model.name!r} is none")
        outputs = MEDIAPIPE
    elif isinstance(outputs, str):
        outputs = [name.strip() for name in outputs.split(",")]
    if paste:
        if PASTED not in known:
            raise InputError(f"model {model.name!r} has no masks to paste: leave out paste")
        outputs = (*(own if outputs is None else outputs), *(() if PASTED in (outputs or ()) else (PASTED,)))
    if outputs is None:
        return own
    outputs = tuple(outputs)
    unknown = [name for name in outputs if name not in known]
    if unknown or not outputs or len(set(outputs)) < len(outputs):
        raise InputError(
            f"outputs of {model.name!r} are some of {', '.join(known)}, each once, or mediapipe for a detector's: "
            f"received {','.join(map(str, outputs)) or 'none'}"
        )
    for name, needed in NEEDS.items():
        if name in outputs and needed not in outputs:
            raise InputError(f"{name} lie over {needed}: choose these outputs together")
    return outputs


def preprocessing(model, form):
    """Returns what the card says that the caller does to a picture."""
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
