"""Verbs that put a model or an artifact to use: `zoo predict`, `benchmark`, `web`, `facewarp`."""

from pathlib import Path
from typing import Annotated

import typer

from recipes.cli.app import Crf, Flip, Json, Model, Overlap, Scales, SkipBad, Tile, load, numbers, verb, write_json
from recipes.cli.quiet import import_frameworks
from recipes.report.tables import megabytes, percent, show

SHOWN = 100


@verb("zoo predict runs/demo/artifacts/model.onnx photos/ --output predictions")
def predict(
    model: Model,
    inputs: Annotated[
        list[str],
        typer.Argument(
            help="Pictures, folders of them, globs ('frames/*.png'), videos, http addresses of both, camera:0."
        ),
    ],
    output: Annotated[Path, typer.Option(help="Folder for what is written.")] = Path("predictions"),
    save: Annotated[
        str | None,
        typer.Option(
            help="What is written, some of overlay (PNG; of a video MP4), json (predictions.json), classes (label "
            "maps, indexed PNG), coco (coco.json), yolo (labels/NAME.txt); overlay,json if not given, and a "
            "segmenter's classes."
        ),
    ] = None,
    score: Annotated[
        float, typer.Option(help="Least score of an object that is drawn and listed; with --track, of a new one.")
    ] = 0.5,
    classes: Annotated[str | None, typer.Option(help="Classes that are drawn and listed, as in cat,dog.")] = None,
    most: Annotated[int | None, typer.Option("--max", help="Objects a picture at most, the best.")] = None,
    tile: Tile = None,
    overlap: Overlap = None,
    flip: Flip = False,
    scales: Scales = None,
    crf: Crf = False,
    track: Annotated[
        str | None, typer.Option(help="Follow objects from frame to frame, and number them: bytetrack.")
    ] = None,
    fps: Annotated[
        float | None, typer.Option(help="Take the pictures for frames of one video, so many a second.")
    ] = None,
    skip_bad: SkipBad = False,
    json_file: Json = None,
):
    """Predicts pictures, videos and cameras: overlays to look at, label maps and JSON to work with."""
    from recipes.data.pictures import ignored_line
    from recipes.deploy.inputs import TAKEN
    from recipes.deploy.predict import CutShort, predict_each
    from recipes.deploy.summary import Lines
    from recipes.evaluation.ways import through

    ways = {"tile": tile, "overlap": overlap, "flip": flip, "scales": numbers(scales, "--scales"), "crf": crf}
    predictor, lines = through(load(model), **ways), Lines(SHOWN)
    chosen = {"score": score, "classes": classes, "most": most, "save": save, "track": track, "fps": fps}
    entries = []

    def found(entry):
        lines.add(entry)
        if json_file is not None:
            entries.append(entry)

    skipped, cut = [], None
    try:
        _, skipped = predict_each(predictor, inputs, output, found, skip_bad=skip_bad, **chosen)
    except CutShort as error:
        cut = error
    show(f"predictions in {output}", ["picture", "found", "file"], lines.rows, prose=("found",))
    if lines.count > len(lines.rows):
        print(f"and {lines.count - len(lines.rows):,} more in {output}")
    if line := ignored_line(inputs, TAKEN):
        print(line)
    if skipped:
        show("skipped", ["what"], [[line] for line in skipped], prose=("what",))
    write_json(json_file, entries)
    if cut is not None:
        raise cut


