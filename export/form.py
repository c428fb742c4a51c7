"""The form in which a model stands in a file: what the file takes and what it returns."""

from dataclasses import dataclass

USUAL = 256, 320
"""Height and width in pixels of the pictures that are tried where neither file nor model says a size."""


@dataclass(frozen=True)
class Form:
    """What a file takes and returns.

    Attributes:
        image_size: `(height, width)` in pixels, `None` in either place for any number.
        batch_size: pictures a call, `None` for any number.
    """

    image_size: tuple
    batch_size: int | None = 1

    def to_dict(self):
        """Returns the attributes as a dict that JSON can hold."""
        return dict(vars(self))

    @classmethod
    def from_dict(cls, known):
        """Builds the form back from `to_dict()`, lists made tuples again."""
        return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in known.items()})
