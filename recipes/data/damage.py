"""Pictures whose heads are sound and whose insides are not: they show when their turn comes."""

from contextlib import contextmanager

import tensorflow as tf

from recipes.data.sources.problems import leaves_out
from zoo.errors import InputError


@contextmanager
def damage_named(*sources):
    """Turns TensorFlow's failure at a picture into one line that names it.

    Args:
        sources: what is read meanwhile; on a failure they are decoded whole to find the picture.

    Raises:
        InputError: that names the file.
    """
    try:
        yield
    except tf.errors.OpError as error:
        for source in sources:
            for problem in filter(leaves_out, source.findings(deep=True)):
                raise InputError(
                    f"{problem}: mend or remove it; `zoo data --deep` lists all such pictures"
                ) from error
        raise
