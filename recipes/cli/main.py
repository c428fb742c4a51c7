"""The `zoo` command: each verb reads its words, calls one function and shows what came of it."""

import functools
import json
import sys
from pathlib import Path
from typing import Annotated

import typer

from recipes.cli.quiet import import_frameworks
from recipes.report.tables import show_scores

app = typer.Typer(
    help="Region- and pixel-level CNNs for Keras 3: train, measure and ship them.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)

SOURCES = (
    "shapes[:split], single_shapes[:split], masks:DIR, voc_segmentation:DIR[:split], sbd:DIR[:split], "
    "sunrgbd:DIR:split, instances:DIR[:split], cityscapes:DIR:split, voc:DIR[:split], coco:FILE.json@PICTURES, "
    "yolo:DIR[:split], points:FILE.csv, tfds:NAME[:split], crops:objects:SOURCE or crops:proposals:SOURCE."
)
Data = Annotated[str | None, typer.Option(help=f"Source: {SOURCES}")]
Json = Annotated[Path | None, typer.Option("--json", help="Also write the figures to this file.")]
SkipBad = Annotated[bool, typer.Option("--skip-bad", help="Leave out unusable pictures instead of refusing them.")]
Threads = Annotated[int | None, typer.Option(help="CPU threads of the runtime; its own choice if not given.")]


def main():
    """Runs the command; a wrong input is one line on stderr and exit code 2."""
    try:
        app()
    except ValueError as error:
        from zoo.errors import InputError  # loads Keras, which `zoo --help` need not wait for

        if not isinstance(error, InputError):
            raise
        print(f"error: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)


def verb(example, name=None):
    """Registers a function as a verb of the command, with an example in its help."""

    def register(function):
        @functools.wraps(function)
        def quietly(**arguments):
            import_frameworks()
            return function(**arguments)

        return app.command(name, epilog=f"Example: {example}")(quietly)

    return register


@verb("zoo data masks:camvid/train --sheet camvid.png")
def data(
    source: Annotated[str, typer.Argument(help=SOURCES)],
    sheet: Annotated[Path, typer.Option(help="Where to draw the contact sheet.")] = Path("contact_sheet.png"),
):
    """Describes a source: counts, sizes, class histogram, problems found, and a contact sheet."""
    from recipes.cli import show as printed
    from recipes.data import contact_sheet, describe, open_source
    from recipes.data.files import replace_file
    from zoo.errors import InputError

    if sheet.suffix.lower() not in (".png", ".jpg", ".jpeg"):
        raise InputError(f"--sheet takes the name of a .png or .jpg file, received {sheet}")
    opened = open_source(source)
    found = describe(opened)
    printed.description(found)
    usable = opened.without(found.problems)
    if len(usable):
        replace_file(sheet, contact_sheet(usable).save)
        print(f"contact sheet: {sheet}")


@verb("zoo train unet_shapes --workdir runs/first --set epochs=2 --set augment.flip=0")
def train(
    recipe: Annotated[str, typer.Argument(help="A name that `zoo list` shows.")],
    data: Data = None,
    val_data: Data = None,
    workdir: Annotated[Path | None, typer.Option(help="Folder of the run; runs/RECIPE if not given.")] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Change a field of the recipe: field=value.")
    ] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Continue the run in the folder.")] = False,
    skip_bad: SkipBad = False,
):
    """Trains a recipe, keeps the best epoch, measures it and writes a report."""
    from dataclasses import replace

    from recipes.report import run
    from recipes.training import recipe as recipes
    from recipes.training.train import train

    chosen = recipes.change(recipes.load(recipe), set_ or [])
    sources = {"data": data, "val_data": val_data}
    chosen = replace(chosen, **{name: source for name, source in sources.items() if source})
    trained = train(chosen, workdir or Path("runs", recipe), resume=resume, skip_bad=skip_bad)
    show_scores(f"{recipe} on {chosen.val_data}", run.write_metrics(trained, skip_bad=skip_bad))
    run.report(trained, skip_bad=skip_bad)
    print(f"model:  {trained.model}\nreport: {trained.report}")


@verb("zoo evaluate runs/demo/model.keras --data shapes:test --json scores.json")
def evaluate(
    model: Annotated[Path, typer.Argument(help="A .keras file, or an artifact.")],
    data: Data = "shapes:val",
    proposals: Annotated[
        str | None, typer.Option(help="Segment region by region, as DeconvNet: a method of zoo.proposals.")
    ] = None,
    json_file: Json = None,
    skip_bad: SkipBad = False,
):
    """Measures a model or an artifact on a source."""
    import export
    from recipes.data import open_source, usable
    from recipes.evaluation.by_regions import ProposalWise
    from recipes.evaluation.evaluate import evaluate

    predictor = export.load(model)
    if proposals:
        predictor = ProposalWise(predictor, proposals)
    scores = evaluate(predictor, usable(open_source(data), skip_bad))
    show_scores(f"{model} on {data}", scores)
    write_json(json_file, scores)


@verb("zoo compare --data masks:camvid/train --val-data masks:camvid/val")
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
):
    """Trains FCN-8s, SegNet-Basic, U-Net and DeconvNet alike, and compares accuracy, memory and speed."""
    from dataclasses import replace

    from recipes.cli import show as printed
    from recipes.evaluation import comparison
    from recipes.segmentation import compare_camvid
    from recipes.training import recipe as recipes

    sources = {name: source for name, source in (("data", data), ("val_data", val_data)) if source}
    chosen = {
        title: replace(recipes.change(one, set_ or []), **sources) for title, one in compare_camvid.recipes().items()
    }
    printed.comparison(comparison.compare(chosen, workdir, skip_bad=skip_bad))
    print(f"curves: {workdir / 'comparison.png'}\nfigures: {workdir / 'comparison.json'}")


