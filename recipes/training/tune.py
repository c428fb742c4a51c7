"""A search for the settings of a recipe: trials that are trained, the hopeless ones broken off (Optuna)."""

import json
import math
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path

import keras
import optuna

from recipes.data.lock import locked
from recipes.evaluation.metrics import higher_is_better
from recipes.training.settings import change, literal
from recipes.training.train import train
from zoo.errors import InputError
from zoo.files import make_folder, replace_text

STARTUP, WARMUP = 4, 1
"""Trials, and validations of each, before any is broken off for being worse than the median of the others."""


@dataclass(frozen=True)
class Search:
    """A field of a recipe and where its best value is looked for.

    Attributes:
        field: as `--set` names it, such as "learning_rate" or "augment.colour".
        choices: values to choose from; `()` for a range.
        low: least value of a range.
        high: greatest value.
        log: whether values of a range are drawn evenly over their logarithm.
    """

    field: str
    choices: tuple = ()
    low: float = 0.0
    high: float = 0.0
    log: bool = False

    def __call__(self, trial):
        """Draws a value for an Optuna trial."""
        if self.choices:
            return trial.suggest_categorical(self.field, self.choices)
        suggest = trial.suggest_int if isinstance(self.low, int) else trial.suggest_float
        return suggest(self.field, self.low, self.high, log=self.log)


def search_of(text):
    """Reads "learning_rate=1e-5:1e-2:log", "batch_size=2:8" (whole numbers) or "optimizer=sgd,adamw".

    Raises:
        InputError: if it is neither.
    """
    field, equals, values = text.partition("=")
    wrong = InputError(f"--search takes field=low:high, field=low:high:log or field=one,other, received {text!r}")
    if not equals or not values:
        raise wrong
    if ":" not in values:
        return Search(field, choices=tuple(values.split(",")))
    low, high, *log = values.split(":")
    low, high = literal(low), literal(high)
    if log not in ([], ["log"]) or not all(isinstance(end, int | float) for end in (low, high)):
        raise wrong
    if not low < high or (log and low <= 0):
        raise InputError(f"--search {text}: low is less than high, and of log more than 0")
    if isinstance(low, float) or isinstance(high, float):
        low, high = float(low), float(high)
    return Search(field, low=low, high=high, log=bool(log))


def usual(recipe):
    """Returns what is searched where nothing is named: rate, weight decay, strength of colours, size."""
    rate = recipe.learning_rate
    return (
        Search("learning_rate", low=rate / 10, high=rate * 10, log=True),
        Search("weight_decay", low=1e-6, high=1e-2, log=True),
        Search("augment.colour", low=0.0, high=0.5),
        Search("augment.scale", choices=("(1.0, 1.0)", "(0.8, 1.25)", "(0.5, 1.5)")),
    )


def tune(recipe, folder, trials, searches=(), skip_bad=False):
    """Trains a recipe under settings that are drawn, each better informed than the last.

    What is finished stays in `trials.db`; a search that was killed goes on where it was, its last trial from its
    newest checkpoint on. Of the trials the best keeps its model, the others their history.

    Args:
        recipe: a `Recipe`.
        folder: of the search; one of a search with the same recipe goes on.
        trials: how many in all, those that are broken off included.
        searches: list of `Search`; `usual(recipe)` if empty.
        skip_bad: leave out unusable pictures instead of refusing to start.

    Returns:
        Optuna's study.

    Raises:
        InputError: if a setting does not fit the recipe, or the folder holds a search for other settings.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    folder, searches = Path(folder), tuple(searches) or usual(recipe)
    for search in searches:
        for value in search.choices or (search.low, search.high):
            change(recipe, [f"{search.field}={value}"])
    make_folder(folder)
    with locked(folder / ".lock", f"{folder}: {{}} searches in this folder; wait for it, or name another --workdir"):
        check_same_search(folder, recipe, searches)
        return searched(recipe, folder, trials, searches, skip_bad)


def searched(recipe, folder, trials, searches, skip_bad):
    """As `tune`, in a folder that is this process's own."""
    study = optuna.create_study(
        storage=f"sqlite:///{folder / 'trials.db'}",
        study_name="zoo tune",
        load_if_exists=True,
        direction="maximize" if higher_is_better(recipe.metric) else "minimize",
        sampler=optuna.samplers.TPESampler(seed=recipe.seed + begun(folder)),
        pruner=optuna.pruners.MedianPruner(STARTUP, WARMUP),
    )
    for trial in study.get_trials(
        states=[optuna.trial.TrialState.RUNNING]
    ):  # a process that was killed or interrupted left it so
        study.tell(trial.number, state=optuna.trial.TrialState.FAIL)
        study.enqueue_trial(trial.params, user_attrs={"folder": name_of(trial)})

    while finished(study) < trials:
        trial = study.ask()
        try:
            study.tell(trial, value_of(trial, recipe, searches, folder, skip_bad))
        except optuna.TrialPruned:
            study.tell(trial, state=optuna.trial.TrialState.PRUNED)
        except InputError:
            study.tell(trial, state=optuna.trial.TrialState.FAIL)
            raise
        keep_the_best_model(study, folder)
        replace_text(folder / "trials.json", json.dumps(rows_of(study), indent=2) + "\n")
    return study


