"""The `zoo` command: each verb reads its words, calls one function and shows what came of it."""

import sys

from typer import BadParameter

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

UsageError = BadParameter.__base__
"""Click's, wherever typer has it from."""


def main():
    """Runs the command; wrong words or input, or an extra that is not installed: a line on stderr and exit code 2.

    An artifact that differs from its model is one, too, and a converter that fails, and exit code 1.
    """
    try:
        sys.exit(app(prog_name="zoo", standalone_mode=False) or 0)
    except UsageError as error:
        if message := error.format_message():  # without any words the help is printed already, and is all there is
            print(f"error: {one_line(message)} (`{error.ctx.command_path} --help` shows the words)", file=sys.stderr)
        sys.exit(2)
    except (ConversionError, VerificationError) as error:
        print(f"failed: {one_line(error)}", file=sys.stderr)
        sys.exit(1)
    except InputError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
