"""How training pictures are changed at random; `augmentation` does it."""

from dataclasses import dataclass

from zoo.errors import InputError

MIXING = ("copy_paste", "mosaic", "mixup")
"""Fields that need further pictures."""


@dataclass(frozen=True)
class Augment:
    """Flip, rotation, scale jitter with crop or padding, elastic deformation, colour: in this order, if asked for.

    What is then mixed of several pictures so changed is objects that are copied and pasted, a mosaic, a mixup, in
    this order; see `recipes.data.mixing`. They then have the objects of all, see `max_objects` of `pipeline`.

    Attributes:
        flip: probability of mirroring left and right.
        vertical_flip: probability of mirroring top and bottom.
        scale: `(low, high)`, as multiples of the scale at which the picture just fits into the frame, or, where
            pictures are stretched, fills it.
        colour: 0 for none to 1, see `recipes.data.augmentation.colour`.
        elastic: standard deviation in pixels, see `recipes.data.warp.elastic`; for segmentation only.
        rotate: largest angle in degrees, to either side, see `recipes.data.warp.rotate`; for boxes and keypoints
            only.
        aspect: 0 to below 1; width and height are each scaled by up to this share more or less, before `scale`
            (Darknet's "jitter").
        visible: objects of whose box a crop by `scale` leaves a smaller share are not learned, 0 to 1; for data whose
            objects are not annotated where the picture's border cuts most of them off.
        copy_paste: probability that objects of another picture are pasted over this one; for instance masks only.
        mosaic: probability of four pictures in two rows, of which a part is shown; for objects and label maps.
        mixup: probability that another picture shines through this one, with its objects; for objects only.

    Raises:
        InputError: if a field is outside its range.
    """

    flip: float = 0.5
    vertical_flip: float = 0.0
    scale: tuple[float, float] = (1.0, 1.0)
    colour: float = 0.0
    elastic: float = 0.0
    rotate: float = 0.0
    aspect: float = 0.0
    visible: float = 0.0
    copy_paste: float = 0.0
    mosaic: float = 0.0
    mixup: float = 0.0

    def __post_init__(self):
        for name in ("flip", "vertical_flip", "colour", "visible", *MIXING):
            if not 0.0 <= getattr(self, name) <= 1.0:
                raise InputError(f"augment.{name} lies between 0 and 1, received {getattr(self, name)}")
        if len(self.scale) != 2 or not 0.0 < self.scale[0] <= self.scale[1]:
            raise InputError(f"augment.scale is (low, high) with 0 < low <= high, received {self.scale}")
        if self.elastic < 0.0:
            raise InputError(f"augment.elastic is 0 or more pixels, received {self.elastic}")
        if not 0.0 <= self.rotate <= 180.0:
            raise InputError(f"augment.rotate lies between 0 and 180 degrees, received {self.rotate}")
        if not 0.0 <= self.aspect < 1.0:
            raise InputError(f"augment.aspect is 0 or more and below 1, received {self.aspect}")

    @property
    def mixed(self):
        """Pictures that one is made of at most, whose objects it then has."""
        return (4 if self.mosaic else 1) * 2 ** (bool(self.mixup) + bool(self.copy_paste))

    def __call__(self, example, size, seed, flip_pairs=(), resizing="letterbox"):
        """Changes one example, see `recipes.data.augmentation.augment`."""
        from recipes.data.augmentation import augment  # loads TensorFlow, which a list of recipes need not wait for

        return augment(example, self, size, seed, flip_pairs, resizing)