@verb("zoo benchmark runs/demo/artifacts/model.onnx runs/demo/artifacts/model.tflite --threads 2")
def benchmark(
    artifacts: Annotated[
        list[str], typer.Argument(help="SavedModel folders, .onnx, .tflite and .xml files, and names of our models.")
    ],
    runs: Annotated[int, typer.Option(help="Calls to measure.")] = 50,
    threads: Annotated[int | None, typer.Option(help="CPU threads of the runtime; all cores if not given.")] = None,
    seconds: Annotated[float | None, typer.Option(help="Begin no call after so many.")] = None,
    data: Annotated[
        str | None,
        typer.Option(help="Source of pictures to call them on; without it noise, untypical for suppression."),
    ] = None,
    pictures: Annotated[int, typer.Option(help="How many of them.")] = 20,
    profile: Annotated[bool, typer.Option(help="Say what each operator takes.")] = False,
    json_file: Json = None,
):
    """Times artifacts, each in a process of its own: loading, the first call, and those after."""
    from export import benchmark
    from export.files import located
    from recipes.report import run

    found, artifacts = [], [located(artifact) for artifact in artifacts]
    for artifact in artifacts:
        real = None
        if data is not None:
            import_frameworks()
            from recipes.deploy.ship import pictures_for

            real = pictures_for(artifact, data, pictures)
        found.append(benchmark(artifact, runs, threads=threads, seconds=seconds, pictures=real, profile=profile))
    show(
        f"calls on {found[0].pictures}",
        ["artifact", "load ms", "first ms", "p50 ms", "p95 ms", "calls", "threads", "peak memory", "file"],
        [
            [
                b.path,
                f"{b.load_ms:.0f}",
                f"{b.first_ms:.1f}",
                f"{b.p50_ms:.1f}",
                f"{b.p95_ms:.1f}",
                b.runs,
                b.threads or "all",
                megabytes(b.peak_memory),
                megabytes(b.size),
            ]
            for b in found
        ],
    )
    for timed in found if profile else ():
        show_operators(timed)
    write_json(json_file, [b.to_dict() for b in found])
    for artifact, measured in zip(artifacts, found, strict=True):
        run.keep(artifact, "benchmark", measured)
        run.renew(artifact, import_frameworks)


def show_operators(timed):
    """Prints what each operator takes, of an `export.Benchmark`."""
    if timed.operators is None:
        print(
            f"{timed.path}: its runtime tells Python of no operator's time; profile the .onnx file or the SavedModel"
        )
        return
    whole = sum(timed.operators.values())
    rows = [[name, f"{ms:.3f}", percent(ms / whole)] for name, ms in timed.operators.items()]
    show(f"{timed.path}: ms a call by operator, {whole:.2f} in all", ["operator", "ms", "share"], rows)


@verb("zoo web runs/demo/artifacts/model.onnx --output runs/demo/web")
def web(
    artifact: Annotated[str, typer.Argument(help="An .onnx or .tflite file, or the name of one of our models.")],
    output: Annotated[Path, typer.Option(help="Folder of the page; a page that is there is replaced.")] = Path("web"),
    sample: Annotated[
        list[Path] | None, typer.Option(help="Picture to offer; the pictures/ of the artifact's run if not given.")
    ] = None,
    json_file: Json = None,
):
    """Writes a page that runs an artifact in a browser: on pictures, the camera and samples."""
    from export.files import located
    from recipes.deploy.web import web
    from recipes.report import run

    artifact = located(artifact)
    made = web(artifact, output, sample or ())
    print(f"page of {artifact}: {output}, {megabytes(made.size)}")
    print(f"to see it: python3 -m http.server --directory {output}")
    write_json(json_file, made.to_dict())
    run.renew(artifact, import_frameworks)


@verb("zoo facewarp portrait.jpg --expression surprise --output surprised.png")
def facewarp(
    picture: Annotated[Path, typer.Argument(help="A picture of one face that fills most of it.")],
    model: Annotated[
        str, typer.Option(help="Landmarks: a .keras file, an artifact or a name.")
    ] = "runs/landmarks_faces/model.keras",
    expression: Annotated[str, typer.Option(help="smile, surprise or caricature.")] = "smile",
    strength: Annotated[float, typer.Option(help="0 changes nothing, 1 clearly.")] = 1.0,
    output: Annotated[Path, typer.Option(help="Where to write before and after.")] = Path("facewarp.png"),
    json_file: Json = None,
):
    """Changes the expression of a face: finds its landmarks, moves them and pulls the picture after them."""
    from recipes.deploy.facewarp import facewarp

    facewarp(load(model), picture, output, expression=expression, strength=strength)
    print(f"before and after: {output}")
    write_json(json_file, {"output": str(output), "expression": expression, "strength": strength})
