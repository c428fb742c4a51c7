"""The card that travels inside an artifact: what it is, what it takes and returns, how it was made and measured."""

import json
from dataclasses import asdict, dataclass, field, fields
from functools import cached_property

from export.embedded import CARD, LABELS, damaged, embed, embedded
from export.files import sha256, size
from zoo.html import Shown


@dataclass(frozen=True)
class Artifact(Shown):
    """An exported model.

    Attributes:
        path: the file, or the folder of a SavedModel.
        format: "saved_model", "onnx", "tflite" or "openvino".
        quantize: `None`, or one of `export.ways.QUANTIZE`, as "int8".
        inputs: one dict a tensor: name, dtype, shape (`None` where dynamic).
        outputs: likewise.
        operators: how often each operator occurs in the graph.
        class_names: index for index.
        task: `model.task`.
        preprocessing: what the caller does to a picture, in words.
        attributes: of the model, those of `keypoint_names`, `skeleton`, `resizing`, `sides`, the thresholds,
            `max_detections`, `proposals` and `num_proposals` that it has.
        calibration: of one whose activations are integers, `pictures`, the number that their ranges are from, and
            `source`, in words where those are from; `search`, what `export.search.search` found if it was needed.
        form: what the file takes and returns, as `export.form.Form` has it.
        decoder: of a file of raw outputs, the family and the numbers that `export.decoders` decodes them by.
        parity: the largest differences from Keras, and on which pictures.
        latency: milliseconds a call, and how they were measured.
        versions: of the packages that made the file.
        created: UTC date and time, ISO 8601.
        sha256: of the file; of a folder, over the names and contents of its files in sorted order. It and size are
            found when they are first asked for: who predicts does not wait for them.
        size: bytes.
    """

    path: str
    format: str
    quantize: str | None
    inputs: list
    outputs: list
    operators: dict
    class_names: tuple
    task: str | None
    preprocessing: str
    attributes: dict = field(default_factory=dict)
    calibration: dict = field(default_factory=dict)
    form: dict = field(default_factory=dict)
    decoder: dict = field(default_factory=dict)
    parity: dict = field(default_factory=dict)
    latency: dict = field(default_factory=dict)
    versions: dict = field(default_factory=dict)
    created: str = ""

    @cached_property
    def sha256(self):
        """Hex digest of the file as it is now."""
        return sha256(self.path)

    @cached_property
    def size(self):
        """Bytes of the file, or of all files of the folder, as they are now."""
        return size(self.path)

    @property
    def image_size(self):
        """`(height, width)` in pixels that the input takes, `None` in either place for any number."""
        return tuple(self.inputs[0]["shape"][1:3])

    @property
    def names(self):
        """The names of the file's own outputs, in their order; a predictor's are those of what `predict` returns."""
        return tuple(tensor["name"] for tensor in self.outputs)

    @property
    def batch_size(self):
        """Pictures a call, `None` for any number."""
        return self.inputs[0]["shape"][0]

    def to_dict(self):
        """Returns the card as a dict that JSON can hold."""
        return {**asdict(self), "class_names": list(self.class_names), "sha256": self.sha256, "size": self.size}

    @classmethod
    def from_dict(cls, card):
        """Builds the card back from `to_dict()`; keys of later versions are left out."""
        known = {f.name for f in fields(cls)}
        card = {key: value for key, value in card.items() if key in known}
        return cls(**{**card, "class_names": tuple(card["class_names"])})

    def embed(self, path):
        """Writes the card and the class names into the file or folder at `path`, see `export.embedded`.

        The card within has no path, which `read` adds.
        """
        card = {name: value for name, value in asdict(self).items() if name != "path"}
        embed(path, self.format, json.dumps(card, indent=1), "\n".join(self.class_names))

    @classmethod
    def read(cls, path):
        """Reads the card of an artifact.

        Returns:
            The `Artifact`; `None` if the file carries no card.
        Raises:
            InputError: if there is no artifact at `path`, or the file is broken.
        """
        return cls.of(path, embedded(path, CARD))

    @classmethod
    def of(cls, path, text):
        """As `read`, of the text that the file at `path` was found to carry, `None` for none."""
        if text is None:
            return None
        try:
            return cls.from_dict({**json.loads(text), "path": str(path)})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise damaged(path) from error


def labels_of(path):
    """Returns the class names that an artifact carries for other programs, index for index."""
    text = embedded(path, LABELS)
    return tuple(text.split("\n")) if text else ()
