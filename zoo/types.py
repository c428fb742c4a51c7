"""Types that many public functions share."""

from os import PathLike

File = str | PathLike[str]
"""Where a file or folder lies."""
Shape = tuple[int | None, int | None, int]
"""`(height, width, channels)` of a picture; `None` for a side of any length."""
Size = tuple[int, int]
"""`(height, width)` in pixels."""
Weights = File | None
"""A file of weights, or the name of published ones; `None` to begin at random."""
