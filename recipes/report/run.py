"""A run after training: its figures, and the report of all that its folder holds."""

import json
import sys
from datetime import date
from pathlib import Path

import export
from recipes.data.files import read_json
from recipes.report import page
from recipes.training.workdir import Workdir
from zoo.errors import InputError
from zoo.files import replace_text

SAMPLES = 6
SIZES = "picture_size", "crop_size", "multi_scale"
"""Fields of a recipe that are one, or several, of `(height, width)`."""
MEASURED = "recipe.json", "metrics.json"
"""What a run's folder holds once it was trained and measured."""


def write_metrics(workdir, data=None, *, skip_bad=False):
    """Evaluates a run's best model and writes `metrics.json`: the scores, and under "data" what they were taken on.

    Beside it `curves.json` keeps the curves and charts of the same pictures for the report.

    Args:
        workdir: a trained `Workdir`.
        data: the source; the recipe's validation source if not given.
        skip_bad: leave out unusable pictures, as the run did if it did.

    Returns:
        The scores, a flat dict.
    """
    from recipes.data import open_source
    from recipes.evaluation.evaluate import accumulate
    from recipes.training.known import read_known, usable_again

    recipe = workdir.read_recipe()
    data = data or recipe.val_data
    source, _ = usable_again(open_source(data).of_task(recipe.task), read_known(workdir.path), skip_bad)
    evaluator = accumulate(export.load(workdir.model), source)
    scores = evaluator.scores()
    replace_text(workdir.curves, json.dumps(evaluator.curves() + evaluator.charts()) + "\n")
    replace_text(workdir.metrics, json.dumps({"data": data, **scores}, indent=2) + "\n")
    return scores


def report(workdir, *, skip_bad=False, beside=None):
    """Writes `report.html`: curves, samples, figures and artifacts as they are in the run's folder now.

    All of it but the artifacts is kept in `page.json`, so that `renew` need neither load nor predict anything.

    Args:
        workdir: a trained `Workdir`.
        skip_bad: leave out unusable pictures, as the run did if it did.
        beside: other runs' rows of history by their name, see `beside`, whose curves are drawn beside these.
    """
    from recipes.data import open_source
    from recipes.evaluation.evaluate import take_samples
    from recipes.report import hardware
    from recipes.report.heat import with_heat
    from recipes.training.known import read_known, usable_again

    recipe = workdir.read_recipe()
    model, scores = export.load(workdir.model), read_json(workdir.metrics, keys=("data",))
    data = scores.pop("data")
    source, _ = usable_again(open_source(data).of_task(recipe.task), read_known(workdir.path), skip_bad)
    kept = curves(workdir)
    fields = {name: text(value, name) for name, value in recipe.to_dict().items()}
    drawn = page.draw(
        title=workdir.path.name,
        facts={"measured on": data, **fields, "hardware": hardware.describe(), "date": date.today().isoformat()},
        history=workdir.read_history(workdir.last_epoch()),
        beside=beside,
        scores=scores,
        curves=[one for one in kept if "lines" in one],
        charts=[one for one in kept if "lines" not in one],
        class_names=model.class_names,
        keypoint_names=source.keypoint_names,
        skeleton=source.skeleton,
        samples=with_heat(model, take_samples(model, source, SAMPLES)),
    )
    with workdir.changing():
        replace_text(workdir.page, json.dumps(drawn) + "\n")
        page.render(workdir.report, drawn, cards(workdir))


def beside(folders):
    """Returns the rows of history of other runs, by the name of their folder, for `report`.

    Raises:
        InputError: if one is no run's folder, or two have one name.
    """
    found = {}
    for folder in folders:
        workdir = Workdir(folder, resume=True) if Path(folder, "recipe.json").is_file() else None
        if workdir is None:
            raise InputError(f"{folder}: is no run's folder, its curves cannot be shown; name one")
        if workdir.path.name in found:
            raise InputError(f"{folder}: another run shown beside has this name; rename one folder")
        found[workdir.path.name] = workdir.read_history(None)
    return found


def curves(workdir):
    """Returns the curves and charts that `write_metrics` kept, `[]` where an earlier version measured."""
    return read_json(workdir.curves, list, values=dict) if workdir.curves.is_file() else []


def text(value, name=""):
    """Writes a recipe's field, or several in a dict, for readers."""
    if isinstance(value, dict):
        told = ((name, text(one, name)) for name, one in value.items())
        return ", ".join(f"{name} ({one})" if ", " in one else f"{name} {one}" for name, one in told) or "none"
    if isinstance(value, list | tuple):
        nested = any(isinstance(one, list | tuple) for one in value)
        between = "; " if nested else " x " if name in SIZES else ", "
        return between.join(text(one, name) for one in value) or "none"
    return "none" if value in (None, "") else f"{value:g}" if isinstance(value, float) else str(value)


def cards(workdir):
    """Returns the cards of the run's artifacts, each with its last verification, benchmark and page."""
    kept, found = measurements(workdir), []
    for path in sorted(workdir.artifacts.glob("[!.]*")):
        if path.suffix == ".bin" and path.with_suffix(".xml").is_file():
            continue  # an OpenVINO file's weights
        try:
            card = export.Artifact.read(path)
        except InputError as error:
            print(f"left out of the report: {error}", file=sys.stderr)
            continue
        if card is not None:  # another program's file says nothing of itself
            measured = kept.get(path.name, {})
            if "page" in measured and not (workdir.path / measured["page"]["folder"] / "index.html").is_file():
                del measured["page"]
            found.append({**card.to_dict(), **measured})
    return found


def keep(artifact, kind, result):
    """Keeps the "verification", "benchmark" or "page" of an artifact that lies in a run's folder, for the report."""
    workdir = run_of(artifact)
    if workdir is not None:
        with workdir.changing():
            kept = measurements(workdir)
            kept.setdefault(Path(artifact).name, {})[kind] = result.to_dict()
            replace_text(workdir.measurements, json.dumps(kept, indent=2) + "\n")


def renew(artifact, before_drawing):
    """Renders the report anew, with the artifacts as they are now, of the run that an artifact lies in, if any.

    Args:
        artifact: a file in a run's `artifacts/`, or elsewhere.
        before_drawing: is called where the report has to be drawn first, which loads the frameworks: it was not
            written yet, or by an earlier version.
    """
    workdir = run_of(artifact)
    if workdir is None:
        return
    if workdir.page.is_file():
        with workdir.changing():
            page.render(workdir.report, read_json(workdir.page, keys=page.DRAWN), cards(workdir))
    else:
        before_drawing()
        report(workdir)


def measurements(workdir):
    """Returns what `keep` kept: an artifact's name to kind to result."""
    if not workdir.measurements.is_file():
        return {}
    return read_json(workdir.measurements, values=dict)


def run_of(artifact):
    """Returns the `Workdir` in whose `artifacts/` a file lies, or `None`."""
    folder = Path(artifact).absolute().parent
    if folder.name != "artifacts" or not all((folder.parent / name).is_file() for name in MEASURED):
        return None
    return Workdir(folder.parent, resume=True)
