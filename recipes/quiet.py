"""Imports the frameworks without the lines that their C++ parts print while they load."""

import os
import sys
import tempfile


def import_frameworks():
    """Imports Keras, TensorFlow and TFDS; what they print is shown only if an import fails.

    These lines come before TensorFlow reads `TF_CPP_MIN_LOG_LEVEL`, straight to the process's standard error.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    sys.stderr.flush()
    own = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            import absl.logging
            import keras  # noqa: F401
            import tensorflow  # noqa: F401
            import tensorflow_datasets  # noqa: F401

            absl.logging.set_verbosity(absl.logging.ERROR)
        except BaseException:
            held.seek(0)
            os.write(own, held.read())
            raise
        finally:
            os.dup2(own, 2)
            os.close(own)
