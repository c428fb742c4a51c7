"""Verbs that look at data and train: `zoo data`, `train`, `compare`, `demo`."""

import json
from dataclasses import asdict, replace
from pathlib import Path
from typing import Annotated

import typer

from recipes.cli.app import SPECS, Data, Json, Settings, SkipBad, Start, ValData, verb, write_json
from recipes.report.tables import figure, megabytes, percent, show, show_scores
from zoo.errors import InputError


@verb("zoo data masks:camvid/train --sheet camvid.png", frameworks=True)
def data(
    source: Annotated[str, typer.Argument(help=SPECS)],
    sheet: Annotated[Path, typer.Option(help="Where to draw the contact sheet.")] = Path("contact_sheet.png"),
    deep: Annotated[
        bool, typer.Option("--deep", help="Decode every picture whole, not only its head: minutes for large sets.")
    ] = False,
    json_file: Json = None,
):
    """Describes a source: counts, sizes, class histogram, problems found, and a contact sheet."""
    from recipes.data import contact_sheet, describe, open_source
    from recipes.data.damage import damage_named
    from zoo.files import replace_file

    if sheet.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise InputError(f"--sheet takes the name of a .png or .jpg file, received {sheet}")
    opened = open_source(source)
    with damage_named(opened):
        found = describe(opened, deep)
    show_description(found)
    usable = opened.without(found.problems)
    if len(usable):
        with damage_named(usable):
            replace_file(sheet, contact_sheet(usable).save)
        print(f"contact sheet: {sheet}")
    write_json(json_file, asdict(found))


def show_description(found):
    """Prints the `recipes.data.Description` of a source."""
    sizes = [" x ".join(map(str, size)) for size in (found.smallest, found.median, found.largest)]
    show(
        found.spec,
        ["pictures", "with problems", "smallest", "median", "largest"],
        [[found.count, len(found.problems), *sizes]],
    )
    if found.pixels:
        total = sum(found.pixels) + found.void
        rows = zip(found.classes, found.pixels, found.pictures, strict=True)
        rows = [[name, percent(pixels, total), pictures] for name, pixels, pictures in rows]
        show("pixels", ["class", "share of pixels", "in pictures"], [*rows, ["void", percent(found.void, total), ""]])
    if found.objects:
        show("objects", ["class", "objects"], zip(found.object_classes, found.objects, strict=True))
    if found.points:
        names = found.point_names or range(len(found.points))
        show("points", ["point", "marked"], zip(names, found.points, strict=True))
    for title, faults in (("problems", found.problems), ("used in part", found.warnings)):
        if faults:
            rows = [[fault.file, fault.message] for fault in faults]
            show(title, ["file", "what is wrong"], rows, prose=("what is wrong",))


@verb("zoo train faster_rcnn_resnet50_fpn --data voc:cells:train --weights torchvision/COCO_V1", frameworks=True)
def train(
    model: Annotated[str, typer.Argument(help="A recipe, or with --data any model, of those that `zoo list` shows.")],
    data: Data = None,
    val_data: ValData = None,
    weights: Start = None,
    workdir: Annotated[Path | None, typer.Option(help="Folder of the run; runs/MODEL if not given.")] = None,
    set_: Settings = None,
    print_: Annotated[bool, typer.Option("--print", help="Print the recipe and why, train nothing.")] = False,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in the folder.")] = False,
    beside: Annotated[
        list[Path] | None, typer.Option(help="A run whose curves the report shows beside these; may be repeated.")
    ] = None,
    log: Annotated[
        list[str] | None,
        typer.Option(help="Also log to wandb or mlflow; history.csv and tensorboard/ are always written."),
    ] = None,
    skip_bad: SkipBad = False,
    json_file: Json = None,
):
    """Trains a recipe or a model on your pictures, keeps the best epoch, measures it and writes a report."""
    from recipes.report import run
    from recipes.training.chosen import check_data, chosen, lines
    from recipes.training.loggers import logged
    from recipes.training.train import train

    workdir = workdir or Path("runs", model)
    others = run.beside(beside or [])
    recipe, why = chosen(model, data, val_data, weights, set_ or [], workdir if resume else None, skip_bad)
    if print_ or why.get("builder") == "given":
        rows, plain = lines(recipe, why)
        show(f"recipe of {model}", ["field", "value", "why"], rows, prose=("value", "why"))
        print(f"as ever: {', '.join(plain)}")
    if print_:
        write_json(json_file, {"recipe": json.loads(recipe.to_json()), "why": why})
        return
    check_data(model, why)
    with logged(log or [], recipe, workdir) as callbacks:
        trained = train(recipe, workdir, resume=resume, skip_bad=skip_bad, callbacks=callbacks)
    scores = run.write_metrics(trained, skip_bad=skip_bad)
    show_scores(f"{model} on {recipe.val_data}", scores)
    run.report(trained, skip_bad=skip_bad, beside=others)
    write_json(json_file, scores)
    print(f"model:  {trained.model}\nreport: {trained.report}")


