"""The verb that searches for a recipe's settings: `zoo tune`."""

from pathlib import Path
from typing import Annotated

import typer

from recipes.cli.app import Data, Json, Settings, SkipBad, Start, ValData, verb, write_json
from recipes.report.tables import figure, show


@verb(
    "zoo tune unet_shapes --trials 20 --search learning_rate=1e-4:1e-1:log --search batch_size=4:16", frameworks=True
)
def tune(
    model: Annotated[str, typer.Argument(help="A recipe, or with --data any model, of those that `zoo list` shows.")],
    trials: Annotated[int, typer.Option(min=1, help="How many trainings in all.")] = 20,
    search: Annotated[
        list[str] | None,
        typer.Option(help="A field and its values: field=low:high, field=low:high:log, field=one,other."),
    ] = None,
    data: Data = None,
    val_data: ValData = None,
    weights: Start = None,
    workdir: Annotated[
        Path | None, typer.Option(help="Folder of the search, continued if it holds one; runs/tune_MODEL if none.")
    ] = None,
    set_: Settings = None,
    skip_bad: SkipBad = False,
    json_file: Json = None,
):
    """Trains a recipe again and again to find its best settings; needs the extra `tune`."""
    from recipes.report.trials import draw_trials
    from recipes.training.chosen import check_data, chosen
    from recipes.training.tune import rows_of, search_of, tune

    workdir = workdir or Path("runs", f"tune_{model}")
    before = workdir if (workdir / "recipe.json").is_file() else None
    recipe, why = chosen(model, data, val_data, weights, set_ or [], before, skip_bad)
    check_data(model, why)
    study = tune(recipe, workdir, trials, [search_of(one) for one in search or []], skip_bad)
    rows = rows_of(study)
    fields = [name for name in rows[0] if name not in ("folder", "value", "state")]
    table = [
        [row["folder"], figure(row["value"]), row["state"], *(text(row.get(field, "")) for field in fields)]
        for row in rows
    ]
    show(f"{recipe.metric} of {model} on {recipe.val_data}", ["trial", recipe.metric, "", *fields], table)
    draw_trials(workdir / "trials.png", rows, recipe.metric)
    print(f"trials: {workdir / 'trials.json'}, {workdir / 'trials.png'}")
    write_json(json_file, rows)
    if rows[0]["state"] == "complete":
        print(f"model:  {workdir / rows[0]['folder'] / 'model.keras'}")
        print(f"best:   {' '.join(f'--set {quoted(field, rows[0][field])}' for field in fields)}")
    else:
        print(f"no trial has a {recipe.metric}: raise --trials or epochs")


def text(value):
    """Writes a setting's value."""
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def quoted(field, value):
    """Returns `field=value` as a shell takes it."""
    return f'"{field}={value}"' if " " in str(value) else f"{field}={value}"
