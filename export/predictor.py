"""One `predict` for every runtime: raw pictures in, the same dict of NumPy arrays out."""

from collections.abc import Sequence
from itertools import islice

import numpy as np

from export.inputs import DYNAMIC_BATCH, check_images, check_picture, check_proposals, feeds, filled
from export.letterbox import fit, scaled
from export.outputs import as_predictions, returned_names
from export.tasks import in_picture
from zoo.errors import InputError
from zoo.prediction import Prediction


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

    def predict(
        self, images: np.ndarray, proposals: Sequence[np.ndarray] | np.ndarray | None = None
    ) -> dict[str, np.ndarray]:
        """Predicts any number of pictures of one size, `batch_size` at a time.

        Pictures of another size than the model's are resized, and boxes, points and maps come back in their own
        pixels.

        Args:
            images: `(N, height, width, 3)` RGB 0-255, uint8, or float, which is rounded to whole numbers.
            proposals: of a model that needs them, `(P, 4)` xyxy for each picture, in its pixels; they are found where
                they are not given. Other models do without.
        Returns:
            `zoo.prediction.Prediction`, a dict of NumPy arrays of first dimension N, float32 and int32.
        Raises:
            InputError: if shape, dtype or range is another, or there are proposals of more or fewer pictures.
        """
        images = check_images(images)
        check_proposals(proposals, len(images))
        if len(images) == 0:
            blank = self.predict(np.zeros((1, *images.shape[1:]), np.uint8), [np.zeros((0, 4))])
            return Prediction({name: array[:0] for name, array in blank.items()}, like=self)
        if any(want not in (None, got) for want, got in zip(self.image_size, images.shape[1:3], strict=True)):
            each = list(self.predict_each(images if proposals is None else zip(images, proposals, strict=True)))
            return Prediction({name: np.stack([one[name] for one in each]) for name in each[0]}, like=self)
        parts = [
            as_predictions(self.call(inputs), self.card, images.shape[1:3])
            for inputs in feeds(self.inputs_of(images, proposals), self.batch_size)
        ]
        whole = {name: np.concatenate([part[name] for part in parts])[: len(images)] for name in parts[0]}
        return Prediction(whole, like=self)

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
                one = in_picture({name: array[i] for name, array in outputs.items()}, placement)
                yield Prediction(one, like=self)

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
