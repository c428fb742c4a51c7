"""A process that has loaded the frameworks and forks a child for each command: `python -m tests.recipes.nursery`.

It reads a line of JSON for each, `{"words": [...], "log": FILE}`, and answers with the child's number and, when that
has ended, its status. TensorFlow is only imported here, never used, so that its threads begin in the children.
"""

import json
import os
import sys


def main():
    """Serves until its standard input ends."""
    import keras  # noqa: F401
    import tensorflow  # noqa: F401

    from export import exporter  # noqa: F401
    from recipes.cli import main as cli
    from recipes.evaluation import proposals  # noqa: F401
    from recipes.report import run  # noqa: F401
    from recipes.training import train  # noqa: F401

    print("ready", flush=True)
    for line in sys.stdin:
        order = json.loads(line)
        child = os.fork()
        if not child:
            os.setpgid(0, 0)
            log = os.open(order["log"], os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            nothing = os.open(os.devnull, os.O_RDONLY)
            for number, stream in ((nothing, 0), (log, 1), (log, 2)):
                os.dup2(number, stream)
            sys.argv = ["zoo", *order["words"]]
            try:
                cli.main()
            except SystemExit as end:
                os._exit(end.code or 0)
            os._exit(0)
        print(child, flush=True)
        print(os.waitpid(child, 0)[1], flush=True)


if __name__ == "__main__":
    main()