@verb("zoo predict runs/demo/artifacts/model.onnx photos/ --output predictions")
def predict(
    model: Annotated[Path, typer.Argument(help="A .keras file, or an artifact.")],
    pictures: Annotated[list[Path], typer.Argument(help="Picture files and folders of them.")],
    output: Annotated[Path, typer.Option(help="Folder for overlays and predictions.json.")] = Path("predictions"),
    score: Annotated[float, typer.Option(help="Least score of an object that is drawn and listed.")] = 0.5,
    skip_bad: SkipBad = False,
):
    """Predicts pictures: overlays to look at, label maps and JSON to work with."""
    import export
    from recipes.cli import show as printed
    from recipes.deploy.predict import predict

    printed.predictions(output, *predict(export.load(model), pictures, output, skip_bad=skip_bad, score=score))


@verb("zoo export runs/demo/model.keras --format tflite --quantize int8 --data shapes:train")
def export(
    model: Annotated[Path, typer.Argument(help="A .keras file.")],
    output: Annotated[
        Path | None, typer.Option(help="File to write; in artifacts/ beside the model if not given.")
    ] = None,
    format: Annotated[str, typer.Option(help="saved_model, onnx or tflite.")] = "onnx",
    quantize: Annotated[str, typer.Option(help="none, float16, dynamic or int8.")] = "none",
    image_size: Annotated[str | None, typer.Option(help="HEIGHTxWIDTH; the training's if not given.")] = None,
    batch_size: Annotated[int, typer.Option(help="Pictures a call; 0 for any number (not in TFLite).")] = 1,
    data: Annotated[str | None, typer.Option(help="Source of the pictures that int8 learns its ranges from.")] = None,
    pictures: Annotated[int, typer.Option(help="How many of them.")] = 100,
):
    """Writes a model as SavedModel, ONNX or TFLite and compares it with Keras."""
    from recipes.cli import show as printed
    from recipes.deploy.ship import ship
    from recipes.report import run

    artifact = ship(
        model,
        output,
        format=format,
        quantize=None if quantize.lower() == "none" else quantize,
        image_size=image_size,
        batch_size=batch_size or None,
        data=data,
        pictures=pictures,
    )
    run.renew(artifact.path)
    printed.artifact(artifact)


@verb("zoo verify runs/demo/artifacts/model.onnx --data shapes:val")
def verify(
    artifact: Annotated[Path, typer.Argument(help="A SavedModel folder, .onnx or .tflite file.")],
    model: Annotated[
        Path | None, typer.Option(help="The .keras file it was made from; model.keras above it if not given.")
    ] = None,
    data: Data = "shapes:val",
    count: Annotated[int | None, typer.Option(help="Only the first so many pictures.")] = None,
    json_file: Json = None,
):
    """Compares an artifact in its real runtime with Keras on real pictures; exits 1 beyond the tolerance."""
    from recipes.cli import show as printed
    from recipes.deploy.ship import verify
    from recipes.report import run

    found = verify(artifact, model, data, count)
    run.keep(artifact, "verification", found)
    run.renew(artifact)
    printed.verification(artifact, found)
    write_json(json_file, found.to_dict())
    if not found.passed:
        print(f"failed: {'; '.join(found.failures)}", file=sys.stderr)
        raise typer.Exit(1)
    print("passed: " + ", ".join(f"{name} limit {limit:.3g}" for name, limit in found.tolerance.items()))


