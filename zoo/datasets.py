"""Annotated pictures, by the name that Keras users look for them under."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from recipes.data import Source


def open(spec: str) -> "Source":
    """Opens a source of annotated pictures, as `--data` of the `zoo` command does.

    Args:
        spec: as "shapes:val" or "coco:instances.json@pictures", see `recipes.data.open_source`.
    Returns:
        A `recipes.data.Source`, which `recipes.data.pipeline` makes batches of.
    Raises:
        InputError: if there is no such source, or it cannot be read.
    """
    from recipes.data import open_source  # which import zoo

    return open_source(spec)