@verb("zoo compare --data masks:camvid/train --val-data masks:camvid/val", frameworks=True)
def compare(
    data: Data = None,
    val_data: Data = None,
    workdir: Annotated[Path, typer.Option(help="Folder of the comparison, continued if it holds one.")] = Path(
        "runs/compare_camvid"
    ),
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Change a field of all recipes: field=value.")
    ] = None,
    skip_bad: SkipBad = False,
    json_file: Json = None,
):
    """Trains FCN-8s, SegNet-Basic, U-Net and DeconvNet alike, and compares accuracy, memory and speed."""
    from recipes.evaluation.comparison import compare
    from recipes.segmentation.compare_camvid import recipes
    from recipes.training.settings import change

    sources = given(data=data, val_data=val_data)
    chosen = {title: replace(change(one, set_ or []), **sources) for title, one in recipes().items()}
    found = compare(chosen, workdir, skip_bad=skip_bad)
    show_comparison(found)
    print(f"curves: {workdir / 'comparison.png'}\nfigures: {workdir / 'comparison.json'}")
    write_json(json_file, found)


def show_comparison(found):
    """Prints what `recipes.evaluation.comparison.compare` found: a row for each runtime of each network."""
    rows = []
    for one in found["networks"]:
        first = [one["name"], figure(one["miou"]), f"{one['parameters']:,}"]
        for runtime, cost in one["runtimes"].items():
            memory, size = (f"{cost[key] / 1e6:.1f}" for key in ("peak_memory", "size"))
            rows.append([*first, runtime, f"{cost['p50_ms']:.1f}", memory, size])
            first = ["", "", ""]
    budget = found["budget"]
    show(
        f"{budget['val_data']}: {budget['epochs']} epochs of {budget['data']}, {found['hardware']}, {found['date']}",
        ["network", "mIoU", "parameters", "runtime", "ms", "memory MB", "file MB"],
        rows,
    )
    print("ms: what a picture takes; memory: the peak of a process that predicts")


@verb("zoo demo --workdir runs/demo", frameworks=True)
def demo(
    workdir: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/demo"),
    set_: Settings = None,
    json_file: Json = None,
):
    """The whole road on drawn pictures: train, evaluate, export, verify, benchmark, predict, report."""
    from recipes.demo import demo

    keras, *artifacts = demo(workdir, set_ or [])
    rows = [["Keras model", figure(keras["miou"]), "", "", "", megabytes(keras["size"])]]
    for row in artifacts:
        figures = [figure(row["miou"]), percent(row["agreement"]), f"{row['p50_ms']:.1f} ms"]
        rows.append([row["name"], *figures, megabytes(row["peak_memory"]), megabytes(row["size"])])
    columns = ["", "mIoU", "same classes as Keras", "a picture takes", "memory", "file"]
    show("A U-Net, trained here and shipped four ways", columns, rows)
    print("mIoU: how well predicted and true areas overlap on pictures the model has never seen; 1 is perfect.")
    print(f"look at {workdir}/report.html and {workdir}/predictions/; the files to ship are in {workdir}/artifacts/")
    write_json(json_file, {"keras": keras, "artifacts": artifacts})
    print(f"to try one in a browser: zoo web {workdir}/artifacts/model.onnx --output {workdir}/web")


def given(**options):
    """Returns those options that were given."""
    return {name: value for name, value in options.items() if value}