@verb("zoo benchmark runs/demo/artifacts/model.onnx runs/demo/artifacts/model.tflite --threads 2")
def benchmark(
    artifacts: Annotated[list[Path], typer.Argument(help="SavedModel folders, .onnx and .tflite files.")],
    runs: Annotated[int, typer.Option(help="Calls to measure.")] = 50,
    threads: Threads = None,
    json_file: Json = None,
):
    """Times artifacts, each in a process of its own."""
    import export
    from recipes.cli import show as printed
    from recipes.report import run

    found = [export.benchmark(artifact, runs=runs, threads=threads) for artifact in artifacts]
    for artifact, measured in zip(artifacts, found, strict=True):
        run.keep(artifact, "benchmark", measured)
        run.renew(artifact)
    printed.benchmarks(runs, found)
    write_json(json_file, [b.to_dict() for b in found])


@verb("zoo facewarp portrait.jpg --expression surprise --output surprised.png")
def facewarp(
    picture: Annotated[Path, typer.Argument(help="A picture of one face that fills most of it.")],
    model: Annotated[Path, typer.Option(help="Landmarks: a .keras file or an artifact.")] = Path(
        "runs/landmarks_faces/model.keras"
    ),
    expression: Annotated[str, typer.Option(help="smile, surprise or caricature.")] = "smile",
    strength: Annotated[float, typer.Option(help="0 changes nothing, 1 clearly.")] = 1.0,
    output: Annotated[Path, typer.Option(help="Where to write before and after.")] = Path("facewarp.png"),
):
    """Changes the expression of a face: finds its landmarks, moves them and pulls the picture after them."""
    import export
    from recipes.deploy.facewarp import facewarp

    facewarp(export.load(model), picture, output, expression=expression, strength=strength)
    print(f"before and after: {output}")


@verb("zoo proposals voc:bccd:val --method edge_boxes --method uniform --pictures 20")
def proposals(
    source: Annotated[str, typer.Argument(help=SOURCES)],
    method: Annotated[
        list[str] | None, typer.Option(help="A method of zoo.proposals; give it again for another. All by default.")
    ] = None,
    count: Annotated[int, typer.Option(help="Proposals a picture.")] = 1000,
    pictures: Annotated[int | None, typer.Option(help="Only the first so many pictures.")] = None,
    repeated: Annotated[int, typer.Option(help="Pictures whose repeatability is measured, 8 searches on each.")] = 2,
    output: Annotated[Path, typer.Option(help="Folder for proposals.png and proposals.json.")] = Path("proposals"),
    processes: Annotated[int | None, typer.Option(help="Processes at work; one a core if not given.")] = None,
    skip_bad: SkipBad = False,
):
    """Compares methods of region proposals: recall, average recall, time and repeatability, as table and curves."""
    from recipes.cli import show as printed
    from recipes.data import open_source, usable
    from recipes.evaluation.proposals import compare

    opened = usable(open_source(source), skip_bad)
    found = compare(
        opened, output, methods=method, count=count, pictures=pictures, repeated=repeated, processes=processes
    )
    printed.proposals(opened.spec, found)
    print(f"curves: {output / 'proposals.png'}\nfigures: {output / 'proposals.json'}")


@verb("zoo list", name="list")
def list_():
    """Lists recipes, models, sources and artifact formats."""
    from recipes.cli import show as printed

    printed.catalogue()


@verb("zoo weights")
def weights():
    """Lists published weights by the names that `weights=` takes: model, licence, figure, whether they are here."""
    from recipes.cli import show as printed

    printed.weights()


@verb("zoo demo --workdir runs/demo")
def demo(
    workdir: Annotated[Path, typer.Option(help="Folder of the run.")] = Path("runs/demo"),
    set_: Annotated[
        list[str] | None, typer.Option("--set", help="Change a field of the recipe: field=value.")
    ] = None,
):
    """The whole road on drawn pictures: train, evaluate, export, verify, benchmark, predict, report."""
    from recipes.cli import show as printed
    from recipes.demo import demo

    keras, *artifacts = demo(workdir, set_ or [])
    printed.demo(keras, artifacts)
    print("mIoU: how well predicted and true areas overlap on pictures the model has never seen; 1 is perfect.")
    print(f"look at {workdir}/report.html and {workdir}/predictions/; the files to ship are in {workdir}/artifacts/")


def write_json(path, value):
    """Writes `--json FILE` where it was asked for."""
    from recipes.data.files import replace_text

    if path is not None:
        replace_text(path, json.dumps(value, indent=2) + "\n")
