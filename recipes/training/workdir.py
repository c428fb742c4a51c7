"""The folder of one run: what is in it, and how it is written so that a kill at any moment leaves it whole."""

import csv
import io
import json
import re
import tempfile
from pathlib import Path

from recipes.data.lock import locked
from recipes.training.recipe import Recipe
from zoo.errors import InputError
from zoo.files import left_over, remove_left_over, replace_text

KEPT = 2
"""Checkpoints that a folder holds: should the newest be damaged, a run goes on from the other."""


class Workdir:
    """A run's folder.

    `recipe.json`, `history.jsonl` (a line an epoch; `history.csv` is the same for spreadsheets),
    `epoch-0007.weights.h5` (weights and optimizer after that many whole epochs) or
    `epoch-0007-step-000120.weights.h5` (after so many steps of the next), the last two of these, `model.keras` (the
    best epoch so far), `data.json` (what the run learns from and is measured on, and what of it is left out),
    `tensorboard/`, `metrics.json`, `curves.json`, `report.html` (all of it but the artifacts also in `page.json`),
    `artifacts/`, `measurements.json` (their verifications and benchmarks).

    Every file is replaced in one step. One process trains in it at a time (`.training.lock`); what several processes
    read, change and write is changed by one after the other (`.lock`).

    Args:
        path: the folder; made if missing.
        resume: whether to continue what is there. Without it the folder must be new or empty.

    Raises:
        InputError: if the folder is in use, there is nothing to resume, or it cannot be written.
    """

    def __init__(self, path, resume=False):
        self.path = Path(path)
        if resume and not self.recipe.is_file():
            raise InputError(f"{self.path}: there is no run to resume here; train without --resume")
        if not resume and self.path.is_dir() and self._used():
            raise InputError(
                f"{self.path}: the folder holds a run; continue it with --resume or name another --workdir"
            )
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            tempfile.TemporaryFile(dir=self.path).close()
        except OSError as error:
            raise InputError(f"{self.path}: cannot be written ({error.strerror}); name another --workdir") from error
        remove_left_over(self.path)

    def _used(self):
        """Says whether there is more in the folder than what a killed process left."""
        nothing = {file.name for file in (*left_over(self.path), *self.locks)}
        return any(file.name not in nothing for file in self.path.iterdir())

    recipe = property(lambda self: self.path / "recipe.json")
    model = property(lambda self: self.path / "model.keras")
    history = property(lambda self: self.path / "history.jsonl")
    table = property(lambda self: self.path / "history.csv")
    tensorboard = property(lambda self: self.path / "tensorboard")
    metrics = property(lambda self: self.path / "metrics.json")
    curves = property(lambda self: self.path / "curves.json")
    page = property(lambda self: self.path / "page.json")
    report = property(lambda self: self.path / "report.html")
    artifacts = property(lambda self: self.path / "artifacts")
    measurements = property(lambda self: self.path / "measurements.json")
    data = property(lambda self: self.path / "data.json")
    locks = property(lambda self: (self.path / ".lock", self.path / ".training.lock"))

    def changing(self):
        """Returns a context in which no other process changes a file of the folder by what it read before."""
        return locked(self.locks[0])

    def training(self):
        """Returns a context in which no other process trains in the folder.

        Raises:
            InputError: when it is entered while another process does, which it names.
        """
        return locked(
            self.locks[1], f"{self.path}: {{}} trains in this folder; wait for it, end it or name another --workdir"
        )

    def weights(self, epochs, step=0):
        """Returns the path of the checkpoint after some whole epochs, and some steps of the next."""
        return self.path / f"epoch-{epochs:04d}{f'-step-{step:06d}' if step else ''}.weights.h5"

    def checkpoints(self):
        """Lists the places, pairs of epochs and step, of which there is a checkpoint, the newest last."""
        found = (re.fullmatch(r"epoch-(\d+)(?:-step-(\d+))?\.weights\.h5", file.name) for file in self.path.iterdir())
        return sorted((int(match[1]), int(match[2] or 0)) for match in found if match)

    def last_epoch(self):
        """Returns the number of whole epochs that the newest checkpoint holds, 0 without one."""
        return max(self.checkpoints(), default=(0, 0))[0]

    def keep_checkpoints(self, epochs, step=0):
        """Removes all checkpoints but the one of this place and the last before it."""
        found = self.checkpoints()
        kept = [place for place in found if place <= (epochs, step)][-KEPT:]
        for place in found:
            if place not in kept:
                self.weights(*place).unlink()

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
        """Returns the first `epochs` rows of the history, a dict each; all for `None`.

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
        text = io.StringIO()
        table = csv.DictWriter(text, dict.fromkeys(name for row in rows for name in row), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        replace_text(self.table, text.getvalue())
        replace_text(self.history, "".join(json.dumps(row) + "\n" for row in rows))
