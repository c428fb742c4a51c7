"""The `zoo` command: each verb reads its words, calls one function and shows what came of it."""

import sys

from export import ConversionError, VerificationError
from recipes.cli import (  # noqa: F401  (each registers its verbs)
    catalogue,
    converting,
    deploying,
    looking,
    measuring,
    publishing,
    shipping,
    training,
    tuning,
)
from recipes.cli.app import app
from zoo.errors import InputError, one_line


def main():
    """Runs the command; a wrong input, or an extra that is not installed, is one line on stderr and exit code 2.

    An artifact that differs from its model is one, too, and a converter that fails, and exit code 1.
    """
    try:
        app()
    except (ConversionError, VerificationError) as error:
        print(f"failed: {one_line(error)}", file=sys.stderr)
        sys.exit(1)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
