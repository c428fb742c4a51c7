"""The folder of one run: what is in it, and how it is written so that a kill at any moment leaves it whole."""

import json
import re
import shutil
import tempfile
from pathlib import Path

from recipes.data.files import replace_text
from recipes.training.recipe import Recipe
from zoo.errors import InputError


class Workdir:
    """A run's folder.

    `recipe.json`, `history.jsonl` (a line an epoch), `epoch-0007.weights.h5` (weights and optimizer after the last
    whole epoch), `model.keras` (the best epoch so far), `tensorboard/`, `metrics.json`, `curves.json`, `report.html`
    (all of it but the artifacts also in `page.json`), `artifacts/`, `measurements.json` (their verifications and
    benchmarks).

    Args:
        path: the folder; made if missing.
        resume: whether to continue what is there. Without it the folder must be new or empty.

    Raises:
        InputError: if the folder is in use, there is nothing to resume, or it cannot be written.
    """

    def __init__(self, path, resume=False):
        self.path = Path(path)
        left_over = list(self.path.glob(".*.partial*"))  # of a killed run
        if resume and not self.recipe.is_file():
            raise InputError(f"{self.path}: there is no run to resume here; train without --resume")
        if not resume and self.path.is_dir() and {*self.path.iterdir()} - {*left_over}:
            raise InputError(
                f"{self.path}: the folder holds a run; continue it with --resume or name another --workdir"
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.path).close()
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written ({error.strerror}); name another --workdir") from error
        for left in left_over:
            shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)

    recipe = property(lambda self: self.path / "recipe.json")
    model = property(lambda self: self.path / "model.keras")
    history = property(lambda self: self.path / "history.jsonl")
    tensorboard = property(lambda self: self.path / "tensorboard")
    metrics = property(lambda self: self.path / "metrics.json")
    curves = property(lambda self: self.path / "curves.json")
    page = property(lambda self: self.path / "page.json")
    report = property(lambda self: self.path / "report.html")
    artifacts = property(lambda self: self.path / "artifacts")
    measurements = property(lambda self: self.path / "measurements.json")

    def weights(self, epoch):
        """Returns the path of the checkpoint after `epoch` epochs."""
        return self.path / f"epoch-{epoch:04d}.weights.h5"

    def last_epoch(self):
        """Returns the number of whole epochs that the newest checkpoint holds, 0 without one."""
        found = (re.fullmatch(r"epoch-(\d+)\.weights\.h5", file.name) for file in self.path.iterdir())
        return max((int(match[1]) for match in found if match), default=0)

    def keep_only(self, epoch):
        """Removes the checkpoints of all other epochs."""
        for file in self.path.glob("epoch-*.weights.h5"):
            if file != self.weights(epoch):
                file.unlink()

    def read_recipe(self):
        """Returns the run's `Recipe`.

        Raises:
            InputError: if its file is damaged.
        """
        try:
            return Recipe.from_json(self.recipe.read_text())
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{self.recipe}: is damaged ({error}); mend it, or begin another run") from error

    def read_history(self, epochs):
        """Returns the first `epochs` rows of the history, a dict each.

        Raises:
            InputError: if its file is damaged.
        """
        if not self.history.is_file():
            return []
        try:
            return [json.loads(line) for line in self.history.read_text().splitlines()[:epochs]]
        except ValueError as error:
            raise InputError(f"{self.history}: is damaged; mend or remove it") from error

    def write_history(self, rows):
        """Replaces the history."""
        replace_text(self.history, "".join(json.dumps(row) + "\n" for row in rows))