def value_of(trial, recipe, searches, folder, skip_bad):
    """Trains a trial and returns its best figure.

    Raises:
        optuna.TrialPruned: if it was broken off, or had no figure.
    """
    settings = [f"{search.field}={search(trial)}" for search in searches]
    run = folder / name_of(trial)
    print(f"trial {trial.number}: {' '.join(settings)}")
    pruning = Pruning(trial, recipe.metric)
    try:
        workdir = train(
            change(recipe, settings),
            run,
            resume=(run / "recipe.json").is_file(),
            skip_bad=skip_bad,
            callbacks=[pruning],
        )
    except InputError as error:
        if "the loss became" not in str(error):
            raise
        print(f"trial {trial.number}: {error}")
        raise optuna.TrialPruned from error
    rows = workdir.read_history(workdir.last_epoch())
    workdir.keep_checkpoints(0)
    figures = [row[name] for row in rows if (name := f"val_{recipe.metric}") in row]
    if pruning.pruned or not figures:
        raise optuna.TrialPruned
    return (max if higher_is_better(recipe.metric) else min)(figures)


class Pruning(keras.callbacks.Callback):
    """Reports each validation to an Optuna trial, and ends the training where that is hopeless.

    Args:
        trial: the trial.
        metric: the figure.
    """

    def __init__(self, trial, metric):
        super().__init__()
        self.trial, self.name, self.pruned = trial, f"val_{metric}", False

    def on_epoch_end(self, epoch, logs=None):
        """Reports the figure of the epoch, if it was validated."""
        if self.name in logs and math.isfinite(logs[self.name]):
            self.trial.report(float(logs[self.name]), epoch)
            if self.trial.should_prune():
                self.pruned = self.model.stop_training = True


def name_of(trial):
    """Returns the name of a trial's folder: of its own, or of the killed trial that it goes on with."""
    return trial.user_attrs.get("folder", f"trial-{trial.number:04d}")


def finished(study):
    """Returns how many trials came to an end."""
    return sum(trial.state.name in ("COMPLETE", "PRUNED") for trial in study.trials)


def begun(folder):
    """Returns how many trials a folder has; a sampler that goes on must not draw what it drew before."""
    return len(list(folder.glob("trial-*")))


def best_of(study):
    """Returns the best trial that was not broken off, `None` without one."""
    return study.best_trial if any(trial.state.name == "COMPLETE" for trial in study.trials) else None


def keep_the_best_model(study, folder):
    """Removes the models of all finished trials but the best's, which take most of the room."""
    best = best_of(study)
    for trial in study.trials:
        if trial.state.name in ("COMPLETE", "PRUNED") and (best is None or name_of(trial) != name_of(best)):
            run = folder / name_of(trial)
            (run / "model.keras").unlink(missing_ok=True)
            shutil.rmtree(run / "tensorboard", ignore_errors=True)


def rows_of(study):
    """Returns a dict for each finished trial, the best first."""
    rows = [
        {"folder": name_of(trial), "value": trial.value, "state": trial.state.name.lower(), **trial.params}
        for trial in study.trials
        if trial.state.name in ("COMPLETE", "PRUNED")
    ]
    sign = -1 if study.direction.name == "MAXIMIZE" else 1
    return sorted(rows, key=lambda row: (row["state"] != "complete", sign * (row["value"] or 0.0)))


def check_same_search(folder, recipe, searches):
    """Raises `InputError` where a folder holds another search, or something else."""
    now = {"recipe.json": recipe.to_json(), "search.json": json.dumps([asdict(search) for search in searches])}
    if not (folder / "search.json").is_file() and any(not file.name.startswith(".") for file in folder.iterdir()):
        raise InputError(f"{folder}: is not empty and holds no search; name another --workdir")
    for name, text in now.items():
        if (folder / name).is_file() and (folder / name).read_text() != text:
            raise InputError(f"{folder}: holds a search for another recipe or other fields; name another --workdir")
        replace_text(folder / name, text)
