"""Files of networks with drawn weights, whose speed is asked for and nothing else."""

import os
from pathlib import Path

import export

ANY_NOISE = 1e9
"""With which no layer is sought that integers spoil."""


def export_untrained(model, path, quantize, pictures):
    """Exports a model, comparison with Keras included; the file lies at `path` even where 8 bits differ too much.

    Args:
        model: a `zoo.ZooModel`.
        path: the file, whose suffix names the format.
        quantize: `None` or "int8".
        pictures: uint8 `(N, height, width, 3)` to compare on the first of and to find integers' ranges with.
    """
    path = Path(path)
    integers = {"quantize": quantize, "representative": pictures, "search": ANY_NOISE} if quantize else {}
    try:
        export.export(model, path, path.suffix[1:], pictures=pictures[:1], **integers)
    except export.VerificationError as error:
        if not quantize:
            raise
        os.replace(error.artifact.path, path)
